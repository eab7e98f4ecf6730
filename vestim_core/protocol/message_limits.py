"""Limits of sizes, counts and times that both ends of a connection respect.

The socket drops a message above its size limit before anything is parsed.
"""

from __future__ import annotations

PROTOCOL_VERSION = 1  # rises with every change of the messages
OLDEST_PROTOCOL_VERSION = 1  # oldest version that this program still speaks

MAX_REQUEST_BYTES = 4 << 20
"""Largest request, 4 MiB; arbitrary, far above a usual job document."""
MAX_CHUNK_BYTES = 1 << 20
"""Largest chunk, 1 MiB, of an artifact, of a log, or of the events in one reply (architecture.md)."""
MAX_REPLY_BYTES = 8 << 20
"""Largest reply, 8 MiB; arbitrary, above the largest page or chunk."""
MAX_PENDING_REQUESTS = 16
"""Most requests that a client sends before it has replies: fewer than the unread replies that the daemon queues."""
MAX_DOORBELL_BYTES = 64 << 10
"""Largest doorbell message, 64 KiB; arbitrary, far above the progress of an epoch."""
MAX_EVENTS_PER_REPLY = 10_000
"""Most events in one reply."""
MAX_CURSORS = 64
"""Most cursors in one `wait`; arbitrary, a client with more streams rotates through them."""
MAX_TASKS_PER_REPLY = 2_000
"""Most tasks of a job in one reply."""
MAX_JOBS_PER_REPLY = 1_000
"""Most jobs in one reply."""
MAX_WAIT_S = 60.0
"""Longest time in s that a `wait` stays pending; arbitrary, the client simply waits again."""
MAX_JOURNAL_LINE_BYTES = 256 << 10
"""Longest line of a journal, 256 KiB; a longer one becomes a message that names file and offset."""
MAX_JOURNAL_READ_BYTES = 1 << 20
"""Most bytes, 1 MiB, that are read from a journal in one transaction."""
