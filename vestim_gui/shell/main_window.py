"""The window: rail, pages, the bar of the service, the status bar, notes and the command palette.

Pages are made when they are first opened. What can be restored is remembered as it changes, so that a window which was
killed comes back where it stood.
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
from vestim_gui.actions import Where
from vestim_gui.context import Context
from vestim_gui.shell import close_dialogs
from vestim_gui.shell.drops import JOB_FILES, sorted_out
from vestim_gui.shell.command_palette import Palette
from vestim_gui.shell.rail import Rail
from vestim_gui.shell.connection_bar import ServiceBar
from vestim_gui.shell.status_bar import StatusBar
from vestim_gui.shell.toasts import ToastLayer
from vestim_gui.shell.tray import Tray
from vestim_gui.theme.theme import CHOICES
from vestim_gui.widgets.plain_label import plain_label

if TYPE_CHECKING:
    from vestim_gui.import_job.dialog import ImportDialog

JOBS, NEW_JOB, SETTINGS = "jobs", "new_job", "settings"
_SIZE, _LEAST = QSize(1360, 840), QSize(720, 480)
_GEOMETRY, _PAGE = "window.geometry", "window.page"
_REMEMBER_MS = 500
DROP_DATA, DROP_FORMER = "Drop to begin a new job with these files", "Drop to import these jobs"


class ShowsJobs(Protocol):
    """What the window needs of the page of jobs."""

    def show_job(self, job_id: str, tab: str = "") -> None: ...


class OpensJobs(Protocol):
    """What the window needs of the page of a new job."""

    def open(self, document: dict[str, Any] | None = None, draft_id: str = "") -> None: ...
    def open_file(self, path: str) -> None: ...


class MainWindow(QMainWindow):
    """pages: makes each page, by its name; "jobs" is the first one. closed: the window was closed for good."""

    closed = pyqtSignal()

    def __init__(self, ctx: Context, pages: Mapping[str, Callable[[], QWidget]]) -> None:
        super().__init__()
        self._ctx = ctx
        self._make = dict(pages)
        self._pages: dict[str, QWidget] = {}
        self._leaving = False
        self._importing: ImportDialog | None = None
        self._remembering = QTimer(self)
        self._remembering.setSingleShot(True)
        self._remembering.setInterval(_REMEMBER_MS)
        self._remembering.timeout.connect(self._remember_geometry)
        self.setWindowTitle("Vestim")
        self.setMinimumSize(_LEAST)
        self.setAcceptDrops(True)
        self.rail = Rail(ctx.theme, ctx.actions)
        self.stack = QStackedWidget()
        self.service_bar = ServiceBar(ctx.link, ctx.theme)
        self.status_line = StatusBar(ctx.link, ctx.jobs)
        self._build()
        self.toasts = ToastLayer(ctx.theme, self.stack)
        self.palette_box = Palette(ctx, self)
        self._drop_note = _drop_note(self)
        ctx.toasts.set_layer(self.toasts)
        self._answer()
        self.tray = Tray(ctx, self)
        self._connect()
        self._restore()

    # --- pages

    @property
    def page_name(self) -> str:
        """The page that is shown."""
        current = self.stack.currentWidget()
        return next((name for name, page in self._pages.items() if page is current), "")

    def page(self, name: str) -> QWidget:
        """A page, made if it was not opened before."""
        if name not in self._pages:
            self._pages[name] = self._make[name]()
            self.stack.addWidget(self._pages[name])
        return self._pages[name]

    def open_page(self, name: str) -> None:
        """Show a page; one that there is not is left alone."""
        if name not in self._make:
            return
        page = self.page(name)
        self.stack.setCurrentWidget(page)
        self.rail.show_page(name)
        self._ctx.session.put(_PAGE, name)

    def open_job(self, job_id: str, tab: str = "") -> None:
        """Show a job, at a tab or where it stands."""
        page: Any = self.page(JOBS)
        self.open_page(JOBS)
        shows: ShowsJobs = page
        shows.show_job(job_id, tab)

    def open_new_job(self, document: dict[str, Any] | None = None, draft_id: str = "") -> None:
        """Show the page of a new job, begun from a document, a draft, or from nothing."""
        page: Any = self.page(NEW_JOB)
        self.open_page(NEW_JOB)
        opens: OpensJobs = page
        opens.open(document, draft_id)

    def open_paths(self, paths: list[str]) -> None:
        """What was dropped or named: jobs of the former program come in, a job file is opened, data begin a new job."""
        dropped = sorted_out(paths)
        if dropped.former:
            self.import_jobs(dropped.former)
        if dropped.job_files:
            page: Any = self.page(NEW_JOB)
            self.open_page(NEW_JOB)
            opens: OpensJobs = page
            opens.open_file(dropped.job_files[0])
        if dropped.data:
            self.open_new_job({"data": {"train": dropped.data}})
        ignored = len(dropped.job_files) - 1
        if dropped.job_files and (ignored or dropped.data):
            self._ctx.toasts.say("One job file is opened at a time; the other files were left alone.", "warn")

    def import_jobs(self, paths: list[str]) -> None:
        """Import jobs of the former program, from these places or from one that is chosen."""
        if self._importing is None:
            from vestim_gui.import_job.dialog import ImportDialog  # few need it, and few of those twice

            self._importing = ImportDialog(self._ctx, self)
        self._importing.show()
        self._importing.raise_()
        self._importing.activateWindow()
        if paths:
            self._importing.bring(paths)

    def come_to_front(self, paths: list[str]) -> None:
        """A second start: be seen, and open what it named."""
        self.tray.raise_window()
        if paths:
            self.open_paths(paths)

    # --- building

    def _build(self) -> None:
        pages = QVBoxLayout()
        pages.setContentsMargins(0, 0, 0, 0)
        pages.setSpacing(0)
        pages.addWidget(self.service_bar)
        pages.addWidget(self.stack, 1)
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(pages, 1)
        self.setCentralWidget(whole)
        self.setStatusBar(self.status_line)

    def _connect(self) -> None:
        ctx = self._ctx
        self.rail.chosen.connect(self.open_page)
        self.rail.commands.connect(self.palette_box.open)
        ctx.navigate.open_page.connect(self.open_page)
        ctx.navigate.open_job.connect(self.open_job)
        ctx.navigate.new_job.connect(self.open_new_job)
        ctx.settings.changed.connect(self._apply_settings)
        ctx.link.state_changed.connect(lambda _: self._enable())
        self._apply_settings({"theme", "reduced_motion"})
        self._enable()

    def _answer(self) -> None:
        ctx = self._ctx
        for action_id, answer in {
            "job.new": lambda: self.open_new_job(),
            "data.open": self._choose_data,
            "job.open_file": self._choose_job_file,
            "job.import": lambda: self.import_jobs([]),
            "page.jobs": lambda: self.open_page(JOBS),
            "page.settings": lambda: self.open_page(SETTINGS),
            "palette": self.palette_box.open,
            "help.shortcuts": self._show_shortcuts,
            "help.about": self._show_about,
            "theme.next": self._next_theme,
            "service.restart": ctx.link.restart_service,
            "quit": self._quit,
            "quit.stop_all": self._stop_all,
        }.items():
            ctx.actions.on(action_id, answer, self)
        ctx.actions.attach(Where.WINDOW, self)

    def _enable(self) -> None:
        self._ctx.actions.enable(not self._ctx.link.state.current, "service.restart")
        self._ctx.actions.enable(self._ctx.link.state.current, "quit.stop_all")

    # --- what is remembered

    def _restore(self) -> None:
        stored = self._ctx.session.get(_GEOMETRY, "")
        self.resize(_SIZE)
        try:
            restored = bool(stored) and self.restoreGeometry(QByteArray(base64.b64decode(stored, validate=True)))
        except (binascii.Error, ValueError):
            restored = False
        screen = self.screen()
        if not restored and screen is not None:
            self.resize(_SIZE.boundedTo(screen.availableSize()))
        page = self._ctx.session.get(_PAGE, JOBS)
        self.open_page(JOBS)
        if page == NEW_JOB and page in self._make:
            self.open_new_job(None, self._ctx.session.get("new_job.draft", ""))
        else:
            self.open_page(page)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        self._remembering.start()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._remembering.start()

    def moveEvent(self, event: Any) -> None:
        super().moveEvent(event)
        self._remembering.start()

    def _remember_geometry(self) -> None:
        if self.isVisible():
            self._ctx.session.put(_GEOMETRY, base64.b64encode(self.saveGeometry().data()).decode())

    # --- actions

    def _choose_data(self) -> None:
        settings = self._ctx.settings
        paths, _ = QFileDialog.getOpenFileNames(self, "Open data", settings.folder("data"))
        if paths:
            settings.keep_folder("data", paths[0])
            self.open_new_job({"data": {"train": paths}})

    def _choose_job_file(self) -> None:
        settings = self._ctx.settings
        endings = " ".join(f"*{ending}" for ending in sorted(JOB_FILES))
        path, _ = QFileDialog.getOpenFileName(
            self, "Open a job file", settings.folder("job_file"), f"Jobs and hyperparameters ({endings})"
        )
        if path:
            settings.keep_folder("job_file", path)
            self.open_paths([path])

    def _show_shortcuts(self) -> None:
        from vestim_gui.shell.shortcuts_dialog import ShortcutsDialog

        ShortcutsDialog(self._ctx.actions, QApplication.focusWidget(), self).show()

    def _show_about(self) -> None:
        from vestim_gui.shell.about_dialog import AboutDialog

        AboutDialog(self).show()

    def _next_theme(self) -> None:
        choice = CHOICES[(CHOICES.index(self._ctx.theme.choice) + 1) % len(CHOICES)]
        self._ctx.settings.change(theme=choice)
        self._ctx.toasts.say(f"Theme: {'like the system' if choice == 'system' else choice}.", "info")

    def _apply_settings(self, names: set[str]) -> None:
        value = self._ctx.settings.value
        if "theme" in names:
            self._ctx.theme.set_choice(value.theme)
        if "reduced_motion" in names:
            self._ctx.theme.set_reduced_motion(value.reduced_motion)

    # --- leaving

    def _quit(self) -> None:
        self._leave(to_tray=False)

    def _stop_all(self) -> None:
        if close_dialogs.ask_stopping(self._ctx.jobs, self):
            self._stop_and_quit()

    def _stop_and_quit(self) -> None:
        self._ctx.toasts.say("Stopping all jobs; the best models are kept...", "info")
        self._ctx.actions.enable(False, "quit.stop_all")
        self._ctx.link.call("shutdown", {"stop_jobs": True}, lambda _: self._go(), self._not_stopped, owner=self)

    def _not_stopped(self, error: VestimError) -> None:
        if error.code is ErrorCode.STOPPED:  # it went before its answer came
            self._go()
        else:
            self._enable()
            self._ctx.toasts.say_error(error)

    def _leave(self, *, to_tray: bool) -> None:
        if to_tray and self.tray.stays():
            self._remember_geometry()
            self.hide()
            return
        settings = self._ctx.settings
        if not settings.value.closing_told and close_dialogs.active_words(self._ctx.jobs):
            choice = close_dialogs.ask_leaving(self._ctx.jobs, self)
            if choice is close_dialogs.Choice.STAY:
                return
            settings.change(closing_told=True)
            if choice is close_dialogs.Choice.STOP_ALL:
                self._stop_and_quit()
                return
        self._go()

    def _go(self) -> None:
        self._remember_geometry()
        self._leaving = True
        self.tray.close_tray()
        self._ctx.toasts.set_layer(None)
        self.close()
        self.closed.emit()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Closing is asked about first; `_go` closes for good."""
        if event is None:
            return
        if self._leaving:
            event.accept()
        else:
            event.ignore()
            self._leave(to_tray=True)

    # --- files that are dropped

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        mime = event.mimeData() if event is not None else None
        if event is not None and mime is not None and any(url.isLocalFile() for url in mime.urls()):
            event.acceptProposedAction()
            former = sorted_out(_paths(mime)).former
            self._drop_note.setText(DROP_FORMER if former else DROP_DATA)
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
