"""The bar on top while the service does not answer: what that means, since when, and what can be done.

What is on screen stays, marked with the moment that it is true of.
"""

from __future__ import annotations

from datetime import datetime

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from vestim_gui.link.link import Link
from vestim_gui.link.link_state import LinkPhase, LinkState
from vestim_gui.theme.style import set_dress, set_kind
from vestim_gui.theme.theme import Theme
from vestim_gui.widgets.plain_label import plain_label

PATIENCE_MS = 1000
"""Starting is said only when it takes longer than this."""
_BEGINNING = (LinkPhase.STARTING, LinkPhase.SYNCING)


class ServiceBar(QFrame):
    """Hidden while the service answers."""

    def __init__(self, link: Link, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._theme = theme
        self._state = link.state
        set_kind(self, "bar")
        self._icon = QLabel()
        self.words = plain_label("", wrap=True)
        self.restart = QPushButton()
        self.restart.clicked.connect(self._restart)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 6, 16, 6)
        layout.setSpacing(8)
        layout.addWidget(self._icon)
        layout.addWidget(self.words, 1)
        layout.addWidget(self.restart)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PATIENCE_MS)
        self._patience.timeout.connect(self.show)
        self.hide()
        link.state_changed.connect(self.show_state)
        theme.changed.connect(self._colour)
        self.show_state(link.state)

    def show_state(self, state: LinkState) -> None:
        """Say how the connection stands; nothing while all is well."""
        self._state = state
        self.words.setText(bar_words(state))
        self.restart.setEnabled(True)
        self.restart.setText("Start the service" if state.phase is LinkPhase.STOPPED else "Restart service")
        self.restart.setVisible(state.phase not in _BEGINNING)
        set_dress(self, "tone", "accent" if state.phase in _BEGINNING else "warn")
        self._colour()
        if state.current:
            self._patience.stop()
            self.hide()
        elif state.phase not in _BEGINNING:
            self._patience.stop()
            self.show()
        elif not self.isVisible() and not self._patience.isActive():
            self._patience.start()

    def _restart(self) -> None:
        self.restart.setEnabled(False)
        self.restart.setText("Starting...")
        self._link.restart_service()

    def _colour(self) -> None:
        begins = self._state.phase in _BEGINNING
        self._icon.setPixmap(
            self._theme.icon("info" if begins else "warn", "accent" if begins else "warn").pixmap(20, 20)
        )


def bar_words(state: LinkState) -> str:
    """The sentence of a state, and the moment that what is shown is true of."""
    if state.as_of_utc is None or state.phase in _BEGINNING:
        return state.sentence
    return f"{state.sentence}   Shown as of {clock(state.as_of_utc)}."


def clock(time_utc: datetime) -> str:
    """A moment on this machine's clock: `14:02:10`."""
    return f"{time_utc.astimezone():%H:%M:%S}"
