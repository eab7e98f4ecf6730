"""Checks of PyBattML's REST paths on a real gateway, in the order in which its scripts use them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vestim_core.protocol.cursors import job_stream
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.verify import public_interface
from vestim_core.verify.check_groups import CheckFailed, CheckGroup, expect
from vestim_core.verify.legacy_rest_client import LegacyRestClient, answer_text
from vestim_core.verify.sample_drives import ENDLESS_EPOCHS, write_drives
from vestim_core.verify.sandbox import Sandbox

JOB_FIELDS = ("job_id", "status", "created_at", "updated_at", "selections", "job_folder", "details")
STATUS_FIELDS = (
    "job_id",
    "status",
    "current_phase",
    "progress_percent",
    "progress_message",
    "phase_progress",
    "updated_at",
)
TASK_FIELDS = ("status", "task_id", "job_id", "job_status", "task_progress")
PROGRESS_FIELDS = ("status", "message", "current_epoch", "total_epochs", "progress_percent")
ACTIVE_STATUSES = {"starting_training", "processing_data", "augmenting_data", "training", "testing"}


@contextmanager
def _open_client(sandbox: Sandbox) -> Iterator[LegacyRestClient]:
    with public_interface.open_interface(sandbox) as interface:
        yield LegacyRestClient(interface, write_drives(sandbox.root / "former_data"))


LEGACY_REST_GROUP = CheckGroup("REST: every path of PyBattML", _open_client)


@LEGACY_REST_GROUP.check("No path answers without the token")
def token_is_required(client: LegacyRestClient) -> None:
    for verb, path in (("GET", "/jobs"), ("POST", "/server/shutdown"), ("DELETE", "/jobs/job_1")):
        answer = client.interface.rest(verb, path, with_token=False)
        expect(answer.status == 401, f"{verb} {path} answers {answer_text(answer)} to whoever asks")


@LEGACY_REST_GROUP.check("GET /")
def root(client: LegacyRestClient) -> None:
    client.request("GET", "/", fields=("message", "status", "timestamp"))


@LEGACY_REST_GROUP.check("GET /health")
def health(client: LegacyRestClient) -> None:
    answer = client.request("GET", "/health", fields=("status", "timestamp"))
    expect(answer["status"] == "healthy", f"it is '{answer['status']}'")


@LEGACY_REST_GROUP.check("POST /jobs")
def create(client: LegacyRestClient) -> None:
    client.job = client.request("POST", "/jobs", {"selections": client.selections}, JOB_FIELDS)
    client.job_id = client.job["job_id"]
    expect(client.job["status"] == "data_augmented", f"a job with files is '{client.job['status']}'")
    expect(client.job["selections"] == client.selections, "the selections are not those that were made")
    expect(client.interface.is_folder(client.job["job_folder"]), f"there is no folder '{client.job['job_folder']}'")
    empty_job = client.request("POST", "/jobs", {"selections": {}}, JOB_FIELDS)
    expect(empty_job["status"] == "created", f"a job without files is '{empty_job['status']}'")


@LEGACY_REST_GROUP.check("POST /jobs/process-and-create")
def process_and_create(client: LegacyRestClient) -> None:
    files = {name: client.selections[name] for name in ("train_files", "test_files")}
    client.short_job_id = client.request("POST", "/jobs/process-and-create", {"selections": files}, JOB_FIELDS)[
        "job_id"
    ]
    data = client.interface.call("show_job", job_id=client.short_job_id)["spec"]["data"]
    expect(data["train"] == files["train_files"], "the job does not train on the files that were named")
    refusal = client.expect_refusal("POST", "/jobs/process-and-create", {"selections": {}})
    expect(refusal.status == 422, f"selections without files are answered with {refusal.status}")


@LEGACY_REST_GROUP.check("GET /jobs")
def list_jobs(client: LegacyRestClient) -> None:
    jobs = client.request("GET", "/jobs")
    expect(isinstance(jobs, list) and jobs, "it lists nothing")
    expect({client.job_id, client.short_job_id} <= {job["job_id"] for job in jobs}, "a job that was made is not listed")
    expect(all(set(JOB_FIELDS) <= set(job) for job in jobs), "a job that is listed lacks fields")


@LEGACY_REST_GROUP.check("GET /jobs/{job_id}")
def get_job(client: LegacyRestClient) -> None:
    job = client.request("GET", f"/jobs/{client.job_id}", fields=JOB_FIELDS)
    expect(job["job_id"] == client.job_id and job["job_folder"] == client.job["job_folder"], "it is another job")
    expect(client.expect_refusal("GET", "/jobs/job_none").status == 404, "a job that is not there is not missed")


@LEGACY_REST_GROUP.check("POST /jobs/{job_id}/ensure")
def ensure(client: LegacyRestClient) -> None:
    job = client.request("POST", f"/jobs/{client.job_id}/ensure", {}, JOB_FIELDS)
    expect(job["job_id"] == client.job_id, "it is another job")
    expect(
        client.expect_refusal("POST", "/jobs/job_none/ensure").status == 404, "a job that is not there is not missed"
    )


@LEGACY_REST_GROUP.check("POST /jobs/{job_id}/hyperparameters")
def hyperparameters(client: LegacyRestClient) -> None:
    for job_id, epochs in ((client.job_id, ENDLESS_EPOCHS), (client.short_job_id, 2)):
        legacy_settings = {
            "FEATURE_COLUMNS": ["SOC", "Current", "Temp"],
            "TARGET_COLUMN": "Voltage",
            "MODEL_TYPE": "FNN",
            "FNN_HIDDEN_LAYERS": "8",
            "MAX_EPOCHS": str(epochs),
            "VALID_PATIENCE": str(ENDLESS_EPOCHS),
            "INITIAL_LR": "0.001",
            "NUM_WORKERS": "4",
        }
        path = f"/jobs/{job_id}/hyperparameters"
        answer = client.request("POST", path, {"hyperparameters": legacy_settings}, ("message", "job_id"))
        expect("NUM_WORKERS" in answer["message"], "it does not say which of them have no meaning any more")
        client.interface.call("save_hyperparameters", job_id=job_id, sections={"testing": {"baseline": False}})
    spec = client.interface.call("show_job", job_id=client.job_id)["spec"]
    expect(spec["model"][0]["sizes"] == [8], f"the model is {spec['model']}")
    status = client.request("GET", f"/jobs/{client.job_id}")["status"]
    expect(status == "hyperparameters_set", f"the job is '{status}'")


@LEGACY_REST_GROUP.check("POST /jobs/{job_id}/setup-training")
def setup_training(client: LegacyRestClient) -> None:
    for job_id in (client.job_id, client.short_job_id):
        path = f"/jobs/{job_id}/setup-training"
        answer = client.request("POST", path, fields=("message", "task_count", "job_folder"))
        expect(answer["task_count"] == 1, f"{answer['task_count']} tasks are set up for one model")
    status = client.request("GET", f"/jobs/{client.job_id}")["status"]
    expect(status == "training_setup_complete", f"the job is '{status}'")


@LEGACY_REST_GROUP.check("POST /jobs/{job_id}/start")
def start(client: LegacyRestClient) -> None:
    path = f"/jobs/{client.short_job_id}/start"
    answer = client.request("POST", path, {"task_info": {}}, ("message", "job_id"))
    expect(answer["job_id"] == client.short_job_id, "it started another job")
    state = client.interface.call("show_job", job_id=client.short_job_id)["state"]
    expect(state != "draft", "the job was not started")


@LEGACY_REST_GROUP.check("POST /jobs/{job_id}/start_training")
def start_training(client: LegacyRestClient) -> None:
    path = f"/jobs/{client.job_id}/start_training"
    answer = client.request("POST", path, fields=("status", "message", "job_id", "task_count"))
    expect(answer["task_count"] == 1 and answer["status"] in ACTIVE_STATUSES, f"the job is '{answer['status']}'")


@LEGACY_REST_GROUP.check("GET /jobs/{job_id}/status")
def job_status(client: LegacyRestClient) -> None:
    client.request("GET", f"/jobs/{client.short_job_id}/status", fields=(*STATUS_FIELDS, "job_folder"))
    final_status = client.poll(
        f"/jobs/{client.short_job_id}/status", lambda status: status["status"] not in ACTIVE_STATUSES, "the end"
    )
    expect(final_status["status"] == "complete", f"a job that ended by itself is '{final_status['status']}'")
    expect(
        (final_status["current_phase"], final_status["progress_percent"]) == ("completed", 100),
        "it is not told as completed",
    )


@LEGACY_REST_GROUP.check("GET /jobs/{job_id}/detailed-status")
def detailed_status(client: LegacyRestClient) -> None:
    status = client.request(
        "GET", f"/jobs/{client.short_job_id}/detailed-status", fields=(*STATUS_FIELDS, "job_folder")
    )
    training = status["phase_progress"].get("training", {})
    expect({"status", "progress", "message"} <= set(training), "it does not tell of the phases one by one")
    expect(training["status"] == "completed", f"training is '{training['status']}' in the end")


@LEGACY_REST_GROUP.check("GET /jobs/{job_id}/tasks/{task_id}/status")
def task_status(client: LegacyRestClient) -> None:
    path = f"/jobs/{client.job_id}/tasks/{client.task_id}/status"
    client.request("GET", path, fields=TASK_FIELDS)
    answer = client.poll(path, lambda progress: progress["task_progress"]["current_epoch"] >= 2, "the second epoch")
    expect(set(PROGRESS_FIELDS) <= set(answer["task_progress"]), "the progress lacks fields")
    reported = answer["status"], answer["task_progress"]["total_epochs"]
    expect(
        reported == ("training", ENDLESS_EPOCHS),
        f"a training of {ENDLESS_EPOCHS} epochs is '{reported[0]}' of {reported[1]}",
    )


@LEGACY_REST_GROUP.check("GET /server/status")
def server_status(client: LegacyRestClient) -> None:
    status = client.request("GET", "/server/status", fields=("status", "timestamp", "running_tasks", "task_ids"))
    expect(status["running_tasks"] >= 1, "no task runs, it says")
    expect(f"{client.job_id}:{client.task_id}" in status["task_ids"], "the training that runs is not named")


@LEGACY_REST_GROUP.check("POST /jobs/{job_id}/update-status")
def update_status(client: LegacyRestClient) -> None:
    path = f"/jobs/{client.job_id}"
    status_before = client.request("GET", path)["status"]
    remark = {"status": "complete", "message": "said by a script", "progress_percent": 99}
    client.request("POST", f"{path}/update-status", remark, ("message", "job_id"))
    status_after = client.request("GET", path)["status"]
    expect(status_before == status_after, f"a remark made the job '{status_after}'")
    cursor = {"stream": job_stream(client.job_id)}
    (stream,) = client.interface.call("wait", cursors=[cursor], limit=5000)["streams"]
    texts = [event["data"].get("message", "") for event in stream["events"] if event["kind"] == "message"]
    expect(any("said by a script" in text for text in texts), "the remark was not kept")


@LEGACY_REST_GROUP.check("POST /jobs/{job_id}/tasks/{task_id}/start_training")
def start_task(client: LegacyRestClient) -> None:
    path = f"/jobs/{client.job_id}/tasks/{client.task_id}/start_training"
    answer = client.request("POST", path, fields=("status", "message"))
    expect(answer["status"] in ACTIVE_STATUSES, f"the job is '{answer['status']}'")


@LEGACY_REST_GROUP.check("POST /tasks/start")
def oldest_start(client: LegacyRestClient) -> None:
    info = {"task_info": {"job_id": client.job_id}, "global_params": {}}
    answer = client.request("POST", "/tasks/start", info, ("message", "task_id", "status"))
    expect(answer["task_id"] == f"{client.job_id}:{client.task_id}", f"it started '{answer['task_id']}'")
    expect(
        client.expect_refusal("POST", "/tasks/start", {"task_info": {}}).status == 422, "it starts what nobody named"
    )


@LEGACY_REST_GROUP.check("GET /tasks/{task}/status")
def oldest_status(client: LegacyRestClient) -> None:
    answer = client.request("GET", f"/tasks/{client.task_id}/status", fields=TASK_FIELDS)
    expect(answer["job_id"] == client.job_id, "it tells of another job")


@LEGACY_REST_GROUP.check("POST /tasks/{task}/stop")
def oldest_stop(client: LegacyRestClient) -> None:
    for _ in range(3):
        stop_job_id = client.request("POST", "/jobs", {"selections": client.selections}, ("job_id",))["job_id"]
        client.request("POST", f"/jobs/{stop_job_id}/start_training")
        client.stop_job_ids.append(stop_job_id)
    job_id = client.next_stop_job()
    client.expect_stop(job_id, f"/tasks/{job_id}:{client.first_task_id(job_id)}/stop", "task_id")


@LEGACY_REST_GROUP.check("POST /jobs/{job_id}/stop")
def stop(client: LegacyRestClient) -> None:
    job_id = client.next_stop_job()
    answer = client.expect_stop(job_id, f"/jobs/{job_id}/stop", "job_id")
    expect(answer["job_id"] == job_id, "it names another job")


@LEGACY_REST_GROUP.check("POST /jobs/{job_id}/stop-training")
def stop_training(client: LegacyRestClient) -> None:
    job_id = client.next_stop_job()
    answer = client.expect_stop(job_id, f"/jobs/{job_id}/stop-training", "job_id")
    expect(answer["job_id"] == job_id, "it names another job")


@LEGACY_REST_GROUP.check("POST /tasks/stop_all")
def oldest_stop_all(client: LegacyRestClient) -> None:
    client.expect_stop(client.job_id, "/tasks/stop_all")


@LEGACY_REST_GROUP.check("POST /jobs/clear")
def clear(client: LegacyRestClient) -> None:
    client.request("POST", "/jobs/clear", fields=("message",))
    listed_ids = {job["job_id"] for job in client.request("GET", "/jobs")}
    expect(not {client.job_id, client.short_job_id} & listed_ids, "jobs that have ended are still listed")
    archived_job = client.interface.call("show_job", job_id=client.short_job_id)
    expect(archived_job["archived"] and archived_job["best"], "a job that was put away has lost its results")


@LEGACY_REST_GROUP.check("DELETE /jobs/{job_id}")
def delete(client: LegacyRestClient) -> None:
    client.request("DELETE", f"/jobs/{client.job_id}", fields=("message",))
    expect(not client.interface.is_folder(client.job["job_folder"]), "its folder is still there")
    try:
        client.interface.call("show_job", job_id=client.job_id)
    except VestimError as error:
        expect(error.code is ErrorCode.NOT_FOUND, f"it is still there: {error.message}")
    else:
        raise CheckFailed("the job is still there")


@LEGACY_REST_GROUP.check("POST /server/shutdown")
def shutdown(client: LegacyRestClient) -> None:
    client.request("POST", "/server/shutdown", fields=("message",))
    expect(client.interface.wait_for_gateway_end(), "the gateway goes on")


@LEGACY_REST_GROUP.check("Afterwards nothing is left running, of this home or for it")
def no_process_is_left(client: LegacyRestClient) -> None:
    command_lines = client.interface.remaining_processes()
    expect(not command_lines, f"{len(command_lines)} processes are left: {command_lines[0] if command_lines else ''}")
    expect(not client.interface.is_daemon_alive(), "the service still lives")
