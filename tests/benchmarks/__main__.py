"""`python -m tests.benchmarks [MODULE ...]`: measures promised quantities, prints a table; exit 1 when any fails."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import time
from collections.abc import Iterator

import tests.benchmarks
from tests.benchmarks.measurement import Measurement


def benchmark_names() -> list[str]:
    """Names of all modules with a `run() -> list[Measurement]`."""
    names = (module.name for module in pkgutil.iter_modules(tests.benchmarks.__path__))
    return sorted(name for name in names if name not in {"__main__", "measurement", "memory"})


def measure(names: list[str]) -> Iterator[Measurement]:
    """Measurements of these modules. One that raises counts as failed."""
    for name in names:
        start_s = time.monotonic()
        module = importlib.import_module(f"tests.benchmarks.{name}")
        if not hasattr(module, "run"):
            continue
        try:
            yield from module.run()
        except Exception as error:
            yield Measurement(name, "to be measured", f"{type(error).__name__}: {error}", False)
        print(f"{name}: {time.monotonic() - start_s:.0f} s", file=sys.stderr)


def as_table(measurements: list[Measurement]) -> str:
    """One line per measurement, in columns."""
    rows = [("figure", "limit", "measured", "pass")]
    rows += [
        (measurement.name, measurement.limit, measurement.measured, "yes" if measurement.passed else "NO")
        for measurement in measurements
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def main(names: list[str]) -> int:
    """Measure, print the table and return the exit code."""
    unknown = sorted(set(names) - set(benchmark_names()))
    if unknown:
        print(f"there is no benchmark '{unknown[0]}': use {', '.join(benchmark_names())}", file=sys.stderr)
        return 2
    measurements = list(measure(names or benchmark_names()))
    print(as_table(measurements))
    return 0 if all(measurement.passed for measurement in measurements) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
