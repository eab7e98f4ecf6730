"""Imported models match a naive, row-by-row replay of the legacy program, for every kind of model, filter and scale."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import butter

from tests.jobs.job_services import open_service
from tests.jobs.legacy.legacy_jobs import FNN, GRU, LSTM, RANGES, make_legacy_job, make_legacy_task
from tests.models.test_legacy_weights import LegacyChain, LegacyRecurrent
from vestim_core.evaluation.trained_model import TrainedModel
from vestim_core.spec.errors import VestimError
from vestim_core.worker.imported_weights import build_imported_model

JOB = "job_20251014-180644"
FEATURES = ["SOC", "Current", "Temp"]
ROWS = 160  # of the recording; any multiple of 8 well above the warm-ups and filter windows works


def recording(path: Path) -> dict[str, np.ndarray]:
    """Write a 1 Hz file that leaves the range of the scaler."""
    random = np.random.default_rng(5)
    current = np.repeat(random.uniform(-9, 5, ROWS // 8), 8)
    columns = {
        "Time": np.arange(ROWS, dtype=float),
        "Voltage": np.round(3.6 + 0.03 * current, 3),
        "Current": np.round(current, 3),
        "Temp": np.round(25 + np.cumsum(random.normal(0, 0.2, ROWS)), 2),
        "SOC": np.round(0.95 + np.cumsum(current) / 3600, 5),
    }
    columns["Power"] = np.round(columns["Voltage"] * columns["Current"], 3)
    lines = [
        ",".join(columns),
        *(",".join(map(repr, row)) for row in zip(*(c.tolist() for c in columns.values()), strict=True)),
    ]
    path.write_text("\n".join(lines))
    return columns


def import_model(tmp_path: Path, job: Path) -> TrainedModel:
    """Import a legacy job and build its first model."""
    service = open_service(tmp_path / "home")
    with service.manager.unit_of_work():
        assert service.import_legacy([str(job)])["imported"][0]["models"] == 1
    folder = service.manager.folder(JOB).task("train_001")
    build_imported_model(folder, pytest.fail)
    return TrainedModel.open(folder / "result")


def save_weights(module: torch.nn.Module, path: Path) -> bytes:
    torch.save({"model_state_dict": module.state_dict(), "optimizer_state_dict": {}}, path)
    return path.read_bytes()


def replay(
    module: torch.nn.Module, columns: list[np.ndarray], scale: list[tuple[float, float]], *, warm_up: int, clamp: bool
) -> np.ndarray:
    """Normalized predictions, one row at a time with carried state, after `warm_up` repetitions of the first row."""
    low, high = np.array(scale[:-1]).T
    rows = ((np.column_stack(columns) - low) / (high - low)).astype(np.float32)
    padded_rows = np.concatenate([np.repeat(rows[:1], warm_up, axis=0), rows])
    with torch.inference_mode():
        predicted = module(torch.tensor(padded_rows)[None])[0].numpy().astype(float)[warm_up:]
    return np.clip(predicted, 0.0, 1.0) if clamp else predicted


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_recurrent_models_with_warm_up_limits_and_two_layers_of_the_first_size(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    layers, size, settings = (2, 6, LSTM) if kind == "lstm" else (1, 5, GRU)
    original_network = LegacyRecurrent(kind, 3, size, layers).eval()
    torch.nn.init.constant_(original_network.fc.bias, 0.8)
    job = make_legacy_job(tmp_path / "old")
    make_legacy_task(job, settings, weights=save_weights(original_network, tmp_path / "w.pth"))
    model = import_model(tmp_path, job)
    columns = recording(tmp_path / "new.csv")
    file = model.read(tmp_path / "new.csv")
    scale = [RANGES[name] for name in (*FEATURES, "Voltage")]
    warm_up = int(settings["LOOKBACK"])
    scaled = replay(original_network, [columns[name] for name in FEATURES], scale, warm_up=warm_up, clamp=kind == "gru")
    (segment,) = file.segments
    assert segment.scored_from == warm_up and segment.stop == warm_up + ROWS
    np.testing.assert_allclose(model.predict(file)[segment.scored_rows], 2.9 + 1.3 * scaled, rtol=0, atol=1e-6)


@pytest.mark.parametrize("is_normalized", [True, False])
def test_chains_with_filters_formulas_and_limits(is_normalized: bool, tmp_path: Path) -> None:
    torch.manual_seed(2)
    original_network = LegacyChain(3, [5, 3], norm=False, dropout=True).eval()
    preparation = {
        "applied_filters": [
            {"column": "Power", "output_column_name": "P_low", "corner_frequency": 0.05, "sampling_rate": 1.0,
             "filter_order": 2}
        ],
        "created_columns": [{"column_name": "mix", "formula": "moving_average(Current, 9) - np.abs(P_low) / 2"}],
    }  # fmt: skip
    ranges = RANGES | {"P_low": (-20.0, 5.0), "mix": (-10.0, 4.0)}
    job = make_legacy_job(tmp_path / "old", preparation=preparation, ranges=ranges, is_normalized=is_normalized)
    features = ["SOC", "P_low", "mix"]
    settings = {**FNN, "FEATURE_COLUMNS": features}
    make_legacy_task(job, settings, architecture="FNN_5_3", weights=save_weights(original_network, tmp_path / "w.pth"))
    model = import_model(tmp_path, job)
    columns = recording(tmp_path / "new.csv")
    columns["P_low"] = _low_pass(columns["Power"], 0.05)
    mean = [columns["Current"][max(0, row - 8) : row + 1].mean() for row in range(ROWS)]
    columns["mix"] = np.array(mean) - np.abs(columns["P_low"]) / 2
    scale = [ranges[name] if is_normalized else (0.0, 1.0) for name in (*features, "Voltage")]
    scaled = replay(original_network, [columns[name] for name in features], scale, warm_up=0, clamp=is_normalized)
    low, high = scale[-1]
    file = model.read(tmp_path / "new.csv")
    np.testing.assert_allclose(file.column("P_low"), columns["P_low"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(model.predict(file), low + (high - low) * scaled, rtol=0, atol=1e-6)


def _low_pass(values: np.ndarray, corner_Hz: float) -> np.ndarray:
    """The causal filter of second order, starting from zero, as its difference equation."""
    b, a = butter(2, corner_Hz / 0.5)
    x, y = deque([0.0, 0.0], 2), deque([0.0, 0.0], 2)
    outputs = []
    for value in values:
        output = b[0] * value + b[1] * x[-1] + b[2] * x[-2] - a[1] * y[-1] - a[2] * y[-2]
        x.append(value)
        y.append(output)
        outputs.append(output)
    return np.array(outputs)


@pytest.mark.parametrize("filter_type", ["EMA", "Moving Average", "Savitzky-Golay"])
def test_the_inference_filter_works_on_the_rows_after_the_warm_up(filter_type: str, tmp_path: Path) -> None:
    torch.manual_seed(3)
    original_network = LegacyRecurrent("lstm", 3, 6, 2).eval()
    filter_settings = {
        "INFERENCE_FILTER_TYPE": filter_type,
        "INFERENCE_FILTER_WINDOW_SIZE": "11",
        "INFERENCE_FILTER_ALPHA": "0.2",
    }
    job = make_legacy_job(tmp_path / "old")
    make_legacy_task(job, {**LSTM, **filter_settings}, weights=save_weights(original_network, tmp_path / "w.pth"))
    model = import_model(tmp_path, job)
    columns = recording(tmp_path / "new.csv")
    scale = [RANGES[name] for name in (*FEATURES, "Voltage")]
    scaled = replay(original_network, [columns[name] for name in FEATURES], scale, warm_up=7, clamp=False)
    file = model.read(tmp_path / "new.csv")
    expected = 2.9 + 1.3 * _smoothed(filter_type, scaled)
    np.testing.assert_allclose(model.predict(file)[file.segments[0].scored_rows], expected, rtol=0, atol=1e-6)


def _smoothed(filter_type: str, scaled: np.ndarray) -> np.ndarray:
    rows = range(len(scaled))
    if filter_type == "Moving Average":
        return np.array([scaled[max(0, row - 10) : row + 1].mean() for row in rows])
    if filter_type == "EMA":
        smoothed = [scaled[0]]
        for value in scaled[1:]:
            smoothed.append(0.2 * value + 0.8 * smoothed[-1])
        return np.array(smoothed)
    padded = np.concatenate([np.full(10, scaled[0]), scaled])
    return np.array([np.polyval(np.polyfit(np.arange(11), padded[row : row + 11], 2), 10) for row in rows])


def test_the_export_is_used_when_the_best_weights_are_unreadable_and_sizes_follow_the_weights(tmp_path: Path) -> None:
    original_network = LegacyRecurrent("lstm", 3, 4, 1)
    job = make_legacy_job(tmp_path / "old")
    task = make_legacy_task(job, weights=b"broken")
    torch.save({"state_dict": original_network.state_dict(), "model_definition": "text"}, task / "best_model_export.pt")
    service = open_service(tmp_path / "home")
    with service.manager.unit_of_work():
        service.import_legacy([str(job)])
    folder = service.manager.folder(JOB).task("train_001")
    warnings: list[str] = []
    build_imported_model(folder, warnings.append)
    assert "those of 'best_model_export.pt' are taken" in warnings[0] and "layers of 4" in warnings[1]
    model = TrainedModel.open(folder / "result")
    assert model.document["model"]["sizes"] == [4]
    assert model.document["envelope"]["soc"] == list(RANGES["SOC"])
    model_time_ns = (folder / "result" / "model.pt").stat().st_mtime_ns
    build_imported_model(folder, pytest.fail)
    assert (folder / "result" / "model.pt").stat().st_mtime_ns == model_time_ns


def test_weights_that_cannot_be_loaded_are_refused(tmp_path: Path) -> None:
    job = make_legacy_job(tmp_path / "old")
    make_legacy_task(job, weights=b"broken")
    service = open_service(tmp_path / "home")
    with service.manager.unit_of_work():
        service.import_legacy([str(job)])
    folder = service.manager.folder(JOB).task("train_001")
    with pytest.raises(VestimError, match=r"best_model\.pth' are not read: it is damaged"):
        build_imported_model(folder, pytest.fail)
    (folder / "task.json").write_text("{")
    with pytest.raises(VestimError, match="import the job anew"):
        build_imported_model(folder, pytest.fail)


def test_percent_and_millivolts_are_read_unchanged(tmp_path: Path) -> None:
    torch.manual_seed(4)
    original_network = LegacyRecurrent("lstm", 3, 6, 2).eval()
    ranges = RANGES | {"SOC": (10.0, 91.0), "Voltage": (2900.0, 4200.0)}
    job = make_legacy_job(tmp_path / "old", ranges=ranges)
    make_legacy_task(job, weights=save_weights(original_network, tmp_path / "w.pth"))
    model = import_model(tmp_path, job)
    columns = recording(tmp_path / "plain.csv")
    columns["SOC"], columns["Voltage"] = columns["SOC"] * 100, columns["Voltage"] * 1000
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    (tmp_path / "new.csv").write_text("\n".join([",".join(columns), *(",".join(map(repr, row)) for row in rows)]))
    scale = [ranges[name] for name in (*FEATURES, "Voltage")]
    scaled = replay(original_network, [columns[name] for name in FEATURES], scale, warm_up=7, clamp=False)
    file = model.read(tmp_path / "new.csv")
    assert model.target == "Voltage"
    np.testing.assert_allclose(
        model.predict(file)[file.segments[0].scored_rows], 2900 + 1300 * scaled, rtol=0, atol=1e-3
    )
