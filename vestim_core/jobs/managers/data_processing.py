"""Data processing: repair and resampling, as a preparing worker reports them."""

from __future__ import annotations

from vestim_core.jobs.managers.base import Manager
from vestim_core.spec.states import Phase


class DataProcessingManager(Manager):
    """Progress of resampling the rows of all files to their time grid."""

    phase = Phase.DATA_PROCESSING
