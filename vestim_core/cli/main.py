"""`vestim`: runs one command and turns whatever goes wrong into one sentence and an exit code, never a traceback.

Exit codes: 0 done, 1 failed (or stopped before it was done), 2 wrong input, 3 no such thing, 4 daemon unreachable,
stopped or of another version, 5 refused, 130 interrupted with Ctrl+C. Only the command that is named is loaded, so that
each starts quickly.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException
from typer.main import get_command

import vestim_core
from vestim_core.cli.output import print_error
from vestim_core.spec.errors import ErrorCode, VestimError

COMMANDS = {
    "demo": "demo",
    "new": "new",
    "submit": "submit",
    "draft": "draft",
    "duplicate": "draft",
    "start": "draft",
    "jobs": "jobs",
    "show": "show",
    "follow": "follow",
    "logs": "logs",
    "stop": "stop",
    "test": "test",
    "import-legacy": "import_legacy",
    "pause": "pause",
    "resume": "pause",
    "rename": "keep",
    "tag": "keep",
    "note": "keep",
    "move": "keep",
    "archive": "keep",
    "restore": "keep",
    "delete": "keep",
    "data": "data",
    "check": "check",
    "convert": "convert",
    "sniff": "sniff",
    "preview": "sniff",
    "map": "sniff",
    "serve": "serve",
    "daemon": "daemon",
    "verify": "verify",
    "server": "former",
    "gui": "gui",
    "all": "former",
    "status": "former",
}
"""Each command and the module of `vestim_core.cli.commands` that has it."""

INTERRUPTED = 130


def main(args: Sequence[str] | None = None) -> int:
    """Run one command; the exit code of the process. args: None for those of this process."""
    words = list(sys.argv[1:] if args is None else args)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name that the terminal cannot show must not end the command
    try:
        code = _run(words)
        sys.stdout.flush()
    except VestimError as error:
        return print_error(error, as_json="--json" in words)
    except BrokenPipeError:  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as problem:
        named = problem.filename and problem.strerror  # else it is a sentence of ours
        sentence = f"'{problem.filename}' cannot be used: {problem.strerror}" if named else str(problem)
        return print_error(VestimError(ErrorCode.WRONG_INPUT, sentence), as_json="--json" in words)
    return code


def _run(words: list[str]) -> int:
    try:
        code = get_command(_app(words))(args=words, prog_name="vestim", standalone_mode=False)
    except Abort:
        return INTERRUPTED
    except TyperException as error:
        raise VestimError(
            ErrorCode.WRONG_INPUT, error.format_message().rstrip("."), actions=(f"{_help_for(words)} --help",)
        ) from None
    return code if isinstance(code, int) else 0


def _app(words: list[str]) -> typer.Typer:
    app = typer.Typer(
        name="vestim", add_completion=False, rich_markup_mode=None, context_settings={"max_content_width": 100}
    )
    app.callback(invoke_without_command=True)(_no_command)
    named = next((word for word in words if not word.startswith("-")), "")
    if named in COMMANDS:
        modules = [COMMANDS[named]]
    else:
        modules = [] if words == ["--version"] else list(dict.fromkeys(COMMANDS.values()))
    for module in modules:
        import_module(f"vestim_core.cli.commands.{module}").register(app)
    return app


def _no_command(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Train, test and compare neural networks that estimate the state of battery cells.

    Without a command, the window opens. Training runs in processes of its own and goes on when this terminal closes.
    """
    if version:
        print(f"vestim {vestim_core.__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        from vestim_core.cli.commands.gui import open_window  # commands are loaded when they are named

        raise typer.Exit(open_window([]))


def _help_for(words: list[str]) -> str:
    return f"vestim {words[0]}" if words and words[0] in COMMANDS else "vestim"
