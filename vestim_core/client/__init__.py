"""Client library of window, CLI and gateway: calls to the daemon, which is started on demand, with reconnection.

`Client` blocks until the reply arrives; `Channel` is for clients with their own event loop.
"""

from vestim_core.client.blocking_client import Client
from vestim_core.client.channel import Channel
from vestim_core.client.job_events import EventBatch, follow_job
from vestim_core.client.paging import fetch_job, import_legacy_jobs, list_all_jobs

__all__ = ["Channel", "Client", "EventBatch", "fetch_job", "follow_job", "import_legacy_jobs", "list_all_jobs"]
