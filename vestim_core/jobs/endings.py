"""How an attempt ended, told from what it left behind: a pure function of it."""

from __future__ import annotations

import signal

from vestim_core.protocol.launch import ExitFile
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.states import ATTEMPT_ENDS, AttemptState


def how_it_ended(
    exit_file: ExitFile | None, exit_code: int | None, task_id: str, *, out_of_memory: bool = False
) -> tuple[AttemptState, VestimError | None]:
    """State and error of an attempt whose process tree is gone.

    exit_file: its own last word, if it had one. exit_code: as subprocess gives it, negative for a signal; None when an
    earlier daemon was the parent, so that nobody can know. out_of_memory: whether the system ended some process for
    want of memory meanwhile.
    """
    if exit_file is not None and exit_file.state in ATTEMPT_ENDS:
        return exit_file.state, VestimError.from_record(exit_file.error) if exit_file.error else None
    if out_of_memory and (exit_code is None or -exit_code == signal.SIGKILL):
        sentence = f"The process of {task_id} was ended by the system because memory ran out."
        actions = ("Resume with half the batch", "Run fewer tasks at once")
        return AttemptState.KILLED, VestimError(ErrorCode.FAILED, sentence, place=task_id, actions=actions)
    if exit_code is not None and exit_code < 0:
        sentence = f"The process of {task_id} was ended by signal {-exit_code} ({_signal_name(-exit_code)})."
        return AttemptState.KILLED, VestimError(ErrorCode.FAILED, sentence, place=task_id)
    if exit_code is not None:
        sentence = f"The process of {task_id} ended with code {exit_code} and without a word: its log may say why."
        return AttemptState.FAILED, VestimError(ErrorCode.FAILED, sentence, place=task_id, actions=("vestim logs",))
    sentence = f"The process of {task_id} was gone when the daemon looked for it, and left no word."
    return AttemptState.LOST, VestimError(ErrorCode.FAILED, sentence, place=task_id, actions=("vestim logs",))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
