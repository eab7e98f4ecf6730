"""Weights of the former program as networks of today. No code runs from its files: torch reads tensors alone.

Its recurrent networks are one module of several layers of one size, here each layer is a module; its feed-forward ones
are a chain in which layer norm and dropout have places or not. Whatever does not fit is refused in one sentence.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from vestim_core.models.network import Network
from vestim_core.models.registry import build_model
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.model import AnyModel, FnnModel, ModelSpec, model_title

MAX_BYTES = 256 << 20
_HOLDERS = ("model_state_dict", "state_dict")
_RECURRENT = re.compile(r"(?P<kind>lstm|gru)\.(?P<name>(?:weight|bias)_(?:ih|hh))_l(?P<layer>\d+)")
_CHAIN = re.compile(r"network\.(?P<place>\d+)\.(?P<name>weight|bias)")


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors by name that the file holds, plain or beside an optimiser's; `VestimError` for anything else."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _refused(path, f"it is larger than {MAX_BYTES >> 20} MiB")
        if zipfile.is_zipfile(path):
            _check_archive(path, size)
        document = torch.load(path, map_location="cpu", weights_only=True)
    except VestimError:
        raise
    except Exception:  # torch raises whatever its reader met; what would run code is among it
        raise _refused(path, "it is damaged, or holds more than weights, which could be code") from None
    holder = next((document[name] for name in _HOLDERS if isinstance(document, dict) and name in document), document)
    if not isinstance(holder, Mapping) or not holder or not all(isinstance(value, Tensor) for value in holder.values()):
        raise _refused(path, "it holds no table of weights")
    odd = next((name for name, tensor in holder.items() if not _is_plain(tensor)), None)
    if odd is not None:
        raise _refused(path, f"'{str(odd)[:60]}' holds something else than plain real numbers")
    if sum(tensor.numel() * tensor.element_size() for tensor in holder.values()) > size:
        raise _refused(path, "its tensors claim more values than the file holds")
    weights = {str(name): tensor.float() for name, tensor in holder.items()}
    for name, tensor in weights.items():
        if not bool(torch.isfinite(tensor).all()):
            raise _refused(path, f"'{name[:60]}' holds values that are not finite")
    return weights


def _is_plain(tensor: Tensor) -> bool:
    """Whether it is dense and of floating-point numbers, not quantised, complex, sparse, nested or without values."""
    dense = tensor.layout is torch.strided and not tensor.is_nested and not tensor.is_meta
    return dense and tensor.is_floating_point()


def former_network(weights: Mapping[str, Tensor], spec: AnyModel, features: int) -> tuple[Network, AnyModel]:
    """The network with these weights, and its spec: `spec` with the sizes that the weights have."""
    state, found = _chain(weights, spec) if isinstance(spec, FnnModel) else _recurrent(weights, spec)
    first = next(iter(state.values()))
    if first.dim() != 2:
        raise wrong_input(f"the first layer's weights have {first.dim()} dimensions where a matrix has 2")
    if first.shape[-1] != features:
        raise wrong_input(f"the weights are for {first.shape[-1]} inputs, and the job names {features}")
    try:
        actual = TypeAdapter[Any](ModelSpec).validate_python({**spec.model_dump(mode="json"), **found})
        module = build_model(actual, features)
        own = module.state_dict()
        module.load_state_dict({**{name: own[name] for name in own if name == "limits"}, **state})
    except (ValidationError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise wrong_input(f"the weights do not fit a {model_title(spec)}: {reason}") from None
    return module.eval(), actual


def _recurrent(weights: Mapping[str, Tensor], spec: AnyModel) -> tuple[dict[str, Tensor], dict[str, Any]]:
    state: dict[str, Tensor] = {}
    sizes: dict[int, int] = {}
    for name, tensor in weights.items():
        layer = _RECURRENT.fullmatch(name)
        if layer and layer["kind"] == spec.kind:
            state[f"layers.{layer['layer']}.{layer['name']}_l0"] = tensor
            if layer["name"] == "weight_hh" and tensor.dim() == 2:
                sizes[int(layer["layer"])] = tensor.shape[1]
        elif name in {"fc.weight", "fc.bias"}:
            state[name.replace("fc", "head")] = tensor
        else:
            raise _unknown(name, spec)
    if not sizes or sorted(sizes) != list(range(len(sizes))) or state.get("layers.0.weight_ih_l0") is None:
        raise wrong_input(f"the weights are none of a {spec.kind.upper()}: layers are missing")
    first = {"layers.0.weight_ih_l0": state["layers.0.weight_ih_l0"]}
    return {**first, **state}, {"sizes": [sizes[number] for number in sorted(sizes)], "layer_norm": False}


def _chain(weights: Mapping[str, Tensor], spec: AnyModel) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """A chain of linear layers; between two of them a norm may stand right behind the first."""
    places: dict[int, dict[str, Tensor]] = {}
    for name, tensor in weights.items():
        found = _CHAIN.fullmatch(name)
        if not found:
            raise _unknown(name, spec)
        places.setdefault(int(found["place"]), {})[found["name"]] = tensor
    linear = [place for place in sorted(places) if places[place].get("weight", torch.empty(0)).dim() == 2]
    norms = [place for place in sorted(places) if place not in linear]
    if len(linear) < 2 or linear[0] != 0:
        raise wrong_input("the weights are none of an FNN: its first layers are missing")
    hidden = linear[:-1]
    if norms and norms != [place + 1 for place in hidden]:
        raise wrong_input("the weights hold a layer norm at a place where no network of this version has one")
    each = 4 if norms else 3  # here: linear, norm, activation, dropout
    state = {"layers.0.weight": places[0]["weight"]}
    for number, place in enumerate(linear):
        state |= {f"layers.{number * each}.{name}": tensor for name, tensor in places[place].items()}
    for number, place in enumerate(norms):
        state |= {f"layers.{number * each + 1}.{name}": tensor for name, tensor in places[place].items()}
    widths = [places[place]["weight"].shape for place in linear]
    if any(before[0] != after[1] for before, after in pairwise(widths)):
        raise wrong_input("the weights of an FNN do not fit each other")
    return state, {"sizes": [width[0] for width in widths[:-1]], "layer_norm": bool(norms)}


def _check_archive(path: Path, size: int) -> None:
    """Refuse an archive that torch did not write: packed parts, names that lead elsewhere, more than it holds."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    for member in members:
        if (
            member.compress_type != zipfile.ZIP_STORED
            or ".." in member.filename.split("/")
            or member.filename[:1] == "/"
        ):
            raise _refused(path, f"its part '{member.filename[:60]}' is not what torch writes")
    if sum(member.file_size for member in members) > size:
        raise _refused(path, "it claims to hold more than it does")


def _unknown(name: str, spec: AnyModel) -> VestimError:
    return wrong_input(f"'{name[:60]}' among the weights is no part of a {spec.kind.upper()} of this version")


def _refused(path: Path, why: str) -> VestimError:
    return wrong_input(f"the weights in '{path}' are not read: {why}", place=str(path))
