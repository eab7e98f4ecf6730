"""Fixture: the daemon with misbehaving workers, as in the daemon's tests."""

from tests.daemon.conftest import daemon

__all__ = ["daemon"]
