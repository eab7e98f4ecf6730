"""The daemon whose workers misbehave, as in the tests of the daemon."""

from tests.daemon.conftest import daemon

__all__ = ["daemon"]
