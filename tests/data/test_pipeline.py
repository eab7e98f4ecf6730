"""The pipeline: pre-roll, normalization fitted on training rows only, and the JSON round trip."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.samples import STEPS, table
from vestim_core.data.pipeline import Pipeline
from vestim_core.data.prepare_data import prepare_table
from vestim_core.data.readers import read_table
from vestim_core.spec.errors import VestimError
from vestim_core.spec.preparation import Normalize, PreRoll, Resample
from vestim_core.spec.signals import SignalsSpec

SIGNALS = SignalsSpec()


def test_pre_roll_is_at_rest_in_physical_units_and_not_scored() -> None:
    source = table(40, power_W=np.full(40, 5.0), charge_Ah=np.linspace(2, 3, 40))
    arrays = Pipeline.fit(STEPS, SIGNALS, [source]).apply(source)
    names = arrays.columns
    first, rest = arrays.physical[5], arrays.physical[:5]
    assert [(segment.start, segment.stop, segment.scored_from) for segment in arrays.segments] == [(0, 44, 5)]
    assert np.all(rest[:, [names.index("current_A"), names.index("power_W")]] == 0)
    for name in ("voltage_V", "soc", "temperature_degC", "charge_Ah"):
        assert np.all(rest[:, names.index(name)] == first[names.index(name)])
    assert arrays.time_s[:7].tolist() == [-4, -3, -2, -1, 0, 1, 2]


def test_every_segment_gets_its_pre_roll() -> None:
    time_s = np.concatenate([np.arange(20.0), 500 + np.arange(30.0)])
    source = table(50, time_s=time_s)
    arrays = Pipeline.fit(STEPS, SIGNALS, [source]).apply(source)
    assert [(s.start, s.stop, s.scored_from) for s in arrays.segments] == [(0, 24, 5), (24, 58, 29)]
    assert np.all(arrays.physical[24:29, arrays.columns.index("current_A")] == 0)


def test_a_pre_roll_of_zero_length_adds_no_rows() -> None:
    steps = [Resample(), PreRoll(duration_s=0), Normalize()]
    assert len(Pipeline.fit(steps, SIGNALS, [table()]).apply(table()).time_s) == 49


@pytest.mark.parametrize("method", ["z-score", "min-max"])
def test_the_scale_is_fitted_on_scored_training_rows(method: str) -> None:
    steps = [Resample(), PreRoll(duration_s=30), Normalize(method=method)]
    training = [table(50, 1), table(80, 2)]
    pipeline = Pipeline.fit(steps, SIGNALS, training)
    scored_values = np.concatenate([t.columns["current_A"][:-1] for t in training])
    expected = (
        (scored_values.mean(), scored_values.std())
        if method == "z-score"
        else (scored_values.min(), np.ptp(scored_values))
    )
    column = SIGNALS.features.index("current_A")
    assert (pipeline.feature_scale.offset[column], pipeline.feature_scale.factor[column]) == pytest.approx(expected)


def test_other_files_are_scaled_with_the_training_scale() -> None:
    pipeline = Pipeline.fit(STEPS, SIGNALS, [table(50, 1)])
    outlier = table(50, 2, current_A=np.full(50, 100.0))
    arrays = pipeline.apply(outlier)
    column = SIGNALS.features.index("current_A")
    scale = pipeline.feature_scale
    assert arrays.features[5:, column] == pytest.approx((100 - scale.offset[column]) / scale.factor[column])


@given(st.lists(st.floats(2, 5), min_size=10, max_size=10))
def test_scaling_the_target_is_reversible(volts: list[float]) -> None:
    pipeline = Pipeline.fit(STEPS, SIGNALS, [table()])
    physical = np.array(volts)
    scaled_values = pipeline.target_scale.forward(physical)
    assert scaled_values.dtype == np.float32
    back = pipeline.inverse_target(scaled_values)
    assert back.dtype == np.float64
    assert back == pytest.approx(physical, abs=1e-6)


def test_arrays_have_the_types_and_shapes_that_models_expect() -> None:
    arrays = Pipeline.fit(STEPS, SIGNALS, [table()]).apply(table())
    assert arrays.features.dtype == arrays.target.dtype == np.float32
    assert arrays.features.flags.c_contiguous
    assert arrays.features.shape == (54, 3)
    assert arrays.time_s.dtype == arrays.physical.dtype == np.float64


def test_json_preserves_every_bit() -> None:
    pipeline = Pipeline.fit(STEPS, SIGNALS, [table()])
    restored_pipeline = Pipeline.from_json(json.loads(json.dumps(pipeline.to_json())))
    assert restored_pipeline.apply(table(60, 9)).features.tobytes() == pipeline.apply(table(60, 9)).features.tobytes()
    assert restored_pipeline.to_json() == pipeline.to_json()


def test_a_saved_pipeline_of_another_version_is_rejected() -> None:
    record = Pipeline.fit(STEPS, SIGNALS, [table()]).to_json()
    with pytest.raises(VestimError, match="another version"):
        Pipeline.from_json(record | {"schema_version": 99})
    with pytest.raises(VestimError, match="damaged"):
        Pipeline.from_json({key: value for key, value in record.items() if key != "target_scale"})


@pytest.mark.parametrize("method", ["z-score", "min-max"])
def test_a_constant_training_column_is_rejected_by_name(method: str) -> None:
    steps = [Resample(), Normalize(method=method)]
    constant = table(50, temperature_degC=np.full(50, 25.1))
    with pytest.raises(VestimError, match=r"temperature_degC is 25\.1 in every row"):
        Pipeline.fit(steps, SIGNALS, [constant])


def test_a_file_shorter_than_a_period_is_rejected_by_name() -> None:
    with pytest.raises(VestimError, match=r'"cell_0.csv" gives no row on a grid of 100 s'):
        Pipeline.fit([Resample(period_s=100), Normalize()], SIGNALS, [table(50)])


def test_a_new_file_is_prepared_identically(tmp_path: Path) -> None:
    from tests.data.samples import write_csv

    pipeline = Pipeline.fit(STEPS, SIGNALS, [table(50, 0)])
    loaded_table = read_table(write_csv(tmp_path / "new.csv", 50, 0), {}, [*SIGNALS.features, SIGNALS.target])
    file = prepare_table(pipeline, loaded_table, "test")
    assert file.key == "new"
    assert file.role == "test"
    assert file.features.tobytes() == pipeline.apply(table(50, 0)).features.tobytes()
    assert file.column("soc")[5] == loaded_table.columns["soc"][0]
