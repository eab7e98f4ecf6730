"""The client library: calls to the daemon, started on demand, with reconnect. Window, CLI and gateway use this.

`Client` blocks until it has the answer; `Channel` is for those that have a loop of their own."""

from vestim_core.client.channel import Channel
from vestim_core.client.connection import Client
from vestim_core.client.follow import Batch, follow
from vestim_core.client.importing import import_legacy
from vestim_core.client.listing import all_jobs
from vestim_core.client.showing import show

__all__ = ["Batch", "Channel", "Client", "all_jobs", "follow", "import_legacy", "show"]
