"""A scripted daemon for the page of a new job: drafts in memory, with the real rules and checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.gui.fake_link import FakeLink
from vestim_core.data.checks import CheckedFile, check_set
from vestim_core.data.data_files import find_files
from vestim_core.data.file_inspection import inspect_file
from vestim_core.data.file_summary import sniff
from vestim_core.data.preview import preview
from vestim_core.data.readers import load_table
from vestim_core.data.repairs import apply_repairs
from vestim_core.jobs.legacy.hyperparameter_files import read_hyperparameters
from vestim_core.spec.errors import VestimError, not_found, refused
from vestim_core.spec.estimates import EstimateContext, estimate_job
from vestim_core.spec.finding import Repair
from vestim_core.spec.job import validate_job
from vestim_core.spec.job_presets import installed_presets
from vestim_core.spec.job_problems import job_problems


class ScriptedDaemon:
    """Answers a `FakeLink`. drafts: documents by id. started_documents: documents of started jobs, in order."""

    def __init__(self, link: FakeLink) -> None:
        self.link = link
        self.drafts: dict[str, dict[str, Any]] = {}
        self.started_documents: list[dict[str, Any]] = []
        self.save_count = 0
        self.column_maps: list[dict[str, Any]] = []
        self.speeds: dict[str, float] = {}
        for name in (
            "create_job", "save_draft", "show_job", "start", "submit", "delete", "estimate", "list_presets", "sniff",
            "check", "preview", "map_columns", "list_data_sets", "read_hyperparameters",
        ):  # fmt: skip
            link.handlers[name] = getattr(self, name)

    def create_job(self, spec: dict[str, Any], name: str = "") -> dict[str, Any]:
        job_id = f"job_20260101-120000-{len(self.drafts):04d}"
        self.drafts[job_id] = spec
        return {"job_id": job_id, "state": "draft"}

    def save_draft(self, job_id: str, document: dict[str, Any]) -> dict[str, Any]:
        self._draft(job_id)
        self.save_count += 1
        self.drafts[job_id] = document
        return {"job_id": job_id, "state": "draft", "problems": job_problems(document)}

    def show_job(self, job_id: str, **_: Any) -> dict[str, Any]:
        document = self._draft(job_id)
        return {"job_id": job_id, "state": "draft", "spec": document, "problems": job_problems(document)}

    def start(self, job_id: str) -> dict[str, Any]:
        document = self._draft(job_id)
        validate_job(document)
        self.started_documents.append(document)
        return {"job_id": job_id, "state": "queued"}

    def submit(self, spec: dict[str, Any]) -> dict[str, Any]:
        validate_job(spec)
        self.started_documents.append(spec)
        return {"job_id": "job_20260101-120000-demo", "state": "queued", "task_count": 3, "trial_count": 1}

    def delete(self, job_id: str) -> dict[str, Any]:
        self._draft(job_id)
        del self.drafts[job_id]
        return {"job_id": job_id, "deleted": True}

    def refuse_saves(self) -> None:
        """Refuse saves, as if the draft had been started elsewhere."""

        def save_draft(job_id: str, document: dict[str, Any]) -> dict[str, Any]:
            raise refused(f"job {job_id} was started and its settings are fixed: duplicate it to change them")

        self.link.handlers["save_draft"] = save_draft

    def estimate(self, spec: dict[str, Any], train_rows: int | None = None) -> dict[str, Any]:
        return estimate_job(spec, EstimateContext(self.speeds, cores=2, train_rows=train_rows))

    def list_presets(self) -> dict[str, Any]:
        return {"presets": [preset.to_record() for preset in installed_presets()]}

    def list_data_sets(self) -> dict[str, Any]:
        return {"data_sets": [{"name": "Winter cells"}]}

    def read_hyperparameters(self, document: dict[str, Any]) -> dict[str, Any]:
        return read_hyperparameters(document)

    def sniff(self, files: list[str], columns: dict[str, str]) -> dict[str, Any]:
        return {"files": [self._header_record(path, columns) for path in find_files(files)]}

    def check(self, files: list[dict[str, Any]], columns: dict[str, str]) -> dict[str, Any]:
        checked_files, file_records, findings = [], [], []
        for file in files:
            for path in find_files([file["path"]]):
                table, file_findings = inspect_file(path, columns)
                findings += file_findings
                identity = {"path": str(path), "name": path.name, "role": file["role"]}
                if table is None:
                    file_records.append({**identity, "readable": False, "rows": 0, "vendor": "", "why": "no table"})
                    continue
                checked_files.append(CheckedFile(table, file["role"]))
                times = table.columns["time_s"]
                facts = {"duration_s": float(times[-1] - times[0]), "sample_time_s": 1.0, "temperature_degC": 25.0}
                read_facts = {
                    "rows": table.rows,
                    "vendor": table.vendor,
                    "why": table.vendor_evidence,
                    "readable": True,
                }
                file_records.append({**identity, **read_facts, **facts})
        findings += check_set(checked_files)
        return {"files": file_records, "findings": [finding.model_dump(mode="json") for finding in findings]}

    def preview(
        self, file: str, columns: dict[str, str], signals: list[str], points: int, repairs: list[dict[str, Any]]
    ) -> dict[str, Any]:
        table = apply_repairs(load_table(Path(file), columns), [Repair(**repair) for repair in repairs])
        names = [name for name in table.columns if name != "time_s"]
        return {"name": table.name, "rows": table.rows, "signals": preview(table, names, points)["columns"]}

    def map_columns(self, header: list[str], columns: dict[str, str]) -> dict[str, Any]:
        self.column_maps.append({"header": header, "columns": columns})
        return self.column_maps[-1]

    def _draft(self, job_id: str) -> dict[str, Any]:
        if job_id not in self.drafts:
            raise not_found(f"there is no job '{job_id}'")
        return self.drafts[job_id]

    def _header_record(self, path: Path, columns: dict[str, str]) -> dict[str, Any]:
        try:
            return {**sniff(path, columns).to_json(), "readable": True}
        except VestimError as error:
            empty_record = {"path": str(path), "name": path.name, "rows": 0, "vendor": "", "why": "no table"}
            return {**empty_record, "readable": False, "error": error.message}
