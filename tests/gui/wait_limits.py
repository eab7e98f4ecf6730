"""Limits of waits, all generous: on a normal machine each wait ends within a tenth of its limit."""

WAIT_S = 60.0  # s for one condition: a signal, a text on a page, the end of a small process
WINDOW_S = 300.0  # s for a whole window in its own process, or pictures of all its pages
TEST_S = 900.0  # s for one test: several waits in sequence

WAIT_MS = int(WAIT_S * 1000)
