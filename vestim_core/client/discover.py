"""Finding the daemon of a home, and starting one when none lives. Two clients that start one at once get the same."""

from __future__ import annotations

import os
import shutil
import time

from pydantic import ValidationError

from vestim_core.protocol.discovery import Discovery
from vestim_core.protocol.limits import OLDEST_PROTOCOL, PROTOCOL_VERSION
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.system import Home, HomeError, is_locked, own_command, read_json, spawn_detached
from vestim_core.system.home import ENVIRONMENT_VARIABLE

START_TIMEOUT_S = 20.0
LOOK_S = 0.01
LEAST_ROOM_BYTES = 1 << 20


def daemon_lives(home: Home) -> bool:
    """Whether a process holds the daemon's lock of this home."""
    try:
        return is_locked(home.daemon_lock)
    except OSError:  # no such folder, or none that we may look into: starting one will say what is wrong
        return False


def read_discovery(home: Home) -> Discovery | None:
    """What the last daemon of this home wrote about itself; None when there is nothing that can be read."""
    try:
        return Discovery.model_validate(read_json(home.discovery))
    except (OSError, ValueError, ValidationError):
        return None


def find_daemon(home: Home) -> Discovery | None:
    """The living daemon; None when none lives or it has not said yet where it listens. `VestimError` for another
    version."""
    found = read_discovery(home) if daemon_lives(home) else None
    if found is None or found.state != "serving":
        return None
    if found.protocol < OLDEST_PROTOCOL or found.protocol_oldest > PROTOCOL_VERSION:
        raise VestimError(
            ErrorCode.VERSION,
            f"the running daemon is version {found.version} and speaks protocol "
            f"{found.protocol_oldest} to {found.protocol}, "
            f"this program speaks {OLDEST_PROTOCOL} to {PROTOCOL_VERSION}: stop it with its own 'vestim daemon stop' "
            f"(running jobs go on), or use the same version",
        )
    return found


def start_daemon(home: Home, timeout_s: float = START_TIMEOUT_S, *, rebuild: bool = False) -> Discovery:
    """The living daemon, started if there is none; with `rebuild`, its registry is made anew from the job folders.

    `VestimError` with the last line of its log when it does not come up.
    """
    try:
        home.ensure()
    except HomeError as error:
        raise VestimError(ErrorCode.WRONG_INPUT, str(error), place=str(home.root)) from None
    deadline_s = time.monotonic() + timeout_s
    process = None
    while time.monotonic() < deadline_s:
        found = find_daemon(home)
        if found is not None and (process is None or found.pid == process.pid or process.poll() is not None):
            return found
        if not daemon_lives(home) and (process is None or process.poll() == 0):
            log = home.daemon_log
            process, _ = spawn_detached(
                own_command("daemon", *(["--rebuild"] if rebuild else [])),
                env=_environment(home),
                cwd=home.root,
                stdout=log,
                stderr=log,
            )
        elif process is not None and process.poll() not in {None, 0} and not daemon_lives(home):
            raise VestimError(
                ErrorCode.UNREACHABLE, f"the daemon could not start: {_reason(home)}", place=str(home.daemon_log)
            )
        time.sleep(LOOK_S)
    raise VestimError(
        ErrorCode.UNREACHABLE,
        f"the daemon did not start within {timeout_s:.0f} s: see {home.daemon_log}",
        place=str(home.daemon_log),
    )


def _environment(home: Home) -> dict[str, str] | None:
    """Ours, with the home's whole path where the environment names one or this is not the one found without.

    The daemon runs in another folder, from which a relative name would lead elsewhere.
    """
    ordinary = not os.environ.get(ENVIRONMENT_VARIABLE) and Home.find() == home
    return None if ordinary else os.environ | {ENVIRONMENT_VARIABLE: str(home.root)}


def _reason(home: Home) -> str:
    """The last line of its log, unless the disk has no room for a log."""
    try:
        if shutil.disk_usage(home.root).free < LEAST_ROOM_BYTES:
            return f"the disk that holds {home.root} is full, make room on it"
        lines = home.daemon_log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return f"see {home.daemon_log}"
    return lines[-1].removeprefix("vestim daemon: ") if lines else f"see {home.daemon_log}"
