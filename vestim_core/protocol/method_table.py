"""Table of the protocol's methods, from which client, daemon, command line, gateway and documentation are built.

Each entry defines a method's parameters as a model, describes its reply, and states its REST route and whether it
changes anything. Parameters that the model does not define are rejected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vestim_core.protocol.cursors import Cursor
from vestim_core.protocol.message_limits import (
    MAX_CHUNK_BYTES,
    MAX_CURSORS,
    MAX_EVENTS_PER_REPLY,
    MAX_JOBS_PER_REPLY,
    MAX_TASKS_PER_REPLY,
    MAX_WAIT_S,
)


class Params(BaseModel):
    """Base of all parameter models."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoParams(Params):
    """Parameters of methods that take none."""


class JobParams(Params):
    """Parameters of methods for one job."""

    job_id: str = Field(max_length=24)


class ShutdownParams(Params):
    stop_jobs: bool = False


class CreateJobParams(Params):
    """spec: a job document, complete, partial or empty."""

    name: str = Field("", max_length=200)
    spec: dict[str, Any] = Field(default_factory=dict)


class SubmitParams(Params):
    spec: dict[str, Any]


class SaveDraftParams(JobParams):
    """document: everything the user has entered so far, valid or not."""

    document: dict[str, Any]


class SaveDataParams(JobParams):
    data: dict[str, Any]


class SaveHyperparametersParams(JobParams):
    """sections: any of signals, preparation, model, training, testing, name, max_parallel_tasks."""

    sections: dict[str, Any]


class StopParams(JobParams):
    """test: still test the trials that have a model."""

    test: bool = True


class EvaluateParams(JobParams):
    """Parameters of an evaluation of a finished job's models.

    files: files or folders; empty: the job's own, for robustness alone. tasks: ids of the training tasks whose models
    are evaluated; empty: the one with the smallest validation error. all_models: of the job. columns: canonical name =
    name in the file; empty: as in the job. repairs: each `{"file": path, "repair": {...}}`, as proposed by a check.
    robustness: measure how sensor errors degrade the results.
    """

    files: list[str] = Field(default_factory=list, max_length=1000)
    tasks: list[str] = Field(default_factory=list, max_length=MAX_TASKS_PER_REPLY)
    all_models: bool = False
    columns: dict[str, str] = Field(default_factory=dict)
    repairs: list[dict[str, Any]] = Field(default_factory=list)
    robustness: bool = False


class ImportLegacyParams(Params):
    """paths: legacy job folders, folders of them, or a legacy `job_registry.json`. after: `next` of the last reply, to
    continue after it."""

    paths: list[Annotated[str, Field(max_length=4_000)]] = Field(min_length=1, max_length=1_000)
    after: str = Field("", max_length=20)


class RenameParams(JobParams):
    name: str = Field(max_length=200)


class TagParams(JobParams):
    add: list[Annotated[str, Field(max_length=60)]] = Field(default_factory=list, max_length=50)
    remove: list[str] = Field(default_factory=list, max_length=50)


class NoteParams(JobParams):
    text: str = Field(max_length=20_000)


class ReorderParams(JobParams):
    """position: new position in the queue, counted from 1; beyond the end means last."""

    position: int = Field(ge=1)


class ShowJobParams(JobParams):
    """tasks_from, tasks_limit: range of the job's tasks to return; the reply's `task_count` counts all."""

    tasks_from: int = Field(0, ge=0)
    tasks_limit: int = Field(MAX_TASKS_PER_REPLY, ge=0, le=MAX_TASKS_PER_REPLY)


class AddMessageParams(JobParams):
    message: str = Field(min_length=1, max_length=4_000)


class EstimateParams(Params):
    """spec: a job document, possibly incomplete. train_rows: rows of the training files after resampling, if known."""

    spec: dict[str, Any]
    train_rows: int | None = Field(None, ge=1)


class ReadHyperparametersParams(Params):
    """document: contents of a legacy settings file: hyperparameters, the best configurations of a search, or
    filters."""

    document: dict[str, Any] | list[Any]


class ListJobsParams(Params):
    """state: only jobs in this state. after: `next` of the last reply, to get the following page."""

    state: str = Field("", max_length=16)
    after: str = Field("", max_length=64)
    limit: int = Field(MAX_JOBS_PER_REPLY, ge=1, le=MAX_JOBS_PER_REPLY)


class WaitParams(Params):
    """progress_seq: last progress number received; None to get no progress."""

    cursors: list[Cursor] = Field(max_length=MAX_CURSORS)
    limit: int = Field(1000, ge=1, le=MAX_EVENTS_PER_REPLY)
    timeout_s: float = Field(0.0, ge=0, le=MAX_WAIT_S)
    progress_seq: int | None = Field(None, ge=0)


class SniffParams(Params):
    files: list[str] = Field(min_length=1, max_length=1000)
    columns: dict[str, str] = Field(default_factory=dict)


class CheckParams(Params):
    """files: each `{"path": ..., "role": "train" | "validation" | "test"}`, with the role only if known."""

    files: list[dict[str, Any]] = Field(min_length=1, max_length=1000)
    columns: dict[str, str] = Field(default_factory=dict)


class PreviewParams(Params):
    """points: maximum number per signal. repairs: applied to the preview only."""

    file: str
    columns: dict[str, str] = Field(default_factory=dict)
    signals: list[str] = Field(default_factory=list)
    points: int = 2_000
    repairs: list[dict[str, Any]] = Field(default_factory=list)


class RewriteParams(Params):
    """repairs: each `{"file": path, "repair": {...}}`, as proposed by a check."""

    files: list[str] = Field(min_length=1, max_length=1000)
    folder: str
    columns: dict[str, str] = Field(default_factory=dict)
    repairs: list[dict[str, Any]] = Field(default_factory=list)


class MapColumnsParams(Params):
    """header: column names as returned by `sniff`. columns: canonical name = name in the file; empty: forget them."""

    header: list[str] = Field(min_length=1, max_length=2000)
    columns: dict[str, str]


class DataSetParams(Params):
    """data_set: id or name."""

    data_set: str = Field(max_length=200)


class SaveDataSetParams(Params):
    """spec: a `DataSetSpec`: files, folders or patterns by role, or a split; columns, repairs. data_set: id or name of
    the data set to change; empty for a new one."""

    name: str = Field(max_length=200)
    spec: dict[str, Any]
    data_set: str = Field("", max_length=200)


class RenameDataSetParams(DataSetParams):
    name: str = Field(max_length=200)


class ReadArtifactParams(JobParams):
    """path: path of the file relative to the job's folder, with forward slashes."""

    path: str = Field(max_length=400)
    offset: int = Field(0, ge=0)
    length: int = Field(MAX_CHUNK_BYTES, ge=1, le=MAX_CHUNK_BYTES)


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the protocol. reply_description: description of the reply. verb, route: of the REST endpoint."""

    name: str
    params: type[Params]
    reply_description: str
    is_mutating: bool
    http_method: Literal["GET", "POST", "DELETE"]
    route: str


def _by_name(*methods: Method) -> dict[str, Method]:
    return {method.name: method for method in methods}


METHODS = _by_name(
    Method("hello", NoParams, "version, protocol range, instance, lineage, home", False, "GET", "/v1/hello"),
    Method(
        "daemon_status",
        NoParams,
        "pid, uptime_s, memory_MB, home, workspace, jobs by state, running tasks; machine: CPU, memory, GPUs",
        False,
        "GET",
        "/v1/daemon",
    ),
    Method("shutdown", ShutdownParams, "nothing; the daemon says bye and ends", True, "POST", "/v1/daemon/shutdown"),
    Method("create_job", CreateJobParams, "job_id, state, notes", True, "POST", "/v1/jobs"),
    Method("save_draft", SaveDraftParams, "job_id, state, problems, notes", True, "POST", "/v1/jobs/{job_id}/draft"),
    Method("duplicate", JobParams, "job_id, state of the new draft", True, "POST", "/v1/jobs/{job_id}/duplicate"),
    Method("save_data", SaveDataParams, "job_id, state", True, "POST", "/v1/jobs/{job_id}/data"),
    Method(
        "save_hyperparameters",
        SaveHyperparametersParams,
        "job_id, state, notes",
        True,
        "POST",
        "/v1/jobs/{job_id}/hyperparameters",
    ),
    Method(
        "setup_training_tasks", JobParams, "job_id, task_count, trial_count", True, "POST", "/v1/jobs/{job_id}/setup"
    ),
    Method("start", JobParams, "job_id, state", True, "POST", "/v1/jobs/{job_id}/start"),
    Method("submit", SubmitParams, "job_id, state, task_count, trial_count, notes", True, "POST", "/v1/jobs/submit"),
    Method("stop", StopParams, "job_id, state", True, "POST", "/v1/jobs/{job_id}/stop"),
    Method("pause", JobParams, "job_id, state", True, "POST", "/v1/jobs/{job_id}/pause"),
    Method("resume", JobParams, "job_id, state", True, "POST", "/v1/jobs/{job_id}/resume"),
    Method(
        "evaluate",
        EvaluateParams,
        "job_id, state, task_id, training_task_ids",
        True,
        "POST",
        "/v1/jobs/{job_id}/evaluations",
    ),
    Method(
        "import_legacy",
        ImportLegacyParams,
        "imported: job_id, name, state, models, source, notes; known; skipped: source, sentence; done, count; next",
        True,
        "POST",
        "/v1/legacy/import",
    ),
    Method("archive", JobParams, "job_id, state, archived", True, "POST", "/v1/jobs/{job_id}/archive"),
    Method("restore", JobParams, "job_id, state, archived", True, "POST", "/v1/jobs/{job_id}/restore"),
    Method("delete", JobParams, "job_id, deleted", True, "DELETE", "/v1/jobs/{job_id}"),
    Method("rename", RenameParams, "job_id, name, note, tags", True, "POST", "/v1/jobs/{job_id}/rename"),
    Method("tag", TagParams, "job_id, name, note, tags", True, "POST", "/v1/jobs/{job_id}/tags"),
    Method("note", NoteParams, "job_id, name, note, tags", True, "POST", "/v1/jobs/{job_id}/note"),
    Method("reorder", ReorderParams, "job_id, position, queue", True, "POST", "/v1/jobs/{job_id}/reorder"),
    Method("add_message", AddMessageParams, "job_id, last_seq", True, "POST", "/v1/jobs/{job_id}/messages"),
    Method(
        "estimate",
        EstimateParams,
        "trials, parameters, model_MB, memory_MB, rows_epochs, seconds, basis, problems",
        False,
        "POST",
        "/v1/estimate",
    ),
    Method(
        "read_hyperparameters",
        ReadHyperparametersParams,
        "sections of a job document; notes: key, sentence",
        False,
        "POST",
        "/v1/hyperparameters/read",
    ),
    Method(
        "list_presets",
        NoParams,
        "presets: preset_id, name, target, takes, description, spec",
        False,
        "GET",
        "/v1/presets",
    ),
    Method(
        "list_jobs",
        ListJobsParams,
        "jobs: one summary each, newest first; next: where the next page starts",
        False,
        "GET",
        "/v1/jobs",
    ),
    Method(
        "show_job",
        ShowJobParams,
        "summary, spec, managers, tasks with results; of a draft: problems",
        False,
        "GET",
        "/v1/jobs/{job_id}",
    ),
    Method(
        "wait",
        WaitParams,
        "streams: next events of each cursor; progress: newest of each attempt",
        False,
        "POST",
        "/v1/wait",
    ),
    Method("sniff", SniffParams, "inspection_id; its answer: files", True, "POST", "/v1/inspections/sniff"),
    Method("check", CheckParams, "inspection_id; its answer: files, findings", True, "POST", "/v1/inspections/check"),
    Method("preview", PreviewParams, "inspection_id; its answer: signals", True, "POST", "/v1/inspections/preview"),
    Method("rewrite", RewriteParams, "inspection_id; its answer: files", True, "POST", "/v1/inspections/rewrite"),
    Method(
        "generate_demo",
        NoParams,
        "inspection_id; its answer: spec of the demo's job, folder, defective file",
        True,
        "POST",
        "/v1/inspections/demo",
    ),
    Method("map_columns", MapColumnsParams, "header, columns", True, "POST", "/v1/mappings"),
    Method(
        "save_data_set", SaveDataSetParams, "data_set_id, name, state, inspection_id", True, "POST", "/v1/data_sets"
    ),
    Method("list_data_sets", NoParams, "data_sets: one summary each, by name", False, "GET", "/v1/data_sets"),
    Method(
        "show_data_set",
        DataSetParams,
        "summary, spec, content with files and findings, changes",
        False,
        "GET",
        "/v1/data_sets/{data_set}",
    ),
    Method(
        "check_data_set",
        DataSetParams,
        "data_set_id, name, state, inspection_id",
        True,
        "POST",
        "/v1/data_sets/{data_set}/check",
    ),
    Method(
        "rename_data_set",
        RenameDataSetParams,
        "data_set_id, name, state, inspection_id",
        True,
        "POST",
        "/v1/data_sets/{data_set}/rename",
    ),
    Method("delete_data_set", DataSetParams, "data_set_id, name, deleted", True, "DELETE", "/v1/data_sets/{data_set}"),
    Method("list_artifacts", JobParams, "artifacts: path, bytes", False, "GET", "/v1/jobs/{job_id}/artifacts"),
    Method("read_artifact", ReadArtifactParams, "data, offset, size", False, "GET", "/v1/jobs/{job_id}/artifact"),
)
