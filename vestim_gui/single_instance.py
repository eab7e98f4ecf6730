"""One window per home: a second start hands its paths to the first window, which comes to the front, and exits.

The holder of the lock file is the first window; the lock of a dead process is ignored. If the first window does not
answer, another one opens anyway: two windows agree, since both only show what the daemon reports.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import QLockFile, QObject, pyqtSignal
from PyQt6.QtNetwork import QLocalServer, QLocalSocket

REPLY_TIMEOUT_MS = 3000  # how long a second start waits for the first window, in ms
MAX_MESSAGE_BYTES = 1 << 20  # upper bound of one message, so that no client can fill the memory; thousands of paths fit
_MAX_SOCKET_PATH_BYTES = 90  # below the 104 bytes that macOS allows for the path of a local socket
_ACCEPTED = b"taken\n"


class SingleInstance(QObject):
    """The lock and socket of a home's only window. home: the folder that windows share. activation_requested: a second
    start passed these paths and wants the window in front."""

    activation_requested = pyqtSignal(list)

    def __init__(self, home: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = _server_name(home)
        self._lock = QLockFile(str(home / "window.lock"))
        self._lock.setStaleLockTime(0)
        self._server: QLocalServer | None = None

    def claim(self, paths: Sequence[str] = ()) -> bool:
        """True if this process is to open a window; False if another window took over the paths."""
        if self._lock.tryLock(0):
            self._listen()
            return True
        return not self._hand_over(paths)

    def close(self) -> None:
        """Let the next start be the first."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._lock.unlock()

    def _listen(self) -> None:
        QLocalServer.removeServer(self._name)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._accept_connections)
        self._server.listen(self._name)

    def _hand_over(self, paths: Sequence[str]) -> bool:
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(REPLY_TIMEOUT_MS):
            return False
        socket.write(json.dumps({"paths": [str(Path(path).absolute()) for path in paths]}).encode() + b"\n")
        is_accepted = socket.waitForReadyRead(REPLY_TIMEOUT_MS)
        socket.disconnectFromServer()
        return is_accepted

    def _accept_connections(self) -> None:
        while self._server is not None and (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            socket.disconnected.connect(socket.deleteLater)
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > MAX_MESSAGE_BYTES:
                socket.abort()
            return
        paths = _paths(bytes(socket.readLine(MAX_MESSAGE_BYTES)))
        socket.write(_ACCEPTED)
        socket.flush()
        self.activation_requested.emit(paths)


def _server_name(home: Path) -> str:
    """Socket path within the home, which is closed to other users; a name derived from the home if that path is too
    long."""
    socket_path = str(home / "window.sock")
    if sys.platform != "win32" and len(socket_path.encode()) <= _MAX_SOCKET_PATH_BYTES:
        return socket_path
    return f"vestim-{hashlib.sha256(str(home).encode()).hexdigest()[:24]}"


def _paths(line: bytes) -> list[str]:
    try:
        paths = json.loads(line)["paths"]
    except (ValueError, TypeError, KeyError):
        return []
    return [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []
