"""Data augmentation: pre-roll and normalisation, as a preparing worker reports them."""

from __future__ import annotations

from vestim_core.jobs.managers.base import Manager
from vestim_core.spec.states import Phase


class DataAugmentationManager(Manager):
    """Shows how far the columns of all files have been derived and scaled."""

    phase = Phase.DATA_AUGMENTATION
