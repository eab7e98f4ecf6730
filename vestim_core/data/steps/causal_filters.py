"""Causal filters: filters, lags and moving windows whose output depends on the present and earlier rows alone.

A filter is fed the rows of a segment in pieces of any length, down to single rows, and carries its state from piece to
piece, so that a whole file and a running system get the same values. Each states what it assumes before the first row.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.polynomial.legendre import legvander
from scipy.signal import butter, lfilter, oaconvolve, sosfilt, sosfilt_zi

_MAX_SHIFTED_ROWS = 16
"""Rows in a window up to which adding shifted signals is the fastest method."""
_MIN_FFT_ROWS = 256
"""Weights and rows from which convolution by FFT is faster than the direct one."""


class CausalFilter(Protocol):
    """A filter of one signal into another of the same length."""

    def start(self) -> None:
        """Begin a segment: forget all earlier rows."""

    def push(self, x: np.ndarray) -> np.ndarray:
        """Return the output (n,) for the next rows (n,) of the segment, float64, n >= 1."""


class CausalButterworth:
    """Butterworth low-pass by second-order sections.

    steady: start as if the first value had been present for ever; otherwise start from zero.
    """

    def __init__(self, cutoff_Hz: float, order: int, period_s: float, *, steady: bool = True) -> None:
        self._sections = butter(order, cutoff_Hz, fs=1 / period_s, output="sos")
        self._initial_state = sosfilt_zi(self._sections) * (1.0 if steady else 0.0)
        self._state: np.ndarray | None = None

    def start(self) -> None:
        """See `CausalFilter.start`."""
        self._state = None

    def push(self, x: np.ndarray) -> np.ndarray:
        """See `CausalFilter.push`."""
        state = self._initial_state * x[0] if self._state is None else self._state
        y, self._state = sosfilt(self._sections, x, zi=state)
        return np.asarray(y)


class CausalEma:
    """y_k = y_(k-1) + a (x_k - y_(k-1)), a = 1 - exp(-period / tau): a first-order lag fed a held signal; y_0 = x_0."""

    def __init__(self, tau_s: float, period_s: float) -> None:
        self._gain = -float(np.expm1(-period_s / tau_s))
        self._last_value: float | None = None

    def start(self) -> None:
        """See `CausalFilter.start`."""
        self._last_value = None

    def push(self, x: np.ndarray) -> np.ndarray:
        """See `CausalFilter.push`."""
        last = float(x[0]) if self._last_value is None else self._last_value
        decay = 1.0 - self._gain
        y, _ = lfilter([self._gain], [1.0, -decay], x, zi=[decay * last])
        self._last_value = float(y[-1])
        return np.asarray(y)


class _RowMemory:
    """Keeps the last `count` values of a segment, filled at its start with `fill`, or with its first value if None."""

    def __init__(self, count: int, fill: float | None) -> None:
        self._count = count
        self._fill = fill
        self._last_values: np.ndarray | None = None

    def start(self) -> None:
        """See `CausalFilter.start`."""
        self._last_values = None

    def extend(self, x: np.ndarray) -> np.ndarray:
        """Return the remembered values followed by x, (count + n,)."""
        last = self._last_values
        if last is None:
            last = np.full(self._count, x[0] if self._fill is None else self._fill)
        extended = np.concatenate((last, x))
        self._last_values = extended[len(extended) - self._count :].copy()
        return extended


class CausalLag(_RowMemory):
    """Value n rows ago; the first value where there is no such row."""

    def __init__(self, n: int) -> None:
        super().__init__(n, None)

    def push(self, x: np.ndarray) -> np.ndarray:
        """See `CausalFilter.push`."""
        return self.extend(x)[: len(x)]


class CausalMean(_RowMemory):
    """Mean of the last n rows, or of all rows so far where they are fewer."""

    def __init__(self, n: int) -> None:
        super().__init__(n - 1, 0.0)
        self._n = n
        self._row_count = 0

    def start(self) -> None:
        """See `CausalFilter.start`."""
        super().start()
        self._row_count = 0

    def push(self, x: np.ndarray) -> np.ndarray:
        """See `CausalFilter.push`."""
        sums = sliding_reduce(self.extend(x), self._n, np.add)
        if self._row_count >= self._n:
            return sums / self._n
        counts = np.minimum(self._row_count + np.arange(1, len(x) + 1), self._n)
        self._row_count += len(x)
        return np.asarray(sums / counts)


class CausalMax(_RowMemory):
    """Maximum of the last n rows, or of all rows so far where they are fewer."""

    def __init__(self, n: int) -> None:
        super().__init__(n - 1, -np.inf)
        self._n = n

    def push(self, x: np.ndarray) -> np.ndarray:
        """See `CausalFilter.push`."""
        return sliding_reduce(self.extend(x), self._n, np.maximum)


class CausalSavitzkyGolay(_RowMemory):
    """Least-squares polynomial through the last n rows, evaluated at the last one (Savitzky and Golay 1964)."""

    def __init__(self, n: int, polynomial: int) -> None:
        super().__init__(n - 1, None)
        basis, _ = np.linalg.qr(legvander(np.linspace(-1.0, 1.0, n), polynomial))
        self._weights = (basis @ basis[-1])[::-1]  # newest first, the order of a convolution

    def push(self, x: np.ndarray) -> np.ndarray:
        """See `CausalFilter.push`."""
        first = x[0]  # subtracted and added back, so that a constant stays constant and the FFT keeps its precision
        rows = self.extend(x) - first
        convolve = oaconvolve if len(self._weights) >= _MIN_FFT_ROWS and len(x) >= _MIN_FFT_ROWS else np.convolve
        return np.asarray(convolve(rows, self._weights, mode="valid") + first)


def sliding_reduce(x: np.ndarray, n: int, operation: np.ufunc) -> np.ndarray:
    """Reduce every n consecutive values of x by `operation` (np.add, np.maximum); (len(x) - n + 1,).

    Time and memory are O(len(x)) for any n, and rounding errors are those of one window: each window is the end of one
    block of n rows and the beginning of the next (van Herk 1992, Gil and Werman 1993).
    """
    count = len(x) - n + 1
    if n <= _MAX_SHIFTED_ROWS:
        result = x[:count].copy()
        for offset in range(1, n):
            operation(result, x[offset : offset + count], out=result)
        return result
    blocks = -(-len(x) // n)
    padded = np.zeros(blocks * n)
    padded[: len(x)] = x
    block_table = padded.reshape(blocks, n)
    prefixes = operation.accumulate(block_table, axis=1).ravel()
    suffixes = operation.accumulate(block_table[:, ::-1], axis=1)[:, ::-1].ravel()
    result = operation(suffixes[:count], prefixes[n - 1 : n - 1 + count])
    result[::n] = prefixes[n - 1 : n - 1 + count : n]  # a window that is one block must not count it twice
    return np.asarray(result)
