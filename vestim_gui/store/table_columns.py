"""Columns of the job table: what each says of a job, and what it is sorted by. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from vestim_core.spec.states import JobState
from vestim_gui.numbers import duration, metric
from vestim_gui.store.job_times import local_time, ran_s
from vestim_gui.store.faces import Face, epochs_of, time_left

Row = Mapping[str, Any]
Text = Callable[[Row, Row | None, Face, float], str]
Key = Callable[[Row], Any]

_ACTIVE = {JobState.RUNNING: 0, JobState.QUEUED: 1, JobState.HELD: 1, JobState.PAUSED: 1, JobState.DRAFT: 2}
_STATES = {state: rank for rank, state in enumerate(JobState)}
NAME, STATE, PROGRESS = "name", "state", "progress"


@dataclass(frozen=True, slots=True)
class Column:
    """text: of a row, its newest progress, its face and the time now. key: what rows are sorted by; rows without one
    (None) come last. right: whether it holds figures. shown: whether it is shown until the user chooses."""

    id: str
    title: str
    text: Text
    key: Key
    width: int = 120
    right: bool = False
    shown: bool = True


def _best(row: Row) -> dict[str, Any] | None:
    return row.get("best") or row.get("validation")


def _metric(of: dict[str, Any] | None) -> str:
    return metric(of["metric"], of["value"]) if of else ""


def _ran(row: Row, now_s: float) -> str:
    seconds = ran_s(dict(row), now_s or None)
    return "" if seconds is None else duration(seconds)


COLUMNS: tuple[Column, ...] = (
    Column(NAME, "Name", lambda row, news, face, now: row["name"], lambda row: row["name"].casefold(), 230),
    Column(
        STATE,
        "Status",
        lambda row, news, face, now: f"{face.glyph} {face.word}",
        lambda row: _STATES.get(row["state"], 99),
        130,
    ),
    Column(
        PROGRESS,
        "Progress",
        lambda row, news, face, now: f"{face.fraction:.0%}",
        lambda row: row["fraction"],
        120,
        right=True,
    ),
    Column(
        "epochs",
        "Epoch",
        lambda row, news, face, now: epochs_of(row, news),
        lambda row: row.get("epochs") or None,
        80,
        right=True,
    ),
    Column(
        "left",
        "Time left",
        lambda row, news, face, now: time_left(row, news, now).removesuffix(" left"),
        lambda row: (1.0 - row["fraction"]) if row["state"] == JobState.RUNNING else None,
        130,
        right=True,
    ),
    Column(
        "best",
        "Best RMSE",
        lambda row, news, face, now: _metric(_best(row)),
        lambda row: best["value"] if (best := _best(row)) else None,
        100,
        right=True,
    ),
    Column(
        "baseline",
        "Baseline RMSE",
        lambda row, news, face, now: _metric(row.get("baseline")),
        lambda row: row["baseline"]["value"] if row.get("baseline") else None,
        110,
        right=True,
        shown=False,
    ),
    Column(
        "models",
        "Models",
        lambda row, news, face, now: str(row.get("models") or ""),
        lambda row: row.get("models") or None,
        80,
        right=True,
        shown=False,
    ),
    Column(
        "time",
        "Running time",
        lambda row, news, face, now: _ran(row, now),
        lambda row: ran_s(dict(row)),
        110,
        right=True,
    ),
    Column(
        "created",
        "Created",
        lambda row, news, face, now: local_time(row["created_utc"]),
        lambda row: row["created_utc"],
        130,
        right=True,
    ),
    Column(
        "ended",
        "Ended",
        lambda row, news, face, now: local_time(row["ended_utc"]),
        lambda row: row["ended_utc"] or None,
        130,
        right=True,
        shown=False,
    ),
    Column(
        "target",
        "Target",
        lambda row, news, face, now: str(row.get("target") or "").partition("_")[0],
        lambda row: row.get("target") or None,
        100,
        shown=False,
    ),
    Column(
        "tags",
        "Tags",
        lambda row, news, face, now: ", ".join(row["tags"]),
        lambda row: ", ".join(row["tags"]).casefold() or None,
        140,
    ),
    Column(
        "note",
        "Note",
        lambda row, news, face, now: row["note"].partition("\n")[0],
        lambda row: row["note"].casefold() or None,
        200,
        shown=False,
    ),
    Column("id", "Id", lambda row, news, face, now: row["job_id"], lambda row: row["job_id"], 190, shown=True),
)
INDEX = {column.id: place for place, column in enumerate(COLUMNS)}


def sort_key(row: Row, column: str) -> Any:
    """What decides where a row stands among the others: while it is the same, the row stays where it is."""
    return COLUMNS[INDEX[column]].key(row) if column in INDEX else (_rank(row), row["created_utc"])


def _rank(row: Row) -> tuple[int, float]:
    """The order of the list until a column is chosen: what runs, the queue, drafts, then the rest, newest first."""
    rank = _ACTIVE.get(row["state"], 3)
    return (rank, float(row["position"]) if rank <= 1 else 0.0)


def in_order(rows: list[dict[str, Any]], column: str, descending: bool) -> list[dict[str, Any]]:
    """Rows sorted by a column, or in the order of the list for an empty one; rows without a value come last."""
    if column not in INDEX:
        return sorted(sorted(rows, key=itemgetter("created_utc", "job_id"), reverse=True), key=_rank)
    key = COLUMNS[INDEX[column]].key
    keyed = [(key(row), row) for row in rows]
    known = sorted((pair for pair in keyed if pair[0] is not None), key=lambda pair: pair[0], reverse=descending)
    return [row for _, row in known] + [row for value, row in keyed if value is None]
