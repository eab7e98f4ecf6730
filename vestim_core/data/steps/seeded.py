"""Random numbers that are the same at every run: drawn from a seed and from words that say what they are for."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(seed: int, *words: str) -> np.random.Generator:
    """A generator of its own for each seed and words; the same ones give the same numbers, in pieces of any length."""
    digest = hashlib.sha256("\0".join(words).encode()).digest()
    return np.random.Generator(np.random.PCG64([seed, *np.frombuffer(digest, dtype="<u4").tolist()]))
