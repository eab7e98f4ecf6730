"""A finished model on new files. It needs only its own folder, wherever that was copied.

A file goes through the preparation of the training, so that a file of the test gives the same predictions to the last
bit. The target need not be in the file; where it is, it is only compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from vestim_core.data.checks import check_table
from vestim_core.data.pipeline import Pipeline
from vestim_core.data.prepare_data import prepare_table
from vestim_core.data.prepared_set import PreparedFile
from vestim_core.data.readers import clean_table
from vestim_core.data.repairs import load_repaired
from vestim_core.data.resample_findings import rate_findings
from vestim_core.data.table import Table
from vestim_core.evaluation.inference import predict
from vestim_core.models.model_files import load_model
from vestim_core.models.network import Network
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Finding, Repair, Severity
from vestim_core.spec.preparation import PreRoll, Resample
from vestim_core.spec.signals import QUANTITIES
from vestim_core.spec.step_columns import required_file_columns, step_input_columns, step_output_column

_HAS_TARGET = "target known"
"""Additional column in preparation: 1 where the file has the target, else 0. No formula can name it."""
_CIRCUMSTANCES = ("soc", "current_A", "voltage_V", "temperature_degC")


@dataclass(frozen=True)
class TrainedModel:
    """A network with the preparation of its training. document: its `model.json`."""

    module: Network
    pipeline: Pipeline
    document: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the model in `folder` (`model.json`, `model.pt`); VestimError when it is missing, damaged or newer."""
        module, document = load_model(Path(folder))
        return cls(module, Pipeline.from_json(document["preparation"]), document)

    @property
    def target(self) -> str:
        """The predicted column."""
        return self.pipeline.signals.target

    def read(self, path: Path, columns: Mapping[str, str] | None = None) -> PreparedFile:
        """Read a file as this model does; see `read_new_file`."""
        return read_new_file(Path(path), self.pipeline, columns or {})[0]

    def predict(self, file: PreparedFile) -> np.ndarray:
        """Predictions (n,) for every row of `file`, float64 in the target's unit."""
        return predict(self.module, file, self.pipeline)


def read_new_file(
    path: Path,
    pipeline: Pipeline,
    columns: Mapping[str, str],
    *,
    repairs: Sequence[Repair] = (),
    name: str = "",
    key: str = "",
    extra_vendors: Path | None = None,
) -> tuple[PreparedFile, list[Finding]]:
    """Prepare a file with a fitted pipeline; returns it and its findings. Its target is NaN where the file has none.

    columns: canonical name to name in the file, where that is not recognized. name: of the file in messages, where its
    own is ambiguous. key: of its results among others; empty: from the name. Raises VestimError for a file that cannot
    be read, lacks a column that the model reads, or has a finding of severity error without an `accept` repair.
    """
    target, is_optional = pipeline.signals.target, _is_target_optional(pipeline)
    input_names = required_file_columns(pipeline.steps, pipeline.signals)
    required_columns = [column for column in input_names if not (is_optional and column == target)]
    computed_columns = [step_output_column(step) for step in pipeline.steps]
    candidates = {target: None, **dict.fromkeys(_CIRCUMSTANCES)}
    optional_columns = [column for column in candidates if column not in (*required_columns, *computed_columns)]
    table = load_repaired(
        path, repairs, columns, required_columns, optional_columns, name=name, extra_vendors=extra_vendors
    )
    table = _drop_duplicate_columns(table, (*required_columns, target))
    table = replace(table, findings=tuple(check_table(table)))
    _refuse_errors(table)
    rows = clean_table(_with_target(table, target) if is_optional else table, required_columns, dict(columns))
    resample = next(step for step in pipeline.steps if isinstance(step, Resample))
    findings = [*rows.findings, *rate_findings(rows, resample)]
    file = prepare_table(pipeline, rows, "test")
    file = replace(_mask_unknown_target(file, target) if is_optional else file, key=key or file.key)
    return file, [*findings, *_short_file_findings(file, pipeline)]


def _drop_duplicate_columns(table: Table, model_columns: Sequence[str]) -> Table:
    """Drop quantities whose column the model reads only under another name, perhaps in another unit."""
    sources = {table.sources[name] for name in model_columns if name not in QUANTITIES and name in table.sources}
    duplicates = {
        name for name in QUANTITIES if name not in ("time_s", *model_columns) and table.sources.get(name) in sources
    }
    return replace(table, columns={name: values for name, values in table.columns.items() if name not in duplicates})


def _is_target_optional(pipeline: Pipeline) -> bool:
    """True when a file without the target can be predicted: no step reads or computes it."""
    target = pipeline.signals.target
    return not any(target in step_input_columns(step) or step_output_column(step) == target for step in pipeline.steps)


def _with_target(table: Table, target: str) -> Table:
    """Add a target column without NaN, and a column that is 1 where the target is known."""
    values = table.columns.get(target, np.full(table.rows, np.nan))
    is_known = np.isfinite(values)
    return replace(
        table,
        columns={**table.columns, target: np.where(is_known, values, 0.0), _HAS_TARGET: is_known.astype(np.float64)},
    )


def _mask_unknown_target(file: PreparedFile, target: str) -> PreparedFile:
    """Set the target to NaN wherever any part of a row's period has none."""
    is_unknown = file.column(_HAS_TARGET) < 1 - 1e-9  # a mean of ones, up to rounding
    names = [name for name in file.columns if name != _HAS_TARGET]
    physical = np.column_stack([np.where(is_unknown & (name == target), np.nan, file.column(name)) for name in names])
    return replace(file, physical=physical, columns=tuple(names))


def _refuse_errors(table: Table) -> None:
    accepted_codes = {repair.parameters.get("code") for repair in table.repairs if repair.kind == "accept"}
    errors = [
        finding
        for finding in table.findings
        if finding.severity is Severity.ERROR and finding.code not in accepted_codes
    ]
    if errors:
        advice = "write a repaired copy with 'vestim check --fix-to DIR'" if errors[0].repair else "correct the file"
        raise wrong_input(f"{errors[0].message.rstrip('.')} ({advice}, or leave it out).", location=str(table.path))


def _short_file_findings(file: PreparedFile, pipeline: Pipeline) -> list[Finding]:
    settling_s = sum(step.duration_s for step in pipeline.steps if isinstance(step, PreRoll))
    duration_s = file.scored_rows * pipeline.period_s
    if duration_s >= settling_s:
        return []
    return [
        Finding(
            code="test.short",
            severity=Severity.WARNING,
            message=f'"{file.name}" lasts {duration_s:g} s, less than the {settling_s:g} s in which the model settles'
            f": its errors are those of a start.",
            file=file.name,
        )
    ]
