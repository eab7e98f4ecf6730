"""One recorded run of the verification, which can be replayed with altered answers to simulate a broken daemon."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE_S
from vestim_core.spec.errors import VestimError
from vestim_core.verify import event_reader, job_life_checks, legacy_rest_client, public_interface
from vestim_core.verify.__main__ import GROUPS
from vestim_core.verify.check_groups import CheckResult
from vestim_core.verify.job_life_checks import JOB_LIFE_GROUP, JobLife
from vestim_core.verify.legacy_model_checks import LEGACY_MODEL_GROUP, LegacyModel
from vestim_core.verify.legacy_rest_checks import LEGACY_REST_GROUP
from vestim_core.verify.legacy_rest_client import LegacyRestClient
from vestim_core.verify.public_interface import Answer, PublicInterface
from vestim_core.verify.sample_drives import write_drives
from vestim_core.verify.sample_legacy_job import JOB_ID
from vestim_core.verify.sandbox import Sandbox, temporary_sandbox

INTERFACE_METHODS = {
    name for name, value in vars(PublicInterface).items() if callable(value) and not name.startswith("_")
} - {"close"}
MAX_RECORDED_POLLS = 10  # of one request and check; keeps the recording small, arbitrary from 2 up
ROLES = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call of a check. method: of `PublicInterface`. error: raised instead of an answer."""

    check: str
    method: str
    arguments: tuple[Any, ...]
    answer: Any = None
    error: VestimError | None = None

    @property
    def subject(self) -> tuple[Any, ...]:
        """Target of the call: protocol method, verb and path, folder or process."""
        return (self.method, *(argument for argument in self.arguments[:2] if not isinstance(argument, dict)))


@dataclass(slots=True)
class RecordedVerification:
    """Results of all checks, and the recorded calls of each group that uses a daemon.

    files: a folder for files that a check reads itself during a replay.
    """

    root: Path
    files: Path
    results: list[CheckResult] = field(default_factory=list)
    recordings: dict[str, list[RecordedCall]] = field(default_factory=dict)

    def result(self, group: str, check: str) -> CheckResult:
        """Result of one check."""
        return next(result for result in self.results if (result.group, result.check) == (group, check))

    def replay(self, title: str, alter: Callable[[RecordedCall], RecordedCall]) -> dict[str, CheckResult]:
        """Repeat a group with altered answers and return its results by check."""
        replayer: Any = Replayer(self.recordings[title], alter)
        with pytest.MonkeyPatch.context() as patch:
            for module in (legacy_rest_client, job_life_checks, event_reader):
                patch.setattr(module, "time", FakeClock())
            match title:
                case JOB_LIFE_GROUP.title:
                    results = list(
                        JOB_LIFE_GROUP.run_with(JobLife(replayer, self._files("life_data")), replayer.start_check)
                    )
                case LEGACY_MODEL_GROUP.title:
                    model = LegacyModel(
                        replayer, str(self.root / "pybattml" / JOB_ID), write_drives(self.files)["test"][0]
                    )
                    results = list(LEGACY_MODEL_GROUP.run_with(model, replayer.start_check))
                case _:
                    results = list(
                        LEGACY_REST_GROUP.run_with(
                            LegacyRestClient(replayer, self._files("former_data")), replayer.start_check
                        )
                    )
        return {result.check: result for result in results}

    def _files(self, folder: str) -> dict[str, list[str]]:
        return {role: [str(self.root / folder / f"{role}.csv")] for role in ROLES}


class FakeClock:
    """A clock that advances with every look, however busy the machine is."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def monotonic(self) -> float:
        """Seconds."""
        self._now_s += 0.25
        return self._now_s

    def sleep(self, seconds: float) -> None:
        """Return at once."""


class Recorder:
    """A `PublicInterface` that records every call."""

    def __init__(
        self, interface: PublicInterface, recording: list[RecordedCall], current_check: Callable[[], str]
    ) -> None:
        self._interface, self._recording, self._current_check = interface, recording, current_check

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._interface, method)

        def record_call(*arguments: Any, **params: Any) -> Any:
            all_arguments = (*arguments, params)
            try:
                answer = call(*arguments, **params)
            except VestimError as error:
                self._recording.append(RecordedCall(self._current_check(), method, all_arguments, error=error))
                raise
            recorded = RecordedCall(self._current_check(), method, all_arguments, copy.deepcopy(answer))
            earlier = [
                index
                for index, recorded_call in enumerate(self._recording)
                if (recorded_call.check, recorded_call.subject) == (recorded.check, recorded.subject)
            ]
            if method != "call" and len(earlier) >= MAX_RECORDED_POLLS:
                # a check polls until its condition holds, so the last answer must be kept
                self._recording[earlier[-1]] = recorded
            else:
                self._recording.append(recorded)
            return answer

        return record_call if method in INTERFACE_METHODS else call


class Replayer:
    """A `PublicInterface` that replays to each check its recorded answers in order, each altered by `alter`.

    The last answer is repeated.
    """

    def __init__(self, recording: list[RecordedCall], alter: Callable[[RecordedCall], RecordedCall]) -> None:
        self._alter = alter
        self._check = ""
        self._remaining: dict[tuple[Any, ...], list[RecordedCall]] = {}
        for recorded_call in reversed(recording):
            self._remaining.setdefault((recorded_call.check, *recorded_call.subject), []).append(recorded_call)

    def start_check(self, check: str) -> None:
        """Replay the answers of this check from now on."""
        self._check = check

    def __getattr__(self, method: str) -> Any:
        return lambda *arguments, **params: self._replay(RecordedCall(self._check, method, (*arguments, params)))

    def _replay(self, call: RecordedCall) -> Any:
        remaining = self._remaining.get((self._check, *call.subject))
        if not remaining:
            raise LookupError(f"nobody asked {call.subject} before")
        recorded = remaining.pop() if len(remaining) > 1 else remaining[0]
        altered = self._alter(replace(recorded, answer=copy.deepcopy(recorded.answer)))
        if altered.error is not None:
            raise altered.error
        return altered.answer


def record_verification(files: Path) -> RecordedVerification:
    """Run and record all checks in order. files: an empty folder that remains."""
    with temporary_sandbox() as sandbox, pytest.MonkeyPatch.context() as patch:
        verification = RecordedVerification(sandbox.root, files)
        current_check = ""
        recording: list[RecordedCall] = []
        open_interface = public_interface.open_interface

        @contextmanager
        def open_recorded(sandbox: Sandbox) -> Iterator[Any]:
            with open_interface(sandbox) as interface:
                yield Recorder(interface, recording, lambda: current_check)

        def on_start(check: str) -> None:
            nonlocal current_check
            current_check = check

        patch.setattr(public_interface, "open_interface", open_recorded)
        for module in (public_interface, event_reader, legacy_rest_client, job_life_checks):
            patch.setattr(module, "TIMEOUT_S", PATIENCE_S)
        for group in GROUPS:
            recording = verification.recordings[group.title] = []
            verification.results += group.run(sandbox, on_start)
    return verification


def with_answer(call: RecordedCall, **changes: Any) -> RecordedCall:
    """The same call with these fields of its answer changed (of the body for REST)."""
    if isinstance(call.answer, Answer):
        return replace(call, answer=replace(call.answer, body={**call.answer.body, **changes}))
    return replace(call, answer={**call.answer, **changes})
