"""The bar shown on top while the daemon does not answer: what that means, since when, and what can be done.

The data on screen stays, marked with the time it is valid for.
"""

from __future__ import annotations

from datetime import datetime

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from vestim_gui.link.daemon_link import Link
from vestim_gui.link.link_state import LinkPhase, LinkState
from vestim_gui.theme.style import set_kind, set_style_property
from vestim_gui.theme.theme import Theme
from vestim_gui.widgets.plain_label import plain_label

START_GRACE_MS = 1000
"""Starting is only shown if it takes longer than this, in ms."""
_STARTING_PHASES = (LinkPhase.STARTING, LinkPhase.SYNCING)


class ConnectionBar(QFrame):
    """Hidden while the daemon answers."""

    def __init__(self, link: Link, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._theme = theme
        self._state = link.state
        set_kind(self, "bar")
        self._icon = QLabel()
        self.message = plain_label("", wrap=True)
        self.restart_button = QPushButton()
        self.restart_button.clicked.connect(self._restart)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 6, 16, 6)
        layout.setSpacing(8)
        layout.addWidget(self._icon)
        layout.addWidget(self.message, 1)
        layout.addWidget(self.restart_button)
        self._grace_timer = QTimer(self)
        self._grace_timer.setSingleShot(True)
        self._grace_timer.setInterval(START_GRACE_MS)
        self._grace_timer.timeout.connect(self.show)
        self.hide()
        link.state_changed.connect(self.show_state)
        theme.changed.connect(self._apply_colors)
        self.show_state(link.state)

    def show_state(self, state: LinkState) -> None:
        """Show the connection state; nothing while all is well."""
        self._state = state
        self.message.setText(bar_text(state))
        self.restart_button.setEnabled(True)
        self.restart_button.setText("Start the service" if state.phase is LinkPhase.STOPPED else "Restart service")
        self.restart_button.setVisible(state.phase not in _STARTING_PHASES)
        set_style_property(self, "tone", "accent" if state.phase in _STARTING_PHASES else "warn")
        self._apply_colors()
        if state.is_live:
            self._grace_timer.stop()
            self.hide()
        elif state.phase not in _STARTING_PHASES:
            self._grace_timer.stop()
            self.show()
        elif not self.isVisible() and not self._grace_timer.isActive():
            self._grace_timer.start()

    def _restart(self) -> None:
        self.restart_button.setEnabled(False)
        self.restart_button.setText("Starting...")
        self._link.restart_daemon()

    def _apply_colors(self) -> None:
        is_starting = self._state.phase in _STARTING_PHASES
        self._icon.setPixmap(
            self._theme.icon("info" if is_starting else "warn", "accent" if is_starting else "warn").pixmap(20, 20)
        )


def bar_text(state: LinkState) -> str:
    """The state's message and the time for which the data shown is valid."""
    if state.as_of_utc is None or state.phase in _STARTING_PHASES:
        return state.message
    return f"{state.message}   Shown as of {clock_time(state.as_of_utc)}."


def clock_time(time_utc: datetime) -> str:
    """A time on this machine's clock: `14:02:10`."""
    return f"{time_utc.astimezone():%H:%M:%S}"
