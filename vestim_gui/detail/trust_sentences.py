"""Sentences on how far a job's figures can be trusted: spread over seeds, error band of the best model, cost of
disturbed inputs, share of label errors. Pure functions of the results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vestim_gui.detail.job_results import ranked_test_results
from vestim_gui.display_numbers import format_metric, format_number, format_quantity
from vestim_gui.store.job_history import JobHistory


def trust_sentences(history: JobHistory) -> list[str]:
    """One sentence per known aspect; empty if none is known."""
    results = [result for _, result in sorted(history.results.items())]
    sentences = [_spread_sentence(result["seeds"]) for result in results if result.get("seeds")]
    best = next(iter(ranked_test_results(history).values()), {})
    if band := best.get("band"):
        sentences.append(_band_sentence(str(best["model"].get("title") or ""), band))
    sentences += [
        _disturbance_sentence(model) for result in reversed(results) for model in result.get("robustness") or ()
    ][:1]
    sentences += [str(result["label_check"]["message"]) for result in results if result.get("label_check")][:1]
    return [sentence for sentence in sentences if sentence]


def _spread_sentence(seeds: Mapping[str, Any]) -> str:
    role = "test" if "test" in seeds["spread"] else "validation"
    metrics = (
        (name, metric_spread)
        for name, metric_spread in seeds["spread"].get(role, {}).items()
        if name.startswith("rmse")
    )
    name, spread = next(metrics, ("", None))
    if spread is None:
        return ""
    title = str(seeds["title"]).removeprefix("Ensemble of ")
    lowest, highest = format_number(spread["min"]), format_metric(name, spread["max"])
    mean, deviation = format_number(spread["mean"]), format_metric(name, spread["std"])
    return f"{title}: RMSE {mean} ± {deviation} in {role} ({lowest} to {highest})."


def _band_sentence(title: str, band: Mapping[str, Any]) -> str:
    name = next(name for name in band if name.startswith("half_width"))
    width = format_metric(name, band[name]) if name != "half_width" else format_number(band[name])
    test_share = "" if band["coverage"] is None else f" and {100 * band['coverage']:.0f} % of the test rows"
    return f"{title} ± {width} holds {100 * band['level']:.0f} % of the validation rows{test_share}."


def _disturbance_sentence(robustness: Mapping[str, Any]) -> str:
    """The disturbance that costs a model most."""
    costs = [
        (value, name, case["case"])
        for case in robustness["cases"][1:]
        for name, value in case.items()
        if name.startswith("cost") and isinstance(value, int | float)
    ]
    if not costs:
        return ""
    value, name, case = max(costs)
    title, cases = robustness["model"]["title"], format_quantity(len(robustness["cases"]) - 1, "disturbance")
    return f"{title}: of {cases} {case} costs most, {format_metric(name, value)}."
