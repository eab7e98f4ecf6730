"""Reproducibility: the same seed gives the same bits.

Threads, determinism and torch's global generators are set for as long as a training lasts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from vestim_core.spec.errors import wrong_input


def choose_device(requested_device: str) -> str:
    """Device for `training.device`; "auto" is a GPU where there is one. To be called once in a task's life."""
    if requested_device == "cuda" and not torch.cuda.is_available():
        raise wrong_input(
            'training.device is "cuda", but torch finds no GPU here: set it to "auto" or "cpu"',
            location="training.device",
        )
    return "cuda" if requested_device != "cpu" and torch.cuda.is_available() else "cpu"


@contextmanager
def reproducible(device: str, threads: int, seed: int) -> Iterator[None]:
    """Seed torch's global generators, use `threads` CPU threads and deterministic kernels; restore all afterwards."""
    previous_settings = torch.get_num_threads(), torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    with torch.random.fork_rng(_gpus(device)):
        torch.set_num_threads(threads)
        # The CPU kernels used here are deterministic by themselves; some of cuDNN's are only on request.
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(previous_settings[0])
            torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = previous_settings[1:]


def generator_states(device: str) -> dict[str, Any]:
    """States of torch's global generators as tensors: the CPU's and, when `device` is one, the GPU's."""
    return {"cpu": torch.get_rng_state(), "gpus": [torch.cuda.get_rng_state(gpu) for gpu in _gpus(device)]}


def set_generator_states(device: str, states: dict[str, Any]) -> None:
    """Restore what `generator_states` returned for the same device."""
    torch.set_rng_state(states["cpu"])
    for gpu, state in zip(_gpus(device), states["gpus"], strict=True):
        torch.cuda.set_rng_state(state, gpu)


def _gpus(device: str) -> list[int]:
    """The GPU in use, if any; querying an unused one through torch would take its memory."""
    return [torch.cuda.current_device()] if device != "cpu" else []
