"""A worker that behaves as its job's name says: `{"train": "stubborn"}` by kind of task; what is not named finishes.

`python -m tests.children.worker FOLDER`, as the real one. Each behaviour first says `ready` in its journal.
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

from vestim_core.protocol.launch import ExitFile, Launch
from vestim_core.spec.events import EventKind
from vestim_core.spec.ids import attempt_key
from vestim_core.spec.states import AttemptState, Intent
from vestim_core.system import Home, read_json, ref_of, write_json
from vestim_core.worker.control import Control
from vestim_core.worker.doorbell import Doorbell
from vestim_core.worker.journal import Journal


@dataclass(frozen=True)
class Attempt:
    """What a behaviour works with."""

    folder: Path
    journal: Journal
    doorbell: Doorbell
    words: list[str]

    def end(self, state: AttemptState = AttemptState.FINISHED) -> int:
        """The last word of one who behaves."""
        self.journal.close()
        write_json(self.folder / "exit.json", ExitFile(state=state).model_dump(mode="json"))
        self.doorbell.close()
        return 0


def forever() -> None:
    """Until a signal that nobody can ignore."""
    while True:
        signal.pause()


def finish(attempt: Attempt) -> int:
    """Do what is expected."""
    attempt.journal.event(EventKind.RESULT, {"has_model": True, "overall": {"test": {"rmse_mV": 1.0}}})
    return attempt.end()


def flood(attempt: Attempt) -> int:
    """Write as many events as the second word says, as fast as can be."""
    for number in range(int(attempt.words[1])):
        attempt.journal.event(EventKind.EPOCH, {"n": number, "epoch": number, "max_epochs": 10**6})
    return attempt.end()


def pairs(attempt: Attempt) -> int:
    """Two events close together, as at an epoch's end, ten times a second; each says when it was written."""
    for number in range(2 * int(attempt.words[1])):
        attempt.journal.event(EventKind.EPOCH, {"n": number, "written_s": time.time()})
        time.sleep(0.005 if number % 2 == 0 else 0.095)
    return attempt.end()


def obey(attempt: Attempt) -> int:
    """Work until told otherwise; with a second word, that many events each 10 ms."""
    control, number = Control(attempt.folder / "control.json"), 0
    while control.intent() is Intent.RUN:
        if len(attempt.words) > 1 and number < int(attempt.words[1]):
            number += 1
            attempt.journal.event(EventKind.EPOCH, {"n": number, "epoch": number, "max_epochs": 10**6})
            attempt.journal.progress({"step": number})
        time.sleep(0.01)
    return attempt.end(AttemptState.STOPPED if control.intent() is Intent.STOP else AttemptState.PAUSED)


def stubborn(attempt: Attempt) -> int:
    """Hear neither the control file nor SIGTERM."""
    forever()
    return 0


def killed(attempt: Attempt) -> int:
    """Die by SIGKILL."""
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def silent(attempt: Attempt) -> int:
    """End with code 3 and no word."""
    return 3


def half(attempt: Attempt) -> int:
    """Write half a line and die."""
    with (attempt.folder / "events.jsonl").open("ab") as file:
        file.write(b'{"t":"2026-01-01T00:00:00.000Z","k":"epoch","d":{"epo')
    os._exit(1)


def nonsense(attempt: Attempt) -> int:
    """Report what no worker should, then finish."""
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
    """Leave a child behind that holds the lock, in this session or, with `away`, in one of its own."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        if "away" in attempt.words:
            os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (attempt.folder / "orphan.pid").write_text(str(os.getpid()))
        os.write(writer, b"x")
        forever()
    os.read(reader, 1)
    return finish(attempt)


BEHAVIOURS: dict[str, Callable[[Attempt], int]] = {
    behaviour.__name__: behaviour
    for behaviour in (finish, flood, pairs, obey, stubborn, killed, silent, half, nonsense, orphan)
}


def main(folder: Path) -> int:
    """Run the attempt in `folder`."""
    launch = Launch.model_validate(read_json(folder / "launch.json"))
    if ref := ref_of(os.getpid()):
        write_json(folder / "worker.json", {"schema_version": 1, "pid": ref.pid, "create_time": ref.create_time})
    named = json.loads(read_json(folder.parents[3] / "job.json")["name"])
    words = named.get(launch.task_id.partition("_")[0], "finish").split()
    if words[0] == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    doorbell = Doorbell(Home(Path(launch.home)), attempt_key(launch.job_id, launch.task_id, launch.attempt))
    journal = Journal(folder / "events.jsonl", doorbell)
    journal.event(EventKind.MESSAGE, {"level": "info", "text": "ready"})
    return BEHAVIOURS[words[0]](Attempt(folder, journal, doorbell, words))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
