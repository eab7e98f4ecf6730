"""Context: the services that every page receives, and the navigator through which one page opens another."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtCore import QObject, pyqtSignal

from vestim_gui.actions import Actions
from vestim_gui.link.daemon_link import Link
from vestim_gui.session import Session
from vestim_gui.settings import SettingsStore
from vestim_gui.shell.toasts import Toasts
from vestim_gui.store.catalog import Catalog
from vestim_gui.theme.theme import Theme


class Navigator(QObject):
    """Signals by which one page opens another.

    open_job: a job's id and a tab ("" for the one that fits). new_job: a document to start from or None, and the id of
    a draft or "". open_page: "jobs", "new_job" or "settings".
    """

    open_job = pyqtSignal(str, str)
    new_job = pyqtSignal(object, str)
    open_page = pyqtSignal(str)


@dataclass(frozen=True)
class Context:
    """Services shared by all pages of a window."""

    link: Link
    jobs: Catalog
    theme: Theme
    settings: SettingsStore
    session: Session
    actions: Actions
    toasts: Toasts
    navigate: Navigator
