"""OpenAPI examples of every method: its parameters and the matching answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_JOB = "job_20261104-101112-ab3d"
_FILE = "/data/drive_1.csv"
_SPEC = {
    "name": "Drive cycles",
    "data": {"train": [_FILE], "validation": ["/data/drive_2.csv"]},
    "model": [{"kind": "lstm", "sizes": [24]}],
    "training": {"max_epochs": 50},
}
_JOB_SUMMARY = {"job_id": _JOB, "name": "Drive cycles", "state": "running", "fraction": 0.4, "last_seq": 57}


@dataclass(frozen=True, slots=True)
class Example:
    """Example of one method. params: without those in the path."""

    params: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)


def _state_answer(state: str) -> dict[str, Any]:
    return {"job_id": _JOB, "state": state}


def _description_answer(**changes: Any) -> dict[str, Any]:
    return {"job_id": _JOB, "name": "Drive cycles", "note": "", "tags": [], **changes}


_INSPECTION = {"inspection_id": "in_20261104-101112-ab3d"}
_DATA_SET = {"data_set_id": "ds_20261104-101112-ab3d", "name": "cell 7"}
_CHECKING = {**_DATA_SET, "state": "checking", **_INSPECTION}
_READY = {**_DATA_SET, "state": "ready", "inspection_id": ""}
_DATA_SET_SUMMARY = {**_READY, "files": {"train": 8, "validation": 2, "test": 0}, "rows": 352_607, "findings": {}}


def find_example(method: str) -> Example:
    """Example of a method; empty when there is none."""
    return EXAMPLES.get(method, Example())


EXAMPLES: dict[str, Example] = {
    "hello": Example(answer={"version": "0.1.0", "protocol": [1, 1], "lineage": "0e2b922fb7840a73", "pid": 4711}),
    "daemon_status": Example(answer={"pid": 4711, "uptime_s": 3600.0, "memory_MB": 48.1, "jobs": {"running": 1}}),
    "shutdown": Example({"stop_jobs": False}),
    "create_job": Example({"name": "Drive cycles", "spec": {}}, {**_state_answer("draft"), "notes": []}),
    "save_draft": Example(
        {"document": {"name": "Half typed", "model": {"kind": "lstm"}}},
        {**_state_answer("draft"), "problems": [{"location": "data", "message": "is missing"}], "notes": []},
    ),
    "duplicate": Example(answer=_state_answer("draft")),
    "save_data": Example({"data": _SPEC["data"]}, _state_answer("draft")),
    "save_hyperparameters": Example(
        {"sections": {"model": [{"kind": "lstm"}]}}, {**_state_answer("draft"), "notes": []}
    ),
    "setup_training_tasks": Example(answer={"job_id": _JOB, "task_count": 4, "trial_count": 1}),
    "start": Example(answer=_state_answer("queued")),
    "submit": Example({"spec": _SPEC}, {**_state_answer("queued"), "task_count": 4, "trial_count": 1, "notes": []}),
    "stop": Example({"test": True}, _state_answer("running")),
    "pause": Example(answer=_state_answer("running")),
    "resume": Example(answer=_state_answer("queued")),
    "evaluate": Example(
        {"files": ["/data/drive_9.csv"]},
        {**_state_answer("queued"), "task_id": "evaluation_1", "training_task_ids": ["train_002"]},
    ),
    "import_legacy": Example(
        {"paths": ["/home/user/vestim/output"]},
        {
            "imported": [
                {
                    "job_id": "job_20251014-180644",
                    "name": "job_20251014-180644",
                    "state": "done",
                    "models": 2,
                    "notes": [],
                    "source": "/home/user/vestim/output/job_20251014-180644",
                }
            ],
            "known": [],
            "skipped": [{"source": "/home/user/vestim/output/job_20250811-160000", "message": "it is damaged"}],
            "done": 2,
            "count": 2,
            "next": "",
        },
    ),
    "archive": Example(answer={**_state_answer("done"), "archived": True}),
    "restore": Example(answer={**_state_answer("done"), "archived": False}),
    "delete": Example(answer={"job_id": _JOB, "deleted": True}),
    "rename": Example({"name": "Cold drives"}, _description_answer(name="Cold drives")),
    "tag": Example({"add": ["cold"], "remove": []}, _description_answer(tags=["cold"])),
    "note": Example({"text": "chamber at 5 degC"}, _description_answer(note="chamber at 5 degC")),
    "reorder": Example({"position": 1}, {"job_id": _JOB, "position": 1, "queue": [_JOB]}),
    "add_message": Example({"message": "chamber was opened"}, {"job_id": _JOB, "last_seq": 58}),
    "estimate": Example(
        {"spec": _SPEC, "train_rows": 36_000},
        {
            "trials": 1,
            "parameters": {"min": 2809, "max": 2809},
            "memory_MB": 263,
            "seconds": None,
            "basis": "no estimate yet: no LSTM of this size has been trained here",
            "problems": [],
        },
    ),
    "read_hyperparameters": Example(
        {"document": {"MODEL_TYPE": "LSTM", "MAX_EPOCHS": "50", "NUM_WORKERS": "4"}},
        {
            "sections": {"model": [{"kind": "lstm"}], "training": [{"method": "tbptt", "max_epochs": 50}]},
            "notes": [{"key": "NUM_WORKERS", "message": "belongs to a way of loading data that is not used here"}],
        },
    ),
    "list_presets": Example(
        answer={"presets": [{"preset_id": "voltage_quick", "name": "Quick look", "target": "voltage_V", "spec": {}}]}
    ),
    "list_jobs": Example({"state": "running"}, {"jobs": [_JOB_SUMMARY], "next": ""}),
    "show_job": Example({"tasks_limit": 100}, {**_JOB_SUMMARY, "tasks": [], "managers": {}, "spec": _SPEC}),
    "wait": Example(
        {"cursors": [{"stream": f"job:{_JOB}", "lineage": "", "seq": 57}], "limit": 100, "timeout_s": 10.0},
        {"streams": [{"stream": f"job:{_JOB}", "lineage": "0e2b922f", "reset": False, "events": [], "seq": 57}]},
    ),
    "sniff": Example({"files": [_FILE]}, _INSPECTION),
    "check": Example({"files": [{"path": _FILE, "role": "train"}]}, _INSPECTION),
    "preview": Example({"file": _FILE, "signals": ["voltage_V"], "points": 2000}, _INSPECTION),
    "rewrite": Example({"files": [_FILE], "folder": "/data/repaired"}, _INSPECTION),
    "generate_demo": Example(answer=_INSPECTION),
    "map_columns": Example(
        {"header": ["t_s", "U"], "columns": {"voltage_V": "U"}},
        {"header": ["t_s", "U"], "columns": {"voltage_V": "U"}},
    ),
    "save_data_set": Example(
        {"name": "cell 7", "spec": {"files": ["/data/cell_7"], "split": {"validation": 0.2, "seed": 1}}}, _CHECKING
    ),
    "list_data_sets": Example(answer={"data_sets": [_DATA_SET_SUMMARY]}),
    "show_data_set": Example(answer={**_DATA_SET_SUMMARY, "spec": {"files": ["/data/cell_7"]}, "changes": []}),
    "check_data_set": Example(answer=_CHECKING),
    "rename_data_set": Example({"name": "cell 7"}, _READY),
    "delete_data_set": Example(answer={**_DATA_SET, "deleted": True}),
    "list_artifacts": Example(answer={"artifacts": [{"path": "job.json", "bytes": 6233}]}),
    "read_artifact": Example({"path": "job.json", "offset": 0, "length": 65536}),
}
