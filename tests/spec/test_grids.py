"""Grids: which settings multiply, which are ignored, and parsing of text fields."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.patience import PATIENCE_S
from tests.spec.documents import job_document
from vestim_core.spec.errors import VestimError
from vestim_core.spec.grid import parse_lists, parse_values
from vestim_core.spec.job import JobSpec, validate_job

RATES = [0.01, 0.02, 0.03, 0.04]
SIZES = [[32], [64, 32], [16, 16, 16]]


def axis(values: list[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=len(values), unique_by=str)


def trial_count(**sections: Any) -> int:
    return len(validate_job(job_document(**sections)).trials())


@given(
    rates=axis(RATES),
    decays=axis([0.0, 0.1, 0.2]),
    sizes=axis(SIZES),
    dropouts=axis([0.0, 0.25, 0.5]),
    repetitions=st.integers(1, 4),
    as_text=st.booleans(),
)
def test_trials_are_the_product_of_the_axes(
    rates: list[float],
    decays: list[float],
    sizes: list[list[int]],
    dropouts: list[float],
    repetitions: int,
    as_text: bool,
) -> None:
    model: dict[str, Any] = {"kind": "lstm", "sizes": sizes, "dropout": dropouts}
    training: dict[str, Any] = {"learning_rate": rates, "weight_decay": decays, "repetitions": repetitions}
    if as_text:
        model["sizes"] = "; ".join(", ".join(map(str, size)) for size in sizes)
        training["learning_rate"] = ", ".join(map(str, rates))
    spec = validate_job(job_document(model=model, training={**training, "schedule": "constant"}))
    all_trials = spec.trials()
    assert len(all_trials) == len(rates) * len(decays) * len(sizes) * len(dropouts) * repetitions
    assert len({(str(t.model), str(t.training), t.seed) for t in all_trials}) == len(all_trials)
    assert len({t.title for t in all_trials}) == len(all_trials), "each trial has a title of its own"
    assert [t.training.learning_rate for t in all_trials[:: len(decays) * repetitions]][: len(rates)] == rates


@pytest.mark.parametrize(
    ("training", "count"),
    [
        ({"schedule": {"kind": "cosine", "factor": [0.1, 0.2], "every_epochs": [1, 2]}}, 1),
        ({"schedule": {"kind": ["cosine", "step"], "factor": [0.1, 0.2], "final_learning_rate": 0.0}}, 3),
        ({"optimizer": {"kind": "adam", "momentum": [0.1, 0.2]}}, 1),
        ({"optimizer": {"kind": ["adam", "sgd"], "momentum": [0.1, 0.2]}}, 3),
        ({"optimizer": "adam, sgd"}, 2),
        ({"optimizer": ["adam", {"kind": "sgd", "momentum": [0.5, 0.6]}]}, 3),
        ({"method": "tbptt", "lookback": [1, 2, 3], "batch_size": [8, 16]}, 2),
        ({"method": "tbptt", "streams": [8, 16]}, 2),
    ],
)
def test_settings_of_other_kinds_never_multiply(training: dict[str, Any], count: int) -> None:
    assert trial_count(training=training) == count


def test_each_model_is_trained_with_its_own_method() -> None:
    spec = validate_job(
        job_document(
            model=[{"kind": "lstm", "sizes": [[8], [16]]}, {"kind": "fnn", "activation": ["relu", "tanh"]}],
            training=[{"method": "tbptt", "batch_size": [8, 16]}, {"method": "rows", "batch_size": [64, 128, 256]}],
        )
    )
    methods = [(t.model.kind, t.training.method) for t in spec.trials()]
    assert methods.count(("lstm", "tbptt")) == 2 * 2
    assert methods.count(("fnn", "rows")) == 2 * 3
    assert len(methods) == 10


def test_list_fields_take_lists_of_lists() -> None:
    assert trial_count(signals={"features": ["soc", "current_A"]}) == 1
    assert trial_count(signals={"features": [["soc"], ["soc", "current_A"]]}) == 2
    assert trial_count(signals={"features": "soc, current_A; soc"}) == 2
    steps = [{"step": "resample", "period_s": [1, 10]}, {"step": "normalize", "method": ["min-max", "z-score"]}]
    assert trial_count(preparation=steps) == 4
    assert trial_count(preparation=[steps, [*steps[:1], {"step": "normalize"}]]) == 6


def test_parsing_of_text_fields() -> None:
    assert parse_values("16, 32") == [16, 32]
    assert parse_values("1e-3") == 1e-3
    assert parse_lists("64,32; 128") == [[64, 32], [128]]
    assert parse_lists("64, 32") == [64, 32]
    assert trial_count(training={"learning_rate": "0.01, 0.001"}) == 2
    assert trial_count(model={"sizes": "64,32; 128"}) == 2


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1), st.sampled_from([",", ", ", " ,  "]))
def test_numbers_separated_by_commas(numbers: list[int], comma: str) -> None:
    assert parse_values(comma.join(map(str, numbers))) == (numbers if len(numbers) > 1 else numbers[0])


@given(st.text(max_size=30))
def test_any_text_in_a_number_field_is_parsed_or_rejected(text: str) -> None:
    try:
        spec = validate_job(job_document(training={"learning_rate": text, "schedule": "constant"}))
    except VestimError as error:
        assert error.location.startswith("training")
    else:
        assert all(math.isfinite(t.training.learning_rate) for t in spec.trials())


@pytest.mark.parametrize(
    "sections",
    [
        {"training": {"learning_rate": [k / 2e4 for k in range(1, 20_000)]}},
        {
            "training": {
                "learning_rate": [k / 1e3 for k in range(1, 1000)],
                "schedule": "constant",
                "weight_decay": [k / 1e3 for k in range(1000)],
            }
        },
        {
            "training": {
                "schedule": {
                    "kind": "step",
                    "factor": [k / 3e3 for k in range(1, 3000)],
                    "every_epochs": list(range(1, 3000)),
                }
            }
        },
        {
            "preparation": [
                {"step": "resample", "period_s": list(range(1, 3000)), "max_gap_s": list(range(1, 3000))},
                {"step": "normalize"},
            ]
        },
        {
            "model": {"dropout": [k / 1e3 for k in range(999)]},
            "training": {"schedule": "constant", "learning_rate": [k / 1e3 for k in range(1, 999)], "repetitions": 100},
        },
    ],
    ids=["one axis", "two axes", "inside a schedule", "inside a step", "sections and repetitions"],
)
@pytest.mark.timeout(PATIENCE_S)  # expanded, they would take hours
def test_oversized_grid_is_rejected_quickly(sections: dict[str, Any]) -> None:
    with pytest.raises(VestimError, match="combinations"):
        validate_job(job_document(**sections))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "learning_rate": st.one_of(st.sampled_from(RATES), axis(RATES), st.just("0.01, 0.02")),
            "optimizer": st.sampled_from(["adam", "adam, sgd", {"kind": ["sgd", "adamw"], "momentum": [0.1, 0.2]}]),
            "schedule": st.sampled_from(["constant", {"kind": "step", "factor": [0.1, 0.5]}, {"kind": "plateau"}]),
            "repetitions": st.integers(1, 3),
        },
    ),
    st.sampled_from(
        [{"kind": "lstm"}, {"kind": "fnn", "sizes": "8; 16"}, [{"kind": "lstm", "sizes": SIZES}, {"kind": "fnn"}]]
    ),
)
def test_document_round_trip(training: dict[str, Any], model: Any) -> None:
    if "schedule" not in training:
        training["schedule"] = "constant"
    spec = validate_job(job_document(model=model, training=training))
    reloaded = validate_job(spec.to_document())
    assert reloaded == spec
    assert reloaded.to_document() == spec.to_document()
    assert reloaded.trials() == spec.trials()


def test_sections_may_be_objects() -> None:
    from vestim_core.spec.data import DataSpec
    from vestim_core.spec.model import FnnModel
    from vestim_core.spec.training import RowsTraining

    spec = JobSpec(data=DataSpec(train=["a"], validation=["b"]), model=[FnnModel(sizes=[8])])  # type: ignore[list-item]
    assert [trial.training.method for trial in spec.trials()] == ["rows"]
    spec = JobSpec(
        data=DataSpec(train=["a"], validation=["b"]), model=[FnnModel()], training=[RowsTraining(batch_size=7)]
    )  # type: ignore[list-item]
    assert spec.trials()[0].training.batch_size == 7  # type: ignore[union-attr]
    assert JobSpec.model_validate(spec) == spec
