"""The rail: which page is shown, and how to get to another."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QToolButton, QVBoxLayout, QWidget

from vestim_gui.actions import Actions
from vestim_gui.theme.style import set_kind
from vestim_gui.theme.theme import Theme

WIDTH = 92
_ICON = QSize(20, 20)


class Rail(QFrame):
    """chosen: the id of a page, by click or key. `commands` opens the command palette."""

    chosen = pyqtSignal(str)
    commands = pyqtSignal()

    def __init__(self, theme: Theme, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons: dict[QToolButton, str] = {}
        self._pages: dict[str, QToolButton] = {}
        set_kind(self, "rail")
        self.setFixedWidth(WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 10, 6, 8)
        layout.setSpacing(4)
        layout.addWidget(self._page("jobs", "Jobs", "jobs", actions.hint("page.jobs")))
        layout.addStretch(1)
        commands = self._button("Search", "search", actions.hint("palette"))
        commands.clicked.connect(lambda: self.commands.emit())
        layout.addWidget(commands)
        layout.addWidget(self._page("settings", "Settings", "settings", actions.hint("page.settings")))
        theme.changed.connect(self._colour)
        self._colour()

    def show_page(self, page: str) -> None:
        """Mark the page that is shown; one that has no place here marks none."""
        for name, button in self._pages.items():
            button.setChecked(name == page)
        self._colour()

    def _page(self, name: str, text: str, icon: str, hint: str) -> QToolButton:
        button = self._button(text, icon, hint)
        button.setCheckable(True)
        button.clicked.connect(lambda: self.chosen.emit(name))
        self._pages[name] = button
        return button

    def _button(self, text: str, icon: str, hint: str) -> QToolButton:
        button = QToolButton()
        set_kind(button, "rail")
        button.setText(text)
        button.setToolTip(hint)
        button.setAccessibleName(text)
        button.setIconSize(_ICON)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._icons[button] = icon
        return button

    def _colour(self) -> None:
        for button, icon in self._icons.items():
            button.setIcon(self._theme.icon(icon, "accent" if button.isChecked() else "muted"))
