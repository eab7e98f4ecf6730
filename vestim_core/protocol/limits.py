"""Sizes and times that both ends keep to. A message above its limit is dropped by the socket, before anything is
parsed."""

from __future__ import annotations

PROTOCOL_VERSION = 1
OLDEST_PROTOCOL = 1

MAX_REQUEST_BYTES = 4 << 20
MAX_PIECE_BYTES = 1 << 20
"""Most bytes of one piece: of an artifact, of a log, of the events in one answer."""
MAX_REPLY_BYTES = 8 << 20
MAX_ON_THE_WAY = 16
"""Most unanswered requests that a client has sent: fewer than the replies that the daemon keeps for it unread."""
MAX_BELL_BYTES = 64 << 10
MAX_EVENTS = 10_000
"""Most events in one answer."""
MAX_CURSORS = 64
MAX_TASKS = 2_000
"""Most tasks of a job in one answer."""
MAX_LISTED = 1_000
"""Most jobs in one answer."""
MAX_WAIT_S = 60.0
MAX_LINE_BYTES = 256 << 10
"""Longest line of a journal; a longer one becomes a message that names file and offset."""
MAX_JOURNAL_READ = 1 << 20
"""Most bytes that are read from a journal in one transaction."""
