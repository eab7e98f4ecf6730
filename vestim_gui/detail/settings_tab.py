"""Settings: a job's settings as they were asked for, to read, to compare with another job's, and to start from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from vestim_core.spec.errors import VestimError
from vestim_gui.context import Context
from vestim_gui.detail.spec_rows import Difference, Row, differences, spec_rows
from vestim_gui.detail.job_tab import JobTab
from vestim_gui.store.feed import JobFeed
from vestim_gui.widgets.plain_label import button, plain_label, plain_tip

WIDTHS = (240, 260, 220)
MOST_NAMES = 200
"""So many jobs are offered for comparison, the newest first."""


class SettingsTab(JobTab):
    """The settings, or the differences to the job that was picked."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self._spec: dict[str, Any] = {}
        self._compared = ""
        self.rows = QTreeWidget()
        self.rows.setAccessibleName("Settings")
        self.rows.setRootIsDecorated(True)
        self.rows.setUniformRowHeights(True)
        header = self.rows.header()
        assert header is not None
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        self.other = QComboBox()
        self.other.setAccessibleName("Compare with")
        self.other.setMinimumContentsLength(28)
        self.other.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.note = plain_label("", "muted", wrap=True)
        self.duplicate = button("Duplicate with changes...", "plain", self._duplicate)
        words = plain_label("Compare with", "muted")
        words.setBuddy(self.other)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        for widget in (words, self.other):
            bar.addWidget(widget)
        bar.addStretch(1)
        bar.addWidget(self.duplicate)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(bar)
        layout.addWidget(self.note)
        layout.addWidget(self.rows, 1)
        self.other.activated.connect(lambda _: self._compare())
        ctx.theme.changed.connect(self._dress_anew)

    def forget(self) -> None:
        """Another job is shown."""
        self._spec, self._compared = {}, ""
        self.other.clear()
        self.rows.clear()
        self.note.setText("")
        self.duplicate.setEnabled(False)

    def refresh(self, changed: set[str], feed: JobFeed) -> None:
        """Show the settings once they are known; the names of other jobs whenever they may be others."""
        self._offer_jobs(feed)
        if feed.spec == self._spec:
            return
        self._spec = feed.spec
        self.duplicate.setEnabled(bool(self._spec))
        self._compare()

    def _offer_jobs(self, feed: JobFeed) -> None:
        rows = [row for row in self.ctx.jobs.rows() if row["job_id"] != feed.job_id]
        rows.sort(key=lambda row: str(row["created_utc"]), reverse=True)
        names = [("", "no other job"), *((row["job_id"], row["name"] or row["job_id"]) for row in rows[:MOST_NAMES])]
        if [(self.other.itemData(n), self.other.itemText(n)) for n in range(self.other.count())] == names:
            return
        chosen = self.other.currentData()
        self.other.clear()
        for job_id, name in names:
            self.other.addItem(name, job_id)
        self.other.setCurrentIndex(max(self.other.findData(chosen), 0))

    def compare_with(self, job_id: str) -> None:
        """Show what another job has differently."""
        self.other.setCurrentIndex(max(self.other.findData(job_id), 0))
        self._compare()

    def _compare(self) -> None:
        self._compared = str(self.other.currentData() or "")
        if not self._compared:
            self._show_settings()
            return
        other = self._compared
        self.note.setText("Reading the other job's settings...")
        self.ctx.link.call(
            "show_job",
            {"job_id": other, "tasks_limit": 0},
            lambda shown: self._show_differences(other, shown),
            lambda error: self._say(other, error),
            owner=self,
        )

    def _say(self, other: str, error: VestimError) -> None:
        if other == self._compared:
            self.note.setText(error.sentence)

    def _show_settings(self) -> None:
        defaults = "What was not asked for is the default, shown in grey." if self._spec else ""
        self.note.setText(defaults)
        rows = spec_rows(self._spec) if self._spec else []
        self._fill(("Setting", "Value", "Unit"), [_as_line(row) for row in rows])

    def _show_differences(self, other: str, shown: dict[str, Any]) -> None:
        if other != self._compared:
            return
        found = differences(self._spec, shown["spec"])
        name = shown.get("name") or other
        count = f"{len(found)} setting{'s differ' if len(found) != 1 else ' differs'}"
        self.note.setText(f'{count} from "{name}".' if found else f'"{name}" has the same settings.')
        self._fill(("Setting", "This job", str(name)), [_as_difference(difference) for difference in found])

    def _fill(self, heads: Sequence[str], lines: Sequence[tuple[str, str, tuple[str, ...], str, bool]]) -> None:
        """lines: group, section, cells, help, and whether it was asked for."""
        self.rows.clear()
        self.rows.setHeaderLabels(list(heads))
        groups: dict[tuple[str, ...], QTreeWidgetItem] = {}
        for group, section, cells, words, asked in lines:
            place = self._group(groups, (group,))
            if section and section != group:
                place = self._group(groups, (group, section))
            item = QTreeWidgetItem(place, list(cells))
            for column, cell in enumerate(cells):
                item.setToolTip(column, plain_tip(words if column == 0 else cell))
                if not asked:
                    item.setForeground(column, QColor(self.ctx.theme.tokens.muted))
        self.rows.expandAll()
        for column, width in enumerate(WIDTHS[: len(heads) - 1]):
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

    def _dress_anew(self) -> None:
        if self.feed is not None and self._spec:
            self._compare()

    def _duplicate(self) -> None:
        if self._spec:
            self.ctx.navigate.new_job.emit(self._spec, "")


def _as_line(row: Row) -> tuple[str, str, tuple[str, ...], str, bool]:
    return row.group, row.section, (row.label, row.value, row.unit), row.help, row.asked


def _as_difference(difference: Difference) -> tuple[str, str, tuple[str, ...], str, bool]:
    unit = f" / {difference.unit}" if difference.unit else ""
    cells = (difference.label + unit, difference.this, difference.other)
    return difference.group, difference.section, cells, "", True
