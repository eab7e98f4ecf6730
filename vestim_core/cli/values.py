"""Values as the terminal shows them: figures with "-" where there is none, local times, metrics by short names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from vestim_core.spec import figures


def number(value: Any) -> str:
    """`value` with three significant digits and without an exponent; "-" where there is none."""
    return figures.number(value) or "-"


def duration(seconds: float) -> str:
    """`0.4 s`, `42 s`, `2 min 10 s`, `3 h 5 min`, `2 d 4 h`; "-" for what is not finite."""
    return figures.duration(seconds) or "-"


def local(time_utc: str, pattern: str = "%H:%M:%S") -> str:
    """A time of the protocol (`2025-01-31T12:00:00.000Z`) as this machine's clock shows it; empty for an empty one."""
    return datetime.fromisoformat(time_utc).astimezone().strftime(pattern) if time_utc else ""


def seconds_between(start_utc: str, end_utc: str) -> float:
    """Seconds from one time of the protocol to another."""
    return (datetime.fromisoformat(end_utc) - datetime.fromisoformat(start_utc)).total_seconds()


def named(metrics: dict[str, Any], name: str) -> tuple[str, Any]:
    """The metric `name` (`rmse`, `mae`, `max`, `train_rmse`) in whatever unit: its full name and its value."""
    return next(
        ((key, value) for key, value in metrics.items() if key == name or key.startswith(f"{name}_")), (name, None)
    )
