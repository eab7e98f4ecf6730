"""DataSets: the named data sets of a home. The registry holds them; `<workspace>/data_sets/<id>.json` tells each again.

What is in the files is found out by an inspecting worker; its answer is committed together with the end of that
inspection. Nothing here is held in memory, so whatever is rolled back in the registry has not happened.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from vestim_core.jobs.clock import utc_now
from vestim_core.spec.data_set import DataSet, DataSetContent, DataSetSpec, DataSetState, changes_between
from vestim_core.spec.errors import ErrorCode, VestimError, not_found, refused, wrong_input
from vestim_core.spec.ids import is_data_set_id, new_data_set_id
from vestim_core.spec.inspection import CheckDataSet
from vestim_core.spec.states import Intent, JobState
from vestim_core.system import read_json, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from vestim_core.jobs.container import JobContainer
    from vestim_core.jobs.manager import JobManager

log = logging.getLogger(__name__)


class DataSets:
    """All data sets, by id or by name, which no two share."""

    def __init__(self, manager: JobManager) -> None:
        self._manager = manager
        self._registry = manager.registry
        self._folder = manager.home.data_sets
        self._changed: list[str] = []

    def find(self, named: str, place: str = "data_set") -> DataSet:
        """The data set of that id or name; `VestimError` about `place` when there is none."""
        data_set = self._registry.load_data_set(named)
        if data_set is None:
            raise not_found(f"there is no data set '{named}': 'vestim data list' lists what there is", place=place)
        return data_set

    def add(self, name: str, spec: DataSetSpec) -> DataSet:
        """A new data set, whose files are looked at from now on."""
        now = utc_now()
        data_set_id = new_data_set_id(datetime.now().astimezone())
        while self._registry.had_data_set(data_set_id):
            data_set_id = new_data_set_id(datetime.now().astimezone())
        name = self._free_name(name, data_set_id)
        return self.check(DataSet(data_set_id=data_set_id, name=name, created_utc=now, updated_utc=now, spec=spec))

    def change(self, data_set: DataSet, name: str, spec: DataSetSpec) -> DataSet:
        """Another name and other files for a data set; they are looked at from now on."""
        content = data_set.content if spec == data_set.spec else None
        named = {"name": self._free_name(name, data_set.data_set_id)}
        return self.check(data_set.model_copy(update={**named, "spec": spec, "content": content}))

    def rename(self, data_set: DataSet, name: str) -> DataSet:
        """Another name; files and content stay."""
        return self._save(data_set, name=self._free_name(name, data_set.data_set_id))

    def check(self, data_set: DataSet) -> DataSet:
        """Have a worker look at the files, in place of a check that is under way."""
        self._give_up(data_set)
        question = CheckDataSet(data_set_id=data_set.data_set_id, spec=data_set.spec)
        inspection = self._manager.create_inspection(question.model_dump(mode="json"))
        return self._save(data_set, state=DataSetState.CHECKING, inspection_id=inspection.job_id)

    def delete(self, data_set: DataSet) -> None:
        """Forget a data set. Its files stay where they are, and jobs that took it have what they need."""
        self._give_up(data_set)
        self._registry.delete_data_set(data_set.data_set_id)
        self._touch(data_set.data_set_id)

    def content_for_a_job(self, named: str) -> tuple[DataSet, DataSetContent]:
        """A data set with what is in it; `VestimError` while that is not known."""
        data_set = self.find(named, "data.data_set")
        if data_set.state is DataSetState.CHECKING:
            raise refused(
                f"data set '{data_set.name}' is being checked: start the job when that has ended", place="data.data_set"
            )
        if data_set.state is DataSetState.FAILED or data_set.content is None:
            why = str(data_set.error["message"]) if data_set.error else "it was never checked"
            raise refused(f"data set '{data_set.name}' cannot be used: {why}", place="data.data_set")
        return data_set, data_set.content

    # --- what a worker found

    def take_in(self, inspection: JobContainer) -> None:
        """Let an inspection that has ended tell its data set, if it is that data set's newest check."""
        data_set = self._registry.load_data_set(str(inspection.document.get("data_set_id", "")))
        if data_set is None or data_set.inspection_id != inspection.job_id:
            return
        if inspection.state is JobState.DONE:
            self._take_answer(data_set, self._manager.folder(inspection.job_id).result("inspect_1") / "answer.json")
        elif inspection.state is JobState.FAILED:
            self._failed(data_set, inspection.error or {"message": "its check failed: check it again"})
        else:
            self._cut_short(data_set, "its check was stopped: check it again")

    def _take_answer(self, data_set: DataSet, path: Path) -> None:
        try:
            content = DataSetContent.model_validate(read_json(path))
        except (OSError, ValueError, ValidationError) as error:
            log.warning("%s: %s", path, error)
            self._cut_short(data_set, "what its check found was lost: check it again")
            return
        before = data_set.content.files if data_set.content else content.files
        found = {"content": content, "changes": changes_between(before, content.files), "checked_utc": utc_now()}
        self._save(data_set, state=DataSetState.READY, inspection_id="", error=None, **found)

    def _cut_short(self, data_set: DataSet, sentence: str) -> None:
        """What was known before is still known, if anything was."""
        if data_set.content and not data_set.error:
            self._save(data_set, state=DataSetState.READY, inspection_id="")
        else:
            self._failed(data_set, data_set.error or VestimError(ErrorCode.STOPPED, sentence).to_record())

    def _failed(self, data_set: DataSet, error: dict[str, Any]) -> None:
        self._save(data_set, state=DataSetState.FAILED, inspection_id="", error=error)

    # --- registry and files

    def tell(self) -> list[str]:
        """Bring the files in step with what was committed; ids of all that changed since the last call."""
        changed, self._changed = list(dict.fromkeys(self._changed)), []
        for data_set_id in changed:
            self._describe(data_set_id)
        return changed

    def forget_changes(self) -> None:
        """What changed since `tell` was not committed."""
        self._changed.clear()

    def settle(self) -> None:
        """At a daemon's start: finish what one that died has left, and say of checks that nobody carries out any more
        that they were cut short."""
        on_disk = {path.stem for path in self._folder.glob("*.json") if is_data_set_id(path.stem)}
        kept = {row["data_set_id"]: row for row in self._registry.data_set_summaries()}
        for data_set_id in sorted(on_disk | kept.keys()):
            told = _written_utc(self._folder / f"{data_set_id}.json")
            if data_set_id not in kept or kept[data_set_id]["updated_utc"] != told:
                self._describe(data_set_id)
        for data_set_id, row in kept.items():
            if row["inspection_id"] and row["inspection_id"] not in self._manager.job_containers:
                self._cut_short(self.find(data_set_id), "its check was cut short: check it again")
        self.tell()

    def rebuild(self) -> list[str]:
        """Bring every data set that has a file back into an empty registry; a sentence for each that could not be."""
        problems: list[str] = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                data_set = DataSet.model_validate(read_json(path))
                if data_set.data_set_id != path.stem or not is_data_set_id(path.stem):
                    raise ValueError(f"it belongs to data set {data_set.data_set_id}")
                self._registry.save_data_set(data_set.model_copy(update={"name": self._free_name(data_set.name, "")}))
            except (OSError, ValueError, VestimError) as error:
                problems.append(f"'{path}' could not be brought back ({error}): it is left as it is")
                log.warning(problems[-1])
        return problems

    def _describe(self, data_set_id: str) -> None:
        """Write the file of a data set that there is, remove that of one that was deleted; others are not ours."""
        path = self._folder / f"{data_set_id}.json"
        data_set = self._registry.load_data_set(data_set_id)
        try:
            if data_set is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
                write_json(path, data_set.to_record())
            elif self._registry.had_data_set(data_set_id):
                path.unlink(missing_ok=True)
        except OSError as error:  # the registry holds the truth; the next change or start tries again
            log.warning("'%s' cannot be written: %s", path, error)

    def _save(self, data_set: DataSet, **changes: Any) -> DataSet:
        changed = data_set.model_copy(update={**changes, "updated_utc": utc_now()})
        self._registry.save_data_set(changed)
        self._touch(changed.data_set_id)
        return changed

    def _touch(self, data_set_id: str) -> None:
        self._changed.append(data_set_id)
        self._manager.tell_unless_in_unit()

    def _give_up(self, data_set: DataSet) -> None:
        """Stop the check that is under way, if there is one."""
        inspection = self._manager.job_containers.get(data_set.inspection_id)
        if inspection is not None:
            inspection.set_intent(Intent.STOP, test=False)
            self._manager.persist_job_container(inspection)

    def _free_name(self, name: str, data_set_id: str) -> str:
        name = name.strip()
        if not name:
            raise wrong_input("a data set needs a name that is not empty", place="name")
        if is_data_set_id(name):
            raise wrong_input(f"'{name}' looks like an id of a data set: choose another name", place="name")
        other = self._registry.load_data_set(name)
        if other is not None and other.data_set_id != data_set_id:
            raise refused(
                f"there is a data set '{name}' already ({other.data_set_id}): choose another name, or change that one",
                place="name",
            )
        return name


def _written_utc(path: Path) -> str:
    """When what the file tells was true; empty when it tells nothing."""
    try:
        return str(read_json(path)["updated_utc"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
