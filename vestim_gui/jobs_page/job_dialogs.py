"""Small questions about jobs: tags and note, and the name before something is deleted for ever."""

from __future__ import annotations

from typing import Any

from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import plain_label

MOST_TAG = 60
MOST_NOTE = 20_000
Row = dict[str, Any]


def tags_of(text: str) -> list[str]:
    """Tags as they are typed, with commas between them; each once, in their order."""
    return list(dict.fromkeys(tag.strip()[:MOST_TAG] for tag in text.split(",") if tag.strip()))


class TagsDialog(QDialog):
    """Tags of one job or of several, and the note of one. Tags that only some of the jobs bear are left alone."""

    def __init__(self, rows: list[Row], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._common = [tag for tag in rows[0]["tags"] if all(tag in row["tags"] for row in rows)]
        one = len(rows) == 1
        self.setWindowTitle("Tags and note" if one else f"Tags of {len(rows)} jobs")
        self.setMinimumWidth(420)
        self.tags = QLineEdit(", ".join(self._common))
        self.tags.setPlaceholderText("cell 7, winter")
        self.tags.setAccessibleName("Tags, with commas between them")
        self.note = QPlainTextEdit(rows[0]["note"] if one else "")
        self.note.setAccessibleName("Note")
        self.note.setTabChangesFocus(True)
        self.note.setVisible(one)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(plain_label(rows[0]["name"] if one else f"{len(rows)} jobs", "heading", wrap=True))
        layout.addWidget(plain_label("Tags, with commas between them", "muted", wrap=True))
        layout.addWidget(self.tags)
        if one:
            layout.addWidget(plain_label("Note", "muted", wrap=True))
        layout.addWidget(self.note)
        layout.addWidget(_buttons(self, "Save"))

    def change(self) -> tuple[list[str], list[str], str]:
        """Tags to add, tags to take away, and the note."""
        wanted = tags_of(self.tags.text())
        added = [tag for tag in wanted if tag not in self._common]
        removed = [tag for tag in self._common if tag not in wanted]
        return added, removed, self.note.toPlainText()[:MOST_NOTE]


class DeleteDialog(QDialog):
    """Deleting is for ever, so the name is asked for; of several jobs, how many they are."""

    def __init__(self, rows: list[Row], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        one = len(rows) == 1
        self.wanted = rows[0]["name"] if one else str(len(rows))
        self.setWindowTitle("Delete for ever")
        self.setMinimumWidth(420)
        what = f'"{rows[0]["name"]}" and its folder' if one else f"{len(rows)} jobs and their folders"
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the job" if one else "Number of jobs")
        buttons = _buttons(self, "Delete for ever", kind="danger")
        self.delete_button = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.name.textChanged.connect(self._compare)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(
            plain_label(f"{what} will be deleted: models, curves and predictions. This cannot be undone.", wrap=True)
        )
        layout.addWidget(
            plain_label("Type the name to go on:" if one else "Type how many jobs to go on:", "muted", wrap=True)
        )
        layout.addWidget(self.name)
        layout.addWidget(buttons)
        self._compare("")

    def _compare(self, typed: str) -> None:
        if self.delete_button is not None:
            self.delete_button.setEnabled(typed.strip() == self.wanted.strip())


class StopDialog(QDialog):
    """Whether all jobs are to be stopped."""

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
