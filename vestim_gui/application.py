"""The application: puts everything together, opens the window, and starts the service where none runs.

Nothing of a page is loaded before the window that shows it; matplotlib waits for the first plot.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence

from PyQt6.QtCore import QTimer, QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QApplication, QMessageBox, QWidget

import vestim_core
from vestim_core.client import Channel
from vestim_core.protocol.discovery import Discovery
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.system import Home, HomeError
from vestim_gui.actions import Actions
from vestim_gui.beside import finish_work
from vestim_gui.context import Context, Navigator
from vestim_gui.uncaught_errors import Errors
from vestim_gui.link.link import Link
from vestim_gui.session import Session
from vestim_gui.settings import SettingsStore
from vestim_gui.shell.main_window import MainWindow
from vestim_gui.shell.toasts import Toasts
from vestim_gui.single_instance import SingleInstance
from vestim_gui.store.catalogue import Catalogue
from vestim_gui.theme.icons import program_icon
from vestim_gui.theme.theme import Theme

LOOK_FOR_SIGNALS_MS = 500


def main(paths: Sequence[str] = ()) -> int:
    """Open the window, or have the one that is open show `paths`. The exit code of the process."""
    app = made_application(sys.argv[:1])
    try:
        home = Home.find()
        home.ensure()
    except HomeError as error:
        QMessageBox.critical(None, "Vestim", str(error))
        return 1
    errors = Errors(home.logs / "window.log")
    errors.install()
    single = SingleInstance(home.root)
    try:
        return _run(app, home, errors, single, paths) if single.begin(paths) else 0
    finally:
        single.close()
        errors.uninstall()


def made_application(arguments: Sequence[str] = ("vestim",)) -> QApplication:
    """The one `QApplication` of the process, named for desktops."""
    app = QApplication(list(arguments))
    app.setApplicationName("Vestim")
    app.setApplicationVersion(vestim_core.__version__)
    app.setDesktopFileName("vestim")
    app.setQuitOnLastWindowClosed(False)
    return app


def made_context(app: QApplication, home: Home) -> Context:
    """Everything that pages are given, for one home. The link is not started yet."""
    settings = SettingsStore(home.root / "window.json")
    theme = Theme(app, home.cache / "window", settings.value.theme)
    starts = settings.value.start_service
    link = Link(home, channel=lambda: _Channel(home, starts=starts))
    context = Context(
        link=link,
        jobs=Catalogue(link),
        theme=theme,
        settings=settings,
        session=Session(home.root / "window_session.json"),
        actions=Actions(theme),
        toasts=Toasts(),
        navigate=Navigator(),
    )
    link.unhandled_error.connect(context.toasts.say_error)
    return context


def made_pages(ctx: Context) -> dict[str, Callable[[], QWidget]]:
    """What makes each page when it is first opened."""

    def jobs() -> QWidget:
        from vestim_gui.detail.later import DetailLater
        from vestim_gui.first_run.empty import EmptyState
        from vestim_gui.jobs_page.page import JobsPage

        return JobsPage(ctx, DetailLater(ctx), EmptyState(ctx))

    def new_job() -> QWidget:
        from vestim_gui.new_job.page import NewJobPage

        return NewJobPage(ctx)

    def settings() -> QWidget:
        from vestim_gui.shell.settings_page import SettingsPage

        return SettingsPage(ctx)

    return {"jobs": jobs, "new_job": new_job, "settings": settings}


def _run(app: QApplication, home: Home, errors: Errors, single: SingleInstance, paths: Sequence[str]) -> int:
    ctx = made_context(app, home)
    app.setWindowIcon(program_icon())
    open_log = ("Open log", lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(errors.log_file))))
    errors.caught.connect(lambda text, details: ctx.toasts.say(text, "error", [open_log], details=details))
    window = MainWindow(ctx, made_pages(ctx))
    window.closed.connect(app.quit)
    single.asked.connect(window.come_to_front)
    window.show()
    ctx.link.start()
    if paths:
        window.open_paths(list(paths))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: app.exit(0))  # unlike quit, asks no window
    signals = QTimer(app)  # Python takes note of signals only while it runs
    signals.start(LOOK_FOR_SIGNALS_MS)
    signals.timeout.connect(lambda: None)
    try:
        return app.exec()
    finally:
        window.hide()  # pages send what they still keep when they are hidden: while there is a link to send it by
        ctx.link.close()
        finish_work()
        ctx.session.flush()
        ctx.settings.flush()


class _Channel(Channel):
    """Starts the service with the window, or only when the user asks for it."""

    def __init__(self, home: Home, *, starts: bool) -> None:
        super().__init__(home)
        self._starts = starts

    def connect(self, *, start: bool = True, asked: bool = False, **more: float) -> Discovery:
        starts = start and (asked or self._starts)
        try:
            return super().connect(start=starts, asked=asked, **more)
        except VestimError as error:
            if starts or error.code is not ErrorCode.UNREACHABLE:
                raise
            raise VestimError(error.code, "it is not started, as the settings have it") from None
