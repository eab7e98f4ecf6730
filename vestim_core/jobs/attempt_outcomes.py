"""Outcome of an attempt, derived from what its process left behind. Pure."""

from __future__ import annotations

import signal

from vestim_core.protocol.attempt_files import ExitFile
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.states import TERMINAL_ATTEMPT_STATES, AttemptState


def attempt_outcome(
    exit_file: ExitFile | None, exit_code: int | None, task_id: str, *, out_of_memory: bool = False
) -> tuple[AttemptState, VestimError | None]:
    """State and error of an attempt whose process tree has ended.

    exit_file: the worker's own exit file, None if it wrote none. exit_code: as subprocess returns it, negative for a
    signal; None when an earlier daemon was the parent, so that the code is lost. out_of_memory: the system killed some
    process for lack of memory in the meantime.
    """
    if exit_file is not None and exit_file.state in TERMINAL_ATTEMPT_STATES:
        return exit_file.state, VestimError.from_record(exit_file.error) if exit_file.error else None
    if out_of_memory and (exit_code is None or -exit_code == signal.SIGKILL):
        message = f"The process of {task_id} was ended by the system because memory ran out."
        actions = ("Resume with half the batch", "Run fewer tasks at once")
        return AttemptState.KILLED, VestimError(ErrorCode.FAILED, message, location=task_id, actions=actions)
    if exit_code is not None and exit_code < 0:
        message = f"The process of {task_id} was ended by signal {-exit_code} ({_signal_name(-exit_code)})."
        return AttemptState.KILLED, VestimError(ErrorCode.FAILED, message, location=task_id)
    if exit_code is not None:
        message = f"The process of {task_id} ended with code {exit_code} and without a word: its log may say why."
        return AttemptState.FAILED, VestimError(ErrorCode.FAILED, message, location=task_id, actions=("vestim logs",))
    message = f"The process of {task_id} was gone when the daemon looked for it, and left no word."
    return AttemptState.LOST, VestimError(ErrorCode.FAILED, message, location=task_id, actions=("vestim logs",))


def _signal_name(signal_number: int) -> str:
    try:
        return signal.Signals(signal_number).name
    except ValueError:
        return str(signal_number)
