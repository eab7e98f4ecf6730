"""Weights of the legacy program, converted to today's networks. Reading runs no code: torch loads tensors only.

A legacy recurrent network is one module of several layers of one size; here each layer is a module. A legacy
feed-forward network is a chain of slots, of which layer norm and dropout have one only when they are used. Files that
do not fit are refused with one sentence.
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
from vestim_core.models.network_registry import build_model
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.model import AnyModel, FnnModel, ModelSpec, model_title

MAX_BYTES = 256 << 20
"""Largest file in bytes, 64 million float32 weights: bounds memory; arbitrary, 64 MiB to 1 GiB works."""
_HOLDERS = ("model_state_dict", "state_dict")
_RECURRENT = re.compile(r"(?P<kind>lstm|gru)\.(?P<name>(?:weight|bias)_(?:ih|hh))_l(?P<layer>\d+)")
_CHAIN = re.compile(r"network\.(?P<slot>\d+)\.(?P<name>weight|bias)")


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read the tensors of the file by name, alone or beside an optimizer's state; `VestimError` for anything else."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _refusal(path, f"it is larger than {MAX_BYTES >> 20} MiB")
        if zipfile.is_zipfile(path):
            _check_archive(path, size)
        document = torch.load(path, map_location="cpu", weights_only=True)
    except VestimError:
        raise
    except Exception:  # torch raises exceptions of many types, also for code
        raise _refusal(path, "it is damaged, or holds more than weights, which could be code") from None
    holder = next((document[name] for name in _HOLDERS if isinstance(document, dict) and name in document), document)
    if not isinstance(holder, Mapping) or not holder or not all(isinstance(value, Tensor) for value in holder.values()):
        raise _refusal(path, "it holds no table of weights")
    odd_name = next((name for name, tensor in holder.items() if not _is_plain(tensor)), None)
    if odd_name is not None:
        raise _refusal(path, f"'{str(odd_name)[:60]}' holds something else than plain real numbers")
    if sum(tensor.numel() * tensor.element_size() for tensor in holder.values()) > size:
        raise _refusal(path, "its tensors claim more values than the file holds")
    weights = {str(name): tensor.float() for name, tensor in holder.items()}
    for name, tensor in weights.items():
        if not bool(torch.isfinite(tensor).all()):
            raise _refusal(path, f"'{name[:60]}' holds values that are not finite")
    return weights


def _is_plain(tensor: Tensor) -> bool:
    """True for a dense floating-point tensor: not quantized, complex, sparse, nested or without values."""
    is_dense = tensor.layout is torch.strided and not tensor.is_nested and not tensor.is_meta
    return is_dense and tensor.is_floating_point()


def build_legacy_network(weights: Mapping[str, Tensor], spec: AnyModel, features: int) -> tuple[Network, AnyModel]:
    """Build the network with these weights; returns it and its spec, which is `spec` with the sizes of the weights."""
    state, settings = _chain_state(weights, spec) if isinstance(spec, FnnModel) else _recurrent_state(weights, spec)
    first = next(iter(state.values()))
    if first.dim() != 2:
        raise wrong_input(f"the first layer's weights have {first.dim()} dimensions where a matrix has 2")
    if first.shape[-1] != features:
        raise wrong_input(f"the weights are for {first.shape[-1]} inputs, and the job names {features}")
    try:
        actual = TypeAdapter[Any](ModelSpec).validate_python({**spec.model_dump(mode="json"), **settings})
        module = build_model(actual, features)
        limits = {name: tensor for name, tensor in module.state_dict().items() if name == "limits"}
        module.load_state_dict({**limits, **state})
    except (ValidationError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise wrong_input(f"the weights do not fit a {model_title(spec)}: {reason}") from None
    return module.eval(), actual


def _recurrent_state(weights: Mapping[str, Tensor], spec: AnyModel) -> tuple[dict[str, Tensor], dict[str, Any]]:
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
            raise _unknown_weight(name, spec)
    if not sizes or sorted(sizes) != list(range(len(sizes))) or state.get("layers.0.weight_ih_l0") is None:
        raise wrong_input(f"the weights are none of a {spec.kind.upper()}: layers are missing")
    first = {"layers.0.weight_ih_l0": state["layers.0.weight_ih_l0"]}
    return {**first, **state}, {"sizes": [sizes[index] for index in sorted(sizes)], "layer_norm": False}


def _chain_state(weights: Mapping[str, Tensor], spec: AnyModel) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Weights of a chain of linear layers, each but the last with a layer norm behind it or none."""
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in weights.items():
        match = _CHAIN.fullmatch(name)
        if not match:
            raise _unknown_weight(name, spec)
        slots.setdefault(int(match["slot"]), {})[match["name"]] = tensor
    linear = [slot for slot in sorted(slots) if slots[slot].get("weight", torch.empty(0)).dim() == 2]
    norms = [slot for slot in sorted(slots) if slot not in linear]
    if len(linear) < 2 or linear[0] != 0:
        raise wrong_input("the weights are none of an FNN: its first layers are missing")
    hidden = linear[:-1]
    if norms and norms != [slot + 1 for slot in hidden]:
        raise wrong_input("the weights hold a layer norm at a place where no network of this version has one")
    stride = 4 if norms else 3  # today: linear, norm if any, activation, dropout
    state = {"layers.0.weight": slots[0]["weight"]}
    for index, slot in enumerate(linear):
        state |= {f"layers.{index * stride}.{name}": tensor for name, tensor in slots[slot].items()}
    for index, slot in enumerate(norms):
        state |= {f"layers.{index * stride + 1}.{name}": tensor for name, tensor in slots[slot].items()}
    widths = [slots[slot]["weight"].shape for slot in linear]
    if any(first[0] != second[1] for first, second in pairwise(widths)):
        raise wrong_input("the weights of an FNN do not fit each other")
    return state, {"sizes": [width[0] for width in widths[:-1]], "layer_norm": bool(norms)}


def _check_archive(path: Path, size: int) -> None:
    """Refuse an archive that torch did not write: compressed parts, paths that leave it, sizes above its own."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    for member in members:
        if (
            member.compress_type != zipfile.ZIP_STORED
            or ".." in member.filename.split("/")
            or member.filename[:1] == "/"
        ):
            raise _refusal(path, f"its part '{member.filename[:60]}' is not what torch writes")
    if sum(member.file_size for member in members) > size:
        raise _refusal(path, "it claims to hold more than it does")


def _unknown_weight(name: str, spec: AnyModel) -> VestimError:
    return wrong_input(f"'{name[:60]}' among the weights is no part of a {spec.kind.upper()} of this version")


def _refusal(path: Path, reason: str) -> VestimError:
    return wrong_input(f"the weights in '{path}' are not read: {reason}", location=str(path))
