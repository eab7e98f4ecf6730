"""Values as the terminal shows them: numbers with "-" when missing, local times, metrics by their short names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from vestim_core.spec import display_format


def format_number(value: Any) -> str:
    """`value` with three significant digits and without an exponent; "-" when missing."""
    return display_format.format_number(value) or "-"


def format_duration(seconds: float) -> str:
    """`0.4 s`, `42 s`, `2 min 10 s`, `3 h 5 min`, `2 d 4 h`; "-" when not finite."""
    return display_format.format_duration(seconds) or "-"


def format_local_time(time_utc: str, pattern: str = "%H:%M:%S") -> str:
    """A protocol time (`2025-01-31T12:00:00.000Z`) in the local time zone; empty for an empty string."""
    return datetime.fromisoformat(time_utc).astimezone().strftime(pattern) if time_utc else ""


def seconds_between(start_utc: str, end_utc: str) -> float:
    """Seconds between two protocol times."""
    return (datetime.fromisoformat(end_utc) - datetime.fromisoformat(start_utc)).total_seconds()


def find_metric(metrics: dict[str, Any], name: str) -> tuple[str, Any]:
    """Full name and value of the metric `name` (`rmse`, `train_rmse`, ...) in any unit; value None if missing."""
    return next(
        ((key, value) for key, value in metrics.items() if key == name or key.startswith(f"{name}_")), (name, None)
    )
