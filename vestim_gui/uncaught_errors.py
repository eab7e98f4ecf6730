"""Errors that nobody caught: written to `<home>/logs/window.log`, told in a note, and the window goes on.

PyQt6 ends the process on an exception in a slot unless `sys.excepthook` is replaced, so `install` comes before any
widget. Jobs run in other processes and are not touched by whatever goes wrong here.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PyQt6.QtCore import QCoreApplication, QMessageLogContext, QObject, QtMsgType, pyqtSignal, qInstallMessageHandler

from vestim_core.spec.errors import VestimError

LOG_BYTES = 1_000_000
OLD_LOGS = 3
QUIET_S = 5.0
"""The same error is not told again within this time; the log has every one."""
HEADLINE = "Something went wrong in the window. Your jobs are not affected; the details are in the log."

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
log = logging.getLogger("vestim_gui")
_qt_log = logging.getLogger("qt")


class Errors(QObject):
    """caught: a sentence for people and the details, in the thread of this object's owner."""

    caught = pyqtSignal(str, str)

    def __init__(self, log_file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.log_file = log_file
        self._handler = _log_handler(log_file)
        self._told: dict[str, float] = {}
        self._before = (sys.excepthook, threading.excepthook)

    def install(self) -> None:
        """Take what nobody catches, in any thread, and what Qt says."""
        root = logging.getLogger()
        root.addHandler(self._handler)
        root.setLevel(logging.INFO)
        sys.excepthook = self._take
        threading.excepthook = lambda args: self._take(args.exc_type, args.exc_value, args.exc_traceback)
        qInstallMessageHandler(_take_qt_message)

    def uninstall(self) -> None:
        """Give everything back."""
        sys.excepthook, threading.excepthook = self._before
        qInstallMessageHandler(None)
        logging.getLogger().removeHandler(self._handler)
        self._handler.close()

    def _take(self, kind: type[BaseException], error: BaseException | None, where: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QCoreApplication.exit(0)
            return
        details = "".join(traceback.format_exception(kind, error, where))
        log.error("not caught:\n%s", details)
        place = "".join(traceback.format_tb(where)[-1:])
        now_s = time.monotonic()
        if now_s - self._told.get(place, -QUIET_S) < QUIET_S:
            return
        self._told[place] = now_s
        self.caught.emit(error.sentence if isinstance(error, VestimError) else HEADLINE, details)


def _log_handler(path: Path) -> logging.Handler:
    """A log that cannot be written (a full disk, a read-only home) must not keep the window from opening."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(
            path, maxBytes=LOG_BYTES, backupCount=OLD_LOGS, encoding="utf-8", errors="backslashreplace", delay=True
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler


def _take_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
    _qt_log.log(_LEVELS.get(kind, logging.WARNING), "%s", message)
