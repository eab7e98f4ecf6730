"""Registry of training methods: how each makes its batches. A new method is one file and one line here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from vestim_core.data.prepared_set import PreparedFile
from vestim_core.spec.job import Trial
from vestim_core.training.batches import Batches
from vestim_core.training.rows import RowBatches
from vestim_core.training.tbptt import TbpttBatches
from vestim_core.training.windows import WindowBatches

_BUILDERS: dict[str, Callable[[Sequence[PreparedFile], Any, torch.Generator, str], Batches]] = {
    "tbptt": TbpttBatches,
    "windows": WindowBatches,
    "rows": RowBatches,
}


def build_batches(trial: Trial, files: Sequence[PreparedFile], device: str) -> Batches:
    """Make the batches of `trial` from its training files; their order depends on the trial's seed alone."""
    generator = torch.Generator().manual_seed(trial.seed)
    return _BUILDERS[trial.training.method](files, trial.training, generator, device)
