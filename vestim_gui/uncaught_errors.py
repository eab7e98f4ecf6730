"""Uncaught exceptions: written to `<home>/logs/window.log` and shown in a toast; the window goes on.

PyQt6 ends the process on an exception in a slot unless `sys.excepthook` is replaced, so `install` must precede any
widget. Jobs run in other processes and are not affected.
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

MAX_LOG_BYTES = 1_000_000  # size at which the log is rotated; about a thousand tracebacks
LOG_BACKUPS = 3  # rotated logs that are kept, 4 MB in all with the current one
REPEAT_AFTER_S = 5.0
"""Time, in s, during which the same error is not shown again; the log has every occurrence."""
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


class UncaughtErrors(QObject):
    """Replaces the exception hooks of the process. caught: message and details, emitted on the thread that owns this
    object."""

    caught = pyqtSignal(str, str)

    def __init__(self, log_file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.log_file = log_file
        self._handler = _log_handler(log_file)
        self._last_shown_s: dict[str, float] = {}
        self._original_hooks = (sys.excepthook, threading.excepthook)

    def install(self) -> None:
        """Take over uncaught exceptions of all threads, and Qt's messages."""
        root = logging.getLogger()
        root.addHandler(self._handler)
        root.setLevel(logging.INFO)
        sys.excepthook = self._handle
        threading.excepthook = lambda args: self._handle(args.exc_type, args.exc_value, args.exc_traceback)
        qInstallMessageHandler(_log_qt_message)

    def uninstall(self) -> None:
        """Restore the original hooks."""
        sys.excepthook, threading.excepthook = self._original_hooks
        qInstallMessageHandler(None)
        logging.getLogger().removeHandler(self._handler)
        self._handler.close()

    def _handle(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QCoreApplication.exit(0)
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        log.error("not caught:\n%s", details)
        location = "".join(traceback.format_tb(trace)[-1:])
        now_s = time.monotonic()
        if now_s - self._last_shown_s.get(location, -REPEAT_AFTER_S) < REPEAT_AFTER_S:
            return
        self._last_shown_s[location] = now_s
        self.caught.emit(error.message if isinstance(error, VestimError) else HEADLINE, details)


def _log_handler(path: Path) -> logging.Handler:
    """A rotating file handler. A log that cannot be written (full disk, read-only home) must not keep the window from
    opening."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(
            path,
            maxBytes=MAX_LOG_BYTES,
            backupCount=LOG_BACKUPS,
            encoding="utf-8",
            errors="backslashreplace",
            delay=True,
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler


def _log_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
    _qt_log.log(_LEVELS.get(kind, logging.WARNING), "%s", message)
