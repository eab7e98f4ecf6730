"""Effect of a worker's journal lines on its job: phase progress, findings, threads, epochs, models, results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vestim_core.jobs.managers import Manager
from vestim_core.jobs.managers.data_import import DataImportManager
from vestim_core.jobs.tasks import Task
from vestim_core.jobs.time_left import recent_epoch_times_s
from vestim_core.protocol.journal_lines import JournalLine
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import Phase, PhaseState


def apply_line(line: JournalLine, task: Task, managers: Mapping[Phase, Manager]) -> dict[str, Any]:
    """Update `task` and `managers` by one journal line; returns the provenance that it reports, empty for most lines.

    Values of an unexpected type count as absent, so that nothing a worker writes raises here.
    """
    data = line.data
    match line.kind:
        case EventKind.PHASE:
            _report_phase(data, managers)
        case EventKind.FINDING:
            import_manager = managers[Phase.DATA_IMPORT]
            if isinstance(import_manager, DataImportManager):
                import_manager.add_finding(data)
        case EventKind.EPOCH:
            task.progress = {
                **data,
                "fraction": _epoch_fraction(data),
                "recent_s": recent_epoch_times_s(task.progress, data),
            }
        case EventKind.CHECKPOINT:
            task.has_model = task.has_model or bool(data.get("has_model"))
        case EventKind.MESSAGE:
            threads = data.get("threads")
            if isinstance(threads, int) and threads > 0 and not task.threads:
                task.use_threads(threads)
        case EventKind.RESULT:
            task.result = {key: value for key, value in data.items() if key != "provenance"}
            task.has_model = task.has_model or bool(data.get("has_model"))
            provenance = data.get("provenance")
            return provenance if isinstance(provenance, dict) else {}
    return {}


def _report_phase(data: dict[str, Any], managers: Mapping[Phase, Manager]) -> None:
    phase, state, fraction = data.get("phase"), data.get("state"), data.get("fraction")
    if phase in list(Phase) and state in list(PhaseState):
        progress = float(fraction) if isinstance(fraction, int | float) else 0.0
        managers[Phase(phase)].report(PhaseState(state), progress, str(data.get("message", "")))


def _epoch_fraction(epoch: dict[str, Any]) -> float:
    """Progress of a training after an epoch, from 0 to 1; it may end earlier."""
    epoch_index, max_epochs = epoch.get("epoch"), epoch.get("max_epochs")
    return (
        epoch_index / max_epochs
        if isinstance(epoch_index, int) and isinstance(max_epochs, int) and max_epochs > 0
        else 0.0
    )
