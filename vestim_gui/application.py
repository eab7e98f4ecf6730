"""The application: creates all parts, opens the window, and starts the daemon if none is running.

A page's modules are imported when the page is first opened; matplotlib waits for the first plot.
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
from vestim_gui.background import wait_for_work
from vestim_gui.context import Context, Navigator
from vestim_gui.link.daemon_link import Link
from vestim_gui.session import Session
from vestim_gui.settings import SettingsStore
from vestim_gui.shell.main_window import MainWindow
from vestim_gui.shell.toasts import Toasts
from vestim_gui.single_instance import SingleInstance
from vestim_gui.store.catalog import Catalog
from vestim_gui.theme.icons import program_icon
from vestim_gui.theme.theme import Theme
from vestim_gui.uncaught_errors import UncaughtErrors

SIGNAL_CHECK_MS = 500  # delay of Ctrl+C in ms; arbitrary, any value from 100 to 1000 works


def main(paths: Sequence[str] = ()) -> int:
    """Open the window, or make the open one show `paths`; return the exit code of the process."""
    app = create_application(sys.argv[:1])
    try:
        home = Home.find()
        home.ensure()
    except HomeError as error:
        QMessageBox.critical(None, "Vestim", str(error))
        return 1
    uncaught = UncaughtErrors(home.logs / "window.log")
    uncaught.install()
    instance = SingleInstance(home.root)
    try:
        return _run(app, home, uncaught, instance, paths) if instance.claim(paths) else 0
    finally:
        instance.close()
        uncaught.uninstall()


def create_application(arguments: Sequence[str] = ("vestim",)) -> QApplication:
    """The only `QApplication` of the process, named for desktops."""
    app = QApplication(list(arguments))
    app.setApplicationName("Vestim")
    app.setApplicationVersion(vestim_core.__version__)
    app.setDesktopFileName("vestim")
    app.setQuitOnLastWindowClosed(False)
    return app


def create_context(app: QApplication, home: Home) -> Context:
    """Everything that pages receive, for one home. The link is not started yet."""
    settings = SettingsStore(home.root / "window.json")
    theme = Theme(app, home.cache / "window", settings.value.theme)
    starts_daemon = settings.value.start_service
    link = Link(home, channel=lambda: _Channel(home, starts_daemon=starts_daemon))
    context = Context(
        link=link,
        jobs=Catalog(link),
        theme=theme,
        settings=settings,
        session=Session(home.root / "window_session.json"),
        actions=Actions(theme),
        toasts=Toasts(),
        navigate=Navigator(),
    )
    link.unhandled_error.connect(context.toasts.show_error)
    return context


def page_factories(ctx: Context) -> dict[str, Callable[[], QWidget]]:
    """Factories of the pages, called when a page is first opened."""

    def jobs() -> QWidget:
        from vestim_gui.detail.lazy_detail import LazyDetailPage
        from vestim_gui.first_run.empty_state import EmptyState
        from vestim_gui.jobs_page.jobs_page import JobsPage

        return JobsPage(ctx, LazyDetailPage(ctx), EmptyState(ctx))

    def new_job() -> QWidget:
        from vestim_gui.new_job.new_job_page import NewJobPage

        return NewJobPage(ctx)

    def settings() -> QWidget:
        from vestim_gui.shell.settings_page import SettingsPage

        return SettingsPage(ctx)

    return {"jobs": jobs, "new_job": new_job, "settings": settings}


def _run(
    app: QApplication, home: Home, uncaught: UncaughtErrors, instance: SingleInstance, paths: Sequence[str]
) -> int:
    ctx = create_context(app, home)
    app.setWindowIcon(program_icon())
    open_log = ("Open log", lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(uncaught.log_file))))
    uncaught.caught.connect(lambda text, details: ctx.toasts.show_toast(text, "error", [open_log], details=details))
    window = MainWindow(ctx, page_factories(ctx))
    window.closed.connect(app.quit)
    instance.activation_requested.connect(window.come_to_front)
    window.show()
    ctx.link.start()
    if paths:
        window.open_paths(list(paths))
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: app.exit(0))  # unlike quit, this asks no window to close
    signal_timer = QTimer(app)  # Python handles signals only while its code runs
    signal_timer.start(SIGNAL_CHECK_MS)
    signal_timer.timeout.connect(lambda: None)
    try:
        return app.exec()
    finally:
        window.hide()  # hidden pages send their unsaved changes, so the link must still be open
        ctx.link.close()
        wait_for_work()
        ctx.session.flush()
        ctx.settings.flush()


class _Channel(Channel):
    """Starts the daemon together with the window, or only when the user requests it."""

    def __init__(self, home: Home, *, starts_daemon: bool) -> None:
        super().__init__(home)
        self._starts_daemon = starts_daemon

    def connect(self, *, start: bool = True, requested_by_user: bool = False, **options: float) -> Discovery:
        may_start = start and (requested_by_user or self._starts_daemon)
        try:
            return super().connect(start=may_start, requested_by_user=requested_by_user, **options)
        except VestimError as error:
            if may_start or error.code is not ErrorCode.UNREACHABLE:
                raise
            raise VestimError(error.code, "it is not started, as the settings have it") from None
