"""The predecessor's REST paths, asked for in the order in which its scripts did, of a real gateway."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vestim_core.protocol.cursors import job_stream
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.verify import doors as service
from vestim_core.verify.check_groups import CheckFailed, Group, expect
from vestim_core.verify.legacy_rest_client import Script, said
from vestim_core.verify.sandbox import Place
from vestim_core.verify.sample_drives import ENDLESS, write_drives

JOB = ("job_id", "status", "created_at", "updated_at", "selections", "job_folder", "details")
STATUS = ("job_id", "status", "current_phase", "progress_percent", "progress_message", "phase_progress", "updated_at")
TASK = ("status", "task_id", "job_id", "job_status", "task_progress")
PROGRESS = ("status", "message", "current_epoch", "total_epochs", "progress_percent")
AT_WORK = {"starting_training", "processing_data", "augmenting_data", "training", "testing"}


@contextmanager
def _script(place: Place) -> Iterator[Script]:
    with service.open_doors(place) as doors:
        yield Script(doors, write_drives(place.root / "former_data"))


FORMER = Group("REST: every path of PyBattML", _script)


@FORMER.check("No path answers without the token")
def the_token_is_needed(script: Script) -> None:
    for verb, path in (("GET", "/jobs"), ("POST", "/server/shutdown"), ("DELETE", "/jobs/job_1")):
        answer = script.doors.rest(verb, path, with_token=False)
        expect(answer.status == 401, f"{verb} {path} answers {said(answer)} to whoever asks")


@FORMER.check("GET /")
def root(script: Script) -> None:
    script.ask("GET", "/", fields=("message", "status", "timestamp"))


@FORMER.check("GET /health")
def health(script: Script) -> None:
    answer = script.ask("GET", "/health", fields=("status", "timestamp"))
    expect(answer["status"] == "healthy", f"it is '{answer['status']}'")


@FORMER.check("POST /jobs")
def create(script: Script) -> None:
    script.job = script.ask("POST", "/jobs", {"selections": script.selections}, JOB)
    script.job_id = script.job["job_id"]
    expect(script.job["status"] == "data_augmented", f"a job with files is '{script.job['status']}'")
    expect(script.job["selections"] == script.selections, "the selections are not those that were made")
    expect(script.doors.is_folder(script.job["job_folder"]), f"there is no folder '{script.job['job_folder']}'")
    bare = script.ask("POST", "/jobs", {"selections": {}}, JOB)
    expect(bare["status"] == "created", f"a job without files is '{bare['status']}'")


@FORMER.check("POST /jobs/process-and-create")
def process_and_create(script: Script) -> None:
    files = {name: script.selections[name] for name in ("train_files", "test_files")}
    script.short_id = script.ask("POST", "/jobs/process-and-create", {"selections": files}, JOB)["job_id"]
    data = script.doors.call("show_job", job_id=script.short_id)["spec"]["data"]
    expect(data["train"] == files["train_files"], "the job does not train on the files that were named")
    refused = script.refused("POST", "/jobs/process-and-create", {"selections": {}})
    expect(refused.status == 422, f"selections without files are answered with {refused.status}")


@FORMER.check("GET /jobs")
def list_jobs(script: Script) -> None:
    listed = script.ask("GET", "/jobs")
    expect(isinstance(listed, list) and listed, "it lists nothing")
    expect({script.job_id, script.short_id} <= {job["job_id"] for job in listed}, "a job that was made is not listed")
    expect(all(set(JOB) <= set(job) for job in listed), "a job that is listed lacks fields")


@FORMER.check("GET /jobs/{job_id}")
def get_job(script: Script) -> None:
    job = script.ask("GET", f"/jobs/{script.job_id}", fields=JOB)
    expect(job["job_id"] == script.job_id and job["job_folder"] == script.job["job_folder"], "it is another job")
    expect(script.refused("GET", "/jobs/job_none").status == 404, "a job that is not there is not missed")


@FORMER.check("POST /jobs/{job_id}/ensure")
def ensure(script: Script) -> None:
    job = script.ask("POST", f"/jobs/{script.job_id}/ensure", {}, JOB)
    expect(job["job_id"] == script.job_id, "it is another job")
    expect(script.refused("POST", "/jobs/job_none/ensure").status == 404, "a job that is not there is not missed")


@FORMER.check("POST /jobs/{job_id}/hyperparameters")
def hyperparameters(script: Script) -> None:
    for job_id, epochs in ((script.job_id, ENDLESS), (script.short_id, 2)):
        given = {
            "FEATURE_COLUMNS": ["SOC", "Current", "Temp"],
            "TARGET_COLUMN": "Voltage",
            "MODEL_TYPE": "FNN",
            "FNN_HIDDEN_LAYERS": "8",
            "MAX_EPOCHS": str(epochs),
            "VALID_PATIENCE": str(ENDLESS),
            "INITIAL_LR": "0.001",
            "NUM_WORKERS": "4",
        }
        path = f"/jobs/{job_id}/hyperparameters"
        saved = script.ask("POST", path, {"hyperparameters": given}, ("message", "job_id"))
        expect("NUM_WORKERS" in saved["message"], "it does not say which of them have no meaning any more")
        script.doors.call("save_hyperparameters", job_id=job_id, sections={"testing": {"baseline": False}})
    spec = script.doors.call("show_job", job_id=script.job_id)["spec"]
    expect(spec["model"][0]["sizes"] == [8], f"the model is {spec['model']}")
    status = script.ask("GET", f"/jobs/{script.job_id}")["status"]
    expect(status == "hyperparameters_set", f"the job is '{status}'")


@FORMER.check("POST /jobs/{job_id}/setup-training")
def setup_training(script: Script) -> None:
    for job_id in (script.job_id, script.short_id):
        path = f"/jobs/{job_id}/setup-training"
        setup = script.ask("POST", path, fields=("message", "task_count", "job_folder"))
        expect(setup["task_count"] == 1, f"{setup['task_count']} tasks are set up for one model")
    status = script.ask("GET", f"/jobs/{script.job_id}")["status"]
    expect(status == "training_setup_complete", f"the job is '{status}'")


@FORMER.check("POST /jobs/{job_id}/start")
def start(script: Script) -> None:
    path = f"/jobs/{script.short_id}/start"
    answer = script.ask("POST", path, {"task_info": {}}, ("message", "job_id"))
    expect(answer["job_id"] == script.short_id, "it started another job")
    state = script.doors.call("show_job", job_id=script.short_id)["state"]
    expect(state != "draft", "the job was not started")


@FORMER.check("POST /jobs/{job_id}/start_training")
def start_training(script: Script) -> None:
    path = f"/jobs/{script.job_id}/start_training"
    answer = script.ask("POST", path, fields=("status", "message", "job_id", "task_count"))
    expect(answer["task_count"] == 1 and answer["status"] in AT_WORK, f"the job is '{answer['status']}'")


@FORMER.check("GET /jobs/{job_id}/status")
def job_status(script: Script) -> None:
    script.ask("GET", f"/jobs/{script.short_id}/status", fields=(*STATUS, "job_folder"))
    ended = script.poll(f"/jobs/{script.short_id}/status", lambda now: now["status"] not in AT_WORK, "the end")
    expect(ended["status"] == "complete", f"a job that ended by itself is '{ended['status']}'")
    expect((ended["current_phase"], ended["progress_percent"]) == ("completed", 100), "it is not told as completed")


@FORMER.check("GET /jobs/{job_id}/detailed-status")
def detailed_status(script: Script) -> None:
    status = script.ask("GET", f"/jobs/{script.short_id}/detailed-status", fields=(*STATUS, "job_folder"))
    training = status["phase_progress"].get("training", {})
    expect({"status", "progress", "message"} <= set(training), "it does not tell of the phases one by one")
    expect(training["status"] == "completed", f"training is '{training['status']}' in the end")


@FORMER.check("GET /jobs/{job_id}/tasks/{task_id}/status")
def task_status(script: Script) -> None:
    path = f"/jobs/{script.job_id}/tasks/{script.task_id}/status"
    script.ask("GET", path, fields=TASK)
    seen = script.poll(path, lambda now: now["task_progress"]["current_epoch"] >= 2, "the second epoch")
    expect(set(PROGRESS) <= set(seen["task_progress"]), "the progress lacks fields")
    told = seen["status"], seen["task_progress"]["total_epochs"]
    expect(told == ("training", ENDLESS), f"a training of {ENDLESS} epochs is '{told[0]}' of {told[1]}")


@FORMER.check("GET /server/status")
def server_status(script: Script) -> None:
    status = script.ask("GET", "/server/status", fields=("status", "timestamp", "running_tasks", "task_ids"))
    expect(status["running_tasks"] >= 1, "no task runs, it says")
    expect(f"{script.job_id}:{script.task_id}" in status["task_ids"], "the training that runs is not named")


@FORMER.check("POST /jobs/{job_id}/update-status")
def update_status(script: Script) -> None:
    path = f"/jobs/{script.job_id}"
    before = script.ask("GET", path)["status"]
    remark = {"status": "complete", "message": "said by a script", "progress_percent": 99}
    script.ask("POST", f"{path}/update-status", remark, ("message", "job_id"))
    after = script.ask("GET", path)["status"]
    expect(before == after, f"a remark made the job '{after}'")
    cursor = {"stream": job_stream(script.job_id)}
    (part,) = script.doors.call("wait", cursors=[cursor], limit=5000)["streams"]
    texts = [event["data"].get("text", "") for event in part["events"] if event["kind"] == "message"]
    expect(any("said by a script" in text for text in texts), "the remark was not kept")


@FORMER.check("POST /jobs/{job_id}/tasks/{task_id}/start_training")
def start_task(script: Script) -> None:
    path = f"/jobs/{script.job_id}/tasks/{script.task_id}/start_training"
    answer = script.ask("POST", path, fields=("status", "message"))
    expect(answer["status"] in AT_WORK, f"the job is '{answer['status']}'")


@FORMER.check("POST /tasks/start")
def oldest_start(script: Script) -> None:
    info = {"task_info": {"job_id": script.job_id}, "global_params": {}}
    answer = script.ask("POST", "/tasks/start", info, ("message", "task_id", "status"))
    expect(answer["task_id"] == f"{script.job_id}:{script.task_id}", f"it started '{answer['task_id']}'")
    expect(script.refused("POST", "/tasks/start", {"task_info": {}}).status == 422, "it starts what nobody named")


@FORMER.check("GET /tasks/{task}/status")
def oldest_status(script: Script) -> None:
    answer = script.ask("GET", f"/tasks/{script.task_id}/status", fields=TASK)
    expect(answer["job_id"] == script.job_id, "it tells of another job")


@FORMER.check("POST /tasks/{task}/stop")
def oldest_stop(script: Script) -> None:
    for _ in range(3):
        other = script.ask("POST", "/jobs", {"selections": script.selections}, ("job_id",))["job_id"]
        script.ask("POST", f"/jobs/{other}/start_training")
        script.others.append(other)
    job_id = script.other()
    script.stops(job_id, f"/tasks/{job_id}:{script.task_of(job_id)}/stop", "task_id")


@FORMER.check("POST /jobs/{job_id}/stop")
def stop(script: Script) -> None:
    job_id = script.other()
    answer = script.stops(job_id, f"/jobs/{job_id}/stop", "job_id")
    expect(answer["job_id"] == job_id, "it names another job")


@FORMER.check("POST /jobs/{job_id}/stop-training")
def stop_training(script: Script) -> None:
    job_id = script.other()
    answer = script.stops(job_id, f"/jobs/{job_id}/stop-training", "job_id")
    expect(answer["job_id"] == job_id, "it names another job")


@FORMER.check("POST /tasks/stop_all")
def oldest_stop_all(script: Script) -> None:
    script.stops(script.job_id, "/tasks/stop_all")


@FORMER.check("POST /jobs/clear")
def clear(script: Script) -> None:
    script.ask("POST", "/jobs/clear", fields=("message",))
    listed = {job["job_id"] for job in script.ask("GET", "/jobs")}
    expect(not {script.job_id, script.short_id} & listed, "jobs that have ended are still listed")
    kept = script.doors.call("show_job", job_id=script.short_id)
    expect(kept["archived"] and kept["best"], "a job that was put away has lost its results")


@FORMER.check("DELETE /jobs/{job_id}")
def delete(script: Script) -> None:
    script.ask("DELETE", f"/jobs/{script.job_id}", fields=("message",))
    expect(not script.doors.is_folder(script.job["job_folder"]), "its folder is still there")
    try:
        script.doors.call("show_job", job_id=script.job_id)
    except VestimError as error:
        expect(error.code is ErrorCode.NOT_FOUND, f"it is still there: {error.sentence}")
    else:
        raise CheckFailed("the job is still there")


@FORMER.check("POST /server/shutdown")
def shutdown(script: Script) -> None:
    script.ask("POST", "/server/shutdown", fields=("message",))
    expect(script.doors.gateway_ends(), "the gateway goes on")


@FORMER.check("Afterwards nothing is left running, of this home or for it")
def nothing_left(script: Script) -> None:
    left = script.doors.left_running()
    expect(not left, f"{len(left)} processes are left: {left[0] if left else ''}")
    expect(not script.doors.service_lives(), "the service still lives")
