"""What is printed, and how: sentences and tables for people, JSON for programs, errors on standard error.

Text from users is printed as it is, without the marks that rich would read in it and without control characters. Where
the output is no terminal there are no control codes, whatever the environment says.
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


def say(sentence: str, *, stderr: bool = False) -> None:
    """Print one sentence; a long one is left to the terminal to wrap, so that it can be copied and searched."""
    console(stderr=stderr).print(Text(plain(sentence)), soft_wrap=True)


def print_json(value: Any, *, indent: int | None = None) -> None:
    """Print plain values as JSON, at once; on one line unless an indent is given."""
    print(json.dumps(value, indent=indent), flush=True)


def print_error(error: VestimError, *, as_json: bool) -> int:
    """Print an error on standard error; its exit code."""
    if as_json:
        print(json.dumps(error.to_record()), file=sys.stderr)
        return error.code.exit_code
    out = console(stderr=True)
    out.print(Text(plain(f"Error: {error.sentence}", lines=True), style="red"), soft_wrap=True)
    if len(error.problems) > 1:
        for problem in error.problems:
            place = f"{problem.get('place')}: " if problem.get("place") else ""
            out.print(Text(plain(f"  {place}{problem.get('sentence', '')}")), soft_wrap=True)
    for action in error.actions:
        out.print(Text(plain(f"Try: {action}")), soft_wrap=True)
    return error.code.exit_code


def plain(text: object, *, lines: bool = False) -> str:
    """`text` without control characters, which could move a terminal's cursor. lines: whether newlines may stay."""
    return "".join(
        character if unicodedata.category(character) != "Cc" or (lines and character == "\n") else " "
        for character in str(text)
    )
