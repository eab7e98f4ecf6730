"""`python -m vestim_core.verify`: runs all checks; ends with 0 when all pass, 1 when any fails, 130 on Ctrl+C."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from vestim_core.verify.check_groups import CheckGroup, CheckResult
from vestim_core.verify.check_report import new_console, results_as_json, results_table, verdict
from vestim_core.verify.container_checks import CONTAINER_GROUP
from vestim_core.verify.job_life_checks import JOB_LIFE_GROUP
from vestim_core.verify.legacy_model_checks import LEGACY_MODEL_GROUP
from vestim_core.verify.legacy_rest_checks import LEGACY_REST_GROUP
from vestim_core.verify.manager_checks import MANAGER_GROUP
from vestim_core.verify.sandbox import Sandbox, temporary_sandbox

GROUPS: tuple[CheckGroup[Any], ...] = (
    CONTAINER_GROUP,
    MANAGER_GROUP,
    JOB_LIFE_GROUP,
    LEGACY_MODEL_GROUP,
    LEGACY_REST_GROUP,
)
"""In order: the legacy REST paths come last, since they end with a shutdown that must leave nothing running."""

INTERRUPTED = 130  # exit code after Ctrl+C, as shells report it: 128 + SIGINT (2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verification, print its results and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="vestim verify",
        description="Check the promises of this installation in a home of its own, which is gone afterwards.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("--list", action="store_true", help="print what is checked, and check nothing")
    options = parser.parse_args(arguments)
    console = new_console()
    if options.list:
        for group in GROUPS:
            console.print(group.title, *(f"  {name}" for name in group.checks), sep="\n", soft_wrap=True)
        return 0
    try:
        with temporary_sandbox() as sandbox:
            results = verify(sandbox, None if options.json else console)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:  # no temporary folder can be created
        print(f"vestim verify: {error}: make room, or let TMPDIR name a folder that can be written to", file=sys.stderr)
        return 2
    if options.json:
        print(results_as_json(results))
    else:
        console.print(verdict(results))
    return 0 if all(result.passed for result in results) else 1


def verify(sandbox: Sandbox, console: Console | None = None) -> list[CheckResult]:
    """Run all checks in order. console: shows each group as it runs; None shows nothing."""
    results: list[CheckResult] = []
    for group in GROUPS:
        if console is None:
            results += group.run(sandbox)
            continue
        with console.status(group.title) as status:
            group_results = list(group.run(sandbox, status.update))
        console.print(results_table(group.title, group_results))
        results += group_results
    return results


if __name__ == "__main__":
    sys.exit(main())
