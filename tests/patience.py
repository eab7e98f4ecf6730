"""Limits of all waits in tests, in one place.

A wait has a condition and ends as soon as it holds; its limit only turns a defect into a failure with a message. So the
limits cost nothing, and a machine that is ten times slower than two quiet cores meets them. Durations that Vestim
promises are measured by `tests.benchmarks`, never asserted in a test.
"""

from __future__ import annotations

PATIENCE_S = 120.0
"""Limit in s of waiting for one event of one process: its start, an answer, an event, its end. On two quiet cores the
slowest of these, a worker that loads torch, takes 3 to 4 s; ten times that beside as much other work again is 80 s."""

PATIENCE_MS = int(1000 * PATIENCE_S)
"""The same in ms, for Qt and ZeroMQ."""

TRAINING_PATIENCE_S = 480.0
"""Limit in s of waiting for a command or job that trains to its end, which takes up to 15 s on two quiet cores. Below
`timeout` in setup.cfg."""

LONG_PATIENCE_S = 1500.0
"""Limit in s of waiting for the demo or the verification, which take about 100 s on two quiet cores."""

LONG_TEST_LIMIT_S = 1800
"""Time limit in s of a test with `LONG_PATIENCE_S`, for `@pytest.mark.timeout`; above it, so that the wait fails first
and says what it waited for. For the same reason `timeout` in setup.cfg, the limit of every other test, is above
`PATIENCE_S`."""

PENDING_S = 60.0
"""Time in s that a request to the daemon stays pending if nothing answers it; the most that the protocol allows."""
