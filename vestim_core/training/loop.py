"""The training loop: one for every kind of network, method, optimizer and schedule.

Same trial, data, seed and thread count give the same bits, whether a training runs through or is paused, killed and
resumed at any checkpoint. Validation is the same inference as testing; the result of a training is the weights of the
epoch with the smallest validation RMSE.
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

from vestim_core.data.prepared_set import PreparedFile, PreparedSet
from vestim_core.evaluation.evaluation_report import evaluate
from vestim_core.evaluation.inference import predict
from vestim_core.evaluation.metrics import pool_sums
from vestim_core.models.network_registry import build_model
from vestim_core.spec.events import EventKind
from vestim_core.spec.job import Trial
from vestim_core.spec.signals import error_scale
from vestim_core.spec.states import Intent
from vestim_core.training.checkpoints import identity, latest_checkpoint, save_checkpoint
from vestim_core.training.outcome import End, Outcome, TrainingDiverged
from vestim_core.training.output_limits import set_output_limits, unreachable_targets
from vestim_core.training.preflight import require_trainable, training_warnings
from vestim_core.training.reporting import IntentReader, Reporter
from vestim_core.training.reproducible import generator_states, reproducible, set_generator_states
from vestim_core.training.time_budget import EpochBudget, can_estimate, estimate_epochs
from vestim_core.training.trainer_state import TrainerState
from vestim_core.training.training_methods import build_batches
from vestim_core.training.training_plan import TrainingPlan
from vestim_core.training.updater import Updater

PROGRESS_INTERVAL_S = 0.1  # between two progress reports, see `Reporter.progress`
EPOCH_CHECKPOINT_S = 1.0  # epochs of milliseconds are not worth a checkpoint each: a second of work is soon repeated
CHECKPOINT_INTERVAL_S = 15.0  # within long epochs: the most work that a crash can cost
_RECENT_EPOCHS = 10  # epochs whose median predicts the next; arbitrary, enough to ignore one slow epoch


def train(
    trial: Trial,
    prepared: PreparedSet,
    checkpoint_folder: Path,
    *,
    device: str,
    threads: int,
    reporter: Reporter,
    intent: IntentReader,
    earlier_checkpoints: Sequence[Path] = (),
    epoch_budget: EpochBudget | None = None,
    save_epoch_budget: Callable[[EpochBudget], None] = lambda budget: None,
) -> Outcome:
    """Train `trial` on the training files of `prepared`, or continue from the newest checkpoint.

    checkpoint_folder: of this attempt. earlier_checkpoints: folders of earlier attempts, only read.
    device: "cpu" or "cuda", see `choose_device`. threads: CPU threads; must stay the same for all attempts of a task.
    intent: PAUSE and STOP end the training with a checkpoint after the current batch; the outcome has the best weights.
    epoch_budget: the one an earlier attempt estimated from the time budget. save_epoch_budget: called when this attempt
    estimates it; every later attempt must be given the same one.
    Raises `TrainingDiverged` when the loss becomes NaN or infinite, `VestimError` when the data cannot be trained on.
    """
    require_trainable(prepared)
    with reproducible(device, threads, trial.seed):
        trainer = _Trainer(
            trial, prepared, checkpoint_folder, device, reporter, intent, epoch_budget, save_epoch_budget
        )
        trainer.warn_before_start(training_warnings(trial, prepared, threads, trainer.max_updates))
        trainer.resume([*earlier_checkpoints, checkpoint_folder])
        return trainer.run()


class _Trainer:
    """One run of the loop in this process: owns network, batches, plan and state, and saves them all in checkpoints."""

    def __init__(
        self,
        trial: Trial,
        prepared: PreparedSet,
        checkpoint_folder: Path,
        device: str,
        report: Reporter,
        intent: IntentReader,
        epoch_budget: EpochBudget | None,
        save_epoch_budget: Callable[[EpochBudget], None],
    ) -> None:
        self._spec = trial.training
        self._prepared = prepared
        self._checkpoint_folder = checkpoint_folder
        self._device = device
        self._report = report
        self._intent = intent
        self._save_epoch_budget = save_epoch_budget
        self._identity = identity(trial, prepared)
        self._target = trial.signals.target
        self._metric_suffix, unit_factor = error_scale(self._target)
        target_unit_per_step = prepared.pipeline.target_per_scaled_unit
        self._error_factor = target_unit_per_step * unit_factor  # from scaled errors to the metric's unit
        self._module = build_model(trial.model, len(trial.signals.features)).to(device)
        set_output_limits(self._module, trial.model, prepared.pipeline)
        self._updater = Updater(self._module, self._spec, device, target_unit_per_step)
        self._batches = build_batches(trial, prepared.files_of_role("train"), device)
        self._plan = TrainingPlan(self._spec, self._batches.per_epoch, epoch_budget)
        self._best_weights: dict[str, Tensor] = {}
        self._state = TrainerState()
        self._process = psutil.Process()
        self._measured_until_s = time.monotonic()
        self._reported_s = -math.inf
        self._saved_s = time.monotonic()
        self._started_s = time.monotonic()
        self._attempt_rows = 0

    def run(self) -> Outcome:
        self._measured_until_s = self._saved_s = self._started_s = time.monotonic()
        while True:
            while not self._plan.is_phase_over(self._state):
                intent = self._run_epoch()
                if intent is not Intent.RUN:
                    self._save()
                    return self._outcome("paused" if intent is Intent.PAUSE else "stopped")
                self._end_epoch()
            if not self._plan.start_next_round(self._state):
                return self._outcome("finished")
            self._updater.restart_from(self._best_weights)

    @property
    def max_updates(self) -> int:
        """Updates of the whole search when it is not cut short."""
        return self._spec.max_epochs * self._batches.per_epoch

    def warn_before_start(self, warnings: Iterable[str]) -> None:
        """Report `warnings` and those that need device or network."""
        if self._spec.mixed_precision and self._device != "cuda":
            self._warn("Mixed precision needs a GPU: this training computes in full precision.")
        for message in (*warnings, *unreachable_targets(self._module, self._prepared)):
            self._warn(message)

    def _run_epoch(self) -> Intent:
        """Train to the epoch's end, or until the user's intent changes or time is up."""
        state, per_epoch = self._state, self._batches.per_epoch
        self._module.train()
        while state.index < per_epoch and not self._plan.is_out_of_time(state):
            if (intent := self._intent()) is not Intent.RUN:
                return intent
            batch = self._batches.batch(state.index)
            rate = self._plan.learning_rate(state)
            loss, square = self._updater.update(batch, rate)
            if not math.isfinite(loss):
                raise self._divergence(loss)
            state.index += 1
            state.squares += square * batch.count
            state.rows += batch.count
            self._attempt_rows += batch.x.shape[0] * batch.x.shape[1]
            self._after_update(loss, rate)
            if self._spec.time_budget_s is not None and self._plan.epoch_budget is None:
                self._convert_time_budget(self._spec.time_budget_s)
            if self._measured_until_s - self._saved_s >= CHECKPOINT_INTERVAL_S and state.index < per_epoch:
                self._save()
        return Intent.RUN

    def _convert_time_budget(self, budget_s: float) -> None:
        """Convert the time budget into epochs once enough was measured."""
        state, steps = self._state, self._plan.completed_steps(self._state)
        if not can_estimate(steps, state.updating_s, budget_s):
            return
        began_s = time.monotonic()
        self._validate()
        self._measured_until_s = time.monotonic()
        epoch_budget = estimate_epochs(
            budget_s,
            self._spec.max_epochs,
            self._batches.per_epoch,
            steps,
            state.updating_s,
            self._measured_until_s - began_s,
        )
        state.elapsed_s += self._measured_until_s - began_s
        self._module.train()
        self._save_epoch_budget(epoch_budget)
        self._plan.epoch_budget = epoch_budget

    def _after_update(self, loss: float, rate: float) -> None:
        now_s = time.monotonic()
        passed_s, self._measured_until_s = now_s - self._measured_until_s, now_s
        state = self._state
        state.epoch_s += passed_s
        state.updating_s += passed_s
        state.elapsed_s += passed_s
        if now_s - self._reported_s < PROGRESS_INTERVAL_S:
            return
        self._reported_s = now_s
        part = state.index / self._batches.per_epoch
        total_epochs = self._plan.total_epochs()
        remaining_epochs = total_epochs - (state.epoch - 1 + part)
        recent_s = [record["time_s"] for record in state.history[-_RECENT_EPOCHS:]]
        epoch_s = median(recent_s or [state.epoch_s / part])
        self._report.progress(
            {
                "epoch": state.epoch,
                "max_epochs": total_epochs,
                "fraction": (state.epoch - 1 + part) / total_epochs,
                "loss": loss,
                f"train_rmse{self._metric_suffix}": self._train_rmse(),
                "learning_rate": rate,
                "time_per_epoch_s": round(epoch_s, 4),
                "time_left_s": round(remaining_epochs * epoch_s, 1),
                "memory_MB": self._memory_MB(),
            }
        )

    def _validate(self) -> dict[str, float | None]:
        results = evaluate(self._predict, self._prepared.files_of_role("validation"), self._target)
        return pool_sums(result.sums for result in results).metrics(self._target)

    def _end_epoch(self) -> None:
        """Validate, store the weights if they are the best, report, save."""
        state = self._state
        rate = self._plan.learning_rate(TrainerState(**{**vars(state), "index": max(state.index - 1, 0)}))
        validation = self._validate()
        rmse = f"rmse{self._metric_suffix}"
        error, best = validation[rmse], state.best.get(rmse)
        if error is None or not math.isfinite(error):
            raise self._divergence(math.nan if error is None else error)
        has_improved = best is None or error < best
        if has_improved:
            state.best_epoch, state.best = state.epoch, validation
            weights = self._updater.evaluated_module.state_dict()
            self._best_weights = {name: tensor.clone() for name, tensor in weights.items()}
        now_s = time.monotonic()
        passed_s, self._measured_until_s = now_s - self._measured_until_s, now_s
        state.elapsed_s += passed_s
        state.epoch += 1
        epoch_record = {
            "epoch": state.epoch - 1,
            f"train_{rmse}": self._train_rmse(),
            **{f"validation_{name}": value for name, value in validation.items()},
            f"best_validation_{rmse}": state.best[rmse],
            "best_epoch": state.best_epoch,
            "learning_rate": rate,
            "time_s": round(state.epoch_s + passed_s, 4),
            "elapsed_s": round(state.elapsed_s, 4),
            "patience_left": (
                self._plan.remaining_epochs(state) if state.round else self._plan.early_stopping.remaining_epochs(state)
            ),
            "max_epochs": self._plan.total_epochs(),
            "memory_MB": self._memory_MB(),
        }
        state.history.append(epoch_record)
        state.index, state.squares, state.rows, state.epoch_s = 0, 0.0, 0, 0.0
        if not state.round:
            self._plan.schedule.end_epoch(has_improved)
        self._report.event(EventKind.EPOCH, epoch_record)
        if self._plan.is_phase_over(state) or now_s - self._saved_s >= EPOCH_CHECKPOINT_S:
            self._save()

    def _train_rmse(self) -> float:
        """RMSE of the epoch so far, in the metric's unit."""
        return self._error_factor * math.sqrt(self._state.squares / max(self._state.rows, 1))

    def _memory_MB(self) -> float:
        return round(self._process.memory_info().rss / 1e6, 1)

    def _predict(self, file: PreparedFile) -> Any:
        return predict(self._updater.evaluated_module, file, self._prepared.pipeline, self._device)

    def _save(self) -> None:
        state = self._state
        checkpoint = {
            **self._updater.state(),
            "schedule": dict(self._plan.schedule.state),
            "batches": self._batches.state(state.index),
            "generators": generator_states(self._device),
            "best_weights": self._best_weights,
            "progress": vars(state),
        }
        self._saved_s = time.monotonic()
        try:
            path = save_checkpoint(
                self._checkpoint_folder, self._plan.completed_steps(state), self._identity, checkpoint
            )
        except OSError as error:  # training continues: the previous checkpoint exists, and the next may find space
            self._warn(f"The checkpoint could not be written ({error.strerror or error}); training goes on without it.")
            return
        self._report.event(EventKind.CHECKPOINT, {"epoch": state.epoch - 1, "batch": state.index, "file": path.name})

    def _warn(self, message: str) -> None:
        self._report.event(EventKind.MESSAGE, {"level": "warning", "message": message})

    def resume(self, folders: Sequence[Path]) -> None:
        """Continue from the newest checkpoint in `folders`, if there is one."""
        checkpoint, damaged_paths = latest_checkpoint(folders, self._identity)
        for path in damaged_paths:
            self._warn(f"The checkpoint {path.name} is damaged; going on from the one before it.")
        if checkpoint is None:
            return
        self._updater.load(checkpoint, self._device)
        self._plan.schedule.state = checkpoint["schedule"]
        self._state = TrainerState(**checkpoint["progress"])
        self._batches.load(checkpoint["batches"], self._state.index)
        self._best_weights = {name: tensor.to(self._device) for name, tensor in checkpoint["best_weights"].items()}
        set_generator_states(self._device, checkpoint["generators"])

    def _outcome(self, end: End) -> Outcome:
        state = self._state
        if self._best_weights:
            self._module.load_state_dict(self._best_weights)
        return Outcome(
            end=end,
            module=self._module.cpu().eval() if self._best_weights else None,
            best_epoch=state.best_epoch,
            best=dict(state.best),
            epochs=len(state.history),
            elapsed_s=state.elapsed_s,
            history=tuple(state.history),
            rows_per_s=self._attempt_rows / (time.monotonic() - self._started_s) if self._attempt_rows else None,
        )

    def _divergence(self, value: float) -> TrainingDiverged:
        state, rate = self._state, self._spec.learning_rate
        best = state.best.get(f"rmse{self._metric_suffix}")
        unit = {"_percent": " %"}.get(self._metric_suffix, f" {self._metric_suffix[1:]}").rstrip()
        best_model_note = (
            f"The best model (epoch {state.best_epoch}, {best:.3g}{unit}) is kept."
            if best is not None
            else ("No epoch was finished before, so there is no model.")
        )
        message = (
            f"Training stopped at epoch {state.epoch}: the loss became {'NaN' if math.isnan(value) else 'infinite'}. "
            f"The learning rate {rate:g} is probably too high. {best_model_note}"
        )
        return TrainingDiverged(message, rate / 10, self._outcome("failed"))
