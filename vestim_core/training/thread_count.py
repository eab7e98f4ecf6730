"""Measure how many CPU threads are worthwhile for a training, from a few of its own updates.

The measurement uses a network, optimizer and batches of its own and restores torch's generators: a training that
follows has the same bits as one with that number of threads that was never measured.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import takewhile
from math import log2
from statistics import median

import torch

from vestim_core.data.prepared_set import PreparedSet
from vestim_core.models.network_registry import build_model
from vestim_core.spec.job import Trial
from vestim_core.spec.states import Intent
from vestim_core.training.preflight import require_trainable
from vestim_core.training.reporting import IntentReader
from vestim_core.training.reproducible import reproducible
from vestim_core.training.training_methods import build_batches
from vestim_core.training.updater import Updater

MIN_SPEEDUP = 1.5
"""Least speedup by doubling the threads; below it, the other half of them is worth more to another training."""
_ROUNDS = 15  # rounds of one update per thread count, enough for a median; arbitrary
_TIME_LIMIT_S = 2.0  # no new round after this long: the measurement must stay short against a training; arbitrary


def update_seconds(trial: Trial, prepared: PreparedSet, max_threads: int, intent: IntentReader) -> dict[int, float]:
    """Median seconds of one update with 1, 2, 4, ... threads, at most `max_threads`, measured in turns.

    Empty when the user's intent is no longer RUN. Raises `VestimError` when the data cannot be trained on.
    """
    require_trainable(prepared)
    counts = list(takewhile(lambda count: count <= max_threads, (2**power for power in range(8))))
    with reproducible("cpu", 1, trial.seed):
        module = build_model(trial.model, len(trial.signals.features)).train()
        updater = Updater(module, trial.training, "cpu", prepared.pipeline.target_per_scaled_unit)
        batches = build_batches(trial, prepared.files_of_role("train"), "cpu")
        durations_s: dict[int, list[float]] = {count: [] for count in counts}
        began_s = time.monotonic()
        for round_index in range(1 + _ROUNDS):
            for count in counts:
                if intent() is not Intent.RUN:
                    return {}
                torch.set_num_threads(count)
                start_s = time.perf_counter()
                updater.update(batches.batch(round_index % batches.per_epoch), trial.training.learning_rate)
                durations_s[count].append(time.perf_counter() - start_s)
            if round_index and time.monotonic() - began_s > _TIME_LIMIT_S:
                break
    # The first round is left out: it starts the threads and allocates memory.
    return {count: median(durations[1:]) for count, durations in durations_s.items()}


def worthwhile_threads(seconds: Mapping[int, float]) -> int:
    """Largest thread count that is worth its threads. seconds: one update by thread count, 1 included."""
    best = 1
    for count in sorted(seconds):
        if seconds[best] / seconds[count] >= MIN_SPEEDUP ** log2(count / best):
            best = count
    return best
