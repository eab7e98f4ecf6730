"""Which columns there are after each step, which of them the files must have, and what is wrong with a list of steps.

Pure functions of the spec, so that a form can show them while it is filled in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from vestim_core.spec.formula import Call, columns_in, nodes_in, parse_formula
from vestim_core.spec.formula_functions import MAX_ROWS
from vestim_core.spec.preparation import (
    Augment,
    Butterworth,
    CoulombSoc,
    Ema,
    Formula,
    MovingAverage,
    Normalise,
    PreRoll,
    Resample,
    SavitzkyGolay,
    Step,
)
from vestim_core.spec.signals import SignalsSpec

_SLOWEST = 1e-6
"""Lowest corner frequency as a share of the sample rate at which a filter of second order still is precise."""


@dataclass(frozen=True)
class StepProblem:
    """What is wrong with a step. number: its place in the list, from 1; 0 when it is about the list or the signals."""

    number: int
    sentence: str


def reads(step: Step) -> tuple[str, ...]:
    """The columns that a step needs, each once."""
    if isinstance(step, Butterworth | Ema | MovingAverage | SavitzkyGolay | Augment):
        return (step.column,)
    if isinstance(step, Formula):
        return columns_in(parse_formula(step.formula))
    if isinstance(step, CoulombSoc):
        return tuple(dict.fromkeys(name for name in (step.column, step.start_column) if name))
    return ()


def makes(step: Step) -> str | None:
    """The column that a step adds, if it adds one."""
    return None if isinstance(step, Resample | Augment | PreRoll | Normalise) else step.output


def columns_after(steps: Sequence[Step], in_files: Collection[str]) -> list[tuple[str, ...]]:
    """The columns that there are after each step of files with the columns `in_files`, in order."""
    columns = dict.fromkeys(name for name in in_files if name != "time_s")
    after = []
    for step in steps:
        made = makes(step)
        columns |= {} if made is None else {made: None}
        after.append(tuple(columns))
    return after


def file_columns(steps: Sequence[Step], signals: SignalsSpec) -> tuple[str, ...]:
    """The columns that files must have, time apart, each once: of signals and steps those that no step makes."""
    made = {makes(step) for step in steps}
    wanted = (*signals.features, signals.target, *(name for step in steps for name in reads(step)))
    return tuple(name for name in dict.fromkeys(wanted) if name not in made)


def rows_of(duration_s: float, period_s: float) -> int:
    """How many rows a duration is; at least one."""
    return max(1, round(duration_s / period_s))


def check_steps(
    steps: Sequence[Step], signals: SignalsSpec | None = None, in_files: Collection[str] | None = None
) -> list[StepProblem]:
    """Everything that is wrong with a list of steps, in their order; empty when it can be run.

    in_files: the columns of the files when they are known; else every column that no step makes is taken to be there.
    """
    problems = list(_order(steps))
    if not problems:
        period_s = next(step.period_s for step in steps if isinstance(step, Resample))
        problems += _columns(steps, in_files)
        problems += [
            StepProblem(number, f"step {number} ({step.step}) {words}")
            for number, step in enumerate(steps, 1)
            for words in _too_fast(step, period_s)
        ]
    if signals is not None and in_files is not None:
        there = {*in_files, *(makes(step) for step in steps)}
        problems += [
            StepProblem(0, f"'{name}' is neither in the files nor made by a step")
            for name in (*signals.features, signals.target)
            if name not in there
        ]
    return sorted(problems, key=lambda problem: problem.number)


def _order(steps: Sequence[Step]) -> Iterator[StepProblem]:
    kinds = [type(step) for step in steps]
    if kinds.count(Resample) != 1 or kinds[0] is not Resample:
        yield StepProblem(
            0, "the first step must be the one 'resample': everything after it works on an even time grid"
        )
    if kinds.count(Normalise) != 1 or kinds[-1] is not Normalise:
        yield StepProblem(0, "the last step must be the one 'normalise': networks learn on scaled columns only")
    rolls = [step.rows for step in steps if isinstance(step, PreRoll)]
    if len(rolls) > len(set(rolls)):
        yield StepProblem(0, "'pre_roll' stands twice with the same rows: keep one")


def _columns(steps: Sequence[Step], in_files: Collection[str] | None) -> Iterator[StepProblem]:
    made_by = {makes(step): number for number, step in reversed(list(enumerate(steps, 1))) if makes(step)}
    for number, step in enumerate(steps, 1):
        words = f"step {number} ({step.step})"
        output = makes(step)
        for name in reads(step):
            if name == "time_s":
                yield StepProblem(number, f"{words} reads time_s, which orders the rows and is no signal")
            elif name == output:
                yield StepProblem(number, f"{words} makes '{name}' from itself: give the new column another name")
            elif made_by.get(name, 0) > number:
                yield StepProblem(
                    number, f"{words} reads '{name}', which only step {made_by[name]} makes: move that step before it"
                )
            elif name not in made_by and in_files is not None and name not in in_files:
                yield StepProblem(number, f"{words} reads '{name}', which is neither in the files nor made before it")
        if output == "time_s":
            yield StepProblem(number, f"{words} makes time_s, which orders the rows: give the new column another name")
        elif output is not None and made_by[output] < number:
            yield StepProblem(
                number,
                f"{words} makes '{output}', which step {made_by[output]} has made: give the new column another name",
            )


def _too_fast(step: Step, period_s: float) -> Iterator[str]:
    """What does not go with rows every `period_s` seconds."""
    if isinstance(step, Butterworth):
        yield from _corner(step.cutoff_Hz, period_s)
    if isinstance(step, MovingAverage | SavitzkyGolay):
        rows = rows_of(step.window_s, period_s)
        if step.window_s < period_s:
            yield f"has a window of {step.window_s:g} s, shorter than the sample time of {period_s:g} s"
        elif rows > MAX_ROWS:
            yield f"has a window of {rows:,} rows, more than {MAX_ROWS:,}: use ema"
        elif isinstance(step, SavitzkyGolay) and rows <= step.polynomial:
            least_s = (step.polynomial + 1) * period_s
            yield f"fits a polynomial of order {step.polynomial}, which needs a window of at least {least_s:g} s"
    if isinstance(step, Formula):
        for node in nodes_in(parse_formula(step.formula)):
            if isinstance(node, Call) and node.function == "lowpass":
                for words in _corner(node.settings[0], period_s):
                    yield f"{words} ('lowpass' at character {node.at})"


def _corner(cutoff_Hz: float, period_s: float) -> Iterator[str]:
    highest_Hz = 0.5 / period_s
    if cutoff_Hz >= highest_Hz:
        yield (
            f"has a corner frequency of {cutoff_Hz:g} Hz, which must lie below {highest_Hz:g} Hz, half the rate of one "
            f"row every {period_s:g} s"
        )
    elif cutoff_Hz * period_s < _SLOWEST:
        yield (
            f"has a corner frequency of {cutoff_Hz:g} Hz, too low to be precise with a row every {period_s:g} s: use "
            f"ema or a longer sample time"
        )
