"""DataSets: the named data sets of a home, held by the registry; `<workspace>/data_sets/<id>.json` is a copy to rebuild
it from.

An inspecting worker reads the files; its answer is committed together with the end of that inspection. Nothing is
cached in memory, so a rollback of the registry undoes everything.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from vestim_core.jobs.utc_time import utc_now
from vestim_core.spec.data_set import DataSet, DataSetContent, DataSetSpec, DataSetState, describe_changes
from vestim_core.spec.errors import ErrorCode, VestimError, not_found, refused, wrong_input
from vestim_core.spec.ids import is_data_set_id, new_data_set_id
from vestim_core.spec.inspection import CheckDataSet
from vestim_core.spec.states import Intent, JobState
from vestim_core.system import read_json, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from vestim_core.jobs.job_container import JobContainer
    from vestim_core.jobs.job_manager import JobManager

log = logging.getLogger(__name__)


class DataSets:
    """All data sets, by id or by name; both are unique. Methods belong to the daemon's main thread."""

    def __init__(self, manager: JobManager) -> None:
        self._manager = manager
        self._registry = manager.registry
        self._folder = manager.home.data_sets
        self._changed: list[str] = []

    def find(self, id_or_name: str, location: str = "data_set") -> DataSet:
        """The data set with that id or name; `VestimError` about `location` when there is none."""
        data_set = self._registry.load_data_set(id_or_name)
        if data_set is None:
            raise not_found(
                f"there is no data set '{id_or_name}': 'vestim data list' lists what there is", location=location
            )
        return data_set

    def add(self, name: str, spec: DataSetSpec) -> DataSet:
        """Create a data set and start the check of its files."""
        created_utc = utc_now()
        data_set_id = new_data_set_id(datetime.now().astimezone())
        while self._registry.was_data_set_id_used(data_set_id):
            data_set_id = new_data_set_id(datetime.now().astimezone())
        name = self._checked_name(name, data_set_id)
        return self.check(
            DataSet(data_set_id=data_set_id, name=name, created_utc=created_utc, updated_utc=created_utc, spec=spec)
        )

    def change(self, data_set: DataSet, name: str, spec: DataSetSpec) -> DataSet:
        """Change a data set's name and files, and start their check."""
        content = data_set.content if spec == data_set.spec else None
        new_name = {"name": self._checked_name(name, data_set.data_set_id)}
        return self.check(data_set.model_copy(update={**new_name, "spec": spec, "content": content}))

    def rename(self, data_set: DataSet, name: str) -> DataSet:
        """Rename a data set; files and content stay."""
        return self._save(data_set, name=self._checked_name(name, data_set.data_set_id))

    def check(self, data_set: DataSet) -> DataSet:
        """Start a check of the files, replacing one that is under way."""
        self._cancel_check(data_set)
        request = CheckDataSet(data_set_id=data_set.data_set_id, spec=data_set.spec)
        inspection = self._manager.create_inspection(request.model_dump(mode="json"))
        return self._save(data_set, state=DataSetState.CHECKING, inspection_id=inspection.job_id)

    def delete(self, data_set: DataSet) -> None:
        """Delete a data set. Its files stay, and jobs that use it keep what they need."""
        self._cancel_check(data_set)
        self._registry.delete_data_set(data_set.data_set_id)
        self._mark_changed(data_set.data_set_id)

    def content_for_job(self, id_or_name: str) -> tuple[DataSet, DataSetContent]:
        """A data set with its content; `VestimError` while that is unknown."""
        data_set = self.find(id_or_name, "data.data_set")
        if data_set.state is DataSetState.CHECKING:
            raise refused(
                f"data set '{data_set.name}' is being checked: start the job when that has ended",
                location="data.data_set",
            )
        if data_set.state is DataSetState.FAILED or data_set.content is None:
            cause = str(data_set.error["message"]) if data_set.error else "it was never checked"
            raise refused(f"data set '{data_set.name}' cannot be used: {cause}", location="data.data_set")
        return data_set, data_set.content

    # --- results of a check

    def accept_inspection(self, inspection: JobContainer) -> None:
        """Apply an ended inspection to its data set, if it is that data set's newest check."""
        data_set = self._registry.load_data_set(str(inspection.document.get("data_set_id", "")))
        if data_set is None or data_set.inspection_id != inspection.job_id:
            return
        if inspection.state is JobState.DONE:
            self._apply_answer(data_set, self._manager.folder(inspection.job_id).result("inspect_1") / "answer.json")
        elif inspection.state is JobState.FAILED:
            self._record_failure(data_set, inspection.error or {"message": "its check failed: check it again"})
        else:
            self._record_interruption(data_set, "its check was stopped: check it again")

    def _apply_answer(self, data_set: DataSet, path: Path) -> None:
        try:
            content = DataSetContent.model_validate(read_json(path))
        except (OSError, ValueError, ValidationError) as error:
            log.warning("%s: %s", path, error)
            self._record_interruption(data_set, "what its check found was lost: check it again")
            return
        files_before = data_set.content.files if data_set.content else content.files
        values = {
            "content": content,
            "changes": describe_changes(files_before, content.files),
            "checked_utc": utc_now(),
        }
        self._save(data_set, state=DataSetState.READY, inspection_id="", error=None, **values)

    def _record_interruption(self, data_set: DataSet, message: str) -> None:
        """Keep the earlier content, if there was any, after a check without an answer."""
        if data_set.content and not data_set.error:
            self._save(data_set, state=DataSetState.READY, inspection_id="")
        else:
            self._record_failure(data_set, data_set.error or VestimError(ErrorCode.STOPPED, message).to_record())

    def _record_failure(self, data_set: DataSet, error: dict[str, Any]) -> None:
        self._save(data_set, state=DataSetState.FAILED, inspection_id="", error=error)

    # --- registry and files

    def publish_changes(self) -> list[str]:
        """Update the files to the committed state; returns the ids of all data sets changed since the last call."""
        changed_ids, self._changed = list(dict.fromkeys(self._changed)), []
        for data_set_id in changed_ids:
            self._write_file(data_set_id)
        return changed_ids

    def discard_changes(self) -> None:
        """Drop changes since the last publication, which were not committed."""
        self._changed.clear()

    def recover(self) -> None:
        """At a daemon's start: update files that a killed daemon left behind, and mark checks without an inspection as
        interrupted."""
        on_disk = {path.stem for path in self._folder.glob("*.json") if is_data_set_id(path.stem)}
        rows = {row["data_set_id"]: row for row in self._registry.data_set_summaries()}
        for data_set_id in sorted(on_disk | rows.keys()):
            file_utc = _file_updated_utc(self._folder / f"{data_set_id}.json")
            if data_set_id not in rows or rows[data_set_id]["updated_utc"] != file_utc:
                self._write_file(data_set_id)
        for data_set_id, row in rows.items():
            if row["inspection_id"] and row["inspection_id"] not in self._manager.job_containers:
                self._record_interruption(self.find(data_set_id), "its check was cut short: check it again")
        self.publish_changes()

    def rebuild(self) -> list[str]:
        """Load every data set that has a file into an empty registry; one message for each that could not be loaded."""
        problems: list[str] = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                data_set = DataSet.model_validate(read_json(path))
                if data_set.data_set_id != path.stem or not is_data_set_id(path.stem):
                    raise ValueError(f"it belongs to data set {data_set.data_set_id}")
                self._registry.save_data_set(
                    data_set.model_copy(update={"name": self._checked_name(data_set.name, "")})
                )
            except (OSError, ValueError, VestimError) as error:
                problems.append(f"'{path}' could not be brought back ({error}): it is left as it is")
                log.warning(problems[-1])
        return problems

    def _write_file(self, data_set_id: str) -> None:
        """Write the file of an existing data set, remove that of a deleted one; leave files of unknown ids alone."""
        path = self._folder / f"{data_set_id}.json"
        data_set = self._registry.load_data_set(data_set_id)
        try:
            if data_set is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
                write_json(path, data_set.to_record())
            elif self._registry.was_data_set_id_used(data_set_id):
                path.unlink(missing_ok=True)
        except OSError as error:  # the registry holds the truth; the next change or start tries again
            log.warning("'%s' cannot be written: %s", path, error)

    def _save(self, data_set: DataSet, **changes: Any) -> DataSet:
        changed_data_set = data_set.model_copy(update={**changes, "updated_utc": utc_now()})
        self._registry.save_data_set(changed_data_set)
        self._mark_changed(changed_data_set.data_set_id)
        return changed_data_set

    def _mark_changed(self, data_set_id: str) -> None:
        self._changed.append(data_set_id)
        self._manager.publish_unless_in_unit_of_work()

    def _cancel_check(self, data_set: DataSet) -> None:
        """Stop the check that is under way, if there is one."""
        inspection = self._manager.job_containers.get(data_set.inspection_id)
        if inspection is not None:
            inspection.set_intent(Intent.STOP, test=False)
            self._manager.persist_job_container(inspection)

    def _checked_name(self, name: str, data_set_id: str) -> str:
        name = name.strip()
        if not name:
            raise wrong_input("a data set needs a name that is not empty", location="name")
        if is_data_set_id(name):
            raise wrong_input(f"'{name}' looks like an id of a data set: choose another name", location="name")
        namesake = self._registry.load_data_set(name)
        if namesake is not None and namesake.data_set_id != data_set_id:
            raise refused(
                f"there is a data set '{name}' already ({namesake.data_set_id}): "
                f"choose another name, or change that one",
                location="name",
            )
        return name


def _file_updated_utc(path: Path) -> str:
    """Update time in the data set's file; empty when it cannot be read."""
    try:
        return str(read_json(path)["updated_utc"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
