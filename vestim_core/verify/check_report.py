"""What a verification prints: a table for people, group by group as it goes on, or JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vestim_core.verify.check_groups import Row


def new_console() -> Console:
    """A console on standard output, which marks nothing up by itself."""
    return Console(force_terminal=sys.stdout.isatty(), markup=False, highlight=False, emoji=False)


def table(title: str, rows: Iterable[Row]) -> Table:
    """One row a check; below one that failed, why."""
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("Check", overflow="fold", ratio=1)
    made.add_column("Result", no_wrap=True)
    made.add_column("Seconds", justify="right", no_wrap=True)
    for row in rows:
        result = Text("ok", "green") if row.passed else Text("FAILED", "bold red")
        made.add_row(Text(row.check), result, Text(f"{row.seconds:.2f}"))
        if not row.passed:
            made.add_row(Text(f"  {_on_a_line(row.reason)}", "red"), "", "")
    return made


def verdict(rows: Sequence[Row]) -> str:
    """All of it in one sentence."""
    failed = sum(not row.passed for row in rows)
    if failed:
        return f"{failed} of {len(rows)} checks failed."
    return f"All {len(rows)} checks passed in {sum(row.seconds for row in rows):.0f} s."


def as_json(rows: Sequence[Row]) -> str:
    """All of it for programs."""
    passed = bool(rows) and all(row.passed for row in rows)
    return json.dumps({"passed": passed, "checks": [row.to_record() for row in rows]}, indent=2)


def _on_a_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
