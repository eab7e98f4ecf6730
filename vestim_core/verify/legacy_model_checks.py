"""Checks of a PyBattML model: imported through the protocol and evaluated on a new file in a real process."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vestim_core.client import import_legacy_jobs
from vestim_core.spec.states import TERMINAL_JOB_STATES
from vestim_core.verify import public_interface
from vestim_core.verify.check_groups import CheckGroup, expect
from vestim_core.verify.event_reader import job_reaches, read_until
from vestim_core.verify.public_interface import PublicInterface
from vestim_core.verify.sample_drives import write_drives
from vestim_core.verify.sample_legacy_job import JOB_ID, predict, write_legacy_job
from vestim_core.verify.sandbox import Sandbox

TOLERANCE_V = 1e-5  # allows float32 rounding; a test proves that an error of 1 mV fails


@dataclass(slots=True)
class LegacyModel:
    """A PyBattML job folder that contains a model, and a new file."""

    interface: PublicInterface
    folder: str
    file: str


@contextmanager
def _open_legacy_model(sandbox: Sandbox) -> Iterator[LegacyModel]:
    sandbox.root.joinpath("pybattml").mkdir()
    folder = write_legacy_job(sandbox.root / "pybattml", with_weights=True)
    with public_interface.open_interface(sandbox) as interface:
        yield LegacyModel(interface, str(folder), write_drives(sandbox.root / "new_data")["test"][0])


LEGACY_MODEL_GROUP = CheckGroup("A model of PyBattML", _open_legacy_model)


@LEGACY_MODEL_GROUP.check("It comes in with its job, ready to be tested")
def model_is_imported(model: LegacyModel) -> None:
    pages = list(import_legacy_jobs(model.interface.call, [model.folder]))
    jobs = [job for page in pages for job in page["imported"]]
    expect([job["job_id"] for job in jobs] == [JOB_ID], f"these jobs came in: {[job['job_id'] for job in jobs]}")
    expect(jobs[0]["models"] == 1, f"{jobs[0]['models']} models can be tested: {' '.join(jobs[0]['notes'])}")
    job = model.interface.call("show_job", job_id=JOB_ID)
    expect(job["imported"] and job["state"] == "done", f"the job is {job['state']}")


@LEGACY_MODEL_GROUP.check("It gives PyBattML's numbers on a new file")
def predictions_match_pybattml(model: LegacyModel) -> None:
    params = {"files": [model.file], "tasks": [], "all_models": False, "columns": {}, "repairs": []}
    last_seq = model.interface.call("show_job", job_id=JOB_ID)["last_seq"]
    task_id = model.interface.call("evaluate", job_id=JOB_ID, **params)["task_id"]
    read_until(
        model.interface,
        JOB_ID,
        None,
        lambda event: event["seq"] > last_seq and job_reaches(*TERMINAL_JOB_STATES)(event),
        "a test",
    )
    paths = [entry["path"] for entry in model.interface.call("list_artifacts", job_id=JOB_ID)["artifacts"]]
    predictions_path = next(
        (path for path in paths if path.startswith(f"tasks/{task_id}/") and path.endswith(".csv")), ""
    )
    expect(predictions_path, "no predictions were written")
    text = model.interface.call("read_artifact", job_id=JOB_ID, path=predictions_path)["data"].decode()
    predictions = [float(row["predicted_voltage_V"]) for row in csv.DictReader(io.StringIO(text))]
    expected = _expected_predictions(Path(model.file))
    expect(len(predictions) == len(expected), f"{len(predictions)} rows were predicted of {len(expected)}")
    max_error_V = max(abs(prediction - target) for prediction, target in zip(predictions, expected, strict=True))
    expect(max_error_V < TOLERANCE_V, f"they are up to {max_error_V:.6f} V off")


def _expected_predictions(file: Path) -> list[float]:
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            predict([float(row["SOC"]), float(row["Current (A)"]), float(row["Cell Temperature (C)"])])
            for row in csv.DictReader(lines)
        ]
