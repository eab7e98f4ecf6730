"""Results: scored rows only, one file of predictions per file, and one document that summarizes them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.training.synthetic import small_set
from vestim_core.data.prepared_set import PreparedFile
from vestim_core.evaluation.evaluation_report import (
    evaluate,
    examine,
    metrics_by_role,
    metrics_document,
    metrics_summary,
    scored_rows,
    write_predictions,
    write_results,
)
from vestim_core.evaluation.metrics import error_metrics


def _off_by_10_mV(file: PreparedFile) -> np.ndarray:
    """Predictions that are off by 10 mV in scored rows and absurd in all others."""
    predicted = file.column("voltage_V") + 0.01
    predicted[~scored_rows(file)] = 1e6
    return predicted


def test_pre_roll_is_in_no_figure() -> None:
    prepared = small_set()
    results = evaluate(_off_by_10_mV, prepared.files, "voltage_V")
    assert [round(result.to_json()["rmse_mV"], 6) for result in results] == [10.0] * 4
    assert [result.sums.rows for result in results] == [file.scored_rows for file in prepared.files]
    assert metrics_by_role(results)["train"]["files"] == 2
    assert metrics_by_role(results)["train"]["rows"] == sum(
        file.scored_rows for file in prepared.files_of_role("train")
    )


def test_predictions_hold_the_scored_rows_alone(tmp_path: Path) -> None:
    file = small_set().files[1]
    predicted = _off_by_10_mV(file)
    npz, csv = write_predictions(tmp_path, file, predicted, "voltage_V", csv=True)
    saved = np.load(npz, allow_pickle=False)
    rows = scored_rows(file)
    assert (npz.name, csv.name) == ("b.npz", "b.csv")
    assert np.array_equal(saved["predicted"], predicted[rows])
    assert np.array_equal(saved["target"], file.column("voltage_V")[rows])
    assert np.array_equal(saved["time_s"], file.time_s[rows])
    assert [int(np.sum(saved["segment"] == index)) for index in (0, 1)] == [
        segment.stop - segment.scored_from for segment in file.segments
    ]
    assert csv.read_text().splitlines()[0] == "time_s,voltage_V,predicted_voltage_V,segment"
    np.testing.assert_allclose(np.loadtxt(csv, delimiter=",", skiprows=1)[:, 2], saved["predicted"], rtol=1e-9)
    assert len(write_predictions(tmp_path / "without", file, predicted, "voltage_V", csv=False)) == 1
    assert [path.name for path in (tmp_path / "without").iterdir()] == ["b.npz"]


def test_the_document_names_the_model_and_agrees_with_the_predictions(tmp_path: Path) -> None:
    prepared = small_set()
    reported_keys = []
    document = write_results(
        tmp_path,
        _off_by_10_mV,
        prepared.files_of_role("validation") + prepared.files_of_role("test"),
        target="voltage_V",
        model={"task_id": "train_001"},
        csv=False,
        on_file=lambda result: reported_keys.append(result.key),
    )
    assert json.loads((tmp_path / "metrics.json").read_text()) == document
    assert document["model"] == {"task_id": "train_001"}
    assert (document["target"], reported_keys) == ("voltage_V", ["c", "d"])
    assert [(entry["file"], entry["role"]) for entry in document["files"]] == [
        ("c.csv", "validation"),
        ("d.csv", "test"),
    ]
    for entry in document["files"]:
        saved = np.load(tmp_path / "predictions" / f"{entry['key']}.npz")
        assert error_metrics(saved["target"], saved["predicted"], "voltage_V").items() <= entry.items()
    assert set(document["overall"]) == {"validation", "test"}
    assert set(document["bins"]["test"]) == {"soc", "temperature_degC", "current_A"}
    assert [entry["key"] for entry in document["details"]] == ["c", "d"]
    summary = metrics_summary(document)
    assert {name: document[name] for name in summary if name != "band"}.items() <= summary.items()
    assert "details" not in summary and "bins" not in summary["band"]


def test_validation_and_test_agree_to_the_bit() -> None:
    prepared = small_set()
    random = np.random.default_rng(1)

    def noisy(file: PreparedFile) -> np.ndarray:
        return np.asarray(file.column("voltage_V") + noise[file.key])

    noise = {file.key: random.normal(0, 0.01, len(file.time_s)) for file in prepared.files}
    summed = metrics_by_role(evaluate(noisy, prepared.files, "voltage_V"))
    detailed = metrics_by_role([examine(file, noisy(file), "voltage_V") for file in prepared.files])
    for role, figures in summed.items():
        assert figures.items() <= detailed[role].items()


def test_rows_without_a_target_count_in_no_figure() -> None:
    file = small_set().files[0]
    column = file.columns.index("voltage_V")
    for unknown in (slice(100, 200), slice(None)):
        physical = file.physical.copy()
        physical[unknown, column] = np.nan
        result = examine(replace(file, physical=physical), _off_by_10_mV(file), "voltage_V")
        is_compared = np.isfinite(physical[:, column]) & scored_rows(file)
        entry = metrics_document({}, "voltage_V", [result])["files"][0]
        assert entry["rows"] == is_compared.sum()
        assert entry["rmse_mV"] is None if not is_compared.any() else abs(entry["rmse_mV"] - 10) < 1e-6


def test_a_nan_prediction_leaves_no_figure_and_a_readable_document() -> None:
    file = small_set().files[0]
    predicted = _off_by_10_mV(file)
    predicted[300] = np.nan
    document = metrics_document({}, "voltage_V", [examine(file, predicted, "voltage_V")])
    assert document["files"][0]["rmse_mV"] is None
    json.dumps(document, allow_nan=False)
