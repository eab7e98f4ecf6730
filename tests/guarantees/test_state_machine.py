"""Any order of commands, work, crashes and daemon deaths: invariants after each step, and the final states.

The daemon's parts are the real ones over a real registry and real folders; only the processes are simulated by the
test.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from vestim_core.daemon import attempt_supervisor as host_module
from vestim_core.daemon.attempt_supervisor import AttemptSupervisor
from vestim_core.jobs.job_manager import JobManager
from vestim_core.jobs.job_registry import Registry
from vestim_core.jobs.job_service import JobService
from vestim_core.protocol.journal_lines import write_line
from vestim_core.spec.errors import VestimError
from vestim_core.spec.events import EventKind
from vestim_core.spec.ids import attempt_key
from vestim_core.spec.states import TERMINAL_JOB_STATES, Intent, JobState
from vestim_core.system import Home, read_json, write_json


class SimulatedProcesses:
    """Processes that outlive the daemon; the test decides what each does."""

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}
        self.ended: list[tuple[str, int | None]] = []
        self.starts: dict[str, int] = {}
        self._started: list[str] = []
        self.exit_fds: frozenset[int] = frozenset()

    def keep_preloaded(self, preloads: object) -> None:
        """Do nothing: no process is preloaded here."""

    def start(self, attempt_key: str, folder: Path, threads: int, gpu: int | None, *, preload: str | None) -> None:
        self.folders[attempt_key] = folder
        self.starts[attempt_key] = self.starts.get(attempt_key, 0) + 1
        self._started.append(attempt_key)

    def adopt(self, attempt_key: str, folder: Path) -> bool:
        return attempt_key in self.folders

    def take_started(self) -> list[tuple[str, int, float]]:
        started_keys, self._started = self._started, []
        return [(key, 1, 1.0) for key in started_keys]

    def terminate(self, attempt_key: str) -> None:
        self.end(attempt_key, -15)

    def kill(self, attempt_key: str) -> None:
        self.end(attempt_key, -9)

    def reap(self) -> list[tuple[str, int | None]]:
        ended, self.ended = self.ended, []
        return ended

    def end(self, key: str, code: int | None) -> None:
        if self.folders.pop(key, None):
            self.ended.append((key, code))


class Daemons(RuleBasedStateMachine):
    """One home through the lives of many daemons."""

    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.home = Home(Path(self._folder.name))
        self.home.ensure()
        self.files = {role: [str(self.home.root / f"{role}.csv")] for role in ("train", "validation", "test")}
        for (path,) in self.files.values():
            Path(path).touch()
        self.processes = SimulatedProcesses()
        self.events_read: dict[str, list[dict[str, Any]]] = {}
        self._start_daemon()

    def _start_daemon(self) -> None:
        self.registry = Registry(self.home.registry)
        self.manager = JobManager(self.home, self.registry)
        self.service = JobService(self.manager)
        self.host = AttemptSupervisor(self.manager, self.processes, slots=2)
        self.manager.on_change = self.host.unreconciled_job_ids.add
        self.manager.load_jobs_from_registry()
        self.host.adopt_all()

    def _step(self) -> None:
        # Time passes between steps: postponed work is due, and journals are read.
        for container in self.manager.job_containers.values():
            for task in container.tasks.values():
                task.not_before_s = 0.0
        self.host._journals_read_s = -host_module.JOURNAL_POLL_S
        self.host.step()

    def _alive(self) -> list[str]:
        return sorted(self.processes.folders)

    # --- actions of users

    @rule(target=jobs, repetitions=st.integers(1, 2))
    def submit(self, repetitions: int) -> str:
        training = {"repetitions": repetitions}
        document = {"data": self.files, "model": {"kind": "fnn"}, "training": training, "testing": {"baseline": False}}
        with self.manager.unit_of_work():
            return str(self.service.submit(document)["job_id"])

    @rule(job=jobs, verb=st.sampled_from(["pause", "resume", "stop", "archive", "restore"]))
    def command(self, job: str, verb: str) -> None:
        try:
            with self.manager.unit_of_work():
                getattr(self.service, verb)(job)
        except VestimError:
            return

    @rule(job=consumes(jobs))
    def delete(self, job: str) -> None:
        try:
            with self.manager.unit_of_work():
                self.service.delete(job)
        except VestimError:
            return
        self.events_read.pop(job, None)

    # --- actions of workers

    @rule(data=st.data())
    def work(self, data: st.DataObject) -> None:
        if key := self._draw_process(data):
            with (self.processes.folders[key] / "events.jsonl").open("ab") as journal:
                journal.write(write_line("2026-01-01T00:00:00.000Z", EventKind.EPOCH, {"epoch": 1, "max_epochs": 9}))
                if data.draw(st.booleans()):
                    journal.write(b'{"t":"2026')  # an incomplete line

    @rule(data=st.data())
    def end_by_intent(self, data: st.DataObject) -> None:
        if key := self._draw_process(data):
            self._end_by_intent(key)

    @rule(data=st.data(), code=st.sampled_from([-9, 1, None]))
    def vanish(self, data: st.DataObject, code: int | None) -> None:
        if key := self._draw_process(data):
            self.processes.end(key, code)

    def _draw_process(self, data: st.DataObject) -> str | None:
        alive = self._alive()
        return data.draw(st.sampled_from(alive)) if alive else None

    def _end_by_intent(self, key: str) -> None:
        folder = self.processes.folders[key]
        intent = Intent(read_json(folder / "control.json")["intent"])
        state = {Intent.RUN: "finished", Intent.PAUSE: "paused", Intent.STOP: "stopped"}[intent]
        if "/train" in key:
            result = folder.parents[1] / "result"
            result.mkdir(exist_ok=True)
            (result / "model.json").write_text("{}")
        write_json(folder / "exit.json", {"state": state})
        self.processes.end(key, 0)

    # --- actions of the daemon and its clients

    @rule()
    def step(self) -> None:
        self._step()

    @rule()
    def restart_daemon(self) -> None:
        self.registry.close()
        self.processes.ended.clear()  # exit codes are lost with the parent process
        self._start_daemon()

    @rule(job=jobs, limit=st.integers(1, 4))
    def read_more_events(self, job: str, limit: int) -> None:
        events = self.events_read.setdefault(job, [])
        events += self.registry.read_events(job, len(events), limit, 1 << 20)[0]

    # --- invariants

    @invariant()
    def events_are_numbered_without_a_gap(self) -> None:
        for job, events in self.events_read.items():
            all_events = self.registry.read_events(job, 0, 100_000, 1 << 30)[0]
            assert [event["seq"] for event in all_events] == list(range(1, len(all_events) + 1))
            assert events == all_events[: len(events)]

    @invariant()
    def one_process_for_an_attempt_and_one_attempt_for_a_task(self) -> None:
        assert all(count == 1 for count in self.processes.starts.values())
        tasks = [key.rpartition("/")[0] for key in self.processes.folders]
        assert len(tasks) == len(set(tasks))
        assert len(tasks) <= 2

    @invariant()
    def stored_state_equals_memory(self) -> None:
        for job_id, container in self.manager.job_containers.items():
            stored = self.registry.load(job_id)
            assert stored is not None
            assert json.dumps(stored.to_record()) == json.dumps(container.to_record())

    @invariant()
    def only_living_attempts_have_a_lease(self) -> None:
        living_keys = {
            attempt_key(c.job_id, t.task_id, t.attempt.index)
            for c in self.manager.job_containers.values()
            for t in c.tasks.values()
            if t.attempt and not t.attempt.has_ended
        }
        assert {key for key, _, _ in self.registry.leases()} == living_keys >= set(self.processes.folders)

    def teardown(self) -> None:
        tasks = sum(len(container.tasks) for container in self.manager.job_containers.values())
        for _ in range(10 + 2 * tasks):
            self._step()
            for key in self._alive():
                self._end_by_intent(key)
        for container in self.manager.job_containers.values():
            expected = JobState.PAUSED if container.intent is Intent.PAUSE else None
            assert container.state is expected, f"{container.job_id} came to no rest: {container.status()}"
        for summary in self.registry.summaries()[0]:
            assert summary["state"] in {*TERMINAL_JOB_STATES, JobState.PAUSED}
            if summary["intent"] == Intent.STOP:
                assert summary["state"] != JobState.RUNNING
        assert not self.processes.folders
        assert self.registry.leases() == []
        self.registry.close()
        self._folder.cleanup()


TestDaemons = Daemons.TestCase
TestDaemons.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
