"""Training section: method, optimizer, schedule, stopping, seeds and resources."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from vestim_core.spec.section import Section, unit

MAX_THREADS = 256  # CPU threads of one training; arbitrary, catches typing errors


def _parse_threads(value: Any) -> Any:
    try:
        count = 0 if isinstance(value, bool) else int(value)
        is_valid = 1 <= count <= MAX_THREADS and count == float(value)
    except (TypeError, ValueError, OverflowError):
        is_valid = False
    if value != "auto" and not is_valid:
        raise ValueError(f'is neither "auto" nor a number of threads from 1 to {MAX_THREADS}')
    return value if value == "auto" else count


Threads = Annotated[Literal["auto"] | int, BeforeValidator(_parse_threads)]
"""CPU threads of a training: a number, or "auto" for the fastest number as measured."""


class Adam(Section):
    kind: Literal["adam"] = "adam"


class AdamW(Section):
    kind: Literal["adamw"] = "adamw"


class Sgd(Section):
    kind: Literal["sgd"] = "sgd"
    momentum: float = Field(0.9, ge=0, lt=1, title="Momentum", description="Share of the last step that is kept.")


class RmsProp(Section):
    kind: Literal["rmsprop"] = "rmsprop"


class MeanSquaredError(Section):
    """Mean squared error."""

    kind: Literal["mse"] = "mse"


class Huber(Section):
    """Huber loss (Huber 1964): quadratic below `threshold`, linear above, so that outliers and files with drifting
    labels weigh less."""

    kind: Literal["huber"] = "huber"
    threshold: float = Field(
        0.005,
        gt=0,
        title="Threshold",
        description="Errors above count in proportion, not squared; in the target's unit: 0.005 is 5 mV, or 0.5 % SOC.",
    )


class Constant(Section):
    """Constant learning rate."""

    kind: Literal["constant"] = "constant"


class Cosine(Section):
    """The learning rate falls along half a cosine to `final_learning_rate` at the end of the last epoch."""

    kind: Literal["cosine"] = "cosine"
    final_learning_rate: float = Field(
        1e-4, ge=0, title="Final learning rate", description="Learning rate at the end of the last epoch."
    )


class CosineRestarts(Section):
    """Cosine annealing with warm restarts (Loshchilov and Hutter 2017): each cosine falls from the initial learning
    rate to `final_learning_rate` and is `length_factor` times as long as the one before."""

    kind: Literal["cosine-restarts"] = "cosine-restarts"
    first_epochs: int = Field(
        10, ge=1, title="First cosine", description="Length of the first cosine.", json_schema_extra=unit("epochs")
    )
    length_factor: int = Field(
        2, ge=1, le=100, title="Length factor", description="How many times as long each next cosine is."
    )
    final_learning_rate: float = Field(
        1e-6, ge=0, title="Final learning rate", description="Learning rate at the end of each cosine."
    )


class OneCycle(Section):
    """One-cycle schedule (Smith and Topin 2018): the learning rate rises along half a cosine from a fraction of its
    value, then falls along another one to nearly zero at the last epoch."""

    kind: Literal["one-cycle"] = "one-cycle"
    rising_share: float = Field(
        0.3, gt=0, lt=1, title="Rising share", description="Part of the training in which the learning rate rises."
    )
    start_divisor: float = Field(
        25.0, ge=1, title="Start divisor", description="The first learning rate is the learning rate divided by this."
    )
    end_divisor: float = Field(
        1e4, ge=1, title="End divisor", description="The last learning rate is the first divided by this."
    )


class StepDecay(Section):
    """The learning rate is multiplied by `factor` every `every_epochs` epochs."""

    kind: Literal["step"] = "step"
    factor: float = Field(0.1, gt=0, lt=1, title="Factor", description="What the learning rate is multiplied by.")
    every_epochs: int = Field(
        10, ge=1, title="Every", description="Epochs between two reductions.", json_schema_extra=unit("epochs")
    )


class Plateau(Section):
    """The learning rate is multiplied by `factor` after `patience_epochs` epochs without a better validation error."""

    kind: Literal["plateau"] = "plateau"
    factor: float = Field(0.5, gt=0, lt=1, title="Factor", description="What the learning rate is multiplied by.")
    patience_epochs: int = Field(
        10,
        ge=1,
        title="Patience",
        description="Epochs without improvement before a reduction.",
        json_schema_extra=unit("epochs"),
    )


def _expand_kind(value: Any) -> Any:
    """Expand the short form `"adam"` to `{kind = "adam"}`."""
    return {"kind": value} if isinstance(value, str) else value


Optimizer = Annotated[Adam | AdamW | Sgd | RmsProp, Field(discriminator="kind"), BeforeValidator(_expand_kind)]
Loss = Annotated[MeanSquaredError | Huber, Field(discriminator="kind"), BeforeValidator(_expand_kind)]
Schedule = Annotated[
    Constant | Cosine | CosineRestarts | OneCycle | StepDecay | Plateau,
    Field(discriminator="kind"),
    BeforeValidator(_expand_kind),
]


class Exploit(Section):
    """Exploit phase after training has ended: restart `rounds` times from the best weights, with a new optimizer along
    a cosine of small learning rates, and keep the result if it is better."""

    epochs: int = Field(
        0,
        ge=0,
        le=100_000,
        title="Exploit epochs",
        description="Epochs from the best weights on after training has ended; 0: none.",
        json_schema_extra=unit("epochs"),
    )
    rounds: int = Field(1, ge=1, le=100, title="Exploit rounds", description="How often that is done.")
    learning_rate: float = Field(
        1e-5, gt=0, le=10, title="Exploit learning rate", description="Step size at the start of each round."
    )
    final_learning_rate: float = Field(
        1e-7, ge=0, le=10, title="Exploit final rate", description="Step size at the end of each round."
    )


class TrainingBase(Section):
    """Settings that all training methods share."""

    max_epochs: int = Field(
        100, ge=1, le=1_000_000, title="Epochs", description="Training ends after this many at the latest."
    )
    patience: int = Field(
        30,
        ge=1,
        title="Patience",
        description="Ends after this many epochs without a better validation error.",
        json_schema_extra=unit("epochs"),
    )
    optimizer: Optimizer = Field(Adam(), title="Optimizer", description="adam, adamw, sgd or rmsprop.")
    learning_rate: float = Field(5e-3, gt=0, le=10, title="Learning rate", description="Step size at the start.")
    weight_decay: float = Field(0.0, ge=0, le=10, title="Weight decay", description="Pull of the weights towards zero.")
    schedule: Schedule = Field(
        Cosine(),
        title="Schedule",
        description="How the learning rate moves: constant, cosine, cosine-restarts, one-cycle, step, plateau.",
    )
    warm_up_steps: int = Field(
        0,
        ge=0,
        le=1_000_000,
        title="Warm-up",
        description="Updates over which the learning rate first rises from nothing to what the schedule says.",
        json_schema_extra=unit("updates"),
    )
    exploit: Exploit = Field(Exploit(), title="Exploit", description="A last search around the best weights.")
    time_budget_s: float | None = Field(
        None,
        gt=0,
        title="Time budget",
        description="Training takes about this long: it is turned into a number of epochs once the first updates were "
        "timed, never more than the epochs above; empty: no budget.",
        json_schema_extra=unit("s"),
    )
    loss: Loss = Field(MeanSquaredError(), title="Loss", description="What is made small: mse or huber.")
    gradient_clip: float = Field(
        1.0, gt=0, title="Gradient clip", description="Longest gradient (Euclidean norm) that a step may have."
    )
    ema_decay: float = Field(
        0.0,
        ge=0,
        lt=1,
        title="Weight averaging",
        description="Share of their moving average that the weights keep at each update, as 0.99: the average is what "
        "is validated and kept; 0: the weights themselves.",
    )
    seed: int = Field(1, ge=0, le=2**31 - 1, title="Seed", description="First seed; repetition k uses seed + k - 1.")
    repetitions: int = Field(
        1, ge=1, le=100, title="Repetitions", description="Same settings, other seeds: shows the spread."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", title="Device", description="auto takes a GPU where there is one."
    )
    mixed_precision: bool = Field(
        False, title="Mixed precision", description="Half precision where it is safe; on a GPU only."
    )
    threads: Threads = Field(
        "auto",
        title="Threads",
        description="CPU threads of one training; auto measures what pays where a training runs alone, else 1.",
    )

    @model_validator(mode="after")
    def _check_final_learning_rates(self) -> Self:
        final = getattr(self.schedule, "final_learning_rate", 0.0)
        if final > self.learning_rate:
            raise ValueError(
                f"schedule.final_learning_rate ({final:g}) is above learning_rate ({self.learning_rate:g}): "
                f"the cosine can only fall"
            )
        if self.exploit.final_learning_rate > self.exploit.learning_rate:
            raise ValueError(
                f"exploit.final_learning_rate ({self.exploit.final_learning_rate:g}) is above "
                f"exploit.learning_rate ({self.exploit.learning_rate:g}): the cosine can only fall"
            )
        return self


class TbpttTraining(TrainingBase):
    """Truncated backpropagation through time for recurrent models: sequences from random starts are trained side by
    side, and the state is carried from one sequence to the next."""

    method: Literal["tbptt"] = "tbptt"
    max_epochs: int = Field(
        60, ge=1, le=1_000_000, title="Epochs", description="Training ends after this many at the latest."
    )
    batch_size: int = Field(
        64,
        ge=1,
        le=65536,
        title="Batch size",
        description="Sequences side by side, each from a random start.",
        json_schema_extra=unit("sequences"),
    )
    sequence_length: int = Field(
        50,
        ge=2,
        le=100_000,
        title="Sequence length",
        description="Rows between two weight updates; gradients go back this far.",
        json_schema_extra=unit("rows"),
    )
    sequences_per_draw: int = Field(
        24,
        ge=1,
        le=100_000,
        title="Sequences per draw",
        description="Consecutive sequences with carried state before new starts are drawn.",
    )
    draws_per_epoch: int = Field(
        25,
        ge=1,
        le=100_000,
        title="Draws per epoch",
        description="Draws of new starts in one epoch, which ends with a validation. Each draw makes as many updates "
        "as it has sequences.",
    )
    burn_in_steps: int = Field(
        100,
        ge=0,
        le=100_000,
        title="Burn-in",
        description="Rows that do not count in the loss at the start of a draw that begins inside a file.",
        json_schema_extra=unit("rows"),
    )

    @model_validator(mode="after")
    def _check_burn_in(self) -> Self:
        if self.burn_in_steps >= self.sequence_length * self.sequences_per_draw:
            raise ValueError(
                f"burn_in_steps ({self.burn_in_steps}) leaves no row of a draw of "
                f"{self.sequence_length} x {self.sequences_per_draw} rows in the loss"
            )
        return self


class WindowsTraining(TrainingBase):
    """For recurrent models: random batches of windows, each from a zero state, predicting its last row."""

    method: Literal["windows"] = "windows"
    lookback: int = Field(
        400,
        ge=1,
        le=100_000,
        title="Lookback",
        description="Rows of a window, the predicted one included.",
        json_schema_extra=unit("rows"),
    )
    batch_size: int = Field(
        200,
        ge=1,
        le=1_000_000,
        title="Batch size",
        description="Windows between two weight updates.",
        json_schema_extra=unit("windows"),
    )
    stride_steps: int = Field(
        1,
        ge=1,
        le=100_000,
        title="Stride",
        description="Rows between the ends of two windows; each epoch begins the row at random.",
        json_schema_extra=unit("rows"),
    )


class RowsTraining(TrainingBase):
    """For feed-forward models: random batches of single rows."""

    method: Literal["rows"] = "rows"
    batch_size: int = Field(
        1024,
        ge=1,
        le=10_000_000,
        title="Batch size",
        description="Rows between two weight updates.",
        json_schema_extra=unit("rows"),
    )


AnyTraining = TbpttTraining | WindowsTraining | RowsTraining
TrainingSpec = Annotated[AnyTraining, Field(discriminator="method")]
