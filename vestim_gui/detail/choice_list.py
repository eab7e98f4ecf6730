"""ChoiceList: names with check boxes; names that remain keep their checks when the list changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QStandardItem, QStandardItemModel
from PyQt6.QtWidgets import QAbstractItemView, QListView, QWidget

from vestim_gui.widgets.plain_label import plain_tip

KEY_ROLE = Qt.ItemDataRole.UserRole
LIST_PX = 190
"""Initial width, in px, of a list next to a plot."""


class ChoiceList(QListView):
    """A list of names with check boxes. ticks_changed: the set of ticked names changed."""

    ticks_changed = pyqtSignal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items = QStandardItemModel(self)
        self.setModel(self._items)
        self.setAccessibleName(name)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setUniformItemSizes(True)
        self.setMinimumWidth(LIST_PX // 2)
        self._items.itemChanged.connect(lambda _: self.ticks_changed.emit())

    def set_choices(self, choices: Sequence[tuple[str, str]], ticked: Collection[str]) -> None:
        """Show these choices (key and name) in this order; `ticked` applies to those that are new."""
        if [key for key, _ in choices] == self.keys():
            for row, (_, name) in enumerate(choices):
                item = self._items.item(row)
                if item is not None and item.text() != name:
                    self._items.blockSignals(True)
                    item.setText(name)
                    self._items.blockSignals(False)
            return
        previous_keys, previous_ticks = set(self.keys()), set(self.ticked())
        self._items.blockSignals(True)
        self._items.clear()
        for key, name in choices:
            item = QStandardItem(name)
            item.setData(key, KEY_ROLE)
            item.setCheckable(True)
            is_ticked = key in (previous_ticks if key in previous_keys else ticked)
            item.setCheckState(Qt.CheckState.Checked if is_ticked else Qt.CheckState.Unchecked)
            item.setToolTip(plain_tip(name))
            self._items.appendRow(item)
        self._items.blockSignals(False)
        self._items.layoutChanged.emit()

    def keys(self) -> list[str]:
        """All keys of the list."""
        return [str(item.data(KEY_ROLE)) for row in range(self._items.rowCount()) if (item := self._items.item(row))]

    def ticked(self) -> list[str]:
        """Ticked keys, in order."""
        items = [item for row in range(self._items.rowCount()) if (item := self._items.item(row))]
        return [str(item.data(KEY_ROLE)) for item in items if item.checkState() is Qt.CheckState.Checked]

    def set_ticked(self, keys: Collection[str]) -> None:
        """Tick exactly these keys."""
        self._items.blockSignals(True)
        for row in range(self._items.rowCount()):
            if (item := self._items.item(row)) is not None:
                item.setCheckState(Qt.CheckState.Checked if item.data(KEY_ROLE) in keys else Qt.CheckState.Unchecked)
        self._items.blockSignals(False)
        self._items.layoutChanged.emit()
        self.ticks_changed.emit()
