"""Augmentation: the readings of a sensor other than the laboratory's. Only training files are augmented.

Offset and gain are drawn once per file, noise once per row, all from the step's seed and the file's content: the same
file with the same steps is always augmented in the same way, independent of other files.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vestim_core.data.steps.seeded_random import seeded_generator
from vestim_core.spec.preparation import Augment

_HALF_WIDTH = np.sqrt(3.0)
"""Half the width of a uniform distribution, in standard deviations."""


@dataclass(frozen=True)
class AugmentationDraw:
    """The random draw for one file.

    step: position of the step, from 1. offset: in the column's unit. gain: 0.01 reads 1 % too much.
    """

    step: int
    column: str
    offset: float
    gain: float

    def to_json(self) -> dict[str, Any]:
        """Plain values, for provenance."""
        return asdict(self)


class Augmenter:
    """One augmenting step on one file. step_number: position of the step, from 1. identity: hash of the file."""

    def __init__(self, step: Augment, step_number: int, identity: str) -> None:
        self._step = step
        random = seeded_generator(step.seed, "augment", str(step_number), step.column, identity)
        offset, gain = (random.uniform(-1.0, 1.0, 2) * (step.offset, step.gain_percent / 100)).tolist()
        self.draw = AugmentationDraw(step_number, step.column, offset, gain)
        self._noise = seeded_generator(step.seed, "noise", str(step_number), step.column, identity)

    def push(self, x: np.ndarray) -> np.ndarray:
        """Return the next rows (n,) of the file as the sensor would have read them."""
        step = self._step
        reading = x * (1.0 + self.draw.gain) + self.draw.offset
        if step.noise:
            is_gaussian = step.noise_shape == "gaussian"
            unit = self._noise.standard_normal(len(x)) if is_gaussian else _uniform(self._noise, len(x))
            reading += step.noise * unit
        return np.asarray(np.round(reading / step.quantum) * step.quantum if step.quantum else reading)


def _uniform(random: np.random.Generator, rows: int) -> np.ndarray:
    """Uniform noise of mean 0 and standard deviation 1."""
    return random.uniform(-_HALF_WIDTH, _HALF_WIDTH, rows)
