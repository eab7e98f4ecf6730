"""Summary of a job's trials before they have been tested."""

from tests.jobs.test_container import new_container
from vestim_core.protocol.journal_lines import JournalLine
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import JobState, TaskState


def test_a_summary_has_the_furthest_epoch_and_the_best_error_so_far() -> None:
    container = new_container()
    container.set_state(JobState.QUEUED)
    summary = container.summary()
    assert (summary["epochs"], summary["max_epochs"], summary["validation"]) == (0, 0, None)
    trial_ids = [task_id for task_id in container.tasks if task_id.startswith("train")]
    assert summary["models"] == len(trial_ids) > 0 and summary["models_done"] == 0
    container.set_task_state(trial_ids[0], TaskState.READY)
    container.create_attempt(trial_ids[0])
    epoch = {"epoch": 3, "max_epochs": 30, "best_validation_rmse_mV": 9.5}
    container.ingest(trial_ids[0], [JournalLine("t", EventKind.EPOCH, epoch)], 1)
    summary = container.summary()
    assert (summary["epochs"], summary["max_epochs"]) == (3, 30)
    assert summary["validation"] == {"metric": "rmse_mV", "value": 9.5}
    container.ingest(trial_ids[0], [JournalLine("t", EventKind.EPOCH, {"epoch": "x", "max_epochs": None})], 2)
    assert container.summary()["epochs"] == 0, "an odd word of a worker does no harm"
