"""The command line's connection to the daemon of its home."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vestim_core.client import Client
from vestim_core.system import Home


@contextmanager
def connect(*, start: bool = True) -> Iterator[Client]:
    """Connect to the daemon of this home, creating the home if necessary.

    start: start a daemon when none is running; False creates and starts nothing. Raises `HomeError` when the home
    cannot be used.
    """
    home = Home.find()
    if start:
        home.ensure()
    else:
        home.check()
    with Client(home, start=start) as client:
        yield client
