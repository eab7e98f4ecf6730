"""A daemon whose workers misbehave, ended with everything it started."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.daemons import Daemon


@pytest.fixture
def daemon(vestim_home: Path) -> Iterator[Daemon]:
    """One that serves."""
    started = Daemon(vestim_home)
    yield started
    started.stop()
