"""Every network: layer sizes, parameter counts, carried state, causality."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from vestim_core.models.lstm import Lstm
from vestim_core.models.network_registry import build_model
from vestim_core.spec.model import TRAINING_METHODS, AnyModel, FnnModel, GruModel, LstmModel, parameter_count

SPECS = [
    LstmModel(sizes=[5]),
    LstmModel(sizes=[7, 3, 4]),
    LstmModel(sizes=[7, 3], layer_norm=True, output_min=-1.0),
    GruModel(sizes=[5]),
    GruModel(sizes=[7, 3, 4], layer_norm=True),
    FnnModel(sizes=[8]),
    FnnModel(sizes=[6, 4], activation="tanh", layer_norm=True, output_max=2.0),
]
sizes = st.lists(st.integers(1, 20), min_size=1, max_size=4)


@pytest.mark.slow
@given(
    kind=st.sampled_from([LstmModel, GruModel, FnnModel]),
    sizes=sizes,
    features=st.integers(1, 6),
    layer_norm=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_parameter_count_matches_the_network(
    kind: type[AnyModel], sizes: list[int], features: int, layer_norm: bool
) -> None:
    spec = kind(sizes=sizes, layer_norm=layer_norm)
    actual = sum(weights.numel() for weights in build_model(spec, features).parameters())
    assert actual == parameter_count(spec, features)


def test_every_kind_of_the_spec_can_be_built() -> None:
    assert {spec.kind for spec in SPECS} == set(TRAINING_METHODS)
    for spec in SPECS:
        build_model(spec, 3)


@pytest.mark.parametrize("kind", [LstmModel, GruModel])
def test_every_layer_has_its_own_size(kind: type[LstmModel | GruModel]) -> None:
    network = build_model(kind(sizes=[7, 3, 4]), 2)
    assert [(layer.input_size, layer.hidden_size) for layer in network.layers] == [(2, 7), (7, 3), (3, 4)]


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_one_pass_equals_pieces_with_carried_state(spec: AnyModel) -> None:
    network, x = build_model(spec, 3).eval(), torch.randn(4, 30, 3)
    complete, _ = network(x)
    first, state = network(x[:, :11])
    second, _ = network(x[:, 11:], state)
    assert complete.shape == (4, 30)
    torch.testing.assert_close(torch.cat([first, second], 1), complete)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_networks_are_causal(spec: AnyModel) -> None:
    network, x = build_model(spec, 3).eval(), torch.randn(1, 20, 3)
    changed = x.clone()
    changed[:, 12:] += 5.0
    assert torch.equal(network(x)[0][:, :12], network(changed)[0][:, :12])


@pytest.mark.parametrize("kind", [LstmModel, GruModel, FnnModel])
def test_dropout_acts_in_training_only_and_on_a_single_layer_too(kind: type[AnyModel]) -> None:
    network, x = build_model(kind(sizes=[16], dropout=0.5), 3), torch.randn(2, 10, 3)
    assert not torch.equal(network(x)[0], network(x)[0])
    network.eval()
    assert torch.equal(network(x)[0], network(x)[0])


def test_activations_differ() -> None:
    outputs = []
    for activation in ("relu", "gelu", "tanh"):
        torch.manual_seed(0)
        outputs.append(build_model(FnnModel(activation=activation), 2)(torch.ones(1, 1, 2))[0].item())
    assert len(set(outputs)) == 3


def test_an_lstm_starts_with_open_forget_gates_and_orthogonal_recurrence() -> None:
    network = build_model(LstmModel(sizes=[6]), 2)
    assert isinstance(network, Lstm)
    layer = network.layers[0]
    assert isinstance(layer, nn.LSTM)
    assert torch.equal(layer.bias_ih_l0 + layer.bias_hh_l0, torch.tensor([0.0] * 6 + [1.0] * 6 + [0.0] * 12))
    for gate in layer.weight_hh_l0.detach().split(6):
        torch.testing.assert_close(gate @ gate.T, torch.eye(6))


def test_limits_clamp_the_output_also_after_saving() -> None:
    network = build_model(LstmModel(sizes=[4], output_min=0.0, output_max=1.0), 2)
    network.set_limits(-0.01, 0.02)
    y, _ = network(10 * torch.randn(3, 50, 2))
    assert y.min().item() == pytest.approx(-0.01) and y.max().item() == pytest.approx(0.02)
    restored = build_model(LstmModel(sizes=[4], output_min=0.0, output_max=1.0), 2)
    restored.load_state_dict(network.state_dict())
    assert torch.equal(restored.limits, network.limits)
    assert "limits" not in build_model(LstmModel(), 2).state_dict(), "models without limits have no such buffer"
