"""The link to the background service: one thread owns the socket, the window's thread gets batches and answers."""

from vestim_gui.link.link import Link
from vestim_gui.link.pending import Pending, Question
from vestim_gui.link.link_state import CatalogueChange, JobEvents, LinkPhase, LinkState, LogPiece

__all__ = [
    "CatalogueChange",
    "JobEvents",
    "Link",
    "LinkPhase",
    "LinkState",
    "LogPiece",
    "Pending",
    "Question",
]
