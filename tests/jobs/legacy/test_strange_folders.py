"""Any content of a legacy job folder becomes a job or one error message."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.jobs.legacy.legacy_jobs import FNN, LSTM, LSTM_TASK, RANGES, progress_text, statistics_text
from vestim_core.jobs.job_folder import JobFolder
from vestim_core.jobs.legacy.job_reader import read_legacy_job
from vestim_core.jobs.legacy.job_writer import write_legacy_job
from vestim_core.jobs.legacy.legacy_folder import UnreadableFile
from vestim_core.jobs.registry_rebuild import _read_job
from vestim_core.spec.states import TERMINAL_JOB_STATES, JobState

KEYS = [
    *LSTM,
    *FNN,
    *("job_id", "creation_date", "train_folder_path", "normalization_applied", "applied_filters", "created_columns"),
    *("column", "output_column_name", "corner_frequency", "sampling_rate", "filter_order", "column_name", "formula"),
    *("resampling", "padding", "applied", "frequency", "length", "hyperparams", "model_metadata", "model_type"),
    *("repetition", "task_id", "train_files", "filename", "hyperparameters", "training_history", "epoch", "status"),
    *("best_validation_loss_denormalized", "completed_epochs", "training_time_seconds", "task_progress", "details"),
]
_FILTER = ["column", "output_column_name", "corner_frequency", "sampling_rate", "filter_order"]
SETTING_TEXTS = [
    "LSTM",
    "FNN",
    "GRU",
    "SOC",
    "Current",
    "Voltage",
    "1e-3",
    "64,32",
    "[8, 64]",
    "EMA",
    "Savitzky-Golay",
    "N/A",
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.sampled_from(
        [*SETTING_TEXTS, "ReduceLROnPlateau", "current_A", "SOC + noise(0, 1)", "x" * 300, "../..", "2025-10-14"]
    )
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)
TABLES = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8)
TASKS = st.builds(
    lambda base, over, rest: {**rest, "hyperparams": {**base, **over}}, st.sampled_from([LSTM, FNN, {}]), TABLES, TABLES
)
PREPARATIONS = st.builds(
    lambda filters, formulas, rest: {**rest, "applied_filters": filters, "created_columns": formulas},
    st.lists(st.dictionaries(st.sampled_from(_FILTER), VALUES), max_size=2),
    st.lists(st.fixed_dictionaries({"column_name": VALUES, "formula": VALUES}), max_size=2),
    TABLES,
)
TEXTS = st.text(max_size=40) | st.sampled_from(  # arbitrary: short texts
    [statistics_text(RANGES), progress_text(3).decode(), "Epoch,Train Loss\n1,inf\n", ""]
)
DOCUMENTS = st.tuples(TABLES | VALUES, PREPARATIONS | VALUES, TABLES | VALUES, VALUES, TASKS, TABLES)


@pytest.mark.slow
@given(DOCUMENTS, TEXTS, TEXTS, TEXTS, TABLES, st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_content_becomes_a_job_or_a_message(
    documents: tuple[Any, ...], statistics: str, progress: str, results: str, entry: dict[str, Any], weights: bool
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "job_20251014-180644"
        task = root / "models" / "LSTM_ARCH_6_4" / LSTM_TASK
        names = ["job_metadata.json", "augmentation_metadata.json", "hyperparams.json", "filter_settings.json"]
        paths = [*(root / name for name in names), task / "task_info.json", task / "training_summary.json"]
        texts = {
            root / "scalers" / "augmentation_scaler_statistics.txt": statistics,
            root / "test_results_summary_x.csv": results,
            task / "logs" / "training_progress.csv": progress,
            task / "test_results" / "a_predictions.csv": results,
            **{path: json.dumps(value) for path, value in zip(paths, documents, strict=True)},
        }
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="replace")
        if weights:
            (task / "best_model.pth").write_bytes(b"weights")
        jobs = Path(directory) / "jobs"
        jobs.mkdir()
        try:
            job = read_legacy_job(root, entry)
            job.job_id = root.name  # ids are checked before
            report = write_legacy_job(job, jobs)
        except UnreadableFile as error:
            assert str(error)
            return
        assert all("\n" not in note for note in report.notes)
        container = _read_job(JobFolder(jobs / root.name))
        assert container.state in {*TERMINAL_JOB_STATES, JobState.DRAFT}
        assert json.loads((jobs / root.name / "state.json").read_text())["state"] == container.state
        json.dumps(container.to_record(), allow_nan=False)
