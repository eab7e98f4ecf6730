"""Standard disturbances against disturbances made by hand, on predictors that expose what they read."""

import numpy as np
import pytest

from tests.training.synthetic import FILES, drive, prepare, small_set, with_gap
from vestim_core.data.prepared_set import PreparedFile, PreparedSet
from vestim_core.data.reprepare import measured_rows, reprepare, upstream_columns
from vestim_core.evaluation.disturbances import STANDARD_DISTURBANCES, robustness
from vestim_core.evaluation.evaluation_report import scored_rows
from vestim_core.spec.preparation import CoulombSoc, Ema, Formula, Normalize, PreRoll, Resample
from vestim_core.spec.signals import SignalsSpec


def test_each_case_costs_as_much_as_its_disturbance() -> None:
    prepared = small_set()
    scored_by_key = {file.key: (scored_rows(file), file) for file in prepared.files}

    def predictor(read: PreparedFile) -> np.ndarray:
        """The truth plus 0.1 Ohm times the error of the current."""
        scored, reference_mask = scored_rows(read), scored_by_key[read.key][0]
        of_file = scored_by_key[read.key][1].column
        matching = np.searchsorted(scored_by_key[read.key][1].time_s[reference_mask], read.time_s[scored])
        too_much_A = physical_features(prepared, read)[scored, 1] - of_file("current_A")[reference_mask][matching]
        predicted = np.full(len(scored), np.nan)
        predicted[scored] = of_file("voltage_V")[reference_mask][matching] + 0.1 * too_much_A
        return predicted

    records = {record["case"]: record for record in robustness(predictor, prepared.files, prepared.pipeline)}
    assert next(iter(records)) == "undisturbed"
    assert not [name for name in records if name.startswith("voltage")], "the model does not read it"
    rows = [scored_rows(file) for file in prepared.files]
    current_A = np.concatenate(
        [file.column("current_A")[mask] for file, mask in zip(prepared.files, rows, strict=True)]
    )
    assert records["undisturbed"]["rmse_mV"] == pytest.approx(0, abs=1e-3)
    assert records["current +50 mA"]["cost_mV"] == pytest.approx(5.0, abs=1e-3)
    assert records["current +110 mA"]["mae_mV"] == pytest.approx(11.0, abs=1e-3)
    assert records["current gain +2 %"]["rmse_mV"] == pytest.approx(2.0 * np.sqrt(np.mean(current_A**2)), rel=1e-3)
    assert records["current noise 50 mA"]["rmse_mV"] == pytest.approx(5.0, rel=0.1)
    assert records["temperature +5 K"]["cost_mV"] == pytest.approx(0, abs=1e-3)
    assert records["one sample in ten dropped"]["rmse_mV"] > 1.0
    assert records["start in mid-cycle"]["rows"] == pytest.approx(records["undisturbed"]["rows"] / 2, rel=0.02)
    repeated = robustness(predictor, prepared.files, prepared.pipeline)
    assert repeated == list(records.values()), "its noise comes from a seed"


def test_a_start_in_mid_cycle_is_taken_for_a_rest() -> None:
    prepared = small_set()
    file = prepared.files[0]
    middle = (100 + len(file.time_s)) // 2

    def counter(read: PreparedFile) -> np.ndarray:
        """Off by 1 mV in the first scored row of each segment, by nothing afterwards."""
        predicted = read.column("voltage_V").copy()
        predicted[[segment.scored_from for segment in read.segments]] += 0.001
        read_files.append(read)
        return predicted

    read_files: list[PreparedFile] = []
    *_, mid_cycle_record = robustness(counter, [file], prepared.pipeline, STANDARD_DISTURBANCES[-1:])
    assert (
        mid_cycle_record["rmse_mV"]
        == pytest.approx(1 / np.sqrt(mid_cycle_record["rows"]))
        == mid_cycle_record["cost_mV"]
    )
    (segment,) = read_files[-1].segments
    assert segment.scored_from == 100 and read_files[-1].time_s[100] == file.time_s[middle]
    np.testing.assert_allclose(
        physical_features(prepared, read_files[-1])[:100, 1], 0.0, atol=1e-6
    )  # the current of rested rows


def physical_features(prepared: PreparedSet, file: PreparedFile) -> np.ndarray:
    return prepared.pipeline.feature_scale.inverse(file.features)


_STEPS = [
    Resample(),
    CoulombSoc(output="counted", capacity_Ah=0.5, initial_soc=0.95),
    Ema(column="current_A", output="slow", tau_s=30),
    Formula(output="power", formula="slow * voltage_V"),
    PreRoll(duration_s=50),
    Normalize(),
]


def _prepare_files(features: list[str], target: str = "temperature_degC") -> PreparedSet:
    tables = {name: drive(name, 300, seed) for seed, name in enumerate(FILES, 1)}
    tables["b.csv"] = with_gap(tables["b.csv"], 120)
    return prepare(tables, FILES, steps=_STEPS, signals=SignalsSpec(features=features, target=target))


def test_an_undisturbed_file_is_prepared_again_to_the_last_bit() -> None:
    prepared = _prepare_files(["counted", "slow", "power", "current_A"])
    for file in prepared.files:
        repeated = reprepare(file, measured_rows(file, prepared.pipeline), prepared.pipeline)
        assert np.array_equal(repeated.features, file.features)
        assert np.array_equal(repeated.time_s, file.time_s)
        assert repeated.segments == file.segments
    assert upstream_columns(prepared.pipeline) == {"counted", "slow", "power", "current_A", "voltage_V"}


def test_columns_computed_from_a_disturbed_one_are_computed_again() -> None:
    """Against the filter, the formula and the count done by hand on one disturbed file."""
    prepared = _prepare_files(["counted", "slow", "power"])
    file = prepared.files[2]
    read_files: list[PreparedFile] = []

    def predictor(read: PreparedFile) -> np.ndarray:
        read_files.append(read)
        return np.asarray(read.column("temperature_degC"))

    cases = [record["case"] for record in robustness(predictor, [file], prepared.pipeline)]
    by_case = {case: physical_features(prepared, read)[50:] for case, read in zip(cases, read_files, strict=True)}
    noisy = read_files[cases.index("current noise 50 mA")]
    assert not [name for name in cases if name.startswith("temperature")], "no feature depends on it"
    current_A, voltage_V = file.column("current_A")[50:], file.column("voltage_V")[50:]
    plain = by_case["undisturbed"]
    shifted = by_case["current +110 mA"]
    noisy_A = physical_features(prepared, noisy)[50:, 1]
    slow_A, decay = noisy.column("current_A")[50], np.exp(-1 / 30)
    for row, value_A in enumerate(noisy.column("current_A")[50:]):
        slow_A = decay * slow_A + (1 - decay) * value_A
        assert noisy_A[row] == pytest.approx(slow_A, abs=1e-5)
    np.testing.assert_allclose(shifted[:, 1] - plain[:, 1], 0.11, atol=1e-5)
    np.testing.assert_allclose(shifted[:, 0] - plain[:, 0], np.arange(299) * 0.11 / 3600 / 0.5, atol=1e-6)
    np.testing.assert_allclose(shifted[:, 2], shifted[:, 1] * voltage_V, atol=1e-4)
    np.testing.assert_allclose(by_case["voltage +5 mV"][:, 2], plain[:, 1] * (voltage_V + 0.005), atol=1e-4)
    for offset, case in ((0.1, "SOC +10 %"), (-0.1, "SOC -10 %")):
        np.testing.assert_allclose(by_case[case][:, 0] - plain[:, 0], offset, atol=1e-6)
        assert np.array_equal(by_case[case][:, 1:], plain[:, 1:])
    assert len(by_case["start in mid-cycle"]) == pytest.approx(len(current_A) / 2, abs=1)


def test_the_target_is_never_disturbed() -> None:
    """A counted SOC as the target: a wrong current may change what the model reads, not the truth."""
    prepared = _prepare_files(["voltage_V", "current_A"], target="counted")
    file = prepared.files[3]
    rows = scored_rows(file)

    def predictor(read: PreparedFile) -> np.ndarray:
        predicted = np.zeros(len(read.time_s))
        predicted[scored_rows(read)] = file.column("counted")[rows][-scored_rows(read).sum() :]
        return predicted

    for record in robustness(predictor, [file], prepared.pipeline):
        assert record["rmse"] == 0.0, record["case"]
