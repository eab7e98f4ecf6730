"""The managers of a job, one class per phase. A manager decides and reports; a worker does the work.

`MANAGERS` is the only place where they are registered: a new manager is one class and one line here.
"""

from __future__ import annotations

from vestim_core.jobs.managers.base import Manager
from vestim_core.jobs.managers.data_augmentation import DataAugmentationManager
from vestim_core.jobs.managers.data_import import DataImportManager
from vestim_core.jobs.managers.data_processing import DataProcessingManager
from vestim_core.jobs.managers.hyperparameters import HyperparametersManager
from vestim_core.jobs.managers.testing import TestingManager
from vestim_core.jobs.managers.training import TrainingManager
from vestim_core.jobs.managers.training_setup import TrainingSetupManager
from vestim_core.spec.states import Phase

__all__ = ["MANAGERS", "Manager", "new_managers"]

MANAGERS: dict[Phase, type[Manager]] = {
    manager.phase: manager
    for manager in (
        DataImportManager,
        DataProcessingManager,
        DataAugmentationManager,
        HyperparametersManager,
        TrainingSetupManager,
        TrainingManager,
        TestingManager,
    )
}


def new_managers() -> dict[Phase, Manager]:
    """New managers, in the order of the phases."""
    return {phase: MANAGERS[phase]() for phase in Phase}
