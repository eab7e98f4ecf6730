"""The Settings tab: a job's settings as submitted, to read, to compare with another job's, and to start from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from vestim_core.spec.errors import VestimError
from vestim_gui.context import Context
from vestim_gui.detail.job_tab import JobTab
from vestim_gui.detail.spec_rows import Difference, Row, differences, spec_rows
from vestim_gui.store.feed import JobFeed
from vestim_gui.widgets.plain_label import button, plain_label, plain_tip

COLUMN_WIDTHS_PX = (240, 260, 220)  # initial
MAX_JOBS_LISTED = 200
"""Number of jobs listed for comparison, newest first."""


class SettingsTab(JobTab):
    """The settings, or their differences from the job that was selected."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self._spec: dict[str, Any] = {}
        self._compared_id = ""
        self.rows = QTreeWidget()
        self.rows.setAccessibleName("Settings")
        self.rows.setRootIsDecorated(True)
        self.rows.setUniformRowHeights(True)
        header = self.rows.header()
        assert header is not None
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        self.comparison_box = QComboBox()
        self.comparison_box.setAccessibleName("Compare with")
        self.comparison_box.setMinimumContentsLength(28)
        self.comparison_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.note = plain_label("", "muted", wrap=True)
        self.duplicate = button("Duplicate with changes...", "plain", self._duplicate)
        label = plain_label("Compare with", "muted")
        label.setBuddy(self.comparison_box)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        for widget in (label, self.comparison_box):
            bar.addWidget(widget)
        bar.addStretch(1)
        bar.addWidget(self.duplicate)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(bar)
        layout.addWidget(self.note)
        layout.addWidget(self.rows, 1)
        self.comparison_box.activated.connect(lambda _: self._compare())
        ctx.theme.changed.connect(self._refill)

    def clear(self) -> None:
        """Clear the tab for another job."""
        self._spec, self._compared_id = {}, ""
        self.comparison_box.clear()
        self.rows.clear()
        self.note.setText("")
        self.duplicate.setEnabled(False)

    def refresh(self, changes: set[str], feed: JobFeed) -> None:
        """Show the settings once they are known, and update the names of other jobs."""
        self._list_jobs(feed)
        if feed.spec == self._spec:
            return
        self._spec = feed.spec
        self.duplicate.setEnabled(bool(self._spec))
        self._compare()

    def _list_jobs(self, feed: JobFeed) -> None:
        rows = [row for row in self.ctx.jobs.rows() if row["job_id"] != feed.job_id]
        rows.sort(key=lambda row: str(row["created_utc"]), reverse=True)
        names = [
            ("", "no other job"),
            *((row["job_id"], row["name"] or row["job_id"]) for row in rows[:MAX_JOBS_LISTED]),
        ]
        if [
            (self.comparison_box.itemData(index), self.comparison_box.itemText(index))
            for index in range(self.comparison_box.count())
        ] == names:
            return
        selected_id = self.comparison_box.currentData()
        self.comparison_box.clear()
        for job_id, name in names:
            self.comparison_box.addItem(name, job_id)
        self.comparison_box.setCurrentIndex(max(self.comparison_box.findData(selected_id), 0))

    def compare_with(self, job_id: str) -> None:
        """Show the differences from another job."""
        self.comparison_box.setCurrentIndex(max(self.comparison_box.findData(job_id), 0))
        self._compare()

    def _compare(self) -> None:
        self._compared_id = str(self.comparison_box.currentData() or "")
        if not self._compared_id:
            self._show_settings()
            return
        other_id = self._compared_id
        self.note.setText("Reading the other job's settings...")
        self.ctx.link.call(
            "show_job",
            {"job_id": other_id, "tasks_limit": 0},
            lambda details: self._show_differences(other_id, details),
            lambda error: self._show_error(other_id, error),
            owner=self,
        )

    def _show_error(self, other_id: str, error: VestimError) -> None:
        if other_id == self._compared_id:
            self.note.setText(error.message)

    def _show_settings(self) -> None:
        note = "What was not asked for is the default, shown in gray." if self._spec else ""
        self.note.setText(note)
        rows = spec_rows(self._spec) if self._spec else []
        self._fill(("Setting", "Value", "Unit"), [_row_line(row) for row in rows])

    def _show_differences(self, other_id: str, details: dict[str, Any]) -> None:
        if other_id != self._compared_id:
            return
        found_differences = differences(self._spec, details["spec"])
        name = details.get("name") or other_id
        count = f"{len(found_differences)} setting{'s differ' if len(found_differences) != 1 else ' differs'}"
        self.note.setText(f'{count} from "{name}".' if found_differences else f'"{name}" has the same settings.')
        self._fill(
            ("Setting", "This job", str(name)), [_difference_line(difference) for difference in found_differences]
        )

    def _fill(self, titles: Sequence[str], lines: Sequence[tuple[str, str, tuple[str, ...], str, bool]]) -> None:
        """Fill the tree. lines: group, section, cells, help, and True if the document sets it."""
        self.rows.clear()
        self.rows.setHeaderLabels(list(titles))
        groups: dict[tuple[str, ...], QTreeWidgetItem] = {}
        for group, section, cells, help_text, is_explicit in lines:
            parent_item = self._group(groups, (group,))
            if section and section != group:
                parent_item = self._group(groups, (group, section))
            item = QTreeWidgetItem(parent_item, list(cells))
            for column, cell in enumerate(cells):
                item.setToolTip(column, plain_tip(help_text if column == 0 else cell))
                if not is_explicit:
                    item.setForeground(column, QColor(self.ctx.theme.tokens.muted))
        self.rows.expandAll()
        for column, width in enumerate(COLUMN_WIDTHS_PX[: len(titles) - 1]):
            self.rows.setColumnWidth(column, width)

    def _group(self, groups: dict[tuple[str, ...], QTreeWidgetItem], path: tuple[str, ...]) -> QTreeWidgetItem:
        if path not in groups:
            item = QTreeWidgetItem([path[-1]])
            font = item.font(0)
            font.setBold(True)
            item.setFont(0, font)
            if len(path) > 1:
                groups[path[:-1]].addChild(item)
            else:
                self.rows.addTopLevelItem(item)
            groups[path] = item
        return groups[path]

    def _refill(self) -> None:
        if self.feed is not None and self._spec:
            self._compare()

    def _duplicate(self) -> None:
        if self._spec:
            self.ctx.navigate.new_job.emit(self._spec, "")


def _row_line(row: Row) -> tuple[str, str, tuple[str, ...], str, bool]:
    return row.group, row.section, (row.label, row.value, row.unit), row.help, row.is_explicit


def _difference_line(difference: Difference) -> tuple[str, str, tuple[str, ...], str, bool]:
    unit = f" / {difference.unit}" if difference.unit else ""
    cells = (difference.label + unit, difference.this_value, difference.other_value)
    return difference.group, difference.section, cells, "", True
