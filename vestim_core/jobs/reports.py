"""What a worker's line means for its job: a phase's progress, a finding, threads, an epoch, a model, a result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vestim_core.jobs.managers import Manager
from vestim_core.jobs.managers.importing import DataImportManager
from vestim_core.jobs.tasks import Task
from vestim_core.jobs.time_left import recent_times_s
from vestim_core.protocol.journal import Line
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import Phase, PhaseState


def take_in(line: Line, task: Task, managers: Mapping[Phase, Manager]) -> dict[str, Any]:
    """Let `task` and `managers` know what the line says; the provenance that it tells, empty for most lines.

    Values of another type than expected count as absent: what a worker writes never raises here.
    """
    data = line.data
    match line.kind:
        case EventKind.PHASE:
            _report_phase(data, managers)
        case EventKind.FINDING:
            importing = managers[Phase.DATA_IMPORT]
            if isinstance(importing, DataImportManager):
                importing.accept(data)
        case EventKind.EPOCH:
            task.progress = {**data, "fraction": _fraction(data), "recent_s": recent_times_s(task.progress, data)}
        case EventKind.CHECKPOINT:
            task.has_model = task.has_model or bool(data.get("has_model"))
        case EventKind.MESSAGE:
            threads = data.get("threads")
            if isinstance(threads, int) and threads > 0 and not task.threads:
                task.use_threads(threads)
        case EventKind.RESULT:
            task.result = {key: value for key, value in data.items() if key != "provenance"}
            task.has_model = task.has_model or bool(data.get("has_model"))
            told = data.get("provenance")
            return told if isinstance(told, dict) else {}
    return {}


def _report_phase(data: dict[str, Any], managers: Mapping[Phase, Manager]) -> None:
    phase, state, fraction = data.get("phase"), data.get("state"), data.get("fraction")
    if phase in list(Phase) and state in list(PhaseState):
        done = float(fraction) if isinstance(fraction, int | float) else 0.0
        managers[Phase(phase)].report(PhaseState(state), done, str(data.get("message", "")))


def _fraction(epoch: dict[str, Any]) -> float:
    """How far a training is after an epoch, from 0 to 1; it may end earlier."""
    done, all_epochs = epoch.get("epoch"), epoch.get("max_epochs")
    return done / all_epochs if isinstance(done, int) and isinstance(all_epochs, int) and all_epochs > 0 else 0.0
