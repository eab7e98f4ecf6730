"""`python -m vestim_core.verify`: every check in turn; ends with 0 when all hold, 1 when any fails, 130 on Ctrl+C."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from vestim_core.verify.check_groups import Group, Row
from vestim_core.verify.container_checks import CONTAINER
from vestim_core.verify.legacy_rest_checks import FORMER
from vestim_core.verify.legacy_model_checks import LEGACY
from vestim_core.verify.job_life_checks import LIFE
from vestim_core.verify.manager_checks import MANAGER
from vestim_core.verify.sandbox import Place, throwaway
from vestim_core.verify.check_report import as_json, new_console, table, verdict

GROUPS: tuple[Group[Any], ...] = (CONTAINER, MANAGER, LIFE, LEGACY, FORMER)
"""In their order: the predecessor's paths end with a shutdown, after which nothing may be left running."""

INTERRUPTED = 130


def main(words: Sequence[str] | None = None) -> int:
    """Verify, print, and say by the exit code whether all is well."""
    parser = argparse.ArgumentParser(
        prog="vestim verify",
        description="Check the promises of this installation in a home of its own, which is gone afterwards.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("--list", action="store_true", help="print what is checked, and check nothing")
    asked = parser.parse_args(words)
    console = new_console()
    if asked.list:
        for group in GROUPS:
            console.print(group.title, *(f"  {name}" for name in group.checks), sep="\n", soft_wrap=True)
        return 0
    try:
        with throwaway() as place:
            rows = verify(place, None if asked.json else console)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:  # there is no place for it
        print(f"vestim verify: {error}: make room, or let TMPDIR name a folder that can be written to", file=sys.stderr)
        return 2
    if asked.json:
        print(as_json(rows))
    else:
        console.print(verdict(rows))
    return 0 if all(row.passed for row in rows) else 1


def verify(place: Place, console: Console | None = None) -> list[Row]:
    """Every check in turn. console: where each group is shown as it goes on; None shows nothing."""
    rows: list[Row] = []
    for group in GROUPS:
        if console is None:
            rows += group.run(place)
            continue
        with console.status(group.title) as status:
            made = list(group.run(place, status.update))
        console.print(table(group.title, made))
        rows += made
    return rows


if __name__ == "__main__":
    sys.exit(main())
