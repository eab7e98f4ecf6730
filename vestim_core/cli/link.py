"""The command line's connection to the daemon of the home that it works in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vestim_core.client import Client
from vestim_core.system import Home


@contextmanager
def connected(*, start: bool = True) -> Iterator[Client]:
    """A client of this home, which is made if need be. start: whether a daemon is started when none lives.

    `HomeError`, with one sentence, when the home cannot be used.
    """
    home = Home.find()
    if start:
        home.ensure()
    else:
        home.check()
    with Client(home, start=start) as client:
        yield client
