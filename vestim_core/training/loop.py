"""The training loop: one for every kind of network, method, optimiser and schedule.

Same trial, data, seed and thread count: same bits, whether it runs through or was paused, killed and resumed at any
checkpoint. Validation is inference as testing does it; the weights of the epoch with the smallest validation RMSE are
what a training leaves.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from torch import Tensor

from vestim_core.data.prepared import PreparedFile, PreparedSet
from vestim_core.evaluation.inference import predict
from vestim_core.evaluation.metrics import pooled
from vestim_core.evaluation.report import evaluate
from vestim_core.models.registry import build_model
from vestim_core.spec.events import EventKind
from vestim_core.spec.job import Trial
from vestim_core.spec.signals import error_scale
from vestim_core.spec.states import Intent
from vestim_core.training.budget import Plan, plan, time_to_plan
from vestim_core.training.checkpoints import identity, latest_checkpoint, save_checkpoint
from vestim_core.training.course import Course, Place
from vestim_core.training.given import doubts, refuse_unusable
from vestim_core.training.limits import out_of_limits, set_output_limits
from vestim_core.training.methods import build_batches
from vestim_core.training.outcome import End, Outcome, TrainingDiverged
from vestim_core.training.reporting import AskIntent, Reporter
from vestim_core.training.reproducible import generator_states, reproducible, set_generator_states
from vestim_core.training.update import Updater

PROGRESS_INTERVAL_S = 0.1
EPOCH_CHECKPOINT_S = 1.0  # epochs of milliseconds are not worth a checkpoint each: a second of work is soon repeated
CHECKPOINT_INTERVAL_S = 15.0  # within long epochs: the most work that a crash can cost
_RECENT_EPOCHS = 10


def train(
    trial: Trial,
    prepared: PreparedSet,
    checkpoints: Path,
    *,
    device: str,
    threads: int,
    report: Reporter,
    intent: AskIntent,
    earlier: Sequence[Path] = (),
    planned: Plan | None = None,
    keep_plan: Callable[[Plan], None] = lambda plan: None,
) -> Outcome:
    """Train `trial` on the training files of `prepared`, or go on from the newest checkpoint.

    checkpoints: folder for this attempt's checkpoints. earlier: those of earlier attempts, only read.
    device: "cpu" or "cuda", see `choose_device`. threads: CPU threads; never another number while a task lives.
    intent: PAUSE ends with a checkpoint after the running batch, STOP too; the best weights so far are in the outcome.
    planned: what an earlier attempt turned the time budget into. keep_plan: told when this one does; what it is told
    must be given to every later attempt.
    Raises `TrainingDiverged` when the loss is no number any more, `VestimError` when the data cannot be trained on.
    """
    refuse_unusable(prepared)
    with reproducible(device, threads, trial.seed):
        training = _Training(trial, prepared, checkpoints, device, report, intent, planned, keep_plan)
        training.say(doubts(trial, prepared, threads, training.updates))
        training.resume([*earlier, checkpoints])
        return training.run()


class _Training:
    def __init__(
        self,
        trial: Trial,
        prepared: PreparedSet,
        folder: Path,
        device: str,
        report: Reporter,
        intent: AskIntent,
        planned: Plan | None,
        keep_plan: Callable[[Plan], None],
    ) -> None:
        self._spec = trial.training
        self._prepared = prepared
        self._folder = folder
        self._device = device
        self._report = report
        self._intent = intent
        self._keep_plan = keep_plan
        self._identity = identity(trial, prepared)
        self._target = trial.signals.target
        self._suffix, unit_factor = error_scale(self._target)
        target_step = prepared.pipeline.target_step
        self._error_factor = target_step * unit_factor  # from scaled errors to the metric's unit
        self._module = build_model(trial.model, len(trial.signals.features)).to(device)
        set_output_limits(self._module, trial.model, prepared.pipeline)
        self._updater = Updater(self._module, self._spec, device, target_step)
        self._batches = build_batches(trial, prepared.of("train"), device)
        self._course = Course(self._spec, self._batches.per_epoch, planned)
        self._best_weights: dict[str, Tensor] = {}
        self._now = Place()
        self._process = psutil.Process()
        self._clock = time.monotonic()
        self._reported = -math.inf
        self._saved = time.monotonic()
        self._begun = time.monotonic()
        self._rows_here = 0

    def run(self) -> Outcome:
        self._clock = self._saved = self._begun = time.monotonic()
        while True:
            while not self._course.part_over(self._now):
                wanted = self._run_epoch()
                if wanted is not Intent.RUN:
                    self._save()
                    return self._outcome("paused" if wanted is Intent.PAUSE else "stopped")
                self._end_epoch()
            if not self._course.begin_round(self._now):
                return self._outcome("finished")
            self._updater.go_on_from(self._best_weights)

    @property
    def updates(self) -> int:
        """Of the search, when it is not cut short."""
        return self._spec.max_epochs * self._batches.per_epoch

    def say(self, doubts: Iterable[str]) -> None:
        """Say `doubts`, and what else will not do what it seems to."""
        if self._spec.mixed_precision and self._device != "cuda":
            self._warn("Mixed precision needs a GPU: this training computes in full precision.")
        for sentence in (*doubts, *out_of_limits(self._module, self._prepared)):
            self._warn(sentence)

    def _run_epoch(self) -> Intent:
        """Train to the epoch's end, to where the user wants something else, or to where time is up."""
        now, per_epoch = self._now, self._batches.per_epoch
        self._module.train()
        while now.index < per_epoch and not self._course.out_of_time(now):
            if (wanted := self._intent()) is not Intent.RUN:
                return wanted
            batch = self._batches.batch(now.index)
            rate = self._course.rate(now)
            loss, square = self._updater.update(batch, rate)
            if not math.isfinite(loss):
                raise self._diverged(loss)
            now.index += 1
            now.squares += square * batch.count
            now.rows += batch.count
            self._rows_here += batch.x.shape[0] * batch.x.shape[1]
            self._tick(loss, rate)
            if self._spec.time_budget_s is not None and self._course.plan is None:
                self._plan(self._spec.time_budget_s)
            if self._clock - self._saved >= CHECKPOINT_INTERVAL_S and now.index < per_epoch:
                self._save()
        return Intent.RUN

    def _plan(self, budget_s: float) -> None:
        """Turn the time budget into epochs once enough was measured."""
        now, step = self._now, self._course.step(self._now)
        if not time_to_plan(step, now.updating_s, budget_s):
            return
        began_s = time.monotonic()
        self._validation()
        self._clock = time.monotonic()
        found = plan(
            budget_s, self._spec.max_epochs, self._batches.per_epoch, step, now.updating_s, self._clock - began_s
        )
        now.elapsed_s += self._clock - began_s
        self._module.train()
        self._keep_plan(found)
        self._course.plan = found

    def _tick(self, loss: float, rate: float) -> None:
        moment = time.monotonic()
        passed, self._clock = moment - self._clock, moment
        now = self._now
        now.epoch_s += passed
        now.updating_s += passed
        now.elapsed_s += passed
        if moment - self._reported < PROGRESS_INTERVAL_S:
            return
        self._reported = moment
        part = now.index / self._batches.per_epoch
        epochs = self._course.epochs()
        epochs_left = epochs - (now.epoch - 1 + part)
        epoch_s = median([line["time_s"] for line in now.history[-_RECENT_EPOCHS:]] or [now.epoch_s / part])
        self._report.progress(
            {
                "epoch": now.epoch,
                "max_epochs": epochs,
                "fraction": (now.epoch - 1 + part) / epochs,
                "loss": loss,
                f"train_rmse{self._suffix}": self._train_rmse(),
                "learning_rate": rate,
                "time_per_epoch_s": round(epoch_s, 4),
                "time_left_s": round(epochs_left * epoch_s, 1),
                "memory_MB": self._memory_MB(),
            }
        )

    def _validation(self) -> dict[str, float | None]:
        results = evaluate(self._predict, self._prepared.of("validation"), self._target)
        return pooled(result.sums for result in results).metrics(self._target)

    def _end_epoch(self) -> None:
        """Validate, keep the weights if they are the best, report, save."""
        now = self._now
        rate = self._course.rate(Place(**{**vars(now), "index": max(now.index - 1, 0)}))
        validation = self._validation()
        rmse = f"rmse{self._suffix}"
        error, best = validation[rmse], now.best.get(rmse)
        if error is None or not math.isfinite(error):
            raise self._diverged(math.nan if error is None else error)
        improved = best is None or error < best
        if improved:
            now.best_epoch, now.best = now.epoch, validation
            kept = self._updater.judged.state_dict()
            self._best_weights = {name: tensor.clone() for name, tensor in kept.items()}
        moment = time.monotonic()
        passed, self._clock = moment - self._clock, moment
        now.elapsed_s += passed
        now.epoch += 1
        line = {
            "epoch": now.epoch - 1,
            f"train_{rmse}": self._train_rmse(),
            **{f"validation_{name}": value for name, value in validation.items()},
            f"best_validation_{rmse}": now.best[rmse],
            "best_epoch": now.best_epoch,
            "learning_rate": rate,
            "time_s": round(now.epoch_s + passed, 4),
            "elapsed_s": round(now.elapsed_s, 4),
            "patience_left": self._course.patience_left(now) if not now.round else self._course.epochs_left(now),
            "max_epochs": self._course.epochs(),
            "memory_MB": self._memory_MB(),
        }
        now.history.append(line)
        now.index, now.squares, now.rows, now.epoch_s = 0, 0.0, 0, 0.0
        if not now.round:
            self._course.schedule.epoch_ended(improved)
        self._report.event(EventKind.EPOCH, line)
        if self._course.part_over(now) or moment - self._saved >= EPOCH_CHECKPOINT_S:
            self._save()

    def _train_rmse(self) -> float:
        """Of the epoch so far, in the metric's unit."""
        return self._error_factor * math.sqrt(self._now.squares / max(self._now.rows, 1))

    def _memory_MB(self) -> float:
        return round(self._process.memory_info().rss / 1e6, 1)

    def _predict(self, file: PreparedFile) -> Any:
        return predict(self._updater.judged, file, self._prepared.pipeline, self._device)

    def _save(self) -> None:
        now = self._now
        state = {
            **self._updater.state(),
            "schedule": dict(self._course.schedule.state),
            "batches": self._batches.state(now.index),
            "generators": generator_states(self._device),
            "best_weights": self._best_weights,
            "progress": vars(now),
        }
        self._saved = time.monotonic()
        try:
            path = save_checkpoint(self._folder, self._course.step(now), self._identity, state)
        except OSError as error:  # training goes on: there is the checkpoint before, and perhaps room at the next
            self._warn(f"The checkpoint could not be written ({error.strerror or error}); training goes on without it.")
            return
        self._report.event(EventKind.CHECKPOINT, {"epoch": now.epoch - 1, "batch": now.index, "file": path.name})

    def _warn(self, sentence: str) -> None:
        self._report.event(EventKind.MESSAGE, {"level": "warning", "text": sentence})

    def resume(self, folders: Sequence[Path]) -> None:
        """Go on from the newest checkpoint in `folders`, if there is one."""
        state, damaged = latest_checkpoint(folders, self._identity)
        for path in damaged:
            self._warn(f"The checkpoint {path.name} is damaged; going on from the one before it.")
        if state is None:
            return
        self._updater.load(state, self._device)
        self._course.schedule.state = state["schedule"]
        self._now = Place(**state["progress"])
        self._batches.load(state["batches"], self._now.index)
        self._best_weights = {name: tensor.to(self._device) for name, tensor in state["best_weights"].items()}
        set_generator_states(self._device, state["generators"])

    def _outcome(self, end: End) -> Outcome:
        now = self._now
        if self._best_weights:
            self._module.load_state_dict(self._best_weights)
        return Outcome(
            end=end,
            module=self._module.cpu().eval() if self._best_weights else None,
            best_epoch=now.best_epoch,
            best=dict(now.best),
            epochs=len(now.history),
            elapsed_s=now.elapsed_s,
            history=tuple(now.history),
            rows_per_s=self._rows_here / (time.monotonic() - self._begun) if self._rows_here else None,
        )

    def _diverged(self, value: float) -> TrainingDiverged:
        now, rate = self._now, self._spec.learning_rate
        best = now.best.get(f"rmse{self._suffix}")
        unit = {"_percent": " %"}.get(self._suffix, f" {self._suffix[1:]}").rstrip()
        kept = (
            f"The best model (epoch {now.best_epoch}, {best:.3g}{unit}) is kept."
            if best is not None
            else ("No epoch was finished before, so there is no model.")
        )
        sentence = (
            f"Training stopped at epoch {now.epoch}: the loss became {'NaN' if math.isnan(value) else 'infinite'}. "
            f"The learning rate {rate:g} is probably too high. {kept}"
        )
        return TrainingDiverged(sentence, rate / 10, self._outcome("failed"))
