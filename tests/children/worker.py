"""A worker that behaves as its job's name says: `{"train": "stubborn"}` by kind of task; other kinds finish.

`python -m tests.children.worker FOLDER`, like the real one. Each behavior first reports `ready` in its journal.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vestim_core.protocol.attempt_files import ExitFile, LaunchFile
from vestim_core.spec.events import EventKind
from vestim_core.spec.ids import attempt_key
from vestim_core.spec.states import AttemptState, Intent
from vestim_core.system import Home, process_ref, read_json, write_json
from vestim_core.worker.control import Control
from vestim_core.worker.doorbell import Doorbell
from vestim_core.worker.journal_writer import Journal


@dataclass(frozen=True)
class Attempt:
    """Everything a behavior works with. arguments: the behavior's name and its parameters."""

    folder: Path
    journal: Journal
    doorbell: Doorbell
    arguments: list[str]

    def end(self, state: AttemptState = AttemptState.FINISHED) -> int:
        """Write the final record, as a well-behaved worker does."""
        self.journal.close()
        write_json(self.folder / "exit.json", ExitFile(state=state).model_dump(mode="json"))
        self.doorbell.close()
        return 0


def wait_forever() -> None:
    """Wait for a signal that cannot be ignored."""
    while True:
        signal.pause()


def finish(attempt: Attempt) -> int:
    """Finish normally."""
    attempt.journal.event(EventKind.RESULT, {"has_model": True, "overall": {"test": {"rmse_mV": 1.0}}})
    return attempt.end()


def flood(attempt: Attempt) -> int:
    """Write as many events as the second argument says, as fast as possible."""
    for event_index in range(int(attempt.arguments[1])):
        attempt.journal.event(EventKind.EPOCH, {"n": event_index, "epoch": event_index, "max_epochs": 10**6})
    return attempt.end()


def pairs(attempt: Attempt) -> int:
    """For benchmarks: write two events close together, as at an epoch's end, ten times a second, each with its time of
    writing."""
    for event_index in range(2 * int(attempt.arguments[1])):
        attempt.journal.event(EventKind.EPOCH, {"n": event_index, "written_s": time.time()})
        time.sleep(0.005 if event_index % 2 == 0 else 0.095)
    return attempt.end()


def obey(attempt: Attempt) -> int:
    """Work until the intent changes; with a second argument, write that many events or `endless`, one every 10 ms."""
    control, event_index = Control(attempt.folder / "control.json"), 0
    count = float(attempt.arguments[1].replace("endless", "inf")) if len(attempt.arguments) > 1 else 0
    while control.intent() is Intent.RUN:
        if event_index < count:
            event_index += 1
            attempt.journal.event(EventKind.EPOCH, {"n": event_index, "epoch": event_index, "max_epochs": 10**6})
            attempt.journal.progress({"step": event_index})
        time.sleep(0.01)
    return attempt.end(AttemptState.STOPPED if control.intent() is Intent.STOP else AttemptState.PAUSED)


def stubborn(attempt: Attempt) -> int:
    """Ignore the control file and SIGTERM."""
    wait_forever()
    return 0


def killed(attempt: Attempt) -> int:
    """Die by SIGKILL."""
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def silent(attempt: Attempt) -> int:
    """Exit with code 3 without a final record."""
    return 3


def half(attempt: Attempt) -> int:
    """Write half a line and die."""
    with (attempt.folder / "events.jsonl").open("ab") as file:
        file.write(b'{"t":"2026-01-01T00:00:00.000Z","k":"epoch","d":{"epo')
    os._exit(1)


def nonsense(attempt: Attempt) -> int:
    """Report invalid events, then finish."""
    lines = [
        b"\n",
        b"\xff\xfe\n",
        b'{"t":"","k":"phase","d":{"phase":["x"],"state":{},"fraction":"?"}}\n',
        b'{"t":"","k":"epoch","d":{"epoch":"x","max_epochs":null,"fraction":[]}}\n',
        b'{"t":"","k":"result","d":{"provenance":"x","overall":3}}\n',
        b'{"t":"","k":"epoch","d":{"a":"\\ud83d"}}\n',
        b'{"t":"","k":"epoch","d":{"a":1e400,"b":123456789012345678901234567890}}\n',
        b'{"t":"","k":"job","d":{"state":"done"}}\n',
        b"x" * (3 << 20) + b"\n",
    ]
    with (attempt.folder / "events.jsonl").open("ab") as file:
        file.writelines(lines)
    return finish(attempt)


def orphan(attempt: Attempt) -> int:
    """Leave a child that holds the lock, in this session or, with argument `away`, in one of its own."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        if "away" in attempt.arguments:
            os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (attempt.folder / "orphan.pid").write_text(str(os.getpid()))
        os.write(writer, b"x")
        wait_forever()
    os.read(reader, 1)
    return finish(attempt)


BEHAVIORS: dict[str, Callable[[Attempt], int]] = {
    behavior.__name__: behavior
    for behavior in (finish, flood, pairs, obey, stubborn, killed, silent, half, nonsense, orphan)
}


def main(folder: Path) -> int:
    """Run the attempt in `folder`."""
    launch = LaunchFile.model_validate(read_json(folder / "launch.json"))
    if ref := process_ref(os.getpid()):
        write_json(folder / "worker.json", {"schema_version": 1, "pid": ref.pid, "create_time": ref.create_time})
    behavior_by_kind = json.loads(read_json(folder.parents[3] / "job.json")["name"])
    arguments = behavior_by_kind.get(launch.task_id.partition("_")[0], "finish").split()
    if arguments[0] == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    doorbell = Doorbell(Home(Path(launch.home)), attempt_key(launch.job_id, launch.task_id, launch.attempt))
    journal = Journal(folder / "events.jsonl", doorbell)
    journal.event(EventKind.MESSAGE, {"level": "info", "message": "ready"})
    return BEHAVIORS[arguments[0]](Attempt(folder, journal, doorbell, arguments))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
