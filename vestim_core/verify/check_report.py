"""Output of the verification: a table for each group while it runs, or JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vestim_core.verify.check_groups import CheckResult


def new_console() -> Console:
    """A console on standard output that interprets no markup."""
    return Console(force_terminal=sys.stdout.isatty(), markup=False, highlight=False, emoji=False)


def results_table(title: str, results: Iterable[CheckResult]) -> Table:
    """One row per check, followed by the reason if it failed."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Check", overflow="fold", ratio=1)
    table.add_column("Result", no_wrap=True)
    table.add_column("Seconds", justify="right", no_wrap=True)
    for result in results:
        outcome = Text("ok", "green") if result.passed else Text("FAILED", "bold red")
        table.add_row(Text(result.check), outcome, Text(f"{result.seconds:.2f}"))
        if not result.passed:
            table.add_row(Text(f"  {_single_line(result.reason)}", "red"), "", "")
    return table


def verdict(results: Sequence[CheckResult]) -> str:
    """All results in one sentence."""
    failed = sum(not result.passed for result in results)
    if failed:
        return f"{failed} of {len(results)} checks failed."
    return f"All {len(results)} checks passed in {sum(result.seconds for result in results):.0f} s."


def results_as_json(results: Sequence[CheckResult]) -> str:
    """All results as JSON."""
    passed = bool(results) and all(result.passed for result in results)
    return json.dumps({"passed": passed, "checks": [result.to_record() for result in results]}, indent=2)


def _single_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
