"""Predictions of complete files: stateful, bounded in memory, independent between segments."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.synthetic import drive, small_set, trial, with_gap
from vestim_core.evaluation import RunningModel, TrainedModel, inference
from vestim_core.evaluation.inference import predict
from vestim_core.models.network_registry import build_model
from vestim_core.spec.output_filter import EmaFilter

SAME = ("time_s", "features", "target", "physical", "columns", "segments")


@pytest.mark.parametrize("kind", ["lstm", "fnn"])
def test_prediction_is_one_stateful_pass_over_each_segment(kind: str) -> None:
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


@pytest.mark.slow
def test_pieces_of_a_long_file_give_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared, network = small_set(), build_model(trial("lstm").model, 3)
    complete = predict(network, prepared.files[0], prepared.pipeline)
    monkeypatch.setattr(inference, "PIECE_ROWS", 77)
    np.testing.assert_allclose(predict(network, prepared.files[0], prepared.pipeline), complete, atol=1e-6)


def test_dropout_is_off_and_the_mode_is_restored() -> None:
    prepared = small_set()
    network = build_model(trial("fnn", model={"dropout": 0.5}).model, 3).train()
    first, second = (predict(network, prepared.files[0], prepared.pipeline) for _ in range(2))
    assert np.array_equal(first, second)
    assert network.training


FILTERS: list[dict[str, Any]] = [
    {"kind": "none"},
    {"kind": "ema", "tau_s": 7.0},
    {"kind": "moving_average", "window_s": 9.0},
    {"kind": "savitzky_golay", "window_s": 9.0, "polynomial": 2},
]


@pytest.mark.slow
@pytest.mark.parametrize("output_filter", FILTERS, ids=lambda setting: setting["kind"])
@pytest.mark.parametrize("kind", ["lstm", "gru", "fnn"])
def test_running_model_agrees_with_the_complete_file(kind: str, output_filter: dict[str, Any]) -> None:
    """Filters restart with each segment and never see its pre-roll."""
    torch.manual_seed(1)
    spec, prepared = trial(kind, model={"output_filter": output_filter}).model, small_set()
    model = TrainedModel(build_model(spec, 3), prepared.pipeline, {})
    table = with_gap(drive("e.csv", 90, 7), 40)
    arrays = prepared.pipeline.apply(table)
    running, estimates = RunningModel(model, table.sha256), []
    names = [name for name in table.columns if name != "time_s"]
    for row, time_s in enumerate(table.columns["time_s"].tolist()):
        estimates += running.push(time_s, {name: float(table.columns[name][row]) for name in names})
    estimates += running.finish()
    complete = model.predict(replace(prepared.files[0], **{name: getattr(arrays, name) for name in SAME}))
    rows = np.concatenate([np.arange(s.scored_from, s.stop) for s in arrays.segments])
    assert len(arrays.segments) == 2 and len(estimates) == len(rows)
    np.testing.assert_allclose([estimate.value for estimate in estimates], complete[rows], rtol=0, atol=2e-6)
    np.testing.assert_allclose([estimate.time_s for estimate in estimates], arrays.time_s[rows])


def test_a_filter_smooths_scored_rows_only() -> None:
    torch.manual_seed(1)
    prepared, network = small_set(), build_model(trial("lstm").model, 3)
    file = prepared.files[0]
    plain = predict(network, file, prepared.pipeline)
    network.output_filter = EmaFilter(tau_s=20.0)
    smoothed = predict(network, file, prepared.pipeline)
    for segment in file.segments:
        assert smoothed[segment.scored_from] == pytest.approx(plain[segment.scored_from])
        assert (
            np.abs(np.diff(smoothed[segment.scored_rows])).sum()
            < 0.8 * np.abs(np.diff(plain[segment.scored_rows])).sum()
        )
        pre_roll = slice(segment.start, segment.scored_from)
        assert np.array_equal(smoothed[pre_roll], plain[pre_roll])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lstm", "gru", "fnn"])
def test_network_row_by_row_agrees_with_one_pass(kind: str) -> None:
    """One row at a time with the state kept, as in a battery management system, agrees within 1e-6 V."""
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
        difference_V = prepared.pipeline.inverse_target(streamed) - predict(network, file, prepared.pipeline)
        assert np.abs(difference_V).max() <= 1e-6
