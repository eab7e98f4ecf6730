"""Fixture `daemon`, shared with the tests of the daemon."""

from tests.daemon.conftest import daemon

__all__ = ["daemon"]
