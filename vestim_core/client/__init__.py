"""The client library: blocking calls to the daemon, started on demand, with reconnect. Window, CLI and gateway use
this."""

from vestim_core.client.connection import Client
from vestim_core.client.follow import Batch, follow
from vestim_core.client.showing import show

__all__ = ["Batch", "Client", "follow", "show"]
