"""`python -m tests.benchmarks [MODULE ...]`: measure what is promised and print one table; exit 1 when one fails."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import time
from collections.abc import Iterator

import tests.benchmarks
from tests.benchmarks.figure import Figure


def modules() -> list[str]:
    """Names of everything here that measures: each module with a `run() -> list[Figure]`."""
    names = (module.name for module in pkgutil.iter_modules(tests.benchmarks.__path__))
    return sorted(name for name in names if name not in {"__main__", "figure", "memory"})


def measured(names: list[str]) -> Iterator[Figure]:
    """The figures of these modules; one that cannot be measured has failed."""
    for name in names:
        started_s = time.monotonic()
        module = importlib.import_module(f"tests.benchmarks.{name}")
        if not hasattr(module, "run"):
            continue
        try:
            yield from module.run()
        except Exception as error:
            yield Figure(name, "to be measured", f"{type(error).__name__}: {error}", False)
        print(f"{name}: {time.monotonic() - started_s:.0f} s", file=sys.stderr)


def table(figures: list[Figure]) -> str:
    """One line a figure, in columns."""
    rows = [("figure", "limit", "measured", "pass")]
    rows += [(figure.name, figure.limit, figure.measured, "yes" if figure.passed else "NO") for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def main(names: list[str]) -> int:
    """Measure, print, and say whether every figure holds."""
    unknown = sorted(set(names) - set(modules()))
    if unknown:
        print(f"there is no benchmark '{unknown[0]}': use {', '.join(modules())}", file=sys.stderr)
        return 2
    figures = list(measured(names or modules()))
    print(table(figures))
    return 0 if all(figure.passed for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
