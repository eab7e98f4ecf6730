"""The rail: shows which page is open and leads to the others."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QToolButton, QVBoxLayout, QWidget

from vestim_gui.actions import Actions
from vestim_gui.theme.style import set_kind
from vestim_gui.theme.theme import Theme

WIDTH_PX = 92  # arbitrary, any value from 80 to 110 works
_ICON = QSize(20, 20)


class Rail(QFrame):
    """Buttons of the pages. page_selected: id of a page, by click or key. palette_requested: open the command
    palette."""

    page_selected = pyqtSignal(str)
    palette_requested = pyqtSignal()

    def __init__(self, theme: Theme, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons: dict[QToolButton, str] = {}
        self._pages: dict[str, QToolButton] = {}
        set_kind(self, "rail")
        self.setFixedWidth(WIDTH_PX)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 10, 6, 8)
        layout.setSpacing(4)
        layout.addWidget(self._page("jobs", "Jobs", "jobs", actions.tooltip("page.jobs")))
        layout.addStretch(1)
        search_button = self._button("Search", "search", actions.tooltip("palette"))
        search_button.clicked.connect(lambda: self.palette_requested.emit())
        layout.addWidget(search_button)
        layout.addWidget(self._page("settings", "Settings", "settings", actions.tooltip("page.settings")))
        theme.changed.connect(self._apply_colors)
        self._apply_colors()

    def show_page(self, page: str) -> None:
        """Mark the visible page; a page without a button marks none."""
        for name, button in self._pages.items():
            button.setChecked(name == page)
        self._apply_colors()

    def _page(self, name: str, text: str, icon: str, tooltip: str) -> QToolButton:
        button = self._button(text, icon, tooltip)
        button.setCheckable(True)
        button.clicked.connect(lambda: self.page_selected.emit(name))
        self._pages[name] = button
        return button

    def _button(self, text: str, icon: str, tooltip: str) -> QToolButton:
        button = QToolButton()
        set_kind(button, "rail")
        button.setText(text)
        button.setToolTip(tooltip)
        button.setAccessibleName(text)
        button.setIconSize(_ICON)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._icons[button] = icon
        return button

    def _apply_colors(self) -> None:
        for button, icon in self._icons.items():
            button.setIcon(self._theme.icon(icon, "accent" if button.isChecked() else "muted"))
