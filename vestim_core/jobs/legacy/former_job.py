"""One job folder of the predecessor, read whole: what it says, and a sentence on everything that could not be read.

Nothing is changed, nothing outside of the folder is opened, and no pickle is: of the scaler only the text is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vestim_core.jobs.legacy.files import FormerFolder, Unreadable, subfolders
from vestim_core.jobs.legacy.history import Epoch, from_losses, from_summary, read_progress
from vestim_core.jobs.legacy.results import PREDICTIONS
from vestim_core.jobs.legacy.statistics import NoScaler, Ranges, read_statistics

MARKS = ("job_metadata.json", "augmentation_metadata.json", "hyperparams.json", "training_tasks_summary.json")
"""A folder with one of these files is a job of the predecessor's."""
WEIGHTS = ("best_model.pth", "best_model_export.pt")
MAX_WEIGHTS_BYTES = 256 << 20
MAX_TASKS = 2_000
MAX_PREDICTIONS = 200
_STATISTICS = ("scalers", "augmentation_scaler_statistics.txt")
_ARCHITECTURE = re.compile(
    r"(?:^|_)(FNN|LSTM|GRU)_(?:ARCH_)?(?:L(?P<layers>\d+)_HU(?P<units>\d+)|(?P<sizes>\d+(?:_\d+)*))"
)


@dataclass
class FormerTask:
    """One training. name: of its folder. architecture: of the folder above. settings: its hyperparameters, nothing of
    them a grid any more. weights: files that hold them, best first."""

    name: str
    architecture: str
    folder: Path
    info: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    epochs: list[Epoch] = field(default_factory=list)
    weights: list[Path] = field(default_factory=list)
    predictions: list[Path] = field(default_factory=list)

    @property
    def task_id(self) -> str:
        """The predecessor's own id of it."""
        return str(self.info.get("task_id") or self.name)

    @property
    def own_settings(self) -> dict[str, Any]:
        """What its task_info.json says of the training; values that say nothing are left out."""
        return _told(self.info.get("hyperparams"))

    @property
    def summary_settings(self) -> dict[str, Any]:
        """What its training_summary.json says of them."""
        return _told(self.summary.get("hyperparameters"))


@dataclass
class FormerJob:
    """All that a folder says. entry: what the predecessor's registry said of it, if it did. missed: one sentence for
    each thing that could not be read."""

    root: Path
    job_id: str
    metadata: dict[str, Any] = field(default_factory=dict)
    preparation: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    filters: list[Any] = field(default_factory=list)
    entry: dict[str, Any] = field(default_factory=dict)
    ranges: Ranges = field(default_factory=dict)
    tasks: list[FormerTask] = field(default_factory=list)
    table: str = ""
    missed: list[str] = field(default_factory=list)

    @property
    def normalised(self) -> bool:
        """Whether its networks read scaled columns."""
        for said in (
            self.metadata.get("normalization_applied"),
            _dict(self.preparation.get("normalization")).get("applied"),
        ):
            if isinstance(said, bool):
                return said
        return bool(self.ranges)

    def settings_of(self, task: FormerTask) -> dict[str, Any]:
        """All that is known of one training's settings: its own words before those of its job."""
        return {**_told(self.settings), **task.summary_settings, **task.own_settings}


def is_former_job(folder: Path) -> bool:
    """Whether a folder is, or may once have been, a job of the predecessor's."""
    return any((folder / name).is_file() for name in MARKS)


def id_of(root: Path) -> str:
    """The id of the job in the folder `root`: as its metadata say, else as the folder is called."""
    try:
        said = FormerFolder(root).json("job_metadata.json")
    except Unreadable:
        said = None
    return _text(_dict(said).get("job_id")) or root.name


def read_former_job(root: Path, entry: Mapping[str, Any] | None = None) -> FormerJob:
    """The job in the folder `root`. Raises Unreadable when it is none."""
    folder = FormerFolder(root)
    if not is_former_job(root):
        raise Unreadable(f"'{root}' is no job of PyBattML: it has none of {', '.join(MARKS)}")
    job = FormerJob(root, id_of(root), entry=dict(entry or {}))
    job.metadata = _json_table(job, folder, "job_metadata.json")
    job.preparation = _json_table(job, folder, "augmentation_metadata.json")
    job.settings = _json_table(job, folder, "hyperparams.json") or _dict(
        _dict(job.entry.get("details")).get("hyperparameters")
    )
    job.files = _json_table(job, folder, "data_files_reference.json")
    job.filters = _json_list(job, folder, "filter_settings.json")
    _read_scaler(job, folder)
    job.tasks = list(_tasks(job, folder))
    job.table = _results_table(job, folder)
    later = sorted(path.name for path in root.rglob("new_test_*") if path.is_dir() and not path.is_symlink())
    if later:
        job.missed.append(f"tests on new files ({', '.join(later[:5])}) are left out: test those files again here")
    return job


def sizes_of_architecture(name: str) -> tuple[str, list[int]]:
    """Kind and layer sizes in the name of a model's folder, such as `LSTM_ARCH_18_18`, `GRU_L1_HU12`, `FNN_90_45` and
    `rank_1_of_5_LSTM_ARCH_64_32`; empty for another name."""
    found = _ARCHITECTURE.search(name.upper())
    if found is None:
        return "", []
    if found["units"]:
        return found[1].lower(), [int(found["units"])] * int(found["layers"])
    return found[1].lower(), [int(size) for size in found["sizes"].split("_")]


def _tasks(job: FormerJob, folder: FormerFolder) -> Iterator[FormerTask]:
    known = {str(task.get("task_id")): task for task in _task_records(job, folder)}
    seen: set[str] = set()
    count = 0
    for architecture in folder.folders("models"):
        for place in subfolders(architecture):
            if not any(
                (place / name).exists() for name in ("task_info.json", *WEIGHTS, "training_summary.json", "logs")
            ):
                continue
            count += 1
            if count > MAX_TASKS:
                job.missed.append(f"'{job.root}' has more than {MAX_TASKS} trainings: the others are left out")
                return
            task = _task(job, folder, architecture.name, place)
            if not task.info:
                task.info = next((one for one in known.values() if _last(one.get("task_dir")) == place.name), {})
            seen.add(task.task_id)
            yield task
    for task_id in known.keys() - seen:
        job.missed.append(f"of training '{task_id}' there is no folder any more")


def _task_records(job: FormerJob, folder: FormerFolder) -> list[dict[str, Any]]:
    return [one for one in _json_list(job, folder, "training_tasks_summary.json") if isinstance(one, dict)]


def _task(job: FormerJob, folder: FormerFolder, architecture: str, place: Path) -> FormerTask:
    parts = place.relative_to(folder.root).parts
    task = FormerTask(place.name, architecture, place)
    task.info = _json_table(job, folder, *parts, "task_info.json")
    task.summary = _json_table(job, folder, *parts, "training_summary.json")
    progress = _read(job, folder, *parts, "logs", "training_progress.csv")
    task.epochs = read_progress(progress) if progress else []
    if not task.epochs:
        histories = _dict(_dict(job.entry.get("details")).get("history"))
        task.epochs = from_summary(task.summary.get("training_history")) or from_losses(histories.get(task.task_id))
    task.weights = [path for name in WEIGHTS if (path := _weights(job, folder, *parts, name))]
    tests = sorted(place.glob(f"test_results/*{PREDICTIONS}"))
    task.predictions = tests[:MAX_PREDICTIONS]
    if len(tests) > MAX_PREDICTIONS:
        job.missed.append(f"of {len(tests)} tested files of '{place.name}' the first {MAX_PREDICTIONS} are read")
    return task


def _weights(job: FormerJob, folder: FormerFolder, *parts: str) -> Path | None:
    try:
        path = folder.find(*parts)
    except Unreadable as error:
        job.missed.append(str(error))
        return None
    if path is None:
        return None
    size = path.stat().st_size
    if 0 < size <= MAX_WEIGHTS_BYTES:
        return path
    why = "is empty" if size == 0 else f"is larger than {MAX_WEIGHTS_BYTES >> 20} MiB"
    job.missed.append(f"'{path}' {why}: it is left out")
    return None


def _read_scaler(job: FormerJob, folder: FormerFolder) -> None:
    text = _read(job, folder, *_STATISTICS)
    if text is None:
        return
    try:
        job.ranges = read_statistics(text)
    except NoScaler as error:
        job.missed.append(f"'{folder.root.joinpath(*_STATISTICS)}': {error}")


def _results_table(job: FormerJob, folder: FormerFolder) -> str:
    names = sorted(path.name for path in folder.root.glob("test_results_summary_*.csv"))
    return (_read(job, folder, names[0]) or "") if names else ""


def _read(job: FormerJob, folder: FormerFolder, *parts: str) -> str | None:
    try:
        return folder.text(*parts)
    except Unreadable as error:
        job.missed.append(str(error))
        return None


def _json_table(job: FormerJob, folder: FormerFolder, *parts: str) -> dict[str, Any]:
    return _dict(_json(job, folder, dict, *parts))


def _json_list(job: FormerJob, folder: FormerFolder, *parts: str) -> list[Any]:
    found = _json(job, folder, list, *parts)
    return found if isinstance(found, list) else []


def _json(job: FormerJob, folder: FormerFolder, kind: type, *parts: str) -> Any:
    try:
        found = folder.json(*parts)
    except Unreadable as error:
        job.missed.append(str(error))
        return None
    if found is not None and not isinstance(found, kind):
        job.missed.append(f"'{folder.root.joinpath(*parts)}' holds something else than is expected: it is left out")
    return found


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _told(value: Any) -> dict[str, Any]:
    return {key: one for key, one in _dict(value).items() if one is not None and one not in ("N/A", "")}


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _last(path: Any) -> str:
    """The last name in a path of any system."""
    return re.split(r"[/\\]", _text(path))[-1]
