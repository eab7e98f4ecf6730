"""The Files tab: content of a job's folder, read through the daemon; open the folder, copy a path, save a copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt, QUrl
from PyQt6.QtGui import QDesktopServices, QGuiApplication
from PyQt6.QtWidgets import QFileDialog, QHBoxLayout, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from vestim_core.spec.errors import VestimError
from vestim_gui.context import Context
from vestim_gui.detail.job_tab import JobTab
from vestim_gui.display_numbers import format_quantity, format_size
from vestim_gui.store.feed import JobFeed
from vestim_gui.widgets.plain_label import button, plain_label, plain_tip

PATH_ROLE = Qt.ItemDataRole.UserRole
EXPANDED_LEVELS = 2  # folder levels expanded at first: the top ones and those of the tasks


class FilesTab(JobTab):
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
        self.open_button = button("Open folder", "plain", self.open_folder)
        self.copy_button = button("Copy path", "plain", self._copy_path)
        self.save_button = button("Save a copy...", "plain", self._ask_and_save)
        self.refresh_button = button("Refresh", "plain", self._request_list)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        for action_button in (self.open_button, self.copy_button, self.save_button, self.refresh_button):
            bar.addWidget(action_button)
        bar.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(bar)
        layout.addWidget(self.note)
        layout.addWidget(self.tree, 1)
        self.tree.itemSelectionChanged.connect(self._enable_buttons)

    def clear(self) -> None:
        """Clear the tab for another job."""
        self.tree.clear()
        self._sizes = {}
        self.note.setText("Reading the list of files...")
        self._enable_buttons()

    def refresh(self, changes: set[str], feed: JobFeed) -> None:
        """Request the list when a job is opened and when tasks have changed."""
        if changes & {"job opened", "results", "tasks"}:
            self._request_list()

    def _request_list(self) -> None:
        if self.feed is None:
            return
        feed = self.feed
        self.ctx.link.call("daemon_status", {}, self._set_workspace, lambda _: None, owner=self)
        self.ctx.link.call(
            "list_artifacts",
            {"job_id": feed.job_id},
            lambda reply: self._show_list(feed, reply["artifacts"]),
            lambda error: self._show_error(feed, error),
            owner=self,
        )

    def _set_workspace(self, status: dict[str, Any]) -> None:
        self._workspace = Path(status["workspace"]) if status.get("workspace") else None
        self._enable_buttons()

    def _show_error(self, feed: JobFeed, error: VestimError) -> None:
        if self.feed is feed:
            self.tree.clear()
            self._sizes = {}
            self.note.setText(f"The files of this job cannot be read: {error.message}")
            self._enable_buttons()

    def _show_list(self, feed: JobFeed, artifacts: list[dict[str, Any]]) -> None:
        if self.feed is not feed:
            return
        sizes = {str(artifact["path"]): int(artifact["bytes"]) for artifact in artifacts}
        if not sizes:
            self.tree.clear()
            self._sizes = {}
            self.note.setText("The folder of this job is empty or was deleted. What is shown elsewhere is kept.")
        elif sizes != self._sizes:
            selected_path = self.selected_path()
            self._sizes = sizes
            self.note.setText(f"{format_quantity(len(sizes), 'file')}, {format_size(sum(sizes.values()))}")
            self._fill_tree(selected_path)
        self._enable_buttons()

    def _fill_tree(self, selected_path: str) -> None:
        self.tree.clear()
        folders: dict[str, QTreeWidgetItem] = {}
        for path, byte_count in sorted(self._sizes.items()):
            parent = self._folder_item(folders, path.rpartition("/")[0])
            item = QTreeWidgetItem([path.rpartition("/")[2], format_size(byte_count)])
            _add_item(self.tree, parent, item, path)
            if path == selected_path:
                self.tree.setCurrentItem(item)
        self.tree.expandToDepth(EXPANDED_LEVELS - 1)

    def _folder_item(self, folders: dict[str, QTreeWidgetItem], path: str) -> QTreeWidgetItem | None:
        if not path:
            return None
        if path not in folders:
            parent = self._folder_item(folders, path.rpartition("/")[0])
            byte_count = sum(
                size_in_bytes for name, size_in_bytes in self._sizes.items() if name.startswith(f"{path}/")
            )
            folders[path] = QTreeWidgetItem([path.rpartition("/")[2], format_size(byte_count)])
            _add_item(self.tree, parent, folders[path], path)
        return folders[path]

    def selected_path(self) -> str:
        """Path of the selected item within the job's folder; empty if nothing is selected."""
        items = self.tree.selectedItems()
        return str(items[0].data(0, PATH_ROLE)) if items else ""

    def folder(self) -> Path | None:
        """The job's folder on this machine; None until the daemon has reported its workspace."""
        if self.feed is None or self._workspace is None:
            return None
        return self._workspace / "jobs" / self.feed.job_id

    def _enable_buttons(self) -> None:
        self.open_button.setEnabled(self.folder() is not None)
        self.copy_button.setEnabled(self.folder() is not None)
        self.save_button.setEnabled(self.selected_path() in self._sizes)

    def open_folder(self) -> None:
        """Show the job's folder in the system's file manager, or explain why that is impossible."""
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
            path = str(folder / self.selected_path())
            clipboard.setText(path)
            self.note.setText(f'Copied "{path}".')

    def _ask_and_save(self) -> None:
        selected_path = self.selected_path()
        path, _ = QFileDialog.getSaveFileName(self, "Save a copy", selected_path.rpartition("/")[2])
        if path:
            self.save_copy(selected_path, Path(path))

    def save_copy(self, source: str, path: Path) -> None:
        """Write the file at `source` within the job's folder to `path`."""
        if self.feed is None:
            return

        def write(content: bytes) -> None:
            try:
                path.write_bytes(content)
            except OSError as error:
                self.note.setText(f'"{path}" could not be written: {error.strerror}. Choose another folder.')
            else:
                self.note.setText(f'Saved "{path}".')

        self.note.setText(f"Reading {source.rpartition('/')[2]}...")
        self.ctx.link.read_file(
            self.feed.job_id, source, write, lambda error: self.note.setText(error.message), owner=self
        )


def _add_item(tree: QTreeWidget, parent: QTreeWidgetItem | None, item: QTreeWidgetItem, path: str) -> None:
    item.setData(0, PATH_ROLE, path)
    item.setToolTip(0, plain_tip(path))
    item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    if parent is None:
        tree.addTopLevelItem(item)
    else:
        parent.addChild(item)
