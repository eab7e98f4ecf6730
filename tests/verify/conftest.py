"""The command line's own fixture, for the command that starts the verification."""

from tests.cli.conftest import vestim

__all__ = ["vestim"]
