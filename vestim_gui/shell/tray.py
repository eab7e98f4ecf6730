"""The tray icon, where the system has a tray, and the notification of a job that ended while another window was in
front."""

from __future__ import annotations

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtWidgets import QApplication, QMenu, QSystemTrayIcon, QWidget

from vestim_gui.context import Context
from vestim_gui.shell.job_endings import JobEndings
from vestim_gui.theme.icons import program_icon


class Tray(QObject):
    """The tray icon of a window, which it can raise. Without a tray, the window itself asks for attention."""

    def __init__(self, ctx: Context, window: QWidget) -> None:
        super().__init__(window)
        self._ctx = ctx
        self._window = window
        self._last_job = ""
        self._endings = JobEndings(ctx.jobs, self)
        self._endings.ended.connect(self._job_ended)
        self.icon: QSystemTrayIcon | None = None
        if QSystemTrayIcon.isSystemTrayAvailable():
            self.icon = QSystemTrayIcon(program_icon(), self)
            self.icon.setToolTip("Vestim")
            self._menu = self._create_menu()
            self.icon.setContextMenu(self._menu)
            self.icon.activated.connect(self._activated)
            self.icon.messageClicked.connect(self._open_last_job)
            self.icon.show()

    def stays_in_tray(self) -> bool:
        """True if the program stays in the tray when its window is closed."""
        return self.icon is not None and self._ctx.settings.value.close_to_tray

    def raise_window(self) -> None:
        """Bring the window to the front."""
        self._window.setWindowState(self._window.windowState() & ~Qt.WindowState.WindowMinimized)
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()

    def close_tray(self) -> None:
        """Hide the icon."""
        if self.icon is not None:
            self.icon.hide()

    def _create_menu(self) -> QMenu:
        menu = QMenu(self._window)
        menu.addAction("Show Vestim", self.raise_window)
        menu.addSeparator()
        for action_id in ("quit", "quit.stop_all"):
            menu.addAction(self._ctx.actions.action(action_id))
        return menu

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self.raise_window()

    def _job_ended(self, job_id: str, title: str, text: str) -> None:
        if self._window.isActiveWindow() or not self._ctx.settings.value.notifications:
            return
        self._last_job = job_id
        if self.icon is not None and QSystemTrayIcon.supportsMessages():
            self.icon.showMessage(title, text, program_icon())
        else:
            QApplication.alert(self._window)

    def _open_last_job(self) -> None:
        self.raise_window()
        if self._last_job:
            self._ctx.navigate.open_job.emit(self._last_job, "")
