"""A model on disk: same predictions after reading, one sentence when unreadable, no code from a file."""

import json
import pickle
from pathlib import Path

import pytest
import torch

from tests.training.synthetic import trial
from vestim_core.models.model_files import load_model, save_model
from vestim_core.models.network_registry import build_model
from vestim_core.spec.errors import ErrorCode, VestimError


def _save_network(folder: Path, kind: str = "lstm") -> torch.nn.Module:
    settings = trial(kind)
    network = build_model(settings.model, 3).eval()
    save_model(folder, network, settings, {"some": "pipeline"}, {"period_s": 1.0, "training": {"epochs": 4}})
    return network


@pytest.mark.parametrize("kind", ["lstm", "fnn"])
def test_a_saved_model_predicts_the_same_bits(tmp_path: Path, kind: str) -> None:
    network, x = _save_network(tmp_path / "result", kind), torch.randn(1, 50, 3)
    loaded, document = load_model(tmp_path / "result")
    assert torch.equal(loaded(x)[0], network(x)[0])
    assert not loaded.training
    assert document["preparation"] == {"some": "pipeline"}
    assert (document["period_s"], document["training"]) == (1.0, {"epochs": 4})
    assert document["signals"]["features"] == ["soc", "current_A", "temperature_degC"]
    assert sorted(path.name for path in (tmp_path / "result").iterdir()) == ["model.json", "model.pt"]


@pytest.mark.parametrize(
    ("file", "content"), [("model.pt", b"no archive"), ("model.json", b"{"), ("model.json", b"[]"), ("model.pt", b"")]
)
def test_a_damaged_model_is_named_in_one_sentence(tmp_path: Path, file: str, content: bytes) -> None:
    _save_network(tmp_path)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(VestimError, match=f"{file} cannot be read"):
        load_model(tmp_path)


@pytest.mark.parametrize("file", ["model.pt", "model.json"])
def test_a_missing_part_is_named(tmp_path: Path, file: str) -> None:
    _save_network(tmp_path)
    (tmp_path / file).unlink()
    with pytest.raises(VestimError, match=f"{file} is missing") as error:
        load_model(tmp_path)
    assert error.value.code is ErrorCode.NOT_FOUND


def test_weights_of_another_network_and_later_versions_are_refused(tmp_path: Path) -> None:
    _save_network(tmp_path / "a")
    _save_network(tmp_path / "b", "fnn")
    (tmp_path / "a" / "model.pt").write_bytes((tmp_path / "b" / "model.pt").read_bytes())
    with pytest.raises(VestimError, match="cannot be read"):
        load_model(tmp_path / "a")
    document = json.loads((tmp_path / "b" / "model.json").read_text())
    (tmp_path / "b" / "model.json").write_text(json.dumps({**document, "schema_version": 99}))
    with pytest.raises(VestimError, match="later version"):
        load_model(tmp_path / "b")


class _CodeInWeights:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


def test_no_code_runs_from_weights(tmp_path: Path) -> None:
    _save_network(tmp_path)
    torch.save({"x": _CodeInWeights(tmp_path / "ran")}, tmp_path / "model.pt")
    with pytest.raises(VestimError):
        load_model(tmp_path)
    (tmp_path / "model.pt").write_bytes(pickle.dumps(_CodeInWeights(tmp_path / "ran")))
    with pytest.raises(VestimError):
        load_model(tmp_path)
    assert not (tmp_path / "ran").exists()
