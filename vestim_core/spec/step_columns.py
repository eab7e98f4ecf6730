"""Columns that preparation steps read and add, columns that files must have, and validation of a list of steps.

Pure functions of the spec, so that a form can show the results while the user edits it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from vestim_core.spec.formula import Call, column_names, parse_formula, walk_nodes
from vestim_core.spec.formula_functions import MAX_WINDOW_ROWS
from vestim_core.spec.preparation import (
    Augment,
    Butterworth,
    CoulombSoc,
    Ema,
    Formula,
    MovingAverage,
    Normalize,
    PreRoll,
    Resample,
    SavitzkyGolay,
    Step,
)
from vestim_core.spec.signals import SignalsSpec

_MIN_RELATIVE_CORNER = 1e-6
"""Lowest corner frequency, as a fraction of the sample rate, at which a second-order filter is still precise."""


@dataclass(frozen=True)
class StepProblem:
    """One problem of a list of steps.

    step_number: position of the step, counted from 1; 0 if the problem concerns the whole list or the signals.
    message: message for users.
    """

    step_number: int
    message: str


def step_input_columns(step: Step) -> tuple[str, ...]:
    """Columns that a step reads, without duplicates."""
    if isinstance(step, Butterworth | Ema | MovingAverage | SavitzkyGolay | Augment):
        return (step.column,)
    if isinstance(step, Formula):
        return column_names(parse_formula(step.formula))
    if isinstance(step, CoulombSoc):
        return tuple(dict.fromkeys(name for name in (step.column, step.start_column) if name))
    return ()


def step_output_column(step: Step) -> str | None:
    """Column that a step adds; None if it adds none."""
    return None if isinstance(step, Resample | Augment | PreRoll | Normalize) else step.output


def columns_by_step(steps: Sequence[Step], file_columns: Collection[str]) -> list[tuple[str, ...]]:
    """Columns available after each step, in order, for files with the columns `file_columns`."""
    columns = dict.fromkeys(name for name in file_columns if name != "time_s")
    available_columns = []
    for step in steps:
        output = step_output_column(step)
        columns |= {} if output is None else {output: None}
        available_columns.append(tuple(columns))
    return available_columns


def required_file_columns(steps: Sequence[Step], signals: SignalsSpec) -> tuple[str, ...]:
    """Columns that files must have besides time: those of signals and steps that no step adds, without duplicates."""
    added_columns = {step_output_column(step) for step in steps}
    used_columns = (*signals.features, signals.target, *(name for step in steps for name in step_input_columns(step)))
    return tuple(name for name in dict.fromkeys(used_columns) if name not in added_columns)


def row_count(duration_s: float, period_s: float) -> int:
    """Number of rows in a duration, at least 1."""
    return max(1, round(duration_s / period_s))


def check_steps(
    steps: Sequence[Step], signals: SignalsSpec | None = None, file_columns: Collection[str] | None = None
) -> list[StepProblem]:
    """List all problems of a list of steps, in step order; empty if the steps can be run.

    file_columns: columns of the files if known; otherwise every column that no step adds is assumed to be in the files.
    """
    problems = list(_check_order(steps))
    if not problems:
        period_s = next(step.period_s for step in steps if isinstance(step, Resample))
        problems += _check_columns(steps, file_columns)
        problems += [
            StepProblem(index, f"step {index} ({step.step}) {message}")
            for index, step in enumerate(steps, 1)
            for message in _check_sample_time(step, period_s)
        ]
    if signals is not None and file_columns is not None:
        available_columns = {*file_columns, *(step_output_column(step) for step in steps)}
        problems += [
            StepProblem(0, f"'{name}' is neither in the files nor made by a step")
            for name in (*signals.features, signals.target)
            if name not in available_columns
        ]
    return sorted(problems, key=lambda problem: problem.step_number)


def _check_order(steps: Sequence[Step]) -> Iterator[StepProblem]:
    kinds = [type(step) for step in steps]
    if kinds.count(Resample) != 1 or kinds[0] is not Resample:
        yield StepProblem(
            0, "the first step must be the one 'resample': everything after it works on an even time grid"
        )
    if kinds.count(Normalize) != 1 or kinds[-1] is not Normalize:
        yield StepProblem(0, "the last step must be the one 'normalize': networks learn on scaled columns only")
    pre_roll_rows = [step.rows for step in steps if isinstance(step, PreRoll)]
    if len(pre_roll_rows) > len(set(pre_roll_rows)):
        yield StepProblem(0, "'pre_roll' stands twice with the same rows: keep one")


def _check_columns(steps: Sequence[Step], in_files: Collection[str] | None) -> Iterator[StepProblem]:
    index_by_output = {
        step_output_column(step): index
        for index, step in reversed(list(enumerate(steps, 1)))
        if step_output_column(step)
    }
    for index, step in enumerate(steps, 1):
        prefix = f"step {index} ({step.step})"
        output = step_output_column(step)
        for name in step_input_columns(step):
            if name == "time_s":
                yield StepProblem(index, f"{prefix} reads time_s, which orders the rows and is no signal")
            elif name == output:
                yield StepProblem(index, f"{prefix} makes '{name}' from itself: give the new column another name")
            elif index_by_output.get(name, 0) > index:
                yield StepProblem(
                    index,
                    f"{prefix} reads '{name}', which only step {index_by_output[name]} makes: move that step before it",
                )
            elif name not in index_by_output and in_files is not None and name not in in_files:
                yield StepProblem(index, f"{prefix} reads '{name}', which is neither in the files nor made before it")
        if output == "time_s":
            yield StepProblem(index, f"{prefix} makes time_s, which orders the rows: give the new column another name")
        elif output is not None and index_by_output[output] < index:
            yield StepProblem(
                index,
                f"{prefix} makes '{output}', which step {index_by_output[output]} has made: "
                f"give the new column another name",
            )


def _check_sample_time(step: Step, period_s: float) -> Iterator[str]:
    """Yield messages about settings that do not fit the sample time `period_s`."""
    if isinstance(step, Butterworth):
        yield from _check_corner_frequency(step.cutoff_Hz, period_s)
    if isinstance(step, MovingAverage | SavitzkyGolay):
        rows = row_count(step.window_s, period_s)
        if step.window_s < period_s:
            yield f"has a window of {step.window_s:g} s, shorter than the sample time of {period_s:g} s"
        elif rows > MAX_WINDOW_ROWS:
            yield f"has a window of {rows:,} rows, more than {MAX_WINDOW_ROWS:,}: use ema"
        elif isinstance(step, SavitzkyGolay) and rows <= step.polynomial:
            least_s = (step.polynomial + 1) * period_s
            yield f"fits a polynomial of order {step.polynomial}, which needs a window of at least {least_s:g} s"
    if isinstance(step, Formula):
        for node in walk_nodes(parse_formula(step.formula)):
            if isinstance(node, Call) and node.function == "lowpass":
                for message in _check_corner_frequency(node.settings[0], period_s):
                    yield f"{message} ('lowpass' at character {node.position})"


def _check_corner_frequency(cutoff_Hz: float, period_s: float) -> Iterator[str]:
    highest_Hz = 0.5 / period_s
    if cutoff_Hz >= highest_Hz:
        yield (
            f"has a corner frequency of {cutoff_Hz:g} Hz, which must lie below {highest_Hz:g} Hz, half the rate of one "
            f"row every {period_s:g} s"
        )
    elif cutoff_Hz * period_s < _MIN_RELATIVE_CORNER:
        yield (
            f"has a corner frequency of {cutoff_Hz:g} Hz, too low to be precise with a row every {period_s:g} s: use "
            f"ema or a longer sample time"
        )
