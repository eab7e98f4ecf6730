"""Small prepared sets of a synthetic cell, made by the real preparation pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.signal import lfilter

from vestim_core.data.pipeline import Pipeline
from vestim_core.data.prepared_set import PreparedSet, prepared_file
from vestim_core.data.table import Table
from vestim_core.spec.data import Role
from vestim_core.spec.job import Trial, validate_job
from vestim_core.spec.preparation import Step, default_preparation
from vestim_core.spec.signals import SignalsSpec
from vestim_core.spec.states import Intent

R0_OHM, R1_OHM, TAU_S = 0.02, 0.015, 30.0
FILES: dict[str, Role] = {"a.csv": "train", "b.csv": "train", "c.csv": "validation", "d.csv": "test"}

_STREAMS = {
    "batch_size": 6,
    "sequence_length": 20,
    "sequences_per_draw": 4,
    "draws_per_epoch": 3,
    "burn_in_steps": 30,
}
TINY: dict[str, dict[str, Any]] = {
    "lstm": {"model": {"kind": "lstm", "sizes": [4]}, "training": _STREAMS},
    "gru": {"model": {"kind": "gru", "sizes": [4]}, "training": _STREAMS},
    "windows": {
        "model": {"kind": "lstm", "sizes": [4]},
        "training": {"method": "windows", "lookback": 30, "batch_size": 40, "stride_steps": 2},
    },
    "fnn": {"model": {"kind": "fnn", "sizes": [6]}, "training": {"batch_size": 200}},
}


def ocv_V(soc: np.ndarray) -> np.ndarray:
    """Open-circuit voltage: rises with SOC, steeply at the low end."""
    return 3.3 + 0.8 * soc - 0.3 * np.exp(-soc / 0.1)


def drive(name: str, rows: int, seed: int, *, capacity_Ah: float = 0.5) -> Table:
    """A discharge by random steps of the current, at 1 Hz."""
    random = np.random.default_rng(seed)
    current_A = np.repeat(random.uniform(-2.0, 0.8, rows // 8 + 1), 8)[:rows]
    soc = np.clip(0.95 + np.cumsum(current_A) / 3600 / capacity_Ah, 0.0, 1.0)
    decay = np.exp(-1 / TAU_S)
    lag_A = lfilter([1 - decay], [1, -decay], current_A)
    columns = {
        "time_s": np.arange(rows, dtype=np.float64),
        "soc": soc,
        "current_A": current_A,
        "temperature_degC": 25 + np.cumsum(random.normal(0, 0.02, rows)),
        "voltage_V": ocv_V(soc) + R0_OHM * current_A + R1_OHM * lag_A,
    }
    return Table(Path(name), name, f"{seed:064x}", columns)


def with_gap(table: Table, gap_row: int, gap_s: float = 500.0) -> Table:
    """The same rows with a pause before row `at`."""
    time_s = table.columns["time_s"] + np.where(np.arange(table.rows) >= gap_row, gap_s, 0.0)
    return Table(table.path, table.name, table.sha256, {**table.columns, "time_s": time_s})


def prepare(
    tables: Mapping[str, Table],
    roles: Mapping[str, Role],
    *,
    steps: list[Step] | None = None,
    signals: SignalsSpec | None = None,
) -> PreparedSet:
    """Prepare `tables` (by name) as a job would."""
    steps, signals = steps or default_preparation(), signals or SignalsSpec()
    pipeline = Pipeline.fit(steps, signals, [table for name, table in tables.items() if roles[name] == "train"])
    files = tuple(
        prepared_file(
            pipeline.apply(table),
            key=Path(name).stem,
            name=name,
            role=roles[name],
            sha256=table.sha256,
            source=name,
            source_rows=table.rows,
        )
        for name, table in tables.items()
    )
    return PreparedSet(Path(), pipeline, signals, files, (), "")


def small_set(rows: int = 400, *, steps: list[Step] | None = None, signals: SignalsSpec | None = None) -> PreparedSet:
    """Two training files, one of them with a gap, a validation and a test file."""
    tables = {name: drive(name, rows, seed) for seed, name in enumerate(FILES, 1)}
    tables["b.csv"] = with_gap(tables["b.csv"], rows // 3)
    return prepare(tables, FILES, steps=steps, signals=signals)


def trial(kind: str, **changes: Any) -> Trial:
    """The first trial of a tiny job; `changes` are given by section: training={...}, model={...}."""
    document: dict[str, Any] = {"data": {"train": ["a"], "validation": ["b"]}}
    for section in ("model", "training"):
        defaults = {"max_epochs": 4} if section == "training" else {}
        document[section] = {**defaults, **TINY[kind][section], **changes.get(section, {})}
    return validate_job({**document, **{k: v for k, v in changes.items() if k not in document}}).trials()[0]


class Recorder:
    """A reporter that stores everything."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.reports: list[dict[str, Any]] = []

    def event(self, kind: str, data: dict[str, Any]) -> None:
        self.events.append((str(kind), dict(data)))

    def progress(self, data: dict[str, Any]) -> None:
        self.reports.append(dict(data))


class Intents:
    """Returns RUN for the first `run_count` calls, then `final_intent`."""

    def __init__(self, run_count: float = float("inf"), final_intent: Intent = Intent.PAUSE) -> None:
        self.remaining_runs, self.final_intent = run_count, final_intent

    def __call__(self) -> Intent:
        self.remaining_runs -= 1
        return self.final_intent if self.remaining_runs < 0 else Intent.RUN
