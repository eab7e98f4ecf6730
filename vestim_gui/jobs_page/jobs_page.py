"""The jobs page: a list or a table of jobs beside the detail of the current one. The user's choices are restored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PyQt6.QtCore import QPoint, Qt, QTimer
from PyQt6.QtGui import QGuiApplication, QShowEvent
from PyQt6.QtWidgets import (
    QApplication,
    QDialog,
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vestim_core.spec.states import TERMINAL_JOB_STATES, JobState
from vestim_gui.actions import ShortcutScope
from vestim_gui.context import Context
from vestim_gui.jobs_page import verbs as job_verbs
from vestim_gui.jobs_page.filter_field import FilterField
from vestim_gui.jobs_page.job_dialogs import DeleteDialog, StopDialog, TagsDialog
from vestim_gui.jobs_page.jobs_view import JobsView
from vestim_gui.jobs_page.list_view import ListView
from vestim_gui.jobs_page.table_view import TableView
from vestim_gui.jobs_page.verbs import Verbs
from vestim_gui.link.link_state import LinkPhase
from vestim_gui.store.job_filter import Filter
from vestim_gui.store.jobs_model import QUEUE_STATES, JobsModel
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import button, plain_label

if TYPE_CHECKING:
    from vestim_gui.detail.detail_page import DetailPage
    from vestim_gui.detail.lazy_detail import LazyDetailPage
    from vestim_gui.first_run.empty_state import EmptyState

LIST_WIDTH_PX = 356  # width of the list at first; arbitrary, any value from 300 to 450 works
FILTER_WIDTH_PX = 360  # most width of the filter field; arbitrary, any value from 250 to 500 works


class JobsPage(QWidget):
    """List, table and filter of all jobs. detail: shows the current job. empty: shown instead while there are no jobs
    at all."""

    def __init__(
        self, ctx: Context, detail: DetailPage | LazyDetailPage, empty: EmptyState, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._detail = detail
        self._empty = empty
        self._current_job_id = ""
        self._enable_timer = QTimer(self)
        self._enable_timer.setSingleShot(True)
        self.model = JobsModel(ctx.jobs, ctx.link, self)
        self.list = ListView(self.model, ctx.theme, self)
        self.table = TableView(self.model, ctx.theme, self)
        self.verbs = Verbs(ctx, self.model, self._selected_ids, self)
        self._build()
        self._restore()
        self._connect()
        self._update_empty_state()

    # --- public interface

    @property
    def view(self) -> JobsView:
        """The visible view: list or table."""
        return self.table if self._views.currentWidget() is self.table else self.list

    def show_job(self, job_id: str, tab: str = "") -> None:
        """Make a job current and show it; a filter that hides it is cleared."""
        if not self.model.index_of(job_id).isValid() and self._ctx.jobs.row(job_id) is not None:
            self._clear_filter()
            row = self._ctx.jobs.row(job_id)
            if row is not None and row["archived"]:
                self.archived.setChecked(True)
        self.view.select_jobs([job_id], job_id)
        self.view.setFocus()
        self._show_detail(job_id, tab)

    def open_current(self) -> None:
        """Open the current job; one that needs input is opened where that input is given."""
        if job_id := self.view.current_job:
            self._open_job(job_id, self.view.current_task)

    def focus_filter(self) -> None:
        """Move the focus to the filter."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def close_page(self) -> None:
        """Stop following jobs."""
        self.model.close()

    # --- building

    def _build(self) -> None:
        self.filter = FilterField(self._ctx.jobs.rows)
        self.filter.setMinimumWidth(FILTER_WIDTH_PX // 3)
        self.filter.setMaximumWidth(FILTER_WIDTH_PX)
        self.new_button = button("New job   Ctrl+N", "primary", lambda: self._ctx.navigate.new_job.emit(None, ""))
        self.new_button.setAccessibleName("New job")
        self.note = plain_label("", "error", wrap=True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._views = QStackedWidget()
        self._no_match_panel = self._build_no_match_panel()
        for widget in (self.list, self.table, self._no_match_panel):
            self._views.addWidget(widget)
        panel = QWidget()
        content = QVBoxLayout(panel)
        content.setContentsMargins(0, 0, 0, 0)
        content.setSpacing(0)
        content.addWidget(self._views)
        content.addWidget(self._build_footer())
        self.splitter = QSplitter()
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(14)
        self.splitter.addWidget(panel)
        self.splitter.addWidget(self._detail)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([LIST_WIDTH_PX, 3 * LIST_WIDTH_PX])
        self._body = QStackedWidget()
        self._body.addWidget(self.splitter)
        self._body.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.setSpacing(8)
        layout.addLayout(self._build_header())
        layout.addWidget(self._body, 1)

    def _build_header(self) -> QHBoxLayout:
        self.list_button = _view_button("Show jobs as a list")
        self.table_button = _view_button("Show jobs as a table")
        header = QHBoxLayout()
        header.setSpacing(8)
        header.addWidget(plain_label("Jobs", "title"))
        header.addWidget(self.note, 1)
        header.addWidget(self.filter, FILTER_WIDTH_PX)
        for widget in (self.list_button, self.table_button, self.new_button):
            header.addWidget(widget)
        return header

    def _build_footer(self) -> QWidget:
        self.archived = QPushButton("Show archived")
        self.archived.setCheckable(True)
        set_kind(self.archived, "link")
        self.count = plain_label("", "muted")
        footer = QWidget()
        row = QHBoxLayout(footer)
        row.setContentsMargins(14, 2, 8, 4)
        row.addWidget(self.count)
        row.addStretch(1)
        row.addWidget(self.archived)
        return footer

    def _build_no_match_panel(self) -> QWidget:
        panel = QFrame()
        set_kind(panel, "card")
        content = QVBoxLayout(panel)
        content.addStretch(1)
        label = plain_label("No job fits the filter.", "muted")
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        content.addWidget(label)
        content.addWidget(
            button("Clear the filter", "link", self._clear_filter), alignment=Qt.AlignmentFlag.AlignCenter
        )
        content.addStretch(2)
        return panel

    def _connect(self) -> None:
        ctx = self._ctx
        self.filter.filter_changed.connect(self._apply_filter)
        self.filter.error_changed.connect(self._show_filter_error)
        self.filter.returnPressed.connect(self._focus_list)
        self.list_button.clicked.connect(lambda: self._show_view(self.list))
        self.table_button.clicked.connect(lambda: self._show_view(self.table))
        self.archived.toggled.connect(self._show_archived)
        self.table.layout_changed.connect(lambda: ctx.session.put("jobs.table", self.table.layout_values()))
        self.splitter.splitterMoved.connect(lambda *_: self._save_splitter())
        self.model.counted.connect(lambda _: self._update_empty_state())
        for view in (self.list, self.table):
            view.current_job_changed.connect(self._on_current_job_changed)
            view.job_opened.connect(self._open_job)
            view.customContextMenuRequested.connect(self._show_menu)
            ctx.actions.attach(ShortcutScope.LIST, view)
            view.selection_changed.connect(self._enable_timer.start)
        ctx.jobs.changed.connect(self._jobs_changed)
        ctx.jobs.removed.connect(self._jobs_changed)
        ctx.jobs.reset.connect(self._update_empty_state)
        ctx.link.state_changed.connect(lambda _: self._update_empty_state())
        self.verbs.undo_changed.connect(lambda _: self._enable_actions())
        self._enable_timer.timeout.connect(self._enable_actions)
        ctx.navigate.open_job.connect(self.show_job)
        self._handlers = self._create_handlers()
        for handler in self._handlers:
            ctx.actions.add_handler(handler.action, handler.run, self)
        ctx.theme.changed.connect(self._apply_icons)
        self._apply_icons()

    def _restore(self) -> None:
        session = self._ctx.session
        self.table.set_layout_values(session.get("jobs.table", {}))
        self.filter.setText(str(session.get("jobs.filter", "")))
        self.archived.setChecked(session.get("jobs.archived", False) is True)
        self.model.set_archived_shown(self.archived.isChecked())
        self._show_view(self.table if session.get("jobs.view", "list") == "table" else self.list)
        self._restored_job_id = str(session.get("jobs.selected", ""))

    # --- events

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self._enable_actions()
        if self.splitter.isVisible() and not self.isAncestorOf(QApplication.focusWidget()):
            self.view.setFocus()

    def _show_view(self, view: JobsView) -> None:
        selected, current = self.view.selected_jobs(), self.view.current_job
        is_table = view is self.table
        view.attach_model()
        self._views.setCurrentWidget(view)
        view.select_jobs(selected, current)
        self.list_button.setChecked(not is_table)
        self.table_button.setChecked(is_table)
        self.splitter.setOrientation(Qt.Orientation.Vertical if is_table else Qt.Orientation.Horizontal)
        name = "table" if is_table else "list"
        self._ctx.session.put("jobs.view", name)
        sizes: list[int] = self._ctx.session.get(f"jobs.splitter.{name}", [])
        self.splitter.setSizes(
            sizes if _is_sizes(sizes) else [240, 560] if is_table else [LIST_WIDTH_PX, 3 * LIST_WIDTH_PX]
        )

    def _show_and_focus(self, view: JobsView) -> None:
        self._show_view(view)
        view.setFocus()

    def _apply_icons(self) -> None:
        self.list_button.setIcon(self._ctx.theme.icon("list"))
        self.table_button.setIcon(self._ctx.theme.icon("table"))

    def _save_splitter(self) -> None:
        name = "table" if self.view is self.table else "list"
        self._ctx.session.put(f"jobs.splitter.{name}", self.splitter.sizes())

    def _apply_filter(self, job_filter: Filter) -> None:
        self.model.set_filter(job_filter)
        self._ctx.session.put("jobs.filter", self.filter.text())
        self._update_counts()

    def _clear_filter(self) -> None:
        self.filter.clear()
        self.filter.apply()

    def _show_filter_error(self, message: str) -> None:
        self.note.setText(message)

    def _focus_list(self) -> None:
        self.filter.apply()
        self.view.setFocus()
        ids = self.model.ids()
        if ids and not self.view.current_job:
            self.view.select_jobs(ids[:1], ids[0])

    def _show_archived(self, is_shown: bool) -> None:
        self.model.set_archived_shown(is_shown)
        self._ctx.session.put("jobs.archived", is_shown)
        self._update_counts()

    def _update_empty_state(self) -> None:
        """Show the empty state once it is known that there are no jobs; else select the restored job when it
        arrives."""
        is_known = self._ctx.link.state.phase not in (LinkPhase.STARTING, LinkPhase.SYNCING)
        has_jobs = bool(len(self._ctx.jobs))
        self._body.setCurrentWidget(self._empty if is_known and not has_jobs else self.splitter)
        self.filter.setEnabled(has_jobs)
        if has_jobs and not self._current_job_id:
            restored_id = self._restored_job_id if self.model.index_of(self._restored_job_id).isValid() else ""
            job_id = restored_id or (next(iter(self.model.ids()), "") if is_known else "")
            if job_id:
                self.view.select_jobs([job_id], job_id)
        self._update_counts()

    def _jobs_changed(self, job_ids: list[str]) -> None:
        if bool(len(self._ctx.jobs)) != (self._body.currentWidget() is self.splitter) or not self._current_job_id:
            self._update_empty_state()
        self._enable_timer.start()

    def _update_counts(self) -> None:
        visible_count, all_count = len(self.model.ids()), len(self._ctx.jobs)
        is_empty = not visible_count and bool(self.filter.text().strip())
        view = self._no_match_panel if is_empty else self.table if self.table_button.isChecked() else self.list
        self._views.setCurrentWidget(view)
        archived_count = self._ctx.jobs.count(archived=True)
        total = all_count if self.archived.isChecked() else all_count - archived_count
        self.count.setText(
            f"{visible_count} of {total} jobs"
            if visible_count != total
            else f"{visible_count} job{'s' * (visible_count != 1)}"
        )
        self.archived.setText(f"Show archived ({archived_count})")
        self.archived.setVisible(bool(archived_count))

    def _on_current_job_changed(self, job_id: str) -> None:
        if job_id:
            self._show_detail(job_id)
        self._enable_timer.start()

    def _show_detail(self, job_id: str, tab: str = "") -> None:
        if job_id != self._current_job_id or tab:
            self._current_job_id = job_id
            self._ctx.session.put("jobs.selected", job_id)
            self._detail.show_job(job_id, tab)

    def _open_job(self, job_id: str, task_id: str) -> None:
        """Open a job: a draft, or one that needs input, in the form; any other in its detail."""
        row = self._ctx.jobs.row(job_id)
        if row is None:
            return
        if row["state"] == JobState.DRAFT or row.get("needs"):
            self._ctx.navigate.new_job.emit(None, job_id)
            return
        self._show_detail(job_id, "log" if row["state"] == JobState.FAILED else "curves" if task_id else "overview")
        self._detail.setFocus()

    # --- verbs

    def _selected_ids(self) -> list[str]:
        return self.view.selected_jobs()

    def rename(self) -> None:
        """Edit the current job's name in its row."""
        self.view.rename_current()

    def edit_tags(self) -> None:
        """Edit tags and note of the selected jobs."""
        if not (rows := self.verbs.rows()):
            return
        dialog = TagsDialog(rows, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        ids = [row["job_id"] for row in rows]

        def save() -> None:
            add, remove, note = dialog.changes()
            self.verbs.tag(ids, add, remove)
            if len(ids) == 1:
                self.verbs.note(ids[0], note)

        dialog.accepted.connect(save)
        dialog.open()

    def edit_note(self) -> None:
        """Edit the note of the selected job, beside its tags."""
        self.edit_tags()
        if (dialog := self.findChild(TagsDialog)) is not None:
            dialog.note.setFocus()

    def copy_id(self) -> None:
        """Copy the ids of the selected jobs to the clipboard."""
        if (clipboard := QGuiApplication.clipboard()) is not None:
            clipboard.setText("\n".join(self._selected_ids()))

    def stop_all(self) -> None:
        """Ask, then stop every active job."""
        active_rows = [row for row in self._ctx.jobs.rows() if job_verbs.can_stop(row)]
        if not active_rows:
            return
        dialog = StopDialog(len(active_rows), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self.verbs.stop_all)
        dialog.open()

    def delete_permanently(self) -> None:
        """Ask for confirmation, then delete archived jobs."""
        rows = self.verbs.rows(job_verbs.can_restore)
        if not rows:
            if self.verbs.rows():
                self._ctx.toasts.show_toast(
                    "Only archived jobs can be deleted for ever: archive it first (Del).", "info"
                )
            return
        dialog: QDialog = DeleteDialog(rows, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.verbs.delete([row["job_id"] for row in rows]))
        dialog.open()

    def _create_handlers(self) -> list[ActionHandler]:
        """The actions that this page handles, in the order of a job's context menu, and when they are enabled."""
        verbs = self.verbs

        def is_single() -> bool:
            return len(self._selected_ids()) == 1

        def has_selection() -> bool:
            return bool(self._selected_ids())

        def is_queued() -> bool:
            return is_single() and verbs.applies(job_verbs.is_in_queue)

        return [
            ActionHandler("job.open", self.open_current, is_single),
            ActionHandler("job.edit", self.open_current, lambda: is_single() and verbs.applies(job_verbs.is_draft)),
            ActionHandler("job.start", verbs.start, lambda: verbs.applies(job_verbs.is_draft)),
            ActionHandler(
                "job.pause",
                verbs.pause_or_resume,
                lambda: verbs.applies(job_verbs.can_pause) or verbs.applies(job_verbs.can_resume),
            ),
            ActionHandler("job.stop", verbs.stop, lambda: verbs.applies(job_verbs.can_stop)),
            ActionHandler("job.duplicate", verbs.duplicate, is_single),
            ActionHandler("job.rename", self.rename, is_single),
            ActionHandler("job.tags", self.edit_tags, has_selection),
            ActionHandler("job.note", self.edit_note, is_single),
            ActionHandler("job.first", lambda: verbs.reorder(-(10**6)), is_queued),
            ActionHandler("job.up", lambda: verbs.reorder(-1), is_queued),
            ActionHandler("job.down", lambda: verbs.reorder(1), is_queued),
            ActionHandler("job.copy_id", self.copy_id, has_selection),
            ActionHandler("job.archive", verbs.archive, has_selection),
            ActionHandler("job.restore", verbs.restore, lambda: verbs.applies(job_verbs.can_restore)),
            ActionHandler("job.delete", self.delete_permanently, has_selection),
            ActionHandler("jobs.filter", self.focus_filter, in_menu=False),
            ActionHandler("jobs.as_list", lambda: self._show_and_focus(self.list), in_menu=False),
            ActionHandler("jobs.as_table", lambda: self._show_and_focus(self.table), in_menu=False),
            ActionHandler("jobs.columns", self.table.choose_columns, lambda: self.view is self.table, in_menu=False),
            ActionHandler("jobs.archived", self.archived.toggle, in_menu=False),
            ActionHandler(
                "jobs.stop_all", self.stop_all, lambda: bool(self._ctx.jobs.count(*QUEUE_STATES)), in_menu=False
            ),
            ActionHandler(
                "jobs.clear",
                verbs.clear,
                lambda: bool(self._ctx.jobs.count(*TERMINAL_JOB_STATES, archived=False)),
                in_menu=False,
            ),
            ActionHandler("jobs.refresh", verbs.refresh, in_menu=False),
            ActionHandler("jobs.undo", verbs.undo, lambda: bool(verbs.undo_text), in_menu=False),
        ]

    def _enable_actions(self) -> None:
        """Enable the actions that fit the selected jobs."""
        for handler in self._handlers:
            self._ctx.actions.action(handler.action).setEnabled(handler.is_enabled())

    def _show_menu(self, position: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for handler in self._handlers:
            action = self._ctx.actions.action(handler.action)
            if handler.in_menu and action.isEnabled():
                menu.addAction(action)
        if self._ctx.actions.has_handler("job.import"):
            menu.addSeparator()
            menu.addAction(self._ctx.actions.action("job.import"))
        if not menu.isEmpty() and (viewport := self.view.viewport()) is not None:
            menu.popup(viewport.mapToGlobal(position))


@dataclass(frozen=True, slots=True)
class ActionHandler:
    """One action that the page handles. is_enabled: True if it can be triggered now."""

    action: str
    run: Callable[[], object]
    is_enabled: Callable[[], bool] = lambda: True
    in_menu: bool = True


def _is_sizes(sizes: object) -> bool:
    return isinstance(sizes, list) and len(sizes) == 2 and all(isinstance(size, int) and size >= 0 for size in sizes)


def _view_button(name: str) -> QToolButton:
    button = QToolButton()
    button.setCheckable(True)
    button.setAccessibleName(name)
    button.setToolTip(name)
    return button
