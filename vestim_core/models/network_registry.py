"""The kinds of network. A new kind is one file and one line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vestim_core.models.fnn import Fnn
from vestim_core.models.gru import Gru
from vestim_core.models.lstm import Lstm
from vestim_core.models.network import Network
from vestim_core.spec.model import AnyModel

_BUILDERS: dict[str, Callable[[Any, int], Network]] = {"lstm": Lstm, "gru": Gru, "fnn": Fnn}


def build_model(spec: AnyModel, features: int) -> Network:
    """Build a network of `spec` for `features` inputs, with weights drawn from torch's global generator."""
    return _BUILDERS[spec.kind](spec, features)
