"""Every kind of legacy settings file becomes a job, with a note on each difference."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.jobs.legacy.legacy_jobs import LSTM
from tests.spec.documents import DATA
from vestim_core.jobs.legacy.settings_files import read_settings
from vestim_core.spec.errors import VestimError
from vestim_core.spec.job import JobSpec, validate_job

FILTER = {
    "column": "Power",
    "corner_frequency": 0.02,
    "sampling_rate": 2.0,
    "filter_order": 3,
    "output_column_name": "P_low",
}
BEST = [{"RNN_LAYER_SIZES": "18"}, {"RNN_LAYER_SIZES": "24,24"}, {"RNN_LAYER_SIZES": "32"}]


def job_from(document: Any) -> tuple[JobSpec, dict[str, str]]:
    reply = read_settings(document)
    return validate_job({**reply["sections"], "data": DATA}), {n["key"]: n["message"] for n in reply["notes"]}


@pytest.mark.parametrize(
    "export",
    [
        [{**LSTM, **best} for best in BEST],
        [{"rank": n, "value": 0.1 * n, "params": {**LSTM, **best}} for n, best in enumerate(BEST, 1)],
        {"best_configurations": [{"rank": n, "hyperparams": {**LSTM, **best}} for n, best in enumerate(BEST, 1)]},
        {**LSTM, "trials": [{"number": n, "params": best} for n, best in enumerate(BEST)]},
        {"study": "x", "n_trials": 50, "configs": [{"value": 1.0, "best_params": {**LSTM, **best}} for best in BEST]},
    ],
)
def test_configurations_that_differ_in_the_network_are_the_models_of_one_job(export: Any) -> None:
    spec, notes = job_from(export)
    assert [trial.model.sizes for trial in spec.trials()] == [[18], [24, 24], [32]]
    assert "3 configurations are the models" in notes["configurations"]


def test_configurations_that_differ_in_several_sections_give_the_first() -> None:
    spec, notes = job_from([{**LSTM, **best, "INITIAL_LR": str(0.001 * n)} for n, best in enumerate(BEST, 1)])
    (trial,) = spec.trials()
    assert (trial.model.sizes, trial.training.learning_rate) == ([18], 0.001)
    assert "the first of the file's 3 configurations" in notes["configurations"]


def test_one_configuration_inside_an_export() -> None:
    spec, notes = job_from({"best_value": 0.1, "best_params": {**LSTM, "RNN_LAYER_SIZES": "7"}})
    assert spec.trials()[0].model.sizes == [7] and "configurations" not in notes


@pytest.mark.parametrize("document", [[FILTER], {"applied_filters": [FILTER], "created_columns": []}])
def test_filters_are_steps_of_the_preparation(document: Any) -> None:
    spec, _ = job_from(document)
    steps = spec.trials()[0].preparation
    assert [step.step for step in steps] == ["resample", "butterworth", "pre_roll", "normalize"]
    assert steps[0].model_dump()["period_s"] == 0.5
    butterworth = steps[1].model_dump()
    assert (butterworth["column"], butterworth["output"], butterworth["cutoff_Hz"], butterworth["order"]) == (
        "power_W",
        "P_low",
        0.02,
        3,
    )


def test_a_filter_that_cannot_be_created_is_noted() -> None:
    _, notes = job_from([FILTER, {**FILTER, "corner_frequency": 5.0, "output_column_name": "too_fast"}])
    assert "column 'too_fast' cannot be made here" in notes["preparation"]


@pytest.mark.parametrize("document", [[], {}, [1, "x"], {"a": {"b": 1}}, [[[[[{"MODEL_TYPE": "LSTM"}]]]]]])
def test_other_documents_are_refused(document: Any) -> None:
    with pytest.raises(VestimError, match="no hyperparameter file of PyBattML"):
        read_settings(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*LSTM, "params", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_document_is_read_or_refused(document: Any) -> None:
    try:
        reply = read_settings(document)
    except VestimError as error:
        assert error.message
    else:
        assert set(reply) == {"sections", "notes"}
