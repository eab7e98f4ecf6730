"""The page of jobs: a list or a table of them beside the job that is looked at. What is chosen here is restored."""

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

from vestim_core.spec.states import JOB_ENDS, JobState
from vestim_gui.actions import Where
from vestim_gui.context import Context
from vestim_gui.jobs_page import verbs as can
from vestim_gui.jobs_page.job_dialogs import DeleteDialog, StopDialog, TagsDialog
from vestim_gui.jobs_page.filter_field import FilterField
from vestim_gui.jobs_page.list_view import ListView
from vestim_gui.jobs_page.table_view import TableView
from vestim_gui.jobs_page.verbs import Verbs
from vestim_gui.jobs_page.jobs_view import JobsView
from vestim_gui.link.link_state import LinkPhase
from vestim_gui.store.filters import Filter
from vestim_gui.store.jobs_model import QUEUE, JobsModel
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import button, plain_label

if TYPE_CHECKING:
    from vestim_gui.detail.later import DetailLater
    from vestim_gui.detail.page import DetailPage
    from vestim_gui.first_run.empty import EmptyState

LIST_PX = 356
FILTER_PX = 360


class JobsPage(QWidget):
    """detail: shows the job that is current. empty: stands here while there are no jobs at all."""

    def __init__(
        self, ctx: Context, detail: DetailPage | DetailLater, empty: EmptyState, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._detail = detail
        self._empty = empty
        self._shown_job = ""
        self._enabling = QTimer(self)
        self._enabling.setSingleShot(True)
        self.model = JobsModel(ctx.jobs, ctx.link, self)
        self.list = ListView(self.model, ctx.theme, self)
        self.table = TableView(self.model, ctx.theme, self)
        self.verbs = Verbs(ctx, self.model, self._selected, self)
        self._build()
        self._restore()
        self._connect()
        self._look_for_jobs()

    # --- what others may ask of the page

    @property
    def view(self) -> JobsView:
        """The view that is shown: list or table."""
        return self.table if self._views.currentWidget() is self.table else self.list

    def show_job(self, job_id: str, tab: str = "") -> None:
        """Make a job the current one and show it; a filter that hides it gives way."""
        if not self.model.index_of(job_id).isValid() and self._ctx.jobs.row(job_id) is not None:
            self._clear_filter()
            row = self._ctx.jobs.row(job_id)
            if row is not None and row["archived"]:
                self.archived.setChecked(True)
        self.view.select_jobs([job_id], job_id)
        self.view.setFocus()
        self._show(job_id, tab)

    def open_current(self) -> None:
        """Open the current job where it stands: one that waits for input where that input is given."""
        if job_id := self.view.current_job:
            self._open(job_id, self.view.current_task)

    def focus_filter(self) -> None:
        """Let the next keys go into the filter."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def close_page(self) -> None:
        """Follow no job any more."""
        self.model.close()

    # --- building

    def _build(self) -> None:
        self.filter = FilterField(self._ctx.jobs.rows)
        self.filter.setMinimumWidth(FILTER_PX // 3)
        self.filter.setMaximumWidth(FILTER_PX)
        self.new_button = button("New job   Ctrl+N", "primary", lambda: self._ctx.navigate.new_job.emit(None, ""))
        self.new_button.setAccessibleName("New job")
        self.note = plain_label("", "error", wrap=True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._views = QStackedWidget()
        self._none = self._nothing_found()
        for widget in (self.list, self.table, self._none):
            self._views.addWidget(widget)
        panel = QWidget()
        inside = QVBoxLayout(panel)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self._views)
        inside.addWidget(self._foot())
        self.splitter = QSplitter()
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(14)
        self.splitter.addWidget(panel)
        self.splitter.addWidget(self._detail)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([LIST_PX, 3 * LIST_PX])
        self._body = QStackedWidget()
        self._body.addWidget(self.splitter)
        self._body.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.setSpacing(8)
        layout.addLayout(self._head())
        layout.addWidget(self._body, 1)

    def _head(self) -> QHBoxLayout:
        self.list_button = _switch("Show jobs as a list")
        self.table_button = _switch("Show jobs as a table")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(plain_label("Jobs", "title"))
        head.addWidget(self.note, 1)
        head.addWidget(self.filter, FILTER_PX)
        for widget in (self.list_button, self.table_button, self.new_button):
            head.addWidget(widget)
        return head

    def _foot(self) -> QWidget:
        self.archived = QPushButton("Show archived")
        self.archived.setCheckable(True)
        set_kind(self.archived, "link")
        self.count = plain_label("", "muted")
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(14, 2, 8, 4)
        row.addWidget(self.count)
        row.addStretch(1)
        row.addWidget(self.archived)
        return foot

    def _nothing_found(self) -> QWidget:
        note = QFrame()
        set_kind(note, "card")
        inside = QVBoxLayout(note)
        inside.addStretch(1)
        words = plain_label("No job fits the filter.", "muted")
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inside.addWidget(words)
        inside.addWidget(button("Clear the filter", "link", self._clear_filter), alignment=Qt.AlignmentFlag.AlignCenter)
        inside.addStretch(2)
        return note

    def _connect(self) -> None:
        ctx = self._ctx
        self.filter.changed.connect(self._filter_changed)
        self.filter.misunderstood.connect(self._misunderstood)
        self.filter.returnPressed.connect(self._to_the_list)
        self.list_button.clicked.connect(lambda: self._show_view(self.list))
        self.table_button.clicked.connect(lambda: self._show_view(self.table))
        self.archived.toggled.connect(self._archived_toggled)
        self.table.layout_changed.connect(lambda: ctx.session.put("jobs.table", self.table.layout_values()))
        self.splitter.splitterMoved.connect(lambda *_: self._keep_splitter())
        self.model.counted.connect(lambda _: self._look_for_jobs())
        for view in (self.list, self.table):
            view.selected.connect(self._select)
            view.chosen.connect(self._open)
            view.customContextMenuRequested.connect(self._menu)
            ctx.actions.attach(Where.LIST, view)
            view.selection_changed.connect(self._enabling.start)
        ctx.jobs.changed.connect(self._jobs_changed)
        ctx.jobs.removed.connect(self._jobs_changed)
        ctx.jobs.reset.connect(self._look_for_jobs)
        ctx.link.state_changed.connect(lambda _: self._look_for_jobs())
        self.verbs.undo_changed.connect(lambda _: self._enable())
        self._enabling.timeout.connect(self._enable)
        ctx.navigate.open_job.connect(self.show_job)
        self._answered = self._answers()
        for answer in self._answered:
            ctx.actions.on(answer.action, answer.do, self)
        ctx.theme.changed.connect(self._draw_icons)
        self._draw_icons()

    def _restore(self) -> None:
        session = self._ctx.session
        self.table.set_layout_values(session.get("jobs.table", {}))
        self.filter.setText(str(session.get("jobs.filter", "")))
        self.archived.setChecked(session.get("jobs.archived", False) is True)
        self.model.set_archived_shown(self.archived.isChecked())
        self._show_view(self.table if session.get("jobs.view", "list") == "table" else self.list)
        self._wanted_job = str(session.get("jobs.selected", ""))

    # --- what happens

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self._enable()
        if self.splitter.isVisible() and not self.isAncestorOf(QApplication.focusWidget()):
            self.view.setFocus()

    def _show_view(self, view: JobsView) -> None:
        selected, current = self.view.selected_jobs(), self.view.current_job
        is_table = view is self.table
        view.follow()
        self._views.setCurrentWidget(view)
        view.select_jobs(selected, current)
        self.list_button.setChecked(not is_table)
        self.table_button.setChecked(is_table)
        self.splitter.setOrientation(Qt.Orientation.Vertical if is_table else Qt.Orientation.Horizontal)
        name = "table" if is_table else "list"
        self._ctx.session.put("jobs.view", name)
        kept: list[int] = self._ctx.session.get(f"jobs.splitter.{name}", [])
        self.splitter.setSizes(kept if _is_sizes(kept) else [240, 560] if is_table else [LIST_PX, 3 * LIST_PX])

    def _go_to(self, view: JobsView) -> None:
        self._show_view(view)
        view.setFocus()

    def _draw_icons(self) -> None:
        self.list_button.setIcon(self._ctx.theme.icon("list"))
        self.table_button.setIcon(self._ctx.theme.icon("table"))

    def _keep_splitter(self) -> None:
        name = "table" if self.view is self.table else "list"
        self._ctx.session.put(f"jobs.splitter.{name}", self.splitter.sizes())

    def _filter_changed(self, wanted: Filter) -> None:
        self.model.set_filter(wanted)
        self._ctx.session.put("jobs.filter", self.filter.text())
        self._counted()

    def _clear_filter(self) -> None:
        self.filter.clear()
        self.filter.apply()

    def _misunderstood(self, sentence: str) -> None:
        self.note.setText(sentence)

    def _to_the_list(self) -> None:
        self.filter.apply()
        self.view.setFocus()
        ids = self.model.ids()
        if ids and not self.view.current_job:
            self.view.select_jobs(ids[:1], ids[0])

    def _archived_toggled(self, shown: bool) -> None:
        self.model.set_archived_shown(shown)
        self._ctx.session.put("jobs.archived", shown)
        self._counted()

    def _look_for_jobs(self) -> None:
        """Show the empty state where there is no job, once that is known; the job of the last time when it comes."""
        known = self._ctx.link.state.phase not in (LinkPhase.STARTING, LinkPhase.SYNCING)
        some = bool(len(self._ctx.jobs))
        self._body.setCurrentWidget(self._empty if known and not some else self.splitter)
        self.filter.setEnabled(some)
        if some and not self._shown_job:
            wanted = self._wanted_job if self.model.index_of(self._wanted_job).isValid() else ""
            first = wanted or (next(iter(self.model.ids()), "") if known else "")
            if first:
                self.view.select_jobs([first], first)
        self._counted()

    def _jobs_changed(self, job_ids: list[str]) -> None:
        if bool(len(self._ctx.jobs)) != (self._body.currentWidget() is self.splitter) or not self._shown_job:
            self._look_for_jobs()
        self._enabling.start()

    def _counted(self) -> None:
        shown, there = len(self.model.ids()), len(self._ctx.jobs)
        nothing = not shown and bool(self.filter.text().strip())
        view = self._none if nothing else self.table if self.table_button.isChecked() else self.list
        self._views.setCurrentWidget(view)
        archived = self._ctx.jobs.count(archived=True)
        total = there if self.archived.isChecked() else there - archived
        self.count.setText(f"{shown} of {total} jobs" if shown != total else f"{shown} job{'s' * (shown != 1)}")
        self.archived.setText(f"Show archived ({archived})")
        self.archived.setVisible(bool(archived))

    def _select(self, job_id: str) -> None:
        if job_id:
            self._show(job_id)
        self._enabling.start()

    def _show(self, job_id: str, tab: str = "") -> None:
        if job_id != self._shown_job or tab:
            self._shown_job = job_id
            self._ctx.session.put("jobs.selected", job_id)
            self._detail.show_job(job_id, tab)

    def _open(self, job_id: str, task_id: str) -> None:
        """Where a job stands: a draft, and what waits for input, where it is given; the rest in its own page."""
        row = self._ctx.jobs.row(job_id)
        if row is None:
            return
        if row["state"] == JobState.DRAFT or row.get("needs"):
            self._ctx.navigate.new_job.emit(None, job_id)
            return
        self._show(job_id, "log" if row["state"] == JobState.FAILED else "curves" if task_id else "overview")
        self._detail.setFocus()

    # --- verbs

    def _selected(self) -> list[str]:
        return self.view.selected_jobs()

    def rename(self) -> None:
        """Edit the current job's name where it stands."""
        self.view.rename_current()

    def edit_tags(self) -> None:
        """Ask for tags and note of the selected jobs."""
        if not (rows := self.verbs.rows()):
            return
        dialog = TagsDialog(rows, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        ids = [row["job_id"] for row in rows]

        def save() -> None:
            add, remove, note = dialog.change()
            self.verbs.tag(ids, add, remove)
            if len(ids) == 1:
                self.verbs.note(ids[0], note)

        dialog.accepted.connect(save)
        dialog.open()

    def edit_note(self) -> None:
        """Ask for the note of the selected job, beside its tags."""
        self.edit_tags()
        if (dialog := self.findChild(TagsDialog)) is not None:
            dialog.note.setFocus()

    def copy_id(self) -> None:
        """Put the ids of the selected jobs on the clipboard."""
        if (clipboard := QGuiApplication.clipboard()) is not None:
            clipboard.setText("\n".join(self._selected()))

    def stop_all(self) -> None:
        """Ask, then stop every job that is under way."""
        under_way = [row for row in self._ctx.jobs.rows() if can.can_stop(row)]
        if not under_way:
            return
        dialog = StopDialog(len(under_way), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self.verbs.stop_all)
        dialog.open()

    def delete_for_ever(self) -> None:
        """Ask for the name, then delete archived jobs."""
        rows = self.verbs.rows(can.can_restore)
        if not rows:
            if self.verbs.rows():
                self._ctx.toasts.say("Only archived jobs can be deleted for ever: archive it first (Del).", "info")
            return
        dialog: QDialog = DeleteDialog(rows, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.verbs.delete([row["job_id"] for row in rows]))
        dialog.open()

    def _answers(self) -> list[Answer]:
        """What this page answers in the table of actions, and when. The menu of a job holds them in this order."""
        verbs = self.verbs

        def one() -> bool:
            return len(self._selected()) == 1

        def some() -> bool:
            return bool(self._selected())

        def queued() -> bool:
            return one() and verbs.fits(can.can_move)

        return [
            Answer("job.open", self.open_current, one),
            Answer("job.edit", self.open_current, lambda: one() and verbs.fits(can.is_draft)),
            Answer("job.start", verbs.start, lambda: verbs.fits(can.is_draft)),
            Answer("job.pause", verbs.pause_or_resume, lambda: verbs.fits(can.can_pause) or verbs.fits(can.can_resume)),
            Answer("job.stop", verbs.stop, lambda: verbs.fits(can.can_stop)),
            Answer("job.duplicate", verbs.duplicate, one),
            Answer("job.rename", self.rename, one),
            Answer("job.tags", self.edit_tags, some),
            Answer("job.note", self.edit_note, one),
            Answer("job.first", lambda: verbs.move(-(10**6)), queued),
            Answer("job.up", lambda: verbs.move(-1), queued),
            Answer("job.down", lambda: verbs.move(1), queued),
            Answer("job.copy_id", self.copy_id, some),
            Answer("job.archive", verbs.archive, some),
            Answer("job.restore", verbs.restore, lambda: verbs.fits(can.can_restore)),
            Answer("job.delete", self.delete_for_ever, some),
            Answer("jobs.filter", self.focus_filter, menu=False),
            Answer("jobs.as_list", lambda: self._go_to(self.list), menu=False),
            Answer("jobs.as_table", lambda: self._go_to(self.table), menu=False),
            Answer("jobs.columns", self.table.choose_columns, lambda: self.view is self.table, menu=False),
            Answer("jobs.archived", self.archived.toggle, menu=False),
            Answer("jobs.stop_all", self.stop_all, lambda: bool(self._ctx.jobs.count(*QUEUE)), menu=False),
            Answer(
                "jobs.clear", verbs.clear, lambda: bool(self._ctx.jobs.count(*JOB_ENDS, archived=False)), menu=False
            ),
            Answer("jobs.refresh", verbs.refresh, menu=False),
            Answer("jobs.undo", verbs.undo, lambda: bool(verbs.undo_words), menu=False),
        ]

    def _enable(self) -> None:
        """Enable what fits the selected jobs now."""
        for answer in self._answered:
            self._ctx.actions.action(answer.action).setEnabled(answer.when())

    def _menu(self, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for answer in self._answered:
            action = self._ctx.actions.action(answer.action)
            if answer.menu and action.isEnabled():
                menu.addAction(action)
        if self._ctx.actions.answered("job.import"):
            menu.addSeparator()
            menu.addAction(self._ctx.actions.action("job.import"))
        if not menu.isEmpty() and (viewport := self.view.viewport()) is not None:
            menu.popup(viewport.mapToGlobal(where))


@dataclass(frozen=True, slots=True)
class Answer:
    """One action that the page answers. when: whether it can be done now."""

    action: str
    do: Callable[[], object]
    when: Callable[[], bool] = lambda: True
    menu: bool = True


def _is_sizes(sizes: object) -> bool:
    return isinstance(sizes, list) and len(sizes) == 2 and all(isinstance(size, int) and size >= 0 for size in sizes)


def _switch(name: str) -> QToolButton:
    button = QToolButton()
    button.setCheckable(True)
    button.setAccessibleName(name)
    button.setToolTip(name)
    return button
