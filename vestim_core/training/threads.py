"""How many CPU threads pay for a training, by a few of its own updates.

What is measured is a network, optimiser and batches made for that and thrown away, and torch's generators are put
back: the training that follows has the same bits as one with that number of threads that was never measured.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import takewhile
from math import log2
from statistics import median

import torch

from vestim_core.data.prepared import PreparedSet
from vestim_core.models.registry import build_model
from vestim_core.spec.job import Trial
from vestim_core.spec.states import Intent
from vestim_core.training.given import refuse_unusable
from vestim_core.training.methods import build_batches
from vestim_core.training.reporting import AskIntent
from vestim_core.training.reproducible import reproducible
from vestim_core.training.update import Updater

WORTH = 1.5
"""So much faster must twice the threads be: below that the other half of them is worth more to another training."""
_ROUNDS, _LONG_S = 15, 2.0


def update_seconds(trial: Trial, prepared: PreparedSet, most: int, intent: AskIntent) -> dict[int, float]:
    """Seconds of one update with 1, 2, 4, ... threads, at most `most`: the median of some, which take turns.

    Empty when the user wants something else meanwhile. Raises VestimError when the data cannot be trained on.
    """
    refuse_unusable(prepared)
    counts = list(takewhile(lambda count: count <= most, (2**power for power in range(8))))
    with reproducible("cpu", 1, trial.seed):
        module = build_model(trial.model, len(trial.signals.features)).train()
        updater = Updater(module, trial.training, "cpu", prepared.pipeline.target_step)
        batches = build_batches(trial, prepared.of("train"), "cpu")
        taken_s: dict[int, list[float]] = {count: [] for count in counts}
        began_s = time.monotonic()
        for number in range(1 + _ROUNDS):
            for count in counts:
                if intent() is not Intent.RUN:
                    return {}
                torch.set_num_threads(count)
                start_s = time.perf_counter()
                updater.update(batches.batch(number % batches.per_epoch), trial.training.learning_rate)
                taken_s[count].append(time.perf_counter() - start_s)
            if number and time.monotonic() - began_s > _LONG_S:
                break
    return {count: median(taken[1:]) for count, taken in taken_s.items()}  # the first makes threads and memory


def threads_that_pay(seconds: Mapping[int, float]) -> int:
    """The most threads that are worth it, by the seconds of one update with each number of them; 1 among them."""
    best = 1
    for count in sorted(seconds):
        if seconds[best] / seconds[count] >= WORTH ** log2(count / best):
            best = count
    return best
