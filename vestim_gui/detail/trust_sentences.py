"""How far a job's figures can be trusted, in sentences: its spread over seeds, the best model's band, what disturbed
inputs cost it, what label error would explain. Pure, from results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vestim_gui.detail.facts import tested
from vestim_gui.numbers import metric, number, several
from vestim_gui.store.job_history import JobHistory


def trust_sentences(history: JobHistory) -> list[str]:
    """One sentence each; none where nothing of it is known."""
    results = [result for _, result in sorted(history.results.items())]
    said = [_spread(result["seeds"]) for result in results if result.get("seeds")]
    best = next(iter(tested(history).values()), {})
    if band := best.get("band"):
        said.append(_band(str(best["model"].get("title") or ""), band))
    said += [_costliest(model) for result in reversed(results) for model in result.get("robustness") or ()][:1]
    said += [str(result["label_check"]["sentence"]) for result in results if result.get("label_check")][:1]
    return [sentence for sentence in said if sentence]


def _spread(seeds: Mapping[str, Any]) -> str:
    role = "test" if "test" in seeds["spread"] else "validation"
    known = ((name, one) for name, one in seeds["spread"].get(role, {}).items() if name.startswith("rmse"))
    name, spread = next(known, ("", None))
    if spread is None:
        return ""
    title = str(seeds["title"]).removeprefix("Ensemble of ")
    least, most = number(spread["min"]), metric(name, spread["max"])
    return f"{title}: RMSE {number(spread['mean'])} ± {metric(name, spread['std'])} in {role} ({least} to {most})."


def _band(title: str, band: Mapping[str, Any]) -> str:
    name = next(name for name in band if name.startswith("half_width"))
    width = metric(name, band[name]) if name != "half_width" else number(band[name])
    held = "" if band["coverage"] is None else f" and {100 * band['coverage']:.0f} % of the test rows"
    return f"{title} ± {width} holds {100 * band['level']:.0f} % of the validation rows{held}."


def _costliest(found: Mapping[str, Any]) -> str:
    """The disturbance that costs a model most."""
    costs = [
        (value, name, case["case"])
        for case in found["cases"][1:]
        for name, value in case.items()
        if name.startswith("cost") and isinstance(value, int | float)
    ]
    if not costs:
        return ""
    value, name, case = max(costs)
    title, cases = found["model"]["title"], several(len(found["cases"]) - 1, "disturbance")
    return f"{title}: of {cases} {case} costs most, {metric(name, value)}."
