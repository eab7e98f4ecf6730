"""Endpoints on which the daemon of a home listens.

They depend only on the home, so that two daemons of one home cannot listen at the same time unnoticed. The folder of
ipc sockets is private to the user and its path short enough for a socket address on every system.
"""

import hashlib
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vestim_core.system.home import Home, HomeError, private_folder

# bytes: sockaddr_un holds 104 on macOS and 108 on Linux, including the terminating zero
_MAX_PATH_BYTES = 100
_LONGEST_SOCKET_NAME = "doorbell"


@dataclass(frozen=True)
class Endpoints:
    """ZeroMQ endpoints to bind: one for clients, one for the workers' doorbell messages."""

    clients: str
    doorbell: str


def endpoints(home: Home) -> Endpoints:
    """Return the endpoints of a home; creates and checks the private folder of the sockets."""
    if sys.platform == "win32":
        return Endpoints("tcp://127.0.0.1:*", "tcp://127.0.0.1:*")
    folder = next((candidate for candidate in _candidate_folders(home) if _fits(candidate)), None)
    if folder is None:
        raise HomeError(f"No path for the sockets of {home.root} is short enough; set VESTIM_HOME to a shorter one.")
    private_folder(folder)
    return Endpoints(f"ipc://{folder / 'clients'}", f"ipc://{folder / 'doorbell'}")


def _candidate_folders(home: Home) -> list[Path]:
    name = "vestim-" + hashlib.sha256(os.fsencode(home.root)).hexdigest()[:16]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    runtime_folders = [Path(runtime)] if Path(runtime).is_absolute() and Path(runtime).is_dir() else []
    return [home.root / "run", *(base / name for base in (*runtime_folders, Path(tempfile.gettempdir())))]


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / _LONGEST_SOCKET_NAME)) <= _MAX_PATH_BYTES
