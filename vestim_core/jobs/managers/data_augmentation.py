"""Data augmentation: pre-roll and normalization, as a preparing worker reports them."""

from __future__ import annotations

from vestim_core.jobs.managers.base import Manager
from vestim_core.spec.states import Phase


class DataAugmentationManager(Manager):
    """Progress of deriving and scaling the columns of all files."""

    phase = Phase.DATA_AUGMENTATION
