"""How a job and a task are painted in the list: name, state, what it is doing, its best error, and how far it is."""

from __future__ import annotations

from PyQt6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPoint, QRect, QSize, Qt
from PyQt6.QtGui import QFont, QFontMetrics, QPainter, QPen
from PyQt6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from vestim_gui.store.faces import Face
from vestim_gui.store.jobs_model import FACE, TASK_ID
from vestim_gui.theme.theme import Theme

GRID = 8
GAP = 12
BAR = 5
TASK_BAR = 3
GUTTER = 28
"""Left of all words, with room for the chevron of a job that opens."""
TASK_INDENT = 16
RADIUS = 6.0


class JobDelegate(QStyledItemDelegate):
    """Rows of two lines and a bar. A job that opens bears a chevron, and its tasks stand below it, smaller."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        line = option.fontMetrics.height()
        task = bool(index.data(TASK_ID))
        return QSize(240, 2 * line + (2 * GRID + TASK_BAR if task else 3 * GRID + 12 + BAR))

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        face = index.data(FACE)
        if painter is None or not isinstance(face, Face):
            return
        task = bool(index.data(TASK_ID))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._ground(painter, option)
        area = self.content(option.rect, task)
        lines = self._lines(area, option.font, task)
        if face.opens:
            self._chevron(painter, lines[0], bool(option.state & QStyle.StateFlag.State_Open))
        name_font = QFont(option.font)
        name_font.setBold(not task)
        self._pair(painter, lines[0], (face.title, name_font, "text"), (f"{face.glyph} {face.word}", face.tone), option)
        self._pair(painter, lines[1], (face.words, option.font, "muted"), (face.figure, "muted"), option)
        if not task or 0.0 < face.fraction < 1.0:
            self._bar(painter, area, face, TASK_BAR if task else BAR)
        painter.restore()

    def content(self, row: QRect, task: bool) -> QRect:
        """Where words and bar of a row stand."""
        left = GUTTER + (TASK_INDENT if task else 0)
        above = 5 if task else GRID + 2
        return row.adjusted(left, above, -(GAP + GRID), -(5 if task else GRID + 3))

    def chevron_area(self, row: QRect) -> QRect:
        """Where a click opens a job's tasks."""
        area = self.content(row, False)
        return QRect(row.left(), row.top(), area.left() - row.left(), row.height() * 2 // 3)

    def _lines(self, area: QRect, font: QFont, task: bool) -> list[QRect]:
        height = QFontMetrics(font).height()
        gap = 2 if task else 5
        first = QRect(area.left(), area.top(), area.width(), height)
        return [first, first.translated(0, height + gap)]

    def _ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        ground = option.rect.adjusted(6, 2, -6, -2)
        painter.setPen(Qt.PenStyle.NoPen)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setBrush(self._theme.colour("selection"))
            painter.drawRoundedRect(ground, RADIUS, RADIUS)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            hover = self._theme.colour("sunken")
            hover.setAlphaF(0.6)
            painter.setBrush(hover)
            painter.drawRoundedRect(ground, RADIUS, RADIUS)
        if option.state & QStyle.StateFlag.State_HasFocus and option.state & QStyle.StateFlag.State_KeyboardFocusChange:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.colour("accent"), 2))
            painter.drawRoundedRect(ground.adjusted(1, 1, -1, -1), RADIUS, RADIUS)

    def _chevron(self, painter: QPainter, line: QRect, is_open: bool) -> None:
        pen = QPen(self._theme.colour("muted"), 1.6)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        x, y = line.left() - 10, line.center().y() + 1
        if is_open:
            painter.drawPolyline(QPoint(x - 4, y - 2), QPoint(x, y + 2), QPoint(x + 4, y - 2))
        else:
            painter.drawPolyline(QPoint(x - 2, y - 4), QPoint(x + 2, y), QPoint(x - 2, y + 4))

    def _pair(
        self,
        painter: QPainter,
        line: QRect,
        left: tuple[str, QFont, str],
        right: tuple[str, str],
        option: QStyleOptionViewItem,
    ) -> None:
        """Words at the left, shortened so that those at the right have their room."""
        text, font, left_tone = left
        mark, right_tone = right
        room = line.width()
        if mark:
            painter.setFont(option.font)
            painter.setPen(self._theme.colour(right_tone))
            width = option.fontMetrics.horizontalAdvance(mark)
            painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, mark)
            room -= width + GAP
        painter.setFont(font)
        painter.setPen(self._theme.colour(left_tone))
        shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, max(room, 0))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def _bar(self, painter: QPainter, area: QRect, face: Face, height: int) -> None:
        track = QRect(area.left(), area.bottom() - height + 1, area.width(), height)
        radius = height / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("sunken"))
        painter.drawRoundedRect(track, radius, radius)
        if face.fraction > 0:
            done = QRect(track)
            done.setWidth(max(height, round(track.width() * min(face.fraction, 1.0))))
            painter.setBrush(self._theme.colour(face.tone))
            painter.drawRoundedRect(done, radius, radius)

    # --- renaming in the row

    def createEditor(self, parent: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex) -> QWidget | None:
        editor = NameEditor(parent)
        editor.setAccessibleName("Name of the job")
        editor.setMaxLength(200)
        return editor

    def setEditorData(self, editor: QWidget | None, index: QModelIndex) -> None:
        if isinstance(editor, NameEditor) and not editor.is_filled:  # asked again with every change of the row
            editor.setText(str(index.data(Qt.ItemDataRole.EditRole)))
            editor.selectAll()
            editor.is_filled = True

    def setModelData(self, editor: QWidget | None, model: QAbstractItemModel | None, index: QModelIndex) -> None:
        if isinstance(editor, QLineEdit) and model is not None:
            model.setData(index, editor.text())

    def updateEditorGeometry(self, editor: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        if editor is not None:
            area = self.content(option.rect, False)
            height = editor.sizeHint().height()
            line = self._lines(area, option.font, False)[0]
            editor.setGeometry(area.left() - 6, line.center().y() - height // 2, area.width() + 12, height)


class NameEditor(QLineEdit):
    """Edits a name. Keys that the list has a use for are its own meanwhile. is_filled: the old name was put in."""

    is_filled = False

    def event(self, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)


class CellDelegate(QStyledItemDelegate):
    """Cells of the table: the state in its colour, and a bar behind the progress."""

    def __init__(self, theme: Theme, state_column: int, progress_column: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._state, self._progress = state_column, progress_column

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width(), option.fontMetrics.height() + 2 * GRID)

    def initStyleOption(self, option: QStyleOptionViewItem | None, index: QModelIndex) -> None:
        super().initStyleOption(option, index)
        face = index.data(FACE)
        if option is None or not isinstance(face, Face):
            return
        if index.column() == self._state:
            option.text = ""  # painted below: the style sheet would take the colour away from a selected row

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().paint(painter, option, index)
        face = index.data(FACE)
        if painter is None or not isinstance(face, Face):
            return
        painter.save()
        if index.column() == self._state:
            self._paint_state(painter, option, face)
        elif index.column() == self._progress:
            self._paint_progress(painter, option, face)
        painter.restore()

    def _paint_state(self, painter: QPainter, option: QStyleOptionViewItem, face: Face) -> None:
        painter.setPen(self._theme.colour(face.tone))
        area = option.rect.adjusted(GRID, 0, -GRID, 0)
        words = option.fontMetrics.elidedText(f"{face.glyph} {face.word}", Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_progress(self, painter: QPainter, option: QStyleOptionViewItem, face: Face) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        track = QRect(option.rect.left() + GRID, option.rect.bottom() - 6, option.rect.width() - 2 * GRID, TASK_BAR)
        painter.setBrush(self._theme.colour("sunken"))
        painter.drawRoundedRect(track, 1.5, 1.5)
        track.setWidth(round(track.width() * min(face.fraction, 1.0)))
        painter.setBrush(self._theme.colour(face.tone))
        painter.drawRoundedRect(track, 1.5, 1.5)
