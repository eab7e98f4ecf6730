"""A prediction as a test wrote it, read from the bytes of its file without executing code."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import numpy as np

from vestim_core.spec.errors import wrong_input
from vestim_gui.plots.content import Array

COLUMNS = ("time_s", "target", "predicted")


@dataclass(frozen=True, eq=False)
class Prediction:
    """Scored rows of one file by one model, each of shape (n,): time_s, measured and predicted in the target's unit.

    Between two segments there is a row of NaN, so that no line connects them.
    """

    time_s: Array
    measured: Array
    predicted: Array

    @property
    def row_count(self) -> int:
        """Number of measured rows."""
        return int(np.isfinite(self.measured).sum())

    @property
    def missing_count(self) -> int:
        """Number of measured rows without a finite prediction."""
        return int((np.isfinite(self.measured) & ~np.isfinite(self.predicted)).sum())


def read_prediction(content: bytes, name: str) -> Prediction:
    """The prediction in the bytes of an npz file; raises `VestimError` naming the file if it cannot be read."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            time_s, measured, predicted = (np.asarray(arrays[column], np.float64).ravel() for column in COLUMNS)
            segment = np.asarray(arrays["segment"]).ravel() if "segment" in arrays.files else np.zeros(len(time_s))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise wrong_input(f'"{name}" cannot be read as a prediction ({error}): test the model again.') from None
    if not len(time_s) == len(measured) == len(predicted) == len(segment):
        raise wrong_input(f'"{name}" holds columns of different lengths: test the model again.')
    breaks = np.flatnonzero(np.diff(segment)) + 1
    if len(breaks):
        time_s = np.insert(time_s, breaks, time_s[breaks - 1])
        measured, predicted = (np.insert(column, breaks, np.nan) for column in (measured, predicted))
    return Prediction(time_s, measured, predicted)
