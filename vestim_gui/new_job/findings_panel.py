"""FindingsPanel: findings in the data files as sentences, with buttons for what can be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from vestim_gui.new_job.job_data_files import (
    ROLE_TITLES,
    SEVERITIES,
    FileRow,
    Record,
    accept_record,
    find_repair,
    is_shared_content,
    missing_columns_message,
    repair_label,
    repair_record,
    similar_findings,
)
from vestim_gui.widgets.plain_label import button, plain_label

MAX_FINDINGS = 40  # blocks of widgets; more would slow the page down
_SIGNS = {"error": ("!", "error"), "warning": ("▲", "warn"), "info": ("i", "muted")}
Action = tuple[str, Callable[[], object]]


class FindingsPanel(QWidget):
    """Lists findings and reports clicks on their buttons; it changes nothing itself.

    repairs_requested: entries to add to `data.repairs`. repairs_removed: entries to remove. removal_requested: a file
    to remove from the job. rows_requested: a file and a finding whose rows to show. columns_requested: a file whose
    columns to assign.
    """

    repairs_requested = pyqtSignal(object)
    repairs_removed = pyqtSignal(object)
    removal_requested = pyqtSignal(object)
    rows_requested = pyqtSignal(object, object)
    columns_requested = pyqtSignal(object)

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

    def show_files(self, selected_rows: Sequence[FileRow], rows: Sequence[FileRow], repairs: Any) -> None:
        """Show the findings of `selected_rows`. rows: all files. repairs: those in the document."""
        for block in self._blocks:
            self._list.removeWidget(block)
            block.setParent(None)
            block.deleteLater()
        self._blocks = []
        for row in selected_rows:
            self._show_file_problem(row)
        findings = [(row, finding) for row in selected_rows if not row.error for finding in row.findings]
        findings.sort(key=lambda pair: SEVERITIES.index(pair[1]["severity"]))
        for row, finding in findings[:MAX_FINDINGS]:
            self._show_finding(row, finding, rows, repairs)
        if len(findings) > MAX_FINDINGS:
            hidden_count = len(findings) - MAX_FINDINGS
            self._add_block("muted", "…", f"and {hidden_count} more: choose a file to see its own.", [])
        checked = [row for row in selected_rows if row.state == "checked"]
        if checked and not self._blocks:
            self._add_block("ok", "✓", "Nothing to complain about.", [])
        title = "Checks" if len(selected_rows) != 1 else f"Checks of {selected_rows[0].name}"
        self.heading.setText(title)
        self.setVisible(bool(self._blocks))

    def messages(self) -> list[str]:
        """The messages shown."""
        return [block.accessibleName() for block in self._blocks]

    def _show_file_problem(self, row: FileRow) -> None:
        remove_action: Action = ("Leave the file out", partial(self.removal_requested.emit, row))
        if row.error:
            self._add_block("error", "!", row.error, [remove_action])
        elif row.missing:
            choose_action: Action = ("Choose...", partial(self.columns_requested.emit, row))
            self._add_block(
                "error", "!", missing_columns_message(row), [choose_action, ("Skip file", remove_action[1])]
            )

    def _show_finding(self, row: FileRow, finding: Record, rows: Sequence[FileRow], repairs: Any) -> None:
        sign, tone = _SIGNS[finding["severity"]]
        if (existing_repair := find_repair(row, finding, repairs)) is not None:
            label = "kept as it is" if existing_repair["repair"]["kind"] == "accept" else "will be repaired"
            undo_action: Action = ("Undo", partial(self.repairs_removed.emit, [existing_repair]))
            self._add_block("ok", "✓", f"{finding['message']} ({label})", [undo_action])
            return
        actions: list[Action] = []
        if is_shared_content(finding) and row.entry.role != "train":
            label = f"Remove from {ROLE_TITLES[row.entry.role].lower()}"
            actions.append((label, partial(self.removal_requested.emit, row)))
        if label := repair_label(finding):
            matches = similar_findings(finding, rows)
            actions.append((label, partial(self.repairs_requested.emit, [repair_record(row, finding["repair"])])))
            if len(matches) > 1:
                all_repairs = [
                    repair_record(other_row, other_finding["repair"]) for other_row, other_finding in matches
                ]
                actions.append(
                    (f"{label} in these {len(matches)} files", partial(self.repairs_requested.emit, all_repairs))
                )
        if finding["severity"] == "error":
            actions.append(("Keep", partial(self.repairs_requested.emit, [accept_record(row, finding)])))
        if finding.get("rows"):
            actions.append(("Show", partial(self.rows_requested.emit, row, finding)))
        self._add_block(tone, sign, str(finding["message"]), actions)

    def _add_block(self, tone: str, sign: str, message: str, actions: Sequence[Action]) -> None:
        block = QWidget()
        block.setAccessibleName(message)
        sign_label = plain_label(sign, tone)
        sign_label.setFixedWidth(16)
        message_label = plain_label(message, wrap=True)
        message_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for text, callback in actions:
            push_button = button(text, "link", callback)
            push_button.setAccessibleDescription(message)
            buttons.addWidget(push_button)
        buttons.addStretch(1)
        text_column = QVBoxLayout()
        text_column.setSpacing(0)
        text_column.addWidget(message_label)
        if actions:
            text_column.addLayout(buttons)
        row = QHBoxLayout(block)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(sign_label, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(text_column, 1)
        self._blocks.append(block)
        self._list.addWidget(block)
