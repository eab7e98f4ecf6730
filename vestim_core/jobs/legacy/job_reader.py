"""Reader of one legacy job folder: its content, and a note on everything that could not be read.

Nothing is changed, nothing outside the folder is opened, and no pickle is: only the text of the scaler is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vestim_core.jobs.legacy.legacy_folder import LegacyFolder, UnreadableFile, subfolders
from vestim_core.jobs.legacy.legacy_results import PREDICTIONS
from vestim_core.jobs.legacy.scaler_statistics import ColumnRanges, ScalerError, read_scaler_statistics
from vestim_core.jobs.legacy.training_history import (
    Epoch,
    epochs_from_losses,
    epochs_from_progress_file,
    epochs_from_summary,
)

MARKER_FILES = ("job_metadata.json", "augmentation_metadata.json", "hyperparams.json", "training_tasks_summary.json")
"""Files that identify a folder as a legacy job."""
WEIGHTS = ("best_model.pth", "best_model_export.pt")
MAX_WEIGHTS_BYTES = 256 << 20  # arbitrary: bounds what one import copies
MAX_TASKS = 2_000  # arbitrary: bounds the time of one import
MAX_PREDICTIONS = 200  # prediction files per training; arbitrary: bounds the time of one import
_STATISTICS = ("scalers", "augmentation_scaler_statistics.txt")
_ARCHITECTURE = re.compile(
    r"(?:^|_)(FNN|LSTM|GRU)_(?:ARCH_)?(?:L(?P<layers>\d+)_HU(?P<units>\d+)|(?P<sizes>\d+(?:_\d+)*))"
)


@dataclass
class LegacyTask:
    """One legacy training.

    name: of its folder. architecture: name of the folder above. weights: files that hold them, best first.
    """

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
        """The legacy id of the training."""
        return str(self.info.get("task_id") or self.name)

    @property
    def task_info_settings(self) -> dict[str, Any]:
        """Settings in its task_info.json, without empty values."""
        return _without_empty_values(self.info.get("hyperparams"))

    @property
    def summary_settings(self) -> dict[str, Any]:
        """Settings in its training_summary.json, without empty values."""
        return _without_empty_values(self.summary.get("hyperparameters"))


@dataclass
class LegacyJob:
    """Content of a legacy job folder.

    registry_entry: the legacy registry's entry of the job, if any. read_notes: one note on each thing that could not be
    read.
    """

    root: Path
    job_id: str
    metadata: dict[str, Any] = field(default_factory=dict)
    preparation: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    filters: list[Any] = field(default_factory=list)
    registry_entry: dict[str, Any] = field(default_factory=dict)
    column_ranges: ColumnRanges = field(default_factory=dict)
    tasks: list[LegacyTask] = field(default_factory=list)
    results_table: str = ""
    read_notes: list[str] = field(default_factory=list)

    @property
    def is_normalized(self) -> bool:
        """True if its networks read scaled columns."""
        for applied in (
            self.metadata.get("normalization_applied"),
            _dict(self.preparation.get("normalization")).get("applied"),
        ):
            if isinstance(applied, bool):
                return applied
        return bool(self.column_ranges)

    def settings_of(self, task: LegacyTask) -> dict[str, Any]:
        """All known settings of one training: its own take precedence over those of its job."""
        return {**_without_empty_values(self.settings), **task.summary_settings, **task.task_info_settings}


def is_legacy_job(folder: Path) -> bool:
    """True if a folder is, or may once have been, a legacy job."""
    return any((folder / name).is_file() for name in MARKER_FILES)


def legacy_job_id(root: Path) -> str:
    """Id of the job in the folder `root`: from its metadata, else the folder's name."""
    try:
        metadata = LegacyFolder(root).json("job_metadata.json")
    except UnreadableFile:
        metadata = None
    return _text(_dict(metadata).get("job_id")) or root.name


def read_legacy_job(root: Path, registry_entry: Mapping[str, Any] | None = None) -> LegacyJob:
    """Read the job in the folder `root`. Raises UnreadableFile when it is none."""
    folder = LegacyFolder(root)
    if not is_legacy_job(root):
        raise UnreadableFile(f"'{root}' is no job of PyBattML: it has none of {', '.join(MARKER_FILES)}")
    job = LegacyJob(root, legacy_job_id(root), registry_entry=dict(registry_entry or {}))
    job.metadata = _json_table(job, folder, "job_metadata.json")
    job.preparation = _json_table(job, folder, "augmentation_metadata.json")
    job.settings = _json_table(job, folder, "hyperparams.json") or _dict(
        _dict(job.registry_entry.get("details")).get("hyperparameters")
    )
    job.files = _json_table(job, folder, "data_files_reference.json")
    job.filters = _json_list(job, folder, "filter_settings.json")
    _load_scaler(job, folder)
    job.tasks = list(_read_tasks(job, folder))
    job.results_table = _results_table(job, folder)
    later_tests = sorted(path.name for path in root.rglob("new_test_*") if path.is_dir() and not path.is_symlink())
    if later_tests:
        job.read_notes.append(
            f"tests on new files ({', '.join(later_tests[:5])}) are left out: test those files again here"
        )
    return job


def parse_architecture(name: str) -> tuple[str, list[int]]:
    """Kind and layer sizes in the name of a model's folder; empty for any other name.

    Names are such as `LSTM_ARCH_18_18`, `GRU_L1_HU12`, `FNN_90_45` and `rank_1_of_5_LSTM_ARCH_64_32`.
    """
    match = _ARCHITECTURE.search(name.upper())
    if match is None:
        return "", []
    if match["units"]:
        return match[1].lower(), [int(match["units"])] * int(match["layers"])
    return match[1].lower(), [int(size) for size in match["sizes"].split("_")]


def _read_tasks(job: LegacyJob, folder: LegacyFolder) -> Iterator[LegacyTask]:
    records = {str(task.get("task_id")): task for task in _task_records(job, folder)}
    seen_ids: set[str] = set()
    count = 0
    for architecture in folder.folders("models"):
        for task_folder in subfolders(architecture):
            if not any(
                (task_folder / name).exists() for name in ("task_info.json", *WEIGHTS, "training_summary.json", "logs")
            ):
                continue
            count += 1
            if count > MAX_TASKS:
                job.read_notes.append(f"'{job.root}' has more than {MAX_TASKS} trainings: the others are left out")
                return
            task = _read_task(job, folder, architecture.name, task_folder)
            if not task.info:
                task.info = next(
                    (record for record in records.values() if _last_name(record.get("task_dir")) == task_folder.name),
                    {},
                )
            seen_ids.add(task.task_id)
            yield task
    for task_id in records.keys() - seen_ids:
        job.read_notes.append(f"of training '{task_id}' there is no folder any more")


def _task_records(job: LegacyJob, folder: LegacyFolder) -> list[dict[str, Any]]:
    return [record for record in _json_list(job, folder, "training_tasks_summary.json") if isinstance(record, dict)]


def _read_task(job: LegacyJob, folder: LegacyFolder, architecture: str, task_folder: Path) -> LegacyTask:
    parts = task_folder.relative_to(folder.root).parts
    task = LegacyTask(task_folder.name, architecture, task_folder)
    task.info = _json_table(job, folder, *parts, "task_info.json")
    task.summary = _json_table(job, folder, *parts, "training_summary.json")
    progress = _read_text(job, folder, *parts, "logs", "training_progress.csv")
    task.epochs = epochs_from_progress_file(progress) if progress else []
    if not task.epochs:
        histories = _dict(_dict(job.registry_entry.get("details")).get("history"))
        task.epochs = epochs_from_summary(task.summary.get("training_history")) or epochs_from_losses(
            histories.get(task.task_id)
        )
    task.weights = [path for name in WEIGHTS if (path := _weights_file(job, folder, *parts, name))]
    tests = sorted(task_folder.glob(f"test_results/*{PREDICTIONS}"))
    task.predictions = tests[:MAX_PREDICTIONS]
    if len(tests) > MAX_PREDICTIONS:
        job.read_notes.append(
            f"of {len(tests)} tested files of '{task_folder.name}' the first {MAX_PREDICTIONS} are read"
        )
    return task


def _weights_file(job: LegacyJob, folder: LegacyFolder, *parts: str) -> Path | None:
    try:
        path = folder.find(*parts)
    except UnreadableFile as error:
        job.read_notes.append(str(error))
        return None
    if path is None:
        return None
    size = path.stat().st_size
    if 0 < size <= MAX_WEIGHTS_BYTES:
        return path
    cause = "is empty" if size == 0 else f"is larger than {MAX_WEIGHTS_BYTES >> 20} MiB"
    job.read_notes.append(f"'{path}' {cause}: it is left out")
    return None


def _load_scaler(job: LegacyJob, folder: LegacyFolder) -> None:
    text = _read_text(job, folder, *_STATISTICS)
    if text is None:
        return
    try:
        job.column_ranges = read_scaler_statistics(text)
    except ScalerError as error:
        job.read_notes.append(f"'{folder.root.joinpath(*_STATISTICS)}': {error}")


def _results_table(job: LegacyJob, folder: LegacyFolder) -> str:
    names = sorted(path.name for path in folder.root.glob("test_results_summary_*.csv"))
    return (_read_text(job, folder, names[0]) or "") if names else ""


def _read_text(job: LegacyJob, folder: LegacyFolder, *parts: str) -> str | None:
    try:
        return folder.text(*parts)
    except UnreadableFile as error:
        job.read_notes.append(str(error))
        return None


def _json_table(job: LegacyJob, folder: LegacyFolder, *parts: str) -> dict[str, Any]:
    return _dict(_read_json(job, folder, dict, *parts))


def _json_list(job: LegacyJob, folder: LegacyFolder, *parts: str) -> list[Any]:
    content = _read_json(job, folder, list, *parts)
    return content if isinstance(content, list) else []


def _read_json(job: LegacyJob, folder: LegacyFolder, kind: type, *parts: str) -> Any:
    try:
        content = folder.json(*parts)
    except UnreadableFile as error:
        job.read_notes.append(str(error))
        return None
    if content is not None and not isinstance(content, kind):
        job.read_notes.append(f"'{folder.root.joinpath(*parts)}' holds something else than is expected: it is left out")
    return content


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _without_empty_values(value: Any) -> dict[str, Any]:
    return {key: item for key, item in _dict(value).items() if item is not None and item not in ("N/A", "")}


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _last_name(path: Any) -> str:
    """Last name in a path of any system."""
    return re.split(r"[/\\]", _text(path))[-1]
