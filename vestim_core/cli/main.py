"""`vestim`: runs one command and turns every error into one sentence and an exit code, never a traceback.

Exit codes: 0 done, 1 failed (or stopped before it was done), 2 wrong input, 3 not found, 4 daemon unreachable, stopped
or of another version, 5 refused, 130 interrupted with Ctrl+C. Only the module of the requested command is imported, to
keep the start fast.
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
    "demo": "run_demo",
    "new": "new_job_file",
    "submit": "submit",
    "draft": "draft_commands",
    "duplicate": "draft_commands",
    "start": "draft_commands",
    "jobs": "jobs",
    "show": "show",
    "follow": "follow_job",
    "logs": "logs",
    "stop": "stop",
    "test": "evaluate_job",
    "import-legacy": "import_legacy",
    "pause": "pause",
    "resume": "pause",
    "rename": "organize",
    "tag": "organize",
    "note": "organize",
    "reorder": "organize",
    "archive": "organize",
    "restore": "organize",
    "delete": "organize",
    "data": "data_set_commands",
    "check": "check_files",
    "convert": "convert",
    "sniff": "inspection_commands",
    "preview": "inspection_commands",
    "map": "inspection_commands",
    "serve": "serve",
    "daemon": "daemon",
    "verify": "verify",
    "server": "legacy_commands",
    "gui": "gui",
    "all": "legacy_commands",
    "status": "legacy_commands",
}
"""Module of `vestim_core.cli.commands` that defines each command."""

INTERRUPTED = 130  # exit code after Ctrl+C, as shells report it: 128 + SIGINT (2)


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. args: None takes those of this process."""
    arguments = list(sys.argv[1:] if args is None else args)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name that the terminal cannot show must not fail the command
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except VestimError as error:
        return print_error(error, as_json="--json" in arguments)
    except BrokenPipeError:  # the reader of our output has closed its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        has_path = error.filename and error.strerror  # without them the text is one of our own messages
        message = f"'{error.filename}' cannot be used: {error.strerror}" if has_path else str(error)
        return print_error(VestimError(ErrorCode.WRONG_INPUT, message), as_json="--json" in arguments)
    return code


def _run(arguments: list[str]) -> int:
    try:
        code = get_command(_create_app(arguments))(args=arguments, prog_name="vestim", standalone_mode=False)
    except Abort:
        return INTERRUPTED
    except TyperException as error:
        raise VestimError(
            ErrorCode.WRONG_INPUT, error.format_message().rstrip("."), actions=(f"{_help_command(arguments)} --help",)
        ) from None
    return code if isinstance(code, int) else 0


def _create_app(arguments: list[str]) -> typer.Typer:
    app = typer.Typer(
        name="vestim", add_completion=False, rich_markup_mode=None, context_settings={"max_content_width": 100}
    )
    app.callback(invoke_without_command=True)(_no_command)
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    if command in COMMANDS:
        modules = [COMMANDS[command]]
    else:
        modules = [] if arguments == ["--version"] else list(dict.fromkeys(COMMANDS.values()))
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
        from vestim_core.cli.commands.gui import open_window  # command modules are imported only when requested

        raise typer.Exit(open_window([]))


def _help_command(arguments: list[str]) -> str:
    return f"vestim {arguments[0]}" if arguments and arguments[0] in COMMANDS else "vestim"
