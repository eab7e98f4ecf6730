"""Baseline: fit the equivalent circuit on the training files and test it like every model. Needs no torch."""

from __future__ import annotations

from vestim_core.evaluation.report import headlines, write_results
from vestim_core.models.circuit import fit_circuit
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import AttemptState
from vestim_core.system import write_json
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.prepared import open_set


def run(attempt: Attempt) -> AttemptState:
    """Leaves `result/circuit.json`, metrics and predictions."""
    prepared = open_set(attempt)
    period_s = prepared.period_s
    circuit = fit_circuit(prepared.of("train"), period_s)
    write_json(attempt.result / "circuit.json", circuit.to_json())
    metrics = write_results(
        attempt.result,
        lambda file: circuit.predict(file, period_s),
        [*prepared.of("validation"), *prepared.of("test")],
        target=attempt.task.signals.target,
        model={"kind": "circuit"},
        csv=attempt.task.testing.predictions_csv,
    )
    parameters = len(circuit.soc) + 3
    found = {**headlines(metrics), "parameters": parameters, "circuit": circuit.to_json()}
    attempt.journal.event(EventKind.RESULT, found)
    return AttemptState.FINISHED
