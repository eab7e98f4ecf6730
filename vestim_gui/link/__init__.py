"""The link to the daemon: one thread owns the socket; the window's thread receives batches and replies."""

from vestim_gui.link.daemon_link import Link
from vestim_gui.link.link_state import CatalogChange, JobEvents, LinkPhase, LinkState, LogPiece
from vestim_gui.link.pending_request import PendingInspection, PendingRequest

__all__ = [
    "CatalogChange",
    "JobEvents",
    "Link",
    "LinkPhase",
    "LinkState",
    "LogPiece",
    "PendingInspection",
    "PendingRequest",
]
