"""A model on files unlike those of its training: each is tested as far as possible, or refused with one sentence."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.synthetic import drive, small_set, trial
from vestim_core.data.steps.normalize import Scale
from vestim_core.evaluation import TrainedModel, examine, metrics_document
from vestim_core.evaluation.envelope import envelope_violations, training_envelope
from vestim_core.evaluation.evaluation_report import scored_rows
from vestim_core.evaluation.trained_model import read_new_file
from vestim_core.models.model_files import save_model
from vestim_core.models.network_registry import build_model
from vestim_core.spec.errors import VestimError
from vestim_core.spec.signals import SignalsSpec

NAMES = ("time_s", "voltage_V", "current_A", "temperature_degC", "soc")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    prepared, settings = small_set(), trial("lstm")
    model_folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(1)
    envelope = training_envelope(prepared.files_of_role("train"), prepared.pipeline.signals.features)
    extra = {"envelope": envelope}
    save_model(model_folder, build_model(settings.model, 3), settings, prepared.pipeline.to_json(), extra)
    return model_folder


@pytest.fixture(scope="module")
def model(folder: Path) -> TrainedModel:
    return TrainedModel.open(folder)


def _write_drive(path: Path, rows: int = 300, step: float = 1.0, **changed: str | float | None) -> Path:
    """Write a drive as CSV with a row every `step` s; `changed` columns are constant, or left out (None)."""
    table = drive(path.name, rows, 5)
    source_rows = np.repeat(np.arange(rows), round(1 / step))
    columns = {name: [f"{value:.17g}" for value in table.columns[name][source_rows]] for name in NAMES}
    columns["time_s"] = [f"{index * step:.17g}" for index in range(len(source_rows))]
    for name, value in changed.items():
        columns[name] = [str(value)] * len(source_rows)
    names = [name for name in NAMES if changed.get(name, "") is not None]
    lines = [",".join(names), *(",".join(row) for row in zip(*(columns[name] for name in names), strict=True))]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_file_is_resampled_to_the_rate_of_the_model(model: TrainedModel, tmp_path: Path) -> None:
    """Four equal rows per second are the same signal and give the same predictions."""
    reference = model.read(_write_drive(tmp_path / "own.csv"))
    fast, findings = read_new_file(_write_drive(tmp_path / "fast.csv", step=0.25), model.pipeline, {})
    assert np.allclose(np.diff(fast.time_s[scored_rows(fast)]), 1.0)
    fast_A, reference_A = (
        fast.column("current_A")[scored_rows(fast)],
        reference.column("current_A")[scored_rows(reference)],
    )
    assert abs(len(fast_A) - len(reference_A)) <= 1
    rows = min(len(fast_A), len(reference_A))
    np.testing.assert_allclose(fast_A[:rows], reference_A[:rows])
    first, second = (model.predict(file)[scored_rows(file)][:rows] for file in (fast, reference))
    np.testing.assert_allclose(first, second, atol=2e-6)
    assert all("\n" not in finding.message for finding in findings)


@pytest.mark.slow
def test_an_empty_target_is_predicted_and_compared_with_nothing(model: TrainedModel, tmp_path: Path) -> None:
    reference = model.predict(model.read(_write_drive(tmp_path / "known.csv")))
    for index, value in enumerate(("", "nan", None)):
        file = model.read(_write_drive(tmp_path / f"blind_{index}.csv", voltage_V=value))
        predicted = model.predict(file)
        assert np.array_equal(predicted, reference)
        document = metrics_document({}, model.target, [examine(file, predicted, model.target)])
        assert document["files"][0]["rows"] == 0 and document["files"][0]["rmse_mV"] is None
        assert document["worst"] == [] and document["band"] is None
        json.dumps(document, allow_nan=False)


def test_rows_outside_of_the_envelope_are_counted(model: TrainedModel, tmp_path: Path) -> None:
    file = model.read(_write_drive(tmp_path / "hot.csv", temperature_degC=60.0))
    violations = envelope_violations(file, model.document["envelope"])
    assert violations["rows_outside"] == violations["outside"]["temperature_degC"] == file.scored_rows
    reference = small_set().files[0]
    assert envelope_violations(reference, model.document["envelope"]) == {"rows_outside": 0, "outside": {}}


@pytest.mark.parametrize(
    ("changed", "expected_text"),
    [
        ({"current_A": None}, "current_A"),
        ({"soc": ""}, "soc"),
        ({"current_A": "much"}, "current_A"),
    ],
)
def test_a_file_without_what_the_model_reads_is_refused(
    model: TrainedModel, tmp_path: Path, changed: dict[str, str | None], expected_text: str
) -> None:
    path = _write_drive(tmp_path / "poor.csv", **changed)
    with pytest.raises(VestimError) as error:
        model.read(path)
    assert expected_text in error.value.message and "poor.csv" in error.value.message
    assert "\n" not in error.value.message


@pytest.mark.slow
def test_a_file_shorter_than_the_settling_time_is_tested_with_a_warning(model: TrainedModel, tmp_path: Path) -> None:
    file, findings = read_new_file(_write_drive(tmp_path / "short.csv", rows=20), model.pipeline, {})
    assert any("less than the 100 s in which the model settles" in finding.message for finding in findings)
    assert examine(file, model.predict(file), model.target).sums.rows == 19


class _CodeInWeights:
    """Pickles to code that creates a folder, which reading weights must not run."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(_CodeInWeights.target),)

    target = Path()


def test_weights_that_hold_code_and_a_newer_schema_are_refused(folder: Path, tmp_path: Path) -> None:
    _CodeInWeights.target = tmp_path / "made_by_code"
    for name in ("model.json", "model.pt"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    torch.save({"weights": _CodeInWeights()}, tmp_path / "model.pt")
    with pytest.raises(VestimError, match=r"model\.pt cannot be read: it is damaged or no model file") as error:
        TrainedModel.open(tmp_path)
    assert "\n" not in error.value.message and not _CodeInWeights.target.exists()
    (tmp_path / "model.pt").write_bytes((folder / "model.pt").read_bytes())
    document = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({**document, "schema_version": 99}))
    with pytest.raises(VestimError, match="was written by a later version of Vestim: update this one"):
        TrainedModel.open(tmp_path)
    preparation = {**document["preparation"], "schema_version": 99}
    (tmp_path / "model.json").write_text(json.dumps({**document, "preparation": preparation}))
    with pytest.raises(VestimError, match="preparation was saved by another version"):
        TrainedModel.open(tmp_path)


@pytest.mark.parametrize(
    ("features", "columns"),
    [(["current_A", "I_raw"], {"I_raw": "current_A"}), (["My time", "current_A"], {"My time": "time_s"})],
)
def test_a_column_may_be_read_under_two_names(features: list[str], columns: dict[str, str], tmp_path: Path) -> None:
    unscaled = Scale(np.zeros(2), np.ones(2))
    pipeline = replace(small_set().pipeline, signals=SignalsSpec(features=features), feature_scale=unscaled)
    file, _ = read_new_file(_write_drive(tmp_path / "a.csv"), pipeline, columns)
    reference = next(name for name in features if name != "current_A")
    expected = file.column("current_A") if reference == "I_raw" else file.time_s - 0.5
    rows = scored_rows(file)
    assert np.corrcoef(file.column(reference)[rows], expected[rows])[0, 1] == pytest.approx(1.0)
