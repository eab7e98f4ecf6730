"""The link to the daemon: one thread owns the socket; the window's thread receives batches and replies."""

from vestim_gui.link.link import Link
from vestim_gui.link.link_state import CatalogChange, JobEvents, LinkPhase, LinkState, LogPiece
from vestim_gui.link.pending import Pending, Question

__all__ = [
    "CatalogChange",
    "JobEvents",
    "Link",
    "LinkPhase",
    "LinkState",
    "LogPiece",
    "Pending",
    "Question",
]
