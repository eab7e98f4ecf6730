"""A finished model on new files: nothing but its own folder is needed, wherever that was copied to.

The file goes through the preparation that the model was trained with, so a file that the model was tested on gives the
same predictions to the last bit. What is to be predicted need not be in the file; where it is, it is only compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from vestim_core.data.checks import check_table
from vestim_core.data.pipeline import Pipeline
from vestim_core.data.prepare import prepare_table
from vestim_core.data.prepared import PreparedFile
from vestim_core.data.rates import rate_findings
from vestim_core.data.readers import usable
from vestim_core.data.repairs import load_repaired
from vestim_core.data.table import Table
from vestim_core.evaluation.inference import predict
from vestim_core.models.files import load_model
from vestim_core.models.network import Network
from vestim_core.spec.columns import file_columns, makes, reads
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Finding, Repair, Severity
from vestim_core.spec.preparation import PreRoll, Resample
from vestim_core.spec.signals import QUANTITIES

_KNOWN = "target known"
"""Column beside the others in preparation: 1 where the file has the target, 0 where not. No formula can name it."""
_AROUND = ("soc", "current_A", "voltage_V", "temperature_degC")


@dataclass(frozen=True)
class TrainedModel:
    """A network with the preparation that it was trained with. document: its `model.json`."""

    module: Network
    pipeline: Pipeline
    document: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The model in `folder` (`model.json` and `model.pt`); VestimError when it is none, damaged or newer."""
        module, document = load_model(Path(folder))
        return cls(module, Pipeline.from_json(document["preparation"]), document)

    @property
    def target(self) -> str:
        """The column that it predicts."""
        return self.pipeline.signals.target

    def read(self, path: Path, columns: Mapping[str, str] | None = None) -> PreparedFile:
        """A file as this model reads it; see `read_new_file`."""
        return read_new_file(Path(path), self.pipeline, columns or {})[0]

    def predict(self, file: PreparedFile) -> np.ndarray:
        """(n,) float64 in the target's unit, for every row of `file`."""
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
    """A file through a fitted pipeline, and what is odd about it. Its target is NaN where the file has none.

    columns: canonical name to the name in the file, where that is not recognised. name: what the file is called where
    its own name is not enough. key: of its results among others; empty: from that name.
    Raises VestimError for a file that cannot be read, lacks a column that the model reads, or has a finding of severity
    error that no `accept` repair answers.
    """
    target, optional = pipeline.signals.target, _target_is_optional(pipeline)
    needed = [name for name in file_columns(pipeline.steps, pipeline.signals) if not (optional and name == target)]
    made = [makes(step) for step in pipeline.steps]
    wanted = [name for name in {target: None, **dict.fromkeys(_AROUND)} if name not in (*needed, *made)]
    table = load_repaired(path, repairs, columns, needed, wanted, name=name, extra_vendors=extra_vendors)
    table = _each_column_once(table, (*needed, target))
    table = replace(table, findings=tuple(check_table(table)))
    _refuse(table)
    rows = usable(_with_target(table, target) if optional else table, needed, dict(columns))
    grid = next(step for step in pipeline.steps if isinstance(step, Resample))
    findings = [*rows.findings, *rate_findings(rows, grid)]
    file = prepare_table(pipeline, rows, "test")
    file = replace(_without_unknown(file, target) if optional else file, key=key or file.key)
    return file, [*findings, *_too_short(file, pipeline)]


def _each_column_once(table: Table, read: Sequence[str]) -> Table:
    """Without quantities whose column the model reads under a name of its own alone, perhaps in another unit."""
    own = {table.sources[name] for name in read if name not in QUANTITIES and name in table.sources}
    twice = {name for name in QUANTITIES if name not in ("time_s", *read) and table.sources.get(name) in own}
    return replace(table, columns={name: values for name, values in table.columns.items() if name not in twice})


def _target_is_optional(pipeline: Pipeline) -> bool:
    """Whether a file can be predicted that does not have the target: no step reads or makes it."""
    target = pipeline.signals.target
    return not any(target in reads(step) or makes(step) == target for step in pipeline.steps)


def _with_target(table: Table, target: str) -> Table:
    """The table with a whole target column, and one that says where it is known."""
    values = table.columns.get(target, np.full(table.rows, np.nan))
    known = np.isfinite(values)
    return replace(
        table, columns={**table.columns, target: np.where(known, values, 0.0), _KNOWN: known.astype(np.float64)}
    )


def _without_unknown(file: PreparedFile, target: str) -> PreparedFile:
    """The file with NaN as its target wherever any part of a row's period had none."""
    unknown = file.column(_KNOWN) < 1 - 1e-9
    kept = [name for name in file.columns if name != _KNOWN]
    physical = np.column_stack([np.where(unknown & (name == target), np.nan, file.column(name)) for name in kept])
    return replace(file, physical=physical, columns=tuple(kept))


def _refuse(table: Table) -> None:
    accepted = {repair.parameters.get("code") for repair in table.repairs if repair.kind == "accept"}
    wrong = [one for one in table.findings if one.severity is Severity.ERROR and one.code not in accepted]
    if wrong:
        offer = "write a repaired copy with 'vestim check --fix-to DIR'" if wrong[0].repair else "correct the file"
        raise wrong_input(f"{wrong[0].sentence.rstrip('.')} ({offer}, or leave it out).", place=str(table.path))


def _too_short(file: PreparedFile, pipeline: Pipeline) -> list[Finding]:
    settling_s = sum(step.duration_s for step in pipeline.steps if isinstance(step, PreRoll))
    lasts_s = file.scored_rows * pipeline.period_s
    if lasts_s >= settling_s:
        return []
    return [
        Finding(
            code="test.short",
            severity=Severity.WARNING,
            sentence=f'"{file.name}" lasts {lasts_s:g} s, less than the {settling_s:g} s in which the model settles: '
            f"its errors are those of a start.",
            file=file.name,
        )
    ]
