"""A model of the predecessor, brought in through the protocol and tested on a new file in a real process."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vestim_core.client import import_legacy
from vestim_core.spec.states import JOB_ENDS
from vestim_core.verify import doors as service
from vestim_core.verify.check_groups import Group, expect
from vestim_core.verify.public_interface import Doors
from vestim_core.verify.former_job import JOB_ID, predicted, write_former_job
from vestim_core.verify.event_reader import job_is, read_until
from vestim_core.verify.sandbox import Place
from vestim_core.verify.sample_drives import write_drives

CLOSE_V = 1e-5


@dataclass(slots=True)
class Former:
    """A job folder of the predecessor with a model in it, and a new file."""

    doors: Doors
    folder: str
    file: str


@contextmanager
def _former(place: Place) -> Iterator[Former]:
    place.root.joinpath("former").mkdir()
    folder = write_former_job(place.root / "former", with_weights=True)
    with service.open_doors(place) as doors:
        yield Former(doors, str(folder), write_drives(place.root / "new_data")["test"][0])


LEGACY = Group("A model of PyBattML", _former)


@LEGACY.check("It comes in with its job, ready to be tested")
def comes_in(former: Former) -> None:
    pages = list(import_legacy(former.doors.call, [former.folder]))
    jobs = [job for page in pages for job in page["imported"]]
    expect([job["job_id"] for job in jobs] == [JOB_ID], f"these jobs came in: {[job['job_id'] for job in jobs]}")
    expect(jobs[0]["models"] == 1, f"{jobs[0]['models']} models can be tested: {' '.join(jobs[0]['notes'])}")
    shown = former.doors.call("show_job", job_id=JOB_ID)
    expect(shown["imported"] and shown["state"] == "done", f"the job is {shown['state']}")


@LEGACY.check("It gives PyBattML's numbers on a new file")
def gives_its_numbers(former: Former) -> None:
    asked = {"files": [former.file], "tasks": [], "every": False, "columns": {}, "repairs": []}
    last_seq = former.doors.call("show_job", job_id=JOB_ID)["last_seq"]
    task_id = former.doors.call("test", job_id=JOB_ID, **asked)["task_id"]
    read_until(former.doors, JOB_ID, None, lambda event: event["seq"] > last_seq and job_is(*JOB_ENDS)(event), "a test")
    paths = [entry["path"] for entry in former.doors.call("list_artifacts", job_id=JOB_ID)["artifacts"]]
    written = next((path for path in paths if path.startswith(f"tasks/{task_id}/") and path.endswith(".csv")), "")
    expect(written, "no predictions were written")
    text = former.doors.call("read_artifact", job_id=JOB_ID, path=written)["data"].decode()
    found = [float(row["predicted_voltage_V"]) for row in csv.DictReader(io.StringIO(text))]
    wanted = _predicted(Path(former.file))
    expect(len(found) == len(wanted), f"{len(found)} rows were predicted of {len(wanted)}")
    off_V = max(abs(one - other) for one, other in zip(found, wanted, strict=True))
    expect(off_V < CLOSE_V, f"they are up to {off_V:.6f} V off")


def _predicted(file: Path) -> list[float]:
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            predicted([float(row["SOC"]), float(row["Current (A)"]), float(row["Cell Temperature (C)"])])
            for row in csv.DictReader(lines)
        ]
