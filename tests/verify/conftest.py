"""Imports the command line's fixture, for the command that starts the verification."""

from tests.cli.conftest import vestim

__all__ = ["vestim"]
