"""Where the daemon of a home listens.

The answer is a function of the home, so that two daemons of one home can never listen side by side unnoticed. Where
there is ipc, its folder is private to the user; its path is short enough for every system's socket address.
"""

import hashlib
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vestim_core.system.home import Home, HomeError, private_folder

# sockaddr_un holds 104 bytes on macOS and 108 on Linux, the closing zero included.
_LONGEST_PATH = 100
_LONGEST_NAME = "doorbell"


@dataclass(frozen=True)
class Endpoints:
    """ZeroMQ endpoints to bind: one for clients, one that workers ring."""

    clients: str
    doorbell: str


def endpoints(home: Home) -> Endpoints:
    """The endpoints of this home; makes and checks the private folder of the sockets."""
    if sys.platform == "win32":
        return Endpoints("tcp://127.0.0.1:*", "tcp://127.0.0.1:*")
    folder = next((place for place in _places(home) if _fits(place)), None)
    if folder is None:
        raise HomeError(f"No path for the sockets of {home.root} is short enough; set VESTIM_HOME to a shorter one.")
    private_folder(folder)
    return Endpoints(f"ipc://{folder / 'clients'}", f"ipc://{folder / 'doorbell'}")


def _places(home: Home) -> list[Path]:
    name = "vestim-" + hashlib.sha256(os.fsencode(home.root)).hexdigest()[:16]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    shared = [Path(runtime)] if Path(runtime).is_absolute() and Path(runtime).is_dir() else []
    return [home.root / "run", *(base / name for base in (*shared, Path(tempfile.gettempdir())))]


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / _LONGEST_NAME)) <= _LONGEST_PATH
