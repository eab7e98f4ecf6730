"""Paging: a job with more tasks than fit into one reply is fetched completely."""

from pathlib import Path

import pytest

from tests.spec.documents import job_document_with_files
from vestim_core.client import Client, fetch_job
from vestim_core.protocol import message_limits
from vestim_core.spec.errors import VestimError


def test_all_tasks_are_fetched(vestim_home: Path) -> None:
    trials = message_limits.MAX_TASKS_PER_REPLY // 2 + 100
    with Client() as client:
        job_id = client.call("create_job", spec=job_document_with_files(vestim_home, training={"repetitions": 100}))[
            "job_id"
        ]
        sections = {"training": {"repetitions": 100, "patience": list(range(1, trials // 100 + 1))}}
        client.call("save_hyperparameters", job_id=job_id, sections=sections)
        count = client.call("setup_training_tasks", job_id=job_id)["task_count"]
        assert count > message_limits.MAX_TASKS_PER_REPLY
        first = client.call("show_job", job_id=job_id)
        assert (len(first["tasks"]), first["task_count"]) == (message_limits.MAX_TASKS_PER_REPLY, count)
        job = fetch_job(client, job_id)
        assert len({task["task_id"] for task in job["tasks"]}) == count
        assert client.call("show_job", job_id=job_id, tasks_limit=0)["tasks"] == []
        with pytest.raises(VestimError):
            client.call("show_job", job_id=job_id, tasks_limit=message_limits.MAX_TASKS_PER_REPLY + 1)
