"""Dialogs about jobs: tags and note, and confirmation before jobs are stopped or deleted permanently."""

from __future__ import annotations

from typing import Any

from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import plain_label

MAX_TAG_LENGTH = 60  # characters, as many as the daemon accepts
MAX_NOTE_LENGTH = 20_000  # characters, as many as the daemon accepts
Row = dict[str, Any]


def parse_tags(text: str) -> list[str]:
    """Tags from comma-separated text; each once, in their order."""
    return list(dict.fromkeys(tag.strip()[:MAX_TAG_LENGTH] for tag in text.split(",") if tag.strip()))


class TagsDialog(QDialog):
    """Tags of one or several jobs, and the note of a single one. Tags that only some of the jobs have are left
    alone."""

    def __init__(self, rows: list[Row], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._common = [tag for tag in rows[0]["tags"] if all(tag in row["tags"] for row in rows)]
        is_single = len(rows) == 1
        self.setWindowTitle("Tags and note" if is_single else f"Tags of {len(rows)} jobs")
        self.setMinimumWidth(420)
        self.tags = QLineEdit(", ".join(self._common))
        self.tags.setPlaceholderText("cell 7, winter")
        self.tags.setAccessibleName("Tags, with commas between them")
        self.note = QPlainTextEdit(rows[0]["note"] if is_single else "")
        self.note.setAccessibleName("Note")
        self.note.setTabChangesFocus(True)
        self.note.setVisible(is_single)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(plain_label(rows[0]["name"] if is_single else f"{len(rows)} jobs", "heading", wrap=True))
        layout.addWidget(plain_label("Tags, with commas between them", "muted", wrap=True))
        layout.addWidget(self.tags)
        if is_single:
            layout.addWidget(plain_label("Note", "muted", wrap=True))
        layout.addWidget(self.note)
        layout.addWidget(_buttons(self, "Save"))

    def changes(self) -> tuple[list[str], list[str], str]:
        """Tags to add, tags to remove, and the note."""
        tags = parse_tags(self.tags.text())
        added_tags = [tag for tag in tags if tag not in self._common]
        removed_tags = [tag for tag in self._common if tag not in tags]
        return added_tags, removed_tags, self.note.toPlainText()[:MAX_NOTE_LENGTH]


class DeleteDialog(QDialog):
    """Deleting is permanent, so the user types the name, or the number of jobs if there are several."""

    def __init__(self, rows: list[Row], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        is_single = len(rows) == 1
        self.expected_text = rows[0]["name"] if is_single else str(len(rows))
        self.setWindowTitle("Delete for ever")
        self.setMinimumWidth(420)
        subject = f'"{rows[0]["name"]}" and its folder' if is_single else f"{len(rows)} jobs and their folders"
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the job" if is_single else "Number of jobs")
        buttons = _buttons(self, "Delete for ever", kind="danger")
        self.delete_button = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.name.textChanged.connect(self._update_button)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(
            plain_label(f"{subject} will be deleted: models, curves and predictions. This cannot be undone.", wrap=True)
        )
        layout.addWidget(
            plain_label("Type the name to go on:" if is_single else "Type how many jobs to go on:", "muted", wrap=True)
        )
        layout.addWidget(self.name)
        layout.addWidget(buttons)
        self._update_button("")

    def _update_button(self, text: str) -> None:
        if self.delete_button is not None:
            self.delete_button.setEnabled(text.strip() == self.expected_text.strip())


class StopDialog(QDialog):
    """Confirms that all jobs are to be stopped."""

    def __init__(self, count: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Stop all jobs")
        self.setMinimumWidth(420)
        jobs = "The job that is under way ends" if count == 1 else f"The {count} jobs that are under way end"
        layout = QVBoxLayout(self)
        layout.setSpacing(16)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(plain_label(f"{jobs} after the running batch, keep their best model and test it.", wrap=True))
        layout.addWidget(_buttons(self, "Stop all jobs", kind="danger"))


def _buttons(dialog: QDialog, ok: str, kind: str = "primary") -> QDialogButtonBox:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
    accept = buttons.button(QDialogButtonBox.StandardButton.Ok)
    reject = buttons.button(QDialogButtonBox.StandardButton.Cancel)
    if accept is not None and reject is not None:
        accept.setText(ok)
        set_kind(accept, kind)
        set_kind(reject, "plain")
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    return buttons
