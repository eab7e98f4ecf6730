"""Followers: what turns one signal into another and looks back only: filters, lags, windows.

A follower is fed a segment's rows in pieces of any length, one row too, and carries its state from piece to piece, so
that a whole file and a running system get the same values. None has a row that is not there: each says how it starts.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.polynomial.legendre import legvander
from scipy.signal import butter, lfilter, oaconvolve, sosfilt, sosfilt_zi

_FEW = 16
"""Up to so many terms, adding shifted signals is faster than anything cleverer."""
_MANY = 256
"""From so many terms on, a convolution is faster by way of spectra."""


class Follower(Protocol):
    """One signal in, one out, row by row."""

    def start(self) -> None:
        """A segment begins: nothing that was seen counts any more."""

    def push(self, x: np.ndarray) -> np.ndarray:
        """The next rows (n,) float64 of the segment, n >= 1; returns as many."""


class ButterworthFollower:
    """Butterworth low-pass by second-order sections; steady: starts as if the first value had been there for ever, else
    as if nothing had been."""

    def __init__(self, cutoff_Hz: float, order: int, period_s: float, *, steady: bool = True) -> None:
        self._sections = butter(order, cutoff_Hz, fs=1 / period_s, output="sos")
        self._settled = sosfilt_zi(self._sections) * (1.0 if steady else 0.0)
        self._state: np.ndarray | None = None

    def start(self) -> None:
        """See `Follower.start`."""
        self._state = None

    def push(self, x: np.ndarray) -> np.ndarray:
        """See `Follower.push`."""
        state = self._settled * x[0] if self._state is None else self._state
        y, self._state = sosfilt(self._sections, x, zi=state)
        return np.asarray(y)


class EmaFollower:
    """y_k = y_(k-1) + a (x_k - y_(k-1)), a = 1 - exp(-period / tau): a first-order lag fed a held signal; y_0 = x_0."""

    def __init__(self, tau_s: float, period_s: float) -> None:
        self._share = -float(np.expm1(-period_s / tau_s))
        self._last: float | None = None

    def start(self) -> None:
        """See `Follower.start`."""
        self._last = None

    def push(self, x: np.ndarray) -> np.ndarray:
        """See `Follower.push`."""
        last = float(x[0]) if self._last is None else self._last
        kept = 1.0 - self._share
        y, _ = lfilter([self._share], [1.0, -kept], x, zi=[kept * last])
        self._last = float(y[-1])
        return np.asarray(y)


class _Remembering:
    """Keeps the last `count` values; before a segment's first row `before` stands, or, if None, the first value."""

    def __init__(self, count: int, before: float | None) -> None:
        self._count = count
        self._before = before
        self._last: np.ndarray | None = None

    def start(self) -> None:
        """See `Follower.start`."""
        self._last = None

    def extended(self, x: np.ndarray) -> np.ndarray:
        """(count + n,): what came before, then x."""
        last = self._last
        if last is None:
            last = np.full(self._count, x[0] if self._before is None else self._before)
        both = np.concatenate((last, x))
        self._last = both[len(both) - self._count :].copy()
        return both


class LagFollower(_Remembering):
    """The value n rows ago; before the first row the first value."""

    def __init__(self, n: int) -> None:
        super().__init__(n, None)

    def push(self, x: np.ndarray) -> np.ndarray:
        """See `Follower.push`."""
        return self.extended(x)[: len(x)]


class MeanFollower(_Remembering):
    """Mean of the last n rows; at a segment's start of those that there are."""

    def __init__(self, n: int) -> None:
        super().__init__(n - 1, 0.0)
        self._n = n
        self._seen = 0

    def start(self) -> None:
        """See `Follower.start`."""
        super().start()
        self._seen = 0

    def push(self, x: np.ndarray) -> np.ndarray:
        """See `Follower.push`."""
        sums = windowed(self.extended(x), self._n, np.add)
        if self._seen >= self._n:
            return sums / self._n
        counts = np.minimum(self._seen + np.arange(1, len(x) + 1), self._n)
        self._seen += len(x)
        return np.asarray(sums / counts)


class MaxFollower(_Remembering):
    """Largest of the last n rows; at a segment's start of those that there are."""

    def __init__(self, n: int) -> None:
        super().__init__(n - 1, -np.inf)
        self._n = n

    def push(self, x: np.ndarray) -> np.ndarray:
        """See `Follower.push`."""
        return windowed(self.extended(x), self._n, np.maximum)


class SavitzkyGolayFollower(_Remembering):
    """Polynomial fitted by least squares to the last n rows, at the last of them (Savitzky and Golay 1964)."""

    def __init__(self, n: int, polynomial: int) -> None:
        super().__init__(n - 1, None)
        basis, _ = np.linalg.qr(legvander(np.linspace(-1.0, 1.0, n), polynomial))
        self._weights = (basis @ basis[-1])[::-1]  # newest first, as convolution takes them

    def push(self, x: np.ndarray) -> np.ndarray:
        """See `Follower.push`."""
        first = x[0]  # taken off and put back, so that a constant stays constant and spectra keep their precision
        rows = self.extended(x) - first
        convolve = oaconvolve if len(self._weights) >= _MANY and len(x) >= _MANY else np.convolve
        return np.asarray(convolve(rows, self._weights, mode="valid") + first)


def windowed(x: np.ndarray, n: int, operation: np.ufunc) -> np.ndarray:
    """`operation` (np.add, np.maximum) over every n neighbours of x: (len(x) - n + 1,).

    In time and memory O(len(x)) for any n, and with the rounding errors of one window: each is the end of one block of
    n rows and the beginning of the next (van Herk 1992, Gil and Werman 1993).
    """
    count = len(x) - n + 1
    if n <= _FEW:
        result = x[:count].copy()
        for offset in range(1, n):
            operation(result, x[offset : offset + count], out=result)
        return result
    blocks = -(-len(x) // n)
    padded = np.zeros(blocks * n)
    padded[: len(x)] = x
    table = padded.reshape(blocks, n)
    from_left = operation.accumulate(table, axis=1).ravel()
    from_right = operation.accumulate(table[:, ::-1], axis=1)[:, ::-1].ravel()
    result = operation(from_right[:count], from_left[n - 1 : n - 1 + count])
    result[::n] = from_left[n - 1 : n - 1 + count : n]  # whole blocks, which must not count twice
    return np.asarray(result)
