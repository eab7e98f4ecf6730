"""Files: what lies in a job's folder, read through the service; open the folder, copy a path, save a copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt, QUrl
from PyQt6.QtGui import QDesktopServices, QGuiApplication
from PyQt6.QtWidgets import QFileDialog, QHBoxLayout, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from vestim_core.spec.errors import VestimError
from vestim_gui.context import Context
from vestim_gui.detail.job_tab import JobTab
from vestim_gui.numbers import several, size
from vestim_gui.store.feed import JobFeed
from vestim_gui.widgets.plain_label import button, plain_label, plain_tip

PATH = Qt.ItemDataRole.UserRole
LEVELS_OPEN = 2


class Files(JobTab):
    """The tree of files with their sizes."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self._workspace: Path | None = None
        self._sizes: dict[str, int] = {}
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("Files of this job")
        self.tree.setHeaderLabels(["Name", "Size"])
        self.tree.setUniformRowHeights(True)
        header = self.tree.header()
        assert header is not None
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.note = plain_label("", "muted", wrap=True)
        self.open = button("Open folder", "plain", self.open_folder)
        self.copy = button("Copy path", "plain", self._copy_path)
        self.save = button("Save a copy...", "plain", self._ask_and_save)
        self.again = button("Refresh", "plain", self._ask)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        for made in (self.open, self.copy, self.save, self.again):
            bar.addWidget(made)
        bar.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(bar)
        layout.addWidget(self.note)
        layout.addWidget(self.tree, 1)
        self.tree.itemSelectionChanged.connect(self._enable)

    def forget(self) -> None:
        """Another job is shown."""
        self.tree.clear()
        self._sizes = {}
        self.note.setText("Reading the list of files...")
        self._enable()

    def refresh(self, changed: set[str], feed: JobFeed) -> None:
        """Ask for the list when a job is opened and when tasks have ended."""
        if changed & {"job opened", "results", "tasks"}:
            self._ask()

    def _ask(self) -> None:
        if self.feed is None:
            return
        feed = self.feed
        self.ctx.link.call("daemon_status", {}, self._take_workspace, lambda _: None, owner=self)
        self.ctx.link.call(
            "list_artifacts",
            {"job_id": feed.job_id},
            lambda answer: self._show(feed, answer["artifacts"]),
            lambda error: self._missing(feed, error),
            owner=self,
        )

    def _take_workspace(self, status: dict[str, Any]) -> None:
        self._workspace = Path(status["workspace"]) if status.get("workspace") else None
        self._enable()

    def _missing(self, feed: JobFeed, error: VestimError) -> None:
        if self.feed is feed:
            self.tree.clear()
            self._sizes = {}
            self.note.setText(f"The files of this job cannot be read: {error.sentence}")
            self._enable()

    def _show(self, feed: JobFeed, artifacts: list[dict[str, Any]]) -> None:
        if self.feed is not feed:
            return
        sizes = {str(artifact["path"]): int(artifact["bytes"]) for artifact in artifacts}
        if not sizes:
            self.tree.clear()
            self._sizes = {}
            self.note.setText("The folder of this job is empty or was deleted. What is shown elsewhere is kept.")
        elif sizes != self._sizes:
            chosen = self.chosen()
            self._sizes = sizes
            self.note.setText(f"{several(len(sizes), 'file')}, {size(sum(sizes.values()))}")
            self._fill(chosen)
        self._enable()

    def _fill(self, chosen: str) -> None:
        self.tree.clear()
        folders: dict[str, QTreeWidgetItem] = {}
        for path, octets in sorted(self._sizes.items()):
            parent = self._folder(folders, path.rpartition("/")[0])
            item = QTreeWidgetItem([path.rpartition("/")[2], size(octets)])
            _place(self.tree, parent, item, path)
            if path == chosen:
                self.tree.setCurrentItem(item)
        self.tree.expandToDepth(LEVELS_OPEN - 1)

    def _folder(self, folders: dict[str, QTreeWidgetItem], path: str) -> QTreeWidgetItem | None:
        if not path:
            return None
        if path not in folders:
            parent = self._folder(folders, path.rpartition("/")[0])
            inside = sum(octets for name, octets in self._sizes.items() if name.startswith(f"{path}/"))
            folders[path] = QTreeWidgetItem([path.rpartition("/")[2], size(inside)])
            _place(self.tree, parent, folders[path], path)
        return folders[path]

    def chosen(self) -> str:
        """Path within the job's folder of what is selected; empty for nothing."""
        items = self.tree.selectedItems()
        return str(items[0].data(0, PATH)) if items else ""

    def folder(self) -> Path | None:
        """The job's folder on this machine; None before the service told where it works."""
        if self.feed is None or self._workspace is None:
            return None
        return self._workspace / "jobs" / self.feed.job_id

    def _enable(self) -> None:
        self.open.setEnabled(self.folder() is not None)
        self.copy.setEnabled(self.folder() is not None)
        self.save.setEnabled(self.chosen() in self._sizes)

    def open_folder(self) -> None:
        """Show the job's folder in the system's file manager, or say in a sentence why not."""
        folder = self.folder()
        if folder is None:
            return
        if not folder.is_dir():
            self.note.setText(f'The folder "{folder}" is not there any more: it was deleted or moved.')
        elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self.note.setText(f'No program opens folders here. The folder is "{folder}".')

    def _copy_path(self) -> None:
        folder, clipboard = self.folder(), QGuiApplication.clipboard()
        if folder is not None and clipboard is not None:
            path = str(folder / self.chosen())
            clipboard.setText(path)
            self.note.setText(f'Copied "{path}".')

    def _ask_and_save(self) -> None:
        chosen = self.chosen()
        path, _ = QFileDialog.getSaveFileName(self, "Save a copy", chosen.rpartition("/")[2])
        if path:
            self.save_copy(chosen, Path(path))

    def save_copy(self, chosen: str, path: Path) -> None:
        """Write the file at `chosen` within the job's folder to `path`."""
        if self.feed is None:
            return

        def write(content: bytes) -> None:
            try:
                path.write_bytes(content)
            except OSError as error:
                self.note.setText(f'"{path}" could not be written: {error.strerror}. Choose another folder.')
            else:
                self.note.setText(f'Saved "{path}".')

        self.note.setText(f"Reading {chosen.rpartition('/')[2]}...")
        self.ctx.link.read_file(
            self.feed.job_id, chosen, write, lambda error: self.note.setText(error.sentence), owner=self
        )


def _place(tree: QTreeWidget, parent: QTreeWidgetItem | None, item: QTreeWidgetItem, path: str) -> None:
    item.setData(0, PATH, path)
    item.setToolTip(0, plain_tip(path))
    item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    if parent is None:
        tree.addTopLevelItem(item)
    else:
        parent.addChild(item)
