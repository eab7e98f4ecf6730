"""The settings page. Each setting is applied as it is changed; there is nothing to confirm."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSystemTrayIcon,
    QVBoxLayout,
    QWidget,
)

from vestim_gui.context import Context
from vestim_gui.display_numbers import format_quantity
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.page_header import PageHeader
from vestim_gui.widgets.plain_label import button, plain_label

_THEMES = (("system", "Like the system"), ("light", "Light"), ("dark", "Dark"))
_MAX_WIDTH_PX = 720  # longer lines of help are hard to read


class SettingsPage(QWidget):
    """Shows the current settings, also when they are changed elsewhere."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._checks: dict[str, QCheckBox] = {}
        self.theme = QComboBox()
        self.folders = plain_label(kind="muted", wrap=True)
        self.forget_button = button("Forget folders", "plain", lambda: ctx.settings.change(folders={}))
        self._build()
        ctx.settings.changed.connect(lambda _: self._show_settings())
        self._show_settings()

    def check(self, name: str) -> QCheckBox:
        """The check box of a boolean setting."""
        return self._checks[name]

    def _build(self) -> None:
        content = QVBoxLayout()
        content.setContentsMargins(0, 0, 8, 0)
        content.setSpacing(16)
        for section in (
            self._appearance_section(),
            self._closing_section(),
            self._daemon_section(),
            self._folders_section(),
            self._help_section(),
        ):
            content.addWidget(section)
        content.addStretch(1)
        column = QWidget()
        column.setMaximumWidth(_MAX_WIDTH_PX)
        column.setLayout(content)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(column)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.setSpacing(8)
        layout.addWidget(PageHeader("Settings"))
        layout.addWidget(area, 1)

    def _appearance_section(self) -> QWidget:
        for choice, label_text in _THEMES:
            self.theme.addItem(label_text, choice)
        self.theme.setAccessibleName("Theme")
        self.theme.activated.connect(lambda index: self._ctx.settings.change(theme=self.theme.itemData(index)))
        row = QHBoxLayout()
        label = QLabel("&Theme")
        label.setBuddy(self.theme)
        row.addWidget(label)
        row.addWidget(self.theme)
        row.addStretch(1)
        section, content = _section("Appearance")
        content.addLayout(row)
        self._add_check(content, "reduced_motion", "&Less motion", "No blinking cursor, and menus open at once.")
        return section

    def _closing_section(self) -> QWidget:
        section, content = _section("Leaving and coming back")
        self._add_check(
            content, "notifications", "&Tell me when a job ends", "By a notification, while another window is in front."
        )
        if QSystemTrayIcon.isSystemTrayAvailable():
            self._add_check(
                content,
                "close_to_tray",
                "&Stay in the tray when the window is closed",
                "So that you are told when a job ends. Jobs go on in either case.",
            )
        return section

    def _daemon_section(self) -> QWidget:
        section, content = _section("Background service")
        self._add_check(
            content,
            "start_service",
            "Start the service &with the window",
            "Otherwise nothing runs until you press 'Restart service'. Takes effect when the window is opened next.",
        )
        return section

    def _folders_section(self) -> QWidget:
        section, content = _section("Folders")
        self._add_check(content, "remember_folders", "&Remember the folders that I used last", "")
        row = QHBoxLayout()
        row.addWidget(self.folders, 1)
        row.addWidget(self.forget_button)
        content.addLayout(row)
        return section

    def _help_section(self) -> QWidget:
        section, content = _section("Help")
        row = QHBoxLayout()
        row.setSpacing(8)
        for action_id in ("help.shortcuts", "help.about"):
            action = self._ctx.actions.action(action_id)
            row.addWidget(button(action.text(), "plain", action.trigger))
        row.addWidget(button("Show hints again", "plain", self._show_hints_again))
        row.addStretch(1)
        content.addLayout(row)
        return section

    def _show_hints_again(self) -> None:
        self._ctx.settings.change(coach_seen=[], closing_told=False)
        self._ctx.toasts.show_toast("Hints are shown again.", "ok")

    def _add_check(self, content: QVBoxLayout, name: str, text: str, help_text: str) -> None:
        check = QCheckBox(text)
        check.setAccessibleDescription(help_text)
        check.toggled.connect(self._setter(name))
        self._checks[name] = check
        content.addWidget(check)
        if help_text:
            help_line = plain_label(help_text, "muted", wrap=True)
            help_line.setContentsMargins(26, 0, 0, 4)
            content.addWidget(help_line)

    def _setter(self, name: str) -> Callable[[bool], None]:
        return lambda on: self._ctx.settings.change(**{name: on})

    def _show_settings(self) -> None:
        value = self._ctx.settings.value
        self.theme.setCurrentIndex(self.theme.findData(value.theme))
        for name, check in self._checks.items():
            check.setChecked(getattr(value, name))
        self.folders.setText(format_quantity(len(value.folders), "folder") + " remembered.")
        self.forget_button.setEnabled(bool(value.folders))


def _section(title: str) -> tuple[QFrame, QVBoxLayout]:
    section = QFrame()
    set_kind(section, "card")
    content = QVBoxLayout(section)
    content.setContentsMargins(16, 12, 16, 12)
    content.setSpacing(4)
    content.addWidget(plain_label(title, "heading"))
    return section, content
