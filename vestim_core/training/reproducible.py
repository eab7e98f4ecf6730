"""Same seed, same bits: threads, determinism and torch's global generators, for as long as a training lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from vestim_core.spec.errors import wrong_input


def choose_device(wanted: str) -> str:
    """The device for `training.device`: "auto" is a GPU where there is one. To be asked once in a task's life."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise wrong_input(
            'training.device is "cuda", but torch finds no GPU here: set it to "auto" or "cpu"', place="training.device"
        )
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


@contextmanager
def reproducible(device: str, threads: int, seed: int) -> Iterator[None]:
    """Seed torch's global generators, use `threads` CPU threads and repeatable kernels; all put back afterwards."""
    before = torch.get_num_threads(), torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    with torch.random.fork_rng(_gpus(device)):
        torch.set_num_threads(threads)
        # CPU kernels used here repeat as they are; of cuDNN's, some must be asked to.
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(before[0])
            torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = before[1:]


def generator_states(device: str) -> dict[str, Any]:
    """Torch's global generators, as tensors: that of the CPU and, when `device` is one, of the GPU."""
    return {"cpu": torch.get_rng_state(), "gpus": [torch.cuda.get_rng_state(gpu) for gpu in _gpus(device)]}


def set_generator_states(device: str, states: dict[str, Any]) -> None:
    """Put back what `generator_states` gave for the same device."""
    torch.set_rng_state(states["cpu"])
    for gpu, state in zip(_gpus(device), states["gpus"], strict=True):
        torch.cuda.set_rng_state(state, gpu)


def _gpus(device: str) -> list[int]:
    """The GPU in use, if any; asking torch about one that is not used would take its memory."""
    return [torch.cuda.current_device()] if device != "cpu" else []
