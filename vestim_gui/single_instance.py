"""One window per home: a second start hands its paths to the first one, which comes to the front, and ends.

Whoever holds the lock file is the first; a lock of a process that died counts for nothing. A first window that does
not answer keeps nobody from opening another: two windows agree, since both only show what the service says.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import QLockFile, QObject, pyqtSignal
from PyQt6.QtNetwork import QLocalServer, QLocalSocket

ANSWER_MS = 3000
MOST_BYTES = 1 << 20
_LONGEST_PATH = 90
_TAKEN = b"taken\n"


class SingleInstance(QObject):
    """home: the folder that windows share. asked: a second start gave these paths, and wants the window in front."""

    asked = pyqtSignal(list)

    def __init__(self, home: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = _server_name(home)
        self._lock = QLockFile(str(home / "window.lock"))
        self._lock.setStaleLockTime(0)
        self._server: QLocalServer | None = None

    def begin(self, paths: Sequence[str] = ()) -> bool:
        """Whether this is to be a window; False when another one has taken over the paths."""
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
        self._server.newConnection.connect(self._take_calls)
        self._server.listen(self._name)

    def _hand_over(self, paths: Sequence[str]) -> bool:
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(ANSWER_MS):
            return False
        socket.write(json.dumps({"paths": [str(Path(path).absolute()) for path in paths]}).encode() + b"\n")
        answered = socket.waitForReadyRead(ANSWER_MS)
        socket.disconnectFromServer()
        return answered

    def _take_calls(self) -> None:
        while self._server is not None and (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            socket.disconnected.connect(socket.deleteLater)
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > MOST_BYTES:
                socket.abort()
            return
        paths = _paths(bytes(socket.readLine(MOST_BYTES)))
        socket.write(_TAKEN)
        socket.flush()
        self.asked.emit(paths)


def _server_name(home: Path) -> str:
    """A socket within the home, which is closed to others; a name made from the home where that would be too long."""
    inside = str(home / "window.sock")
    if sys.platform != "win32" and len(inside.encode()) <= _LONGEST_PATH:
        return inside
    return f"vestim-{hashlib.sha256(str(home).encode()).hexdigest()[:24]}"


def _paths(line: bytes) -> list[str]:
    try:
        paths = json.loads(line)["paths"]
    except (ValueError, TypeError, KeyError):
        return []
    return [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []
