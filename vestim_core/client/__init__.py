"""Client library of window, CLI and gateway: calls to the daemon, which is started on demand, with reconnection.

`Client` blocks until the reply arrives; `Channel` is for clients with their own event loop.
"""

from vestim_core.client.channel import Channel
from vestim_core.client.connection import Client
from vestim_core.client.job_events import Batch, follow
from vestim_core.client.paging import all_jobs, import_legacy, show

__all__ = ["Batch", "Channel", "Client", "all_jobs", "follow", "import_legacy", "show"]
