"""The list of shortcuts, made from the table of actions, headed by the help of the field that was in use."""

from __future__ import annotations

from itertools import groupby

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from vestim_gui.actions import Actions, ActionSpec, ShortcutScope
from vestim_gui.widgets.plain_label import plain_label

_NATIVE = QKeySequence.SequenceFormat.NativeText


class ShortcutsDialog(QDialog):
    """The list of shortcuts as a dialog. field: the widget that had the focus; its help comes first."""

    def __init__(self, actions: Actions, field: QWidget | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keyboard shortcuts")
        self.resize(680, 640)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        layout.addWidget(plain_label("Keyboard shortcuts", "title"))
        if help_text := field_help(field):
            layout.addWidget(plain_label(help_text, wrap=True))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(_table(actions))
        area.setAccessibleName("List of keyboard shortcuts")
        layout.addWidget(area, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)


def active_shortcuts(actions: Actions) -> dict[ShortcutScope, list[tuple[ActionSpec, str]]]:
    """By scope, the actions that have a handler and keys, with their keys as text."""
    specs_with_keys = [spec for spec in actions.specs() if spec.shortcut and actions.has_handler(spec.id)]
    order = list(ShortcutScope)
    specs_with_keys.sort(key=lambda spec: order.index(spec.scope))
    return {
        scope: [(spec, " or ".join(keys.toString(_NATIVE) for keys in spec.keys)) for spec in specs]
        for scope, specs in groupby(specs_with_keys, key=lambda spec: spec.scope)
    }


def field_help(field: QWidget | None) -> str:
    """Name and help of a field; empty if it has none."""
    if field is None:
        return ""
    help_text = field.whatsThis() or field.accessibleDescription() or field.toolTip()
    return f"{field.accessibleName()}: {help_text}".removeprefix(": ") if help_text else ""


def _table(actions: Actions) -> QWidget:
    table = QWidget()
    grid = QGridLayout(table)
    grid.setContentsMargins(0, 0, 8, 0)
    grid.setHorizontalSpacing(24)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    row = 0
    for scope, specs in active_shortcuts(actions).items():
        grid.addWidget(plain_label(scope.value, "heading"), row, 0, 1, 3)
        grid.setRowMinimumHeight(row, 32)
        for spec, keys in specs:
            row += 1
            grid.addWidget(plain_label(keys, "mono"), row, 0)
            grid.addWidget(plain_label(spec.text.removesuffix("..."), wrap=True), row, 1)
            grid.addWidget(plain_label(f"needs {spec.needs}" if spec.needs else "", "muted"), row, 2)
        row += 1
    grid.setRowStretch(row, 1)
    return table
