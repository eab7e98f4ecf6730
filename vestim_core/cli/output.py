"""Printing: sentences and tables for people, JSON for programs, errors on standard error.

Users' text is printed literally: rich markup is not interpreted and control characters are removed. Control codes are
written only to a terminal, whatever the environment says.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from vestim_core.spec.errors import VestimError

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs; errors as JSON on standard error.")]


def console(*, stderr: bool = False) -> Console:
    """A console on standard output or error."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, force_terminal=stream.isatty(), markup=False, highlight=False, emoji=False)


def say(message: str, *, stderr: bool = False) -> None:
    """Print one sentence. A long one is left to the terminal to wrap, so that it can be copied and searched."""
    console(stderr=stderr).print(Text(plain_text(message)), soft_wrap=True)


def print_json(value: Any, *, indent: int | None = None) -> None:
    """Print plain values as JSON and flush; on one line unless `indent` is given."""
    print(json.dumps(value, indent=indent), flush=True)


def print_notes(answer: dict[str, Any]) -> None:
    """Print the notes of a reply on standard error, one a line: settings that were read under their earlier names."""
    for note in answer.get("notes", ()):
        say(f"Note: {note}.", stderr=True)


def print_error(error: VestimError, *, as_json: bool) -> int:
    """Print an error on standard error and return its exit code."""
    if as_json:
        print(json.dumps(error.to_record()), file=sys.stderr)
        return error.code.exit_code
    error_console = console(stderr=True)
    error_console.print(Text(plain_text(f"Error: {error.message}", keep_newlines=True), style="red"), soft_wrap=True)
    if len(error.problems) > 1:
        for problem in error.problems:
            location_prefix = f"{problem.get('location')}: " if problem.get("location") else ""
            error_console.print(Text(plain_text(f"  {location_prefix}{problem.get('message', '')}")), soft_wrap=True)
    for action in error.actions:
        error_console.print(Text(plain_text(f"Try: {action}")), soft_wrap=True)
    return error.code.exit_code


def plain_text(text: object, *, keep_newlines: bool = False) -> str:
    """Replace control characters, which could move a terminal's cursor, by spaces. keep_newlines: leave newlines."""
    return "".join(
        character if unicodedata.category(character) != "Cc" or (keep_newlines and character == "\n") else " "
        for character in str(text)
    )
