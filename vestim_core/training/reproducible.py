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
def reproducible(threads: int, seed: int) -> Iterator[None]:
    """Seed torch's global generators, use `threads` CPU threads and repeatable kernels; all put back afterwards."""
    before = torch.get_num_threads(), torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    with torch.random.fork_rng():
        torch.set_num_threads(threads)
        # CPU kernels used here repeat as they are; of cuDNN's, some must be asked to.
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(before[0])
            torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = before[1:]


def generator_states() -> dict[str, Any]:
    """Torch's global generators, as tensors: of the CPU and, where there is one, the GPU."""
    states = {"cpu": torch.get_rng_state()}
    return states | ({"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else {})


def set_generator_states(states: dict[str, Any]) -> None:
    """Put back what `generator_states` gave."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])
