"""ChoiceList: names with boxes to tick; those that stay keep their ticks when the list grows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QStandardItem, QStandardItemModel
from PyQt6.QtWidgets import QAbstractItemView, QListView, QWidget

from vestim_gui.widgets.plain_label import plain_tip

KEY = Qt.ItemDataRole.UserRole
LIST_PX = 190
"""How wide a list beside a plot is at first."""


class ChoiceList(QListView):
    """changed: the ticks are others."""

    changed = pyqtSignal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items = QStandardItemModel(self)
        self.setModel(self._items)
        self.setAccessibleName(name)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setUniformItemSizes(True)
        self.setMinimumWidth(LIST_PX // 2)
        self._items.itemChanged.connect(lambda _: self.changed.emit())

    def offer(self, choices: Sequence[tuple[str, str]], ticked: Collection[str]) -> None:
        """Offer these (key and name), in this order; `ticked` are those of the new ones that are ticked."""
        if [key for key, _ in choices] == self.keys():
            for row, (_, name) in enumerate(choices):
                item = self._items.item(row)
                if item is not None and item.text() != name:
                    self._items.blockSignals(True)
                    item.setText(name)
                    self._items.blockSignals(False)
            return
        known, before = set(self.keys()), set(self.ticked())
        self._items.blockSignals(True)
        self._items.clear()
        for key, name in choices:
            item = QStandardItem(name)
            item.setData(key, KEY)
            item.setCheckable(True)
            on = key in (before if key in known else ticked)
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            item.setToolTip(plain_tip(name))
            self._items.appendRow(item)
        self._items.blockSignals(False)
        self._items.layoutChanged.emit()

    def keys(self) -> list[str]:
        """All keys that are offered."""
        return [str(item.data(KEY)) for row in range(self._items.rowCount()) if (item := self._items.item(row))]

    def ticked(self) -> list[str]:
        """Keys that are ticked, in order."""
        items = [item for row in range(self._items.rowCount()) if (item := self._items.item(row))]
        return [str(item.data(KEY)) for item in items if item.checkState() is Qt.CheckState.Checked]

    def tick(self, keys: Collection[str]) -> None:
        """Tick exactly these."""
        self._items.blockSignals(True)
        for row in range(self._items.rowCount()):
            if (item := self._items.item(row)) is not None:
                item.setCheckState(Qt.CheckState.Checked if item.data(KEY) in keys else Qt.CheckState.Unchecked)
        self._items.blockSignals(False)
        self._items.layoutChanged.emit()
        self.changed.emit()
