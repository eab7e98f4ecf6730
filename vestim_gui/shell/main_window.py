"""The window: rail, pages, connection bar, status bar, toasts and command palette.

Pages are created when they are first opened. What can be restored is stored as it changes, so that a killed window
comes back where it was.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from PyQt6.QtCore import QByteArray, QEvent, QMimeData, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PyQt6.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_gui.actions import ShortcutScope
from vestim_gui.context import Context
from vestim_gui.shell import close_dialogs
from vestim_gui.shell.command_palette import CommandPalette
from vestim_gui.shell.connection_bar import ConnectionBar
from vestim_gui.shell.dropped_paths import JOB_FILE_SUFFIXES, sort_paths
from vestim_gui.shell.rail import Rail
from vestim_gui.shell.status_bar import StatusBar
from vestim_gui.shell.toasts import ToastLayer
from vestim_gui.shell.tray import Tray
from vestim_gui.theme.theme import THEME_CHOICES
from vestim_gui.widgets.plain_label import plain_label

if TYPE_CHECKING:
    from vestim_gui.import_job.import_dialog import ImportDialog

JOBS, NEW_JOB, SETTINGS = "jobs", "new_job", "settings"
_DEFAULT_SIZE, _MIN_SIZE = QSize(1360, 840), QSize(720, 480)  # pixels
_GEOMETRY, _PAGE = "window.geometry", "window.page"
_SAVE_DELAY_MS = 500  # ms from a move or resize to its storing, so that a drag is stored once
DROP_DATA, DROP_LEGACY = "Drop to begin a new job with these files", "Drop to import these jobs"


class JobsPageInterface(Protocol):
    """Methods of the jobs page that the window calls."""

    def show_job(self, job_id: str, tab: str = "") -> None: ...


class NewJobPageInterface(Protocol):
    """Methods of the new-job page that the window calls."""

    def open(self, document: dict[str, Any] | None = None, draft_id: str = "") -> None: ...
    def open_file(self, path: str) -> None: ...


class MainWindow(QMainWindow):
    """The main window. pages: factory of each page by its name; "jobs" comes first. closed: the window was closed for
    good."""

    closed = pyqtSignal()

    def __init__(self, ctx: Context, pages: Mapping[str, Callable[[], QWidget]]) -> None:
        super().__init__()
        self._ctx = ctx
        self._factories = dict(pages)
        self._pages: dict[str, QWidget] = {}
        self._is_closing = False
        self._import_dialog: ImportDialog | None = None
        self._save_timer = QTimer(self)
        self._save_timer.setSingleShot(True)
        self._save_timer.setInterval(_SAVE_DELAY_MS)
        self._save_timer.timeout.connect(self._save_geometry)
        self.setWindowTitle("Vestim")
        self.setMinimumSize(_MIN_SIZE)
        self.setAcceptDrops(True)
        self.rail = Rail(ctx.theme, ctx.actions)
        self.stack = QStackedWidget()
        self.connection_bar = ConnectionBar(ctx.link, ctx.theme)
        self.status_line = StatusBar(ctx.link, ctx.jobs)
        self._build()
        self.toasts = ToastLayer(ctx.theme, self.stack)
        self.command_palette = CommandPalette(ctx, self)
        self._drop_note = _drop_note(self)
        ctx.toasts.set_layer(self.toasts)
        self._register_handlers()
        self.tray = Tray(ctx, self)
        self._connect()
        self._restore()

    # --- pages

    @property
    def page_name(self) -> str:
        """Name of the visible page."""
        current = self.stack.currentWidget()
        return next((name for name, page in self._pages.items() if page is current), "")

    def page(self, name: str) -> QWidget:
        """A page, created if it was not opened before."""
        if name not in self._pages:
            self._pages[name] = self._factories[name]()
            self.stack.addWidget(self._pages[name])
        return self._pages[name]

    def open_page(self, name: str) -> None:
        """Show a page; an unknown name is ignored."""
        if name not in self._factories:
            return
        page = self.page(name)
        self.stack.setCurrentWidget(page)
        self.rail.show_page(name)
        self._ctx.session.put(_PAGE, name)

    def open_job(self, job_id: str, tab: str = "") -> None:
        """Show a job, at a tab or where it was left."""
        page: Any = self.page(JOBS)
        self.open_page(JOBS)
        jobs_page: JobsPageInterface = page
        jobs_page.show_job(job_id, tab)

    def open_new_job(self, document: dict[str, Any] | None = None, draft_id: str = "") -> None:
        """Show the new-job page, filled from a document or a draft, or empty."""
        page: Any = self.page(NEW_JOB)
        self.open_page(NEW_JOB)
        new_job_page: NewJobPageInterface = page
        new_job_page.open(document, draft_id)

    def open_paths(self, paths: list[str]) -> None:
        """Handle dropped or named paths: import legacy jobs, open a job file, start a new job with data."""
        dropped = sort_paths(paths)
        if dropped.legacy:
            self.import_jobs(dropped.legacy)
        if dropped.job_files:
            page: Any = self.page(NEW_JOB)
            self.open_page(NEW_JOB)
            new_job_page: NewJobPageInterface = page
            new_job_page.open_file(dropped.job_files[0])
        if dropped.data:
            self.open_new_job({"data": {"train": dropped.data}})
        ignored_count = len(dropped.job_files) - 1
        if dropped.job_files and (ignored_count or dropped.data):
            self._ctx.toasts.show_toast("One job file is opened at a time; the other files were left alone.", "warn")

    def import_jobs(self, paths: list[str]) -> None:
        """Import legacy jobs from these paths, or from a folder that the user chooses."""
        if self._import_dialog is None:
            from vestim_gui.import_job.import_dialog import (
                ImportDialog,
            )  # rarely needed, so it is not loaded with the window

            self._import_dialog = ImportDialog(self._ctx, self)
        self._import_dialog.show()
        self._import_dialog.raise_()
        self._import_dialog.activateWindow()
        if paths:
            self._import_dialog.import_paths(paths)

    def come_to_front(self, paths: list[str]) -> None:
        """Handle a second start: raise the window and open the paths it named."""
        self.tray.raise_window()
        if paths:
            self.open_paths(paths)

    # --- building

    def _build(self) -> None:
        pages = QVBoxLayout()
        pages.setContentsMargins(0, 0, 0, 0)
        pages.setSpacing(0)
        pages.addWidget(self.connection_bar)
        pages.addWidget(self.stack, 1)
        central = QWidget()
        row = QHBoxLayout(central)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(pages, 1)
        self.setCentralWidget(central)
        self.setStatusBar(self.status_line)

    def _connect(self) -> None:
        ctx = self._ctx
        self.rail.page_selected.connect(self.open_page)
        self.rail.palette_requested.connect(self.command_palette.open)
        ctx.navigate.open_page.connect(self.open_page)
        ctx.navigate.open_job.connect(self.open_job)
        ctx.navigate.new_job.connect(self.open_new_job)
        ctx.settings.changed.connect(self._apply_settings)
        ctx.link.state_changed.connect(lambda _: self._enable_actions())
        self._apply_settings({"theme", "reduced_motion"})
        self._enable_actions()

    def _register_handlers(self) -> None:
        ctx = self._ctx
        for action_id, handler in {
            "job.new": lambda: self.open_new_job(),
            "data.open": self._choose_data,
            "job.open_file": self._choose_job_file,
            "job.import": lambda: self.import_jobs([]),
            "page.jobs": lambda: self.open_page(JOBS),
            "page.settings": lambda: self.open_page(SETTINGS),
            "palette": self.command_palette.open,
            "help.shortcuts": self._show_shortcuts,
            "help.about": self._show_about,
            "theme.next": self._next_theme,
            "service.restart": ctx.link.restart_daemon,
            "quit": self._quit,
            "quit.stop_all": self._stop_all,
        }.items():
            ctx.actions.add_handler(action_id, handler, self)
        ctx.actions.attach(ShortcutScope.WINDOW, self)

    def _enable_actions(self) -> None:
        self._ctx.actions.enable(not self._ctx.link.state.is_live, "service.restart")
        self._ctx.actions.enable(self._ctx.link.state.is_live, "quit.stop_all")

    # --- restored state

    def _restore(self) -> None:
        stored_geometry = self._ctx.session.get(_GEOMETRY, "")
        self.resize(_DEFAULT_SIZE)
        try:
            is_restored = bool(stored_geometry) and self.restoreGeometry(
                QByteArray(base64.b64decode(stored_geometry, validate=True))
            )
        except (binascii.Error, ValueError):
            is_restored = False
        screen = self.screen()
        if not is_restored and screen is not None:
            self.resize(_DEFAULT_SIZE.boundedTo(screen.availableSize()))
        page = self._ctx.session.get(_PAGE, JOBS)
        self.open_page(JOBS)
        if page == NEW_JOB and page in self._factories:
            self.open_new_job(None, self._ctx.session.get("new_job.draft", ""))
        else:
            self.open_page(page)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        self._save_timer.start()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._save_timer.start()

    def moveEvent(self, event: Any) -> None:
        super().moveEvent(event)
        self._save_timer.start()

    def _save_geometry(self) -> None:
        if self.isVisible():
            self._ctx.session.put(_GEOMETRY, base64.b64encode(self.saveGeometry().data()).decode())

    # --- actions

    def _choose_data(self) -> None:
        settings = self._ctx.settings
        paths, _ = QFileDialog.getOpenFileNames(self, "Open data", settings.folder("data"))
        if paths:
            settings.remember_folder("data", paths[0])
            self.open_new_job({"data": {"train": paths}})

    def _choose_job_file(self) -> None:
        settings = self._ctx.settings
        patterns = " ".join(f"*{suffix}" for suffix in sorted(JOB_FILE_SUFFIXES))
        path, _ = QFileDialog.getOpenFileName(
            self, "Open a job file", settings.folder("job_file"), f"Jobs and hyperparameters ({patterns})"
        )
        if path:
            settings.remember_folder("job_file", path)
            self.open_paths([path])

    def _show_shortcuts(self) -> None:
        from vestim_gui.shell.shortcuts_dialog import ShortcutsDialog

        ShortcutsDialog(self._ctx.actions, QApplication.focusWidget(), self).show()

    def _show_about(self) -> None:
        from vestim_gui.shell.about_dialog import AboutDialog

        AboutDialog(self).show()

    def _next_theme(self) -> None:
        choice = THEME_CHOICES[(THEME_CHOICES.index(self._ctx.theme.choice) + 1) % len(THEME_CHOICES)]
        self._ctx.settings.change(theme=choice)
        self._ctx.toasts.show_toast(f"Theme: {'like the system' if choice == 'system' else choice}.", "info")

    def _apply_settings(self, names: set[str]) -> None:
        value = self._ctx.settings.value
        if "theme" in names:
            self._ctx.theme.set_choice(value.theme)
        if "reduced_motion" in names:
            self._ctx.theme.set_reduced_motion(value.reduced_motion)

    # --- closing

    def _quit(self) -> None:
        self._close_or_hide(to_tray=False)

    def _stop_all(self) -> None:
        if close_dialogs.confirm_stop(self._ctx.jobs, self):
            self._stop_and_quit()

    def _stop_and_quit(self) -> None:
        self._ctx.toasts.show_toast("Stopping all jobs; the best models are kept...", "info")
        self._ctx.actions.enable(False, "quit.stop_all")
        self._ctx.link.call(
            "shutdown", {"stop_jobs": True}, lambda _: self._close_for_good(), self._handle_stop_error, owner=self
        )

    def _handle_stop_error(self, error: VestimError) -> None:
        if error.code is ErrorCode.STOPPED:  # the daemon ended before its reply arrived
            self._close_for_good()
        else:
            self._enable_actions()
            self._ctx.toasts.show_error(error)

    def _close_or_hide(self, *, to_tray: bool) -> None:
        if to_tray and self.tray.stays_in_tray():
            self._save_geometry()
            self.hide()
            return
        settings = self._ctx.settings
        if not settings.value.closing_told and close_dialogs.active_jobs_text(self._ctx.jobs):
            choice = close_dialogs.ask_to_close(self._ctx.jobs, self)
            if choice is close_dialogs.CloseChoice.STAY:
                return
            settings.change(closing_told=True)
            if choice is close_dialogs.CloseChoice.STOP_ALL:
                self._stop_and_quit()
                return
        self._close_for_good()

    def _close_for_good(self) -> None:
        self._save_geometry()
        self._is_closing = True
        self.tray.close_tray()
        self._ctx.toasts.set_layer(None)
        self.close()
        self.closed.emit()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Closing asks the user first; `_close_for_good` does not."""
        if event is None:
            return
        if self._is_closing:
            event.accept()
        else:
            event.ignore()
            self._close_or_hide(to_tray=True)

    # --- drag and drop

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        mime = event.mimeData() if event is not None else None
        if event is not None and mime is not None and any(url.isLocalFile() for url in mime.urls()):
            event.acceptProposedAction()
            legacy_paths = sort_paths(_paths(mime)).legacy
            self._drop_note.setText(DROP_LEGACY if legacy_paths else DROP_DATA)
            self._drop_note.setGeometry(
                self.stack.rect().translated(self.stack.mapTo(self, self.stack.rect().topLeft()))
            )
            self._drop_note.show()
            self._drop_note.raise_()

    def dragLeaveEvent(self, event: QDragLeaveEvent | None) -> None:
        self._drop_note.hide()

    def dropEvent(self, event: QDropEvent | None) -> None:
        self._drop_note.hide()
        mime = event.mimeData() if event is not None else None
        if event is not None and mime is not None:
            event.acceptProposedAction()
            self.open_paths(_paths(mime))


def _paths(mime: QMimeData) -> list[str]:
    return [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]


def _drop_note(parent: QWidget) -> QLabel:
    note = plain_label(DROP_DATA, "drop", parent=parent)
    note.setAlignment(Qt.AlignmentFlag.AlignCenter)
    note.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    note.hide()
    return note
