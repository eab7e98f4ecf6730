"""Weights of the legacy program: same predictions as its networks, and one sentence for anything else."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.jobs.legacy.legacy_jobs import Bomb
from vestim_core.models.legacy_weights import build_legacy_network, read_weights
from vestim_core.spec.errors import VestimError
from vestim_core.spec.model import FnnModel, GruModel, LstmModel


class LegacyRecurrent(nn.Module):
    """One module of several layers of one size, then a linear output."""

    def __init__(self, kind: str, features: int, size: int, layers: int) -> None:
        super().__init__()
        module = nn.LSTM if kind == "lstm" else nn.GRU
        setattr(self, kind, module(features, size, layers, batch_first=True))
        self.fc = nn.Linear(size, 1)
        self.kind = kind

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(getattr(self, self.kind)(x)[0]).squeeze(-1)


class LegacyChain(nn.Module):
    """Linear layers with or without norm and dropout between them."""

    def __init__(self, features: int, sizes: list[int], *, norm: bool, dropout: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, size in zip([features, *sizes], sizes, strict=False):
            layers += [nn.Linear(inputs, size)]
            layers += [nn.LayerNorm(size)] if norm else []
            layers += [nn.ReLU()]
            layers += [nn.Dropout(0.1)] if dropout else []
        self.network = nn.Sequential(*layers, nn.Linear(sizes[-1], 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(x).squeeze(-1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("holder", ["", "model_state_dict", "state_dict"])
def test_recurrent_networks_predict_the_same(kind: str, layers: int, holder: str, tmp_path: Path) -> None:
    torch.manual_seed(layers)
    legacy = LegacyRecurrent(kind, 3, 5, layers).eval()
    state = legacy.state_dict()
    torch.save({holder: state, "optimizer_state_dict": {"step": 3}} if holder else state, tmp_path / "best.pth")
    spec = LstmModel(sizes=[5]) if kind == "lstm" else GruModel(sizes=[5])
    network, actual_spec = build_legacy_network(read_weights(tmp_path / "best.pth"), spec, 3)
    x = torch.randn(2, 40, 3)
    assert actual_spec.sizes == [5] * layers
    torch.testing.assert_close(network(x)[0], legacy(x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("dropout", [False, True])
def test_chains_with_and_without_norm_and_dropout_predict_the_same(norm: bool, dropout: bool, tmp_path: Path) -> None:
    torch.manual_seed(3)
    legacy = LegacyChain(4, [6, 5, 3], norm=norm, dropout=dropout).eval()
    torch.save(legacy.state_dict(), tmp_path / "best.pth")
    network, actual_spec = build_legacy_network(read_weights(tmp_path / "best.pth"), FnnModel(sizes=[1]), 4)
    x = torch.randn(2, 30, 4)
    assert (actual_spec.sizes, actual_spec.layer_norm) == ([6, 5, 3], norm)
    torch.testing.assert_close(network(x)[0], legacy(x), rtol=0, atol=1e-6)


def _write_zip(path: Path, compression: int, name: str) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("best/data.pkl", pickle.dumps({}))
        archive.writestr(name, b"\0" * 1000)


def test_code_and_oversized_content_are_not_read(tmp_path: Path) -> None:
    marker, path = tmp_path / "ran", tmp_path / "best.pth"
    messages: dict[str, str] = {}

    def expect_refusal(name: str) -> None:
        with pytest.raises(VestimError) as error:
            read_weights(path)
        messages[name] = error.value.message

    torch.save({"model_state_dict": {"x": torch.zeros(1)}, "code": Bomb(marker)}, path)
    expect_refusal("code in an archive")
    path.write_bytes(pickle.dumps(Bomb(marker)))
    expect_refusal("code alone")
    _write_zip(path, zipfile.ZIP_DEFLATED, "best/data/0")
    expect_refusal("packed")
    _write_zip(path, zipfile.ZIP_STORED, "best/../../data/0")
    expect_refusal("leads out")
    torch.save({"fc.weight": torch.zeros(1).expand(1 << 20, 1 << 10)}, path)
    expect_refusal("more than it holds")
    path.write_bytes(b"PK\x03\x04 and then it breaks off")
    expect_refusal("damaged")
    torch.save([1, 2], path)
    expect_refusal("no table")
    with path.open("wb") as file:
        file.truncate(1 << 30)
    expect_refusal("large")
    assert not marker.exists()
    assert "could be code" in messages["code in an archive"] and "larger than 256 MiB" in messages["large"]
    assert "not what torch writes" in messages["packed"] and "not what torch writes" in messages["leads out"]
    assert "claim more values" in messages["more than it holds"] and "no table of weights" in messages["no table"]
    assert all("\n" not in sentence and str(path) in sentence for sentence in messages.values())


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.zeros(8, 4, dtype=torch.complex64),
        lambda: torch.zeros(8, 4, dtype=torch.int64),
        lambda: torch.quantize_per_tensor(torch.ones(8, 4), 0.1, 0, torch.qint8),
        lambda: torch.eye(4).to_sparse(),
        lambda: torch.zeros(8, 4, device="meta"),
        lambda: torch.full((8, 4), float("nan")),
        lambda: torch.full((8, 4), 1e300, dtype=torch.float64),
    ],
    ids=["complex", "integer", "quantized", "sparse", "meta", "nan", "overflow"],
)
@pytest.mark.filterwarnings("ignore")  # torch warns of its older kinds of tensor
def test_tensors_other_than_weights_are_refused(make: Callable[[], torch.Tensor], tmp_path: Path) -> None:
    torch.save({"gru.weight_hh_l0": torch.zeros(8, 4), "gru.weight_ih_l0": make()}, tmp_path / "best.pth")
    with pytest.raises(VestimError, match=r"'gru\.weight_ih_l0' holds") as error:
        read_weights(tmp_path / "best.pth")
    assert str(tmp_path / "best.pth") in error.value.message and "\n" not in error.value.message


def test_the_order_of_the_weights_does_not_matter() -> None:
    legacy = LegacyChain(3, [4, 2], norm=False, dropout=False).eval()
    network, _ = build_legacy_network(dict(reversed(legacy.state_dict().items())), FnnModel(sizes=[1]), 3)
    x = torch.randn(1, 9, 3)
    torch.testing.assert_close(network(x)[0], legacy(x), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("weights", "spec", "expected_text"),
    [
        (
            {**LegacyRecurrent("lstm", 3, 4, 1).state_dict(), "lstm.weight_ih_l0": torch.tensor(1.0)},
            LstmModel(),
            "have 0 dimensions",
        ),
        ({"transformer.weight": torch.zeros(1)}, LstmModel(), "no part of a LSTM"),
        ({"fc.weight": torch.zeros(1, 4)}, LstmModel(), "layers are missing"),
        ({"network.0.weight": torch.zeros(2, 3)}, FnnModel(), "first layers are missing"),
        (
            {
                "network.0.weight": torch.zeros(4, 3),
                "network.2.weight": torch.zeros(4),
                "network.3.weight": torch.zeros(1, 4),
            },
            FnnModel(),
            "no network of this version has one",
        ),
        (dict(LegacyRecurrent("lstm", 2, 4, 1).state_dict()), LstmModel(sizes=[4]), "for 2 inputs"),
        (
            {k: v for k, v in LegacyRecurrent("lstm", 3, 4, 1).state_dict().items() if k != "fc.bias"},
            LstmModel(),
            "fit",
        ),
        (dict(LegacyRecurrent("gru", 3, 4, 1).state_dict()), LstmModel(sizes=[4]), "no part of a LSTM"),
    ],
)
def test_weights_that_do_not_fit_are_refused(weights: Any, spec: Any, expected_text: str) -> None:
    with pytest.raises(VestimError, match=expected_text) as error:
        build_legacy_network(weights, spec, 3)
    assert "\n" not in error.value.message


def test_limits_may_be_part_of_the_network() -> None:
    weights = LegacyRecurrent("gru", 3, 4, 1).state_dict()
    module, _ = build_legacy_network(weights, GruModel(sizes=[4], output_min=3.0, output_max=4.0), 3)
    module.set_limits(0.0, 0.1)
    assert float(module(torch.randn(1, 50, 3) * 9)[0].detach().max()) <= 0.1 + 1e-7
