"""Whole files through a network: stateful, bounded, one segment apart from the next."""

import numpy as np
import pytest
import torch

from tests.training.synthetic import small_set, trial
from vestim_core.evaluation import inference
from vestim_core.evaluation.inference import predict
from vestim_core.models.registry import build_model


@pytest.mark.parametrize("kind", ["lstm", "fnn"])
def test_it_is_one_stateful_pass_over_each_segment(kind: str) -> None:
    prepared, network = small_set(), build_model(trial(kind).model, 3)
    file = prepared.files[1]
    assert len(file.segments) == 2
    predicted = predict(network, file, prepared.pipeline)
    network.eval()
    for segment in file.segments:
        rows = slice(segment.start, segment.stop)
        with torch.inference_mode():
            scaled, _ = network(torch.tensor(file.features[rows])[None])
        assert np.array_equal(predicted[rows], prepared.pipeline.inverse_target(scaled[0].numpy()))
    assert predicted.dtype == np.float64
    assert predicted.shape == file.time_s.shape


def test_long_files_go_in_pieces_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared, network = small_set(), build_model(trial("lstm").model, 3)
    whole = predict(network, prepared.files[0], prepared.pipeline)
    monkeypatch.setattr(inference, "PIECE_ROWS", 77)
    np.testing.assert_allclose(predict(network, prepared.files[0], prepared.pipeline), whole, atol=1e-6)


def test_dropout_rests_and_the_mode_is_put_back() -> None:
    prepared = small_set()
    network = build_model(trial("fnn", model={"dropout": 0.5}).model, 3).train()
    first, second = (predict(network, prepared.files[0], prepared.pipeline) for _ in range(2))
    assert np.array_equal(first, second)
    assert network.training


@pytest.mark.parametrize("kind", ["lstm", "gru", "fnn"])
def test_row_by_row_and_at_once_agree(kind: str) -> None:
    """A battery management system has one row at a time and keeps the state: to 1e-6 V the same."""
    prepared = small_set()
    network = build_model(trial(kind).model, 3).eval()
    for file in prepared.files[:2]:
        streamed = np.empty(len(file.time_s), np.float32)
        with torch.inference_mode():
            for segment in file.segments:
                state = None
                for row in range(segment.start, segment.stop):
                    y, state = network(torch.tensor(file.features[row])[None, None], state)
                    streamed[row] = y.item()
        apart_V = prepared.pipeline.inverse_target(streamed) - predict(network, file, prepared.pipeline)
        assert np.abs(apart_V).max() <= 1e-6
