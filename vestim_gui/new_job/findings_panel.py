"""FindingsPanel: what was found in the files as sentences, each with what can be done about it as buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from vestim_gui.new_job.data_files import (
    ROLE_TITLES,
    SEVERITIES,
    FileRow,
    Record,
    accepted,
    answered,
    is_shared,
    missing_sentence,
    repair_record,
    repair_words,
    same_trouble,
)
from vestim_gui.widgets.plain_label import button, plain_label

MOST = 40
_SIGNS = {"error": ("!", "error"), "warning": ("▲", "warn"), "info": ("i", "muted")}
Act = tuple[str, Callable[[], object]]


class FindingsPanel(QWidget):
    """repairs_wanted: entries to add to `data.repairs`. repairs_dropped: entries to take out. left_out: a file to be
    taken out of the job. rows_wanted: a file and a finding whose rows are to be seen. columns_wanted: a file whose
    columns are to be named."""

    repairs_wanted = pyqtSignal(object)
    repairs_dropped = pyqtSignal(object)
    left_out = pyqtSignal(object)
    rows_wanted = pyqtSignal(object, object)
    columns_wanted = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = plain_label("", "heading")
        self._blocks: list[QWidget] = []
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.heading)
        layout.addLayout(self._list)
        layout.addStretch(1)

    def show_files(self, shown: Sequence[FileRow], rows: Sequence[FileRow], repairs: Any) -> None:
        """Show what was found in some of the files. rows: all files. repairs: those that the document has."""
        for block in self._blocks:
            self._list.removeWidget(block)
            block.setParent(None)
            block.deleteLater()
        self._blocks = []
        for row in shown:
            self._show_unusable(row)
        found = [(row, finding) for row in shown if not row.error for finding in row.findings]
        found.sort(key=lambda pair: SEVERITIES.index(pair[1]["severity"]))
        for row, finding in found[:MOST]:
            self._show_finding(row, finding, rows, repairs)
        if len(found) > MOST:
            self._add("muted", "…", f"and {len(found) - MOST} more: choose a file to see its own.", [])
        checked = [row for row in shown if row.state == "checked"]
        if checked and not self._blocks:
            self._add("ok", "✓", "Nothing to complain about.", [])
        title = "Checks" if len(shown) != 1 else f"Checks of {shown[0].name}"
        self.heading.setText(title)
        self.setVisible(bool(self._blocks))

    def sentences(self) -> list[str]:
        """What is said now."""
        return [block.accessibleName() for block in self._blocks]

    def _show_unusable(self, row: FileRow) -> None:
        leave: Act = ("Leave the file out", partial(self.left_out.emit, row))
        if row.error:
            self._add("error", "!", row.error, [leave])
        elif row.missing:
            choose: Act = ("Choose...", partial(self.columns_wanted.emit, row))
            self._add("error", "!", missing_sentence(row), [choose, ("Skip file", leave[1])])

    def _show_finding(self, row: FileRow, finding: Record, rows: Sequence[FileRow], repairs: Any) -> None:
        sign, tone = _SIGNS[finding["severity"]]
        if (given := answered(row, finding, repairs)) is not None:
            words = "kept as it is" if given["repair"]["kind"] == "accept" else "will be repaired"
            undo: Act = ("Undo", partial(self.repairs_dropped.emit, [given]))
            self._add("ok", "✓", f"{finding['sentence']} ({words})", [undo])
            return
        actions: list[Act] = []
        if is_shared(finding) and row.entry.role != "train":
            words = f"Remove from {ROLE_TITLES[row.entry.role].lower()}"
            actions.append((words, partial(self.left_out.emit, row)))
        if words := repair_words(finding):
            alike = same_trouble(finding, rows)
            actions.append((words, partial(self.repairs_wanted.emit, [repair_record(row, finding["repair"])])))
            if len(alike) > 1:
                every = [repair_record(other, one["repair"]) for other, one in alike]
                actions.append((f"{words} in these {len(alike)} files", partial(self.repairs_wanted.emit, every)))
        if finding["severity"] == "error":
            actions.append(("Keep", partial(self.repairs_wanted.emit, [accepted(row, finding)])))
        if finding.get("rows"):
            actions.append(("Show", partial(self.rows_wanted.emit, row, finding)))
        self._add(tone, sign, str(finding["sentence"]), actions)

    def _add(self, tone: str, sign: str, sentence: str, actions: Sequence[Act]) -> None:
        block = QWidget()
        block.setAccessibleName(sentence)
        mark = plain_label(sign, tone)
        mark.setFixedWidth(16)
        words = plain_label(sentence, wrap=True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for text, act in actions:
            made = button(text, "link", act)
            made.setAccessibleDescription(sentence)
            buttons.addWidget(made)
        buttons.addStretch(1)
        inside = QVBoxLayout()
        inside.setSpacing(0)
        inside.addWidget(words)
        if actions:
            inside.addLayout(buttons)
        row = QHBoxLayout(block)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(inside, 1)
        self._blocks.append(block)
        self._list.addWidget(block)
