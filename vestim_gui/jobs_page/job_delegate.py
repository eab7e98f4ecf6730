"""Paints a job or task in the list: name, state, activity, best error and progress."""

from __future__ import annotations

from PyQt6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPoint, QRect, QSize, Qt
from PyQt6.QtGui import QFont, QFontMetrics, QPainter, QPen
from PyQt6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from vestim_gui.store.job_presenter import JobPresenter
from vestim_gui.store.jobs_model import PRESENTER, TASK_ID
from vestim_gui.theme.theme import Theme

GRID_PX = 8  # the window's spacing unit
GAP_PX = 12  # least distance between the texts at the left and the right
BAR_PX = 5  # height of a job's progress bar
TASK_BAR_PX = 3  # height of a task's progress bar, smaller than a job's
GUTTER_PX = 28
"""Space left of all texts, for the chevron of a job that can be expanded."""
TASK_INDENT_PX = 16  # tasks stand to the right of their job
RADIUS_PX = 6.0  # corners of a row's background


class JobDelegate(QStyledItemDelegate):
    """Rows of two lines and a progress bar. A job with tasks has a chevron; its tasks appear below it, smaller."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        line = option.fontMetrics.height()
        is_task = bool(index.data(TASK_ID))
        return QSize(240, 2 * line + (2 * GRID_PX + TASK_BAR_PX if is_task else 3 * GRID_PX + 12 + BAR_PX))

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        presenter = index.data(PRESENTER)
        if painter is None or not isinstance(presenter, JobPresenter):
            return
        is_task = bool(index.data(TASK_ID))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_background(painter, option)
        area = self.content_rect(option.rect, is_task)
        lines = self._line_rects(area, option.font, is_task)
        if presenter.has_tasks:
            self._paint_chevron(painter, lines[0], bool(option.state & QStyle.StateFlag.State_Open))
        name_font = QFont(option.font)
        name_font.setBold(not is_task)
        self._paint_line(
            painter,
            lines[0],
            (presenter.title, name_font, "text"),
            (f"{presenter.glyph} {presenter.word}", presenter.tone),
            option,
        )
        self._paint_line(
            painter, lines[1], (presenter.text, option.font, "muted"), (presenter.metric_text, "muted"), option
        )
        if not is_task or 0.0 < presenter.fraction < 1.0:
            self._paint_bar(painter, area, presenter, TASK_BAR_PX if is_task else BAR_PX)
        painter.restore()

    def content_rect(self, row: QRect, is_task: bool) -> QRect:
        """Area of a row's texts and bar."""
        indent = GUTTER_PX + (TASK_INDENT_PX if is_task else 0)
        top = 5 if is_task else GRID_PX + 2
        return row.adjusted(indent, top, -(GAP_PX + GRID_PX), -(5 if is_task else GRID_PX + 3))

    def chevron_rect(self, row: QRect) -> QRect:
        """Area in which a click expands a job."""
        area = self.content_rect(row, False)
        return QRect(row.left(), row.top(), area.left() - row.left(), row.height() * 2 // 3)

    def _line_rects(self, area: QRect, font: QFont, is_task: bool) -> list[QRect]:
        height = QFontMetrics(font).height()
        gap = 2 if is_task else 5
        first = QRect(area.left(), area.top(), area.width(), height)
        return [first, first.translated(0, height + gap)]

    def _paint_background(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        area = option.rect.adjusted(6, 2, -6, -2)
        painter.setPen(Qt.PenStyle.NoPen)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setBrush(self._theme.color("selection"))
            painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            hover = self._theme.color("sunken")
            hover.setAlphaF(0.6)
            painter.setBrush(hover)
            painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        if option.state & QStyle.StateFlag.State_HasFocus and option.state & QStyle.StateFlag.State_KeyboardFocusChange:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), RADIUS_PX, RADIUS_PX)

    def _paint_chevron(self, painter: QPainter, line: QRect, is_open: bool) -> None:
        pen = QPen(self._theme.color("muted"), 1.6)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        x, y = line.left() - 10, line.center().y() + 1
        if is_open:
            painter.drawPolyline(QPoint(x - 4, y - 2), QPoint(x, y + 2), QPoint(x + 4, y - 2))
        else:
            painter.drawPolyline(QPoint(x - 2, y - 4), QPoint(x + 2, y), QPoint(x - 2, y + 4))

    def _paint_line(
        self,
        painter: QPainter,
        line: QRect,
        left_part: tuple[str, QFont, str],
        right_part: tuple[str, str],
        option: QStyleOptionViewItem,
    ) -> None:
        """Paint a text at the left, elided so that the one at the right fits. left_part: text, font, tone. right_part:
        text, tone."""
        text, font, left_tone = left_part
        right_text, right_tone = right_part
        available_px = line.width()
        if right_text:
            painter.setFont(option.font)
            painter.setPen(self._theme.color(right_tone))
            width = option.fontMetrics.horizontalAdvance(right_text)
            painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, right_text)
            available_px -= width + GAP_PX
        painter.setFont(font)
        painter.setPen(self._theme.color(left_tone))
        elided_text = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, max(available_px, 0))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided_text)

    def _paint_bar(self, painter: QPainter, area: QRect, presenter: JobPresenter, height: int) -> None:
        track = QRect(area.left(), area.bottom() - height + 1, area.width(), height)
        radius = height / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("sunken"))
        painter.drawRoundedRect(track, radius, radius)
        if presenter.fraction > 0:
            filled = QRect(track)
            filled.setWidth(max(height, round(track.width() * min(presenter.fraction, 1.0))))
            painter.setBrush(self._theme.color(presenter.tone))
            painter.drawRoundedRect(filled, radius, radius)

    # --- renaming in the row

    def createEditor(self, parent: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex) -> QWidget | None:
        editor = NameEditor(parent)
        editor.setAccessibleName("Name of the job")
        editor.setMaxLength(200)
        return editor

    def setEditorData(self, editor: QWidget | None, index: QModelIndex) -> None:
        if isinstance(editor, NameEditor) and not editor.is_filled:  # called again with every change of the row
            editor.setText(str(index.data(Qt.ItemDataRole.EditRole)))
            editor.selectAll()
            editor.is_filled = True

    def setModelData(self, editor: QWidget | None, model: QAbstractItemModel | None, index: QModelIndex) -> None:
        if isinstance(editor, QLineEdit) and model is not None:
            model.setData(index, editor.text())

    def updateEditorGeometry(self, editor: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        if editor is not None:
            area = self.content_rect(option.rect, False)
            height = editor.sizeHint().height()
            line = self._line_rects(area, option.font, False)[0]
            editor.setGeometry(area.left() - 6, line.center().y() - height // 2, area.width() + 12, height)


class NameEditor(QLineEdit):
    """Edits a name and consumes keys that are shortcuts of the list. is_filled: the old name was inserted."""

    is_filled = False

    def event(self, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)


class CellDelegate(QStyledItemDelegate):
    """Cells of the table: the state in its color, and a bar behind the progress."""

    def __init__(self, theme: Theme, state_column: int, progress_column: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._state, self._progress = state_column, progress_column

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width(), option.fontMetrics.height() + 2 * GRID_PX)

    def initStyleOption(self, option: QStyleOptionViewItem | None, index: QModelIndex) -> None:
        super().initStyleOption(option, index)
        presenter = index.data(PRESENTER)
        if option is None or not isinstance(presenter, JobPresenter):
            return
        if index.column() == self._state:
            option.text = ""  # painted below: the style sheet would override its color in a selected row

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().paint(painter, option, index)
        presenter = index.data(PRESENTER)
        if painter is None or not isinstance(presenter, JobPresenter):
            return
        painter.save()
        if index.column() == self._state:
            self._paint_state(painter, option, presenter)
        elif index.column() == self._progress:
            self._paint_progress(painter, option, presenter)
        painter.restore()

    def _paint_state(self, painter: QPainter, option: QStyleOptionViewItem, presenter: JobPresenter) -> None:
        painter.setPen(self._theme.color(presenter.tone))
        area = option.rect.adjusted(GRID_PX, 0, -GRID_PX, 0)
        text = option.fontMetrics.elidedText(
            f"{presenter.glyph} {presenter.word}", Qt.TextElideMode.ElideRight, area.width()
        )
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_progress(self, painter: QPainter, option: QStyleOptionViewItem, presenter: JobPresenter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        track = QRect(
            option.rect.left() + GRID_PX, option.rect.bottom() - 6, option.rect.width() - 2 * GRID_PX, TASK_BAR_PX
        )
        painter.setBrush(self._theme.color("sunken"))
        painter.drawRoundedRect(track, 1.5, 1.5)
        track.setWidth(round(track.width() * min(presenter.fraction, 1.0)))
        painter.setBrush(self._theme.color(presenter.tone))
        painter.drawRoundedRect(track, 1.5, 1.5)
