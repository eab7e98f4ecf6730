"""Find the daemon of a home, and start one if none runs. Clients that start one at the same time get the same."""

from __future__ import annotations

import os
import shutil
import time

from pydantic import ValidationError

from vestim_core.protocol.discovery import Discovery
from vestim_core.protocol.message_limits import OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.system import Home, HomeError, is_locked, program_command, read_json, spawn_detached
from vestim_core.system.home import HOME_VARIABLE

START_TIMEOUT_S = 20.0  # s; arbitrary, generous for a slow machine
_POLL_INTERVAL_S = 0.01  # s between two checks whether the daemon serves; arbitrary, unnoticeable to users
_MIN_FREE_BYTES = 1 << 20  # bytes, 1 MiB; arbitrary, with less free disk space the daemon cannot write its log


def is_daemon_running(home: Home) -> bool:
    """True if a process holds the daemon lock of this home."""
    try:
        return is_locked(home.daemon_lock)
    except OSError:  # no such folder or no access: starting a daemon will raise the proper error
        return False


def read_discovery(home: Home) -> Discovery | None:
    """Read the discovery file of the last daemon of this home; None if it cannot be read."""
    try:
        return Discovery.model_validate(read_json(home.discovery))
    except (OSError, ValueError, ValidationError):
        return None


def find_daemon(home: Home) -> Discovery | None:
    """Return the running daemon; None if none runs or it does not listen yet. Raises `VestimError` if it speaks another
    protocol version."""
    discovery = read_discovery(home) if is_daemon_running(home) else None
    if discovery is None or discovery.state != "serving":
        return None
    if discovery.protocol < OLDEST_PROTOCOL_VERSION or discovery.protocol_oldest > PROTOCOL_VERSION:
        raise VestimError(
            ErrorCode.VERSION,
            f"the running daemon is version {discovery.version} and speaks protocol "
            f"{discovery.protocol_oldest} to {discovery.protocol}, "
            f"this program speaks {OLDEST_PROTOCOL_VERSION} to {PROTOCOL_VERSION}: "
            f"stop it with its own 'vestim daemon stop' (running jobs go on), or use the same version",
        )
    return discovery


def start_daemon(home: Home, timeout_s: float = START_TIMEOUT_S, *, rebuild: bool = False) -> Discovery:
    """Return the running daemon, started if there is none.

    rebuild: the started daemon rebuilds its registry from the job folders. Raises `VestimError` with the last line of
    its log if the daemon does not start.
    """
    try:
        home.ensure()
    except HomeError as error:
        raise VestimError(ErrorCode.WRONG_INPUT, str(error), location=str(home.root)) from None
    deadline_s = time.monotonic() + timeout_s
    process = None
    while time.monotonic() < deadline_s:
        daemon = find_daemon(home)
        if daemon is not None and (process is None or daemon.pid == process.pid or process.poll() is not None):
            return daemon
        if not is_daemon_running(home) and (process is None or process.poll() == 0):
            log = home.daemon_log
            process, _ = spawn_detached(
                program_command("daemon", *(["--rebuild"] if rebuild else [])),
                env=_daemon_environment(home),
                cwd=home.root,
                stdout=log,
                stderr=log,
            )
        elif process is not None and process.poll() not in {None, 0} and not is_daemon_running(home):
            raise VestimError(
                ErrorCode.UNREACHABLE,
                f"the daemon could not start: {_failure_reason(home)}",
                location=str(home.daemon_log),
            )
        time.sleep(_POLL_INTERVAL_S)
    raise VestimError(
        ErrorCode.UNREACHABLE,
        f"the daemon did not start within {timeout_s:.0f} s: see {home.daemon_log}",
        location=str(home.daemon_log),
    )


def _daemon_environment(home: Home) -> dict[str, str] | None:
    """Environment of the daemon, with the absolute path of the home unless it is the user's default; None to inherit.

    The daemon runs in another working directory, where a relative path of the home would be wrong.
    """
    is_default_home = not os.environ.get(HOME_VARIABLE) and Home.find() == home
    return None if is_default_home else os.environ | {HOME_VARIABLE: str(home.root)}


def _failure_reason(home: Home) -> str:
    """Last line of the daemon's log, or a message that the disk is full."""
    try:
        if shutil.disk_usage(home.root).free < _MIN_FREE_BYTES:
            return f"the disk that holds {home.root} is full, make room on it"
        lines = home.daemon_log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return f"see {home.daemon_log}"
    return lines[-1].removeprefix("vestim daemon: ") if lines else f"see {home.daemon_log}"
