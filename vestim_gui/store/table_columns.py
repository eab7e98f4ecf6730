"""Columns of the job table: the text of each cell and the key that rows are sorted by. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from vestim_core.spec.states import JobState
from vestim_gui.display_numbers import format_duration, format_metric
from vestim_gui.store.job_presenter import JobPresenter, epochs_of, time_left
from vestim_gui.store.job_times import local_time, run_time_s

Row = Mapping[str, Any]
Text = Callable[[Row, Row | None, JobPresenter, float], str]
Key = Callable[[Row], Any]

# Default order of the list; every other state has rank 3.
_ACTIVE_RANKS = {JobState.RUNNING: 0, JobState.QUEUED: 1, JobState.HELD: 1, JobState.PAUSED: 1, JobState.DRAFT: 2}
_STATE_RANKS = {state: rank for rank, state in enumerate(JobState)}
NAME, STATE, PROGRESS = "name", "state", "progress"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the job table.

    text: from a row, its newest progress, its presenter and the current time in s since 1970. key: sort key of a row;
    rows whose key is None come last. is_numeric: right-aligned. is_default: visible until the user chooses columns.
    """

    id: str
    title: str
    text: Text
    key: Key
    width: int = 120
    is_numeric: bool = False
    is_default: bool = True


def _best_error(row: Row) -> dict[str, Any] | None:
    return row.get("best") or row.get("validation")


def _metric_text(error: dict[str, Any] | None) -> str:
    return format_metric(error["metric"], error["value"]) if error else ""


def _run_time_text(row: Row, now_s: float) -> str:
    seconds = run_time_s(dict(row), now_s or None)
    return "" if seconds is None else format_duration(seconds)


COLUMNS: tuple[Column, ...] = (
    Column(NAME, "Name", lambda row, progress, presenter, now_s: row["name"], lambda row: row["name"].casefold(), 230),
    Column(
        STATE,
        "Status",
        lambda row, progress, presenter, now_s: f"{presenter.glyph} {presenter.word}",
        lambda row: _STATE_RANKS.get(row["state"], len(_STATE_RANKS)),
        130,
    ),
    Column(
        PROGRESS,
        "Progress",
        lambda row, progress, presenter, now_s: f"{presenter.fraction:.0%}",
        lambda row: row["fraction"],
        120,
        is_numeric=True,
    ),
    Column(
        "epochs",
        "Epoch",
        lambda row, progress, presenter, now_s: epochs_of(row, progress),
        lambda row: row.get("epochs") or None,
        80,
        is_numeric=True,
    ),
    Column(
        "left",
        "Time left",
        lambda row, progress, presenter, now_s: time_left(row, progress, now_s).removesuffix(" left"),
        lambda row: (1.0 - row["fraction"]) if row["state"] == JobState.RUNNING else None,
        130,
        is_numeric=True,
    ),
    Column(
        "best",
        "Best RMSE",
        lambda row, progress, presenter, now_s: _metric_text(_best_error(row)),
        lambda row: best["value"] if (best := _best_error(row)) else None,
        100,
        is_numeric=True,
    ),
    Column(
        "baseline",
        "Baseline RMSE",
        lambda row, progress, presenter, now_s: _metric_text(row.get("baseline")),
        lambda row: row["baseline"]["value"] if row.get("baseline") else None,
        110,
        is_numeric=True,
        is_default=False,
    ),
    Column(
        "models",
        "Models",
        lambda row, progress, presenter, now_s: str(row.get("models") or ""),
        lambda row: row.get("models") or None,
        80,
        is_numeric=True,
        is_default=False,
    ),
    Column(
        "time",
        "Running time",
        lambda row, progress, presenter, now_s: _run_time_text(row, now_s),
        lambda row: run_time_s(dict(row)),
        110,
        is_numeric=True,
    ),
    Column(
        "created",
        "Created",
        lambda row, progress, presenter, now_s: local_time(row["created_utc"]),
        lambda row: row["created_utc"],
        130,
        is_numeric=True,
    ),
    Column(
        "ended",
        "Ended",
        lambda row, progress, presenter, now_s: local_time(row["ended_utc"]),
        lambda row: row["ended_utc"] or None,
        130,
        is_numeric=True,
        is_default=False,
    ),
    Column(
        "target",
        "Target",
        lambda row, progress, presenter, now_s: str(row.get("target") or "").partition("_")[0],
        lambda row: row.get("target") or None,
        100,
        is_default=False,
    ),
    Column(
        "tags",
        "Tags",
        lambda row, progress, presenter, now_s: ", ".join(row["tags"]),
        lambda row: ", ".join(row["tags"]).casefold() or None,
        140,
    ),
    Column(
        "note",
        "Note",
        lambda row, progress, presenter, now_s: row["note"].partition("\n")[0],
        lambda row: row["note"].casefold() or None,
        200,
        is_default=False,
    ),
    Column(
        "id",
        "Id",
        lambda row, progress, presenter, now_s: row["job_id"],
        lambda row: row["job_id"],
        190,
        is_default=True,
    ),
)
COLUMN_INDEX = {column.id: index for index, column in enumerate(COLUMNS)}


def sort_key(row: Row, column: str) -> Any:
    """Key that decides the position of a row: as long as it stays the same, the row need not move."""
    return COLUMNS[COLUMN_INDEX[column]].key(row) if column in COLUMN_INDEX else (_rank(row), row["created_utc"])


def _rank(row: Row) -> tuple[int, float]:
    """Default order of the list: running, queued, drafts, then the rest. The queue is ordered by position."""
    rank = _ACTIVE_RANKS.get(row["state"], 3)
    return (rank, float(row["position"]) if rank <= 1 else 0.0)


def sort_rows(rows: list[dict[str, Any]], column: str, descending: bool) -> list[dict[str, Any]]:
    """Rows sorted by a column, or in the default order if `column` is empty. Rows without a value come last."""
    if column not in COLUMN_INDEX:
        return sorted(sorted(rows, key=itemgetter("created_utc", "job_id"), reverse=True), key=_rank)
    key = COLUMNS[COLUMN_INDEX[column]].key
    keyed_rows = [(key(row), row) for row in rows]
    with_value = sorted(
        (pair for pair in keyed_rows if pair[0] is not None), key=lambda pair: pair[0], reverse=descending
    )
    return [row for _, row in with_value] + [row for value, row in keyed_rows if value is None]
