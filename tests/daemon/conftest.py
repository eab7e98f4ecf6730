"""Fixture: a daemon with misbehaving workers, stopped with everything it started."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.daemons import Daemon


@pytest.fixture
def daemon(vestim_home: Path) -> Iterator[Daemon]:
    """A daemon that serves."""
    new_daemon = Daemon(vestim_home)
    yield new_daemon
    new_daemon.stop()
