"""Functions available in formulas, with their numbers of arguments and their constant settings."""

from __future__ import annotations

from dataclasses import dataclass

MAX_WINDOW_ROWS = 100_000
"""Longest window or lag in rows; arbitrary, bounds memory and time of a formula."""


@dataclass(frozen=True)
class Setting:
    """A parameter that must be a number literal between `low` and `high`; required if it has no default."""

    name: str
    low: float
    high: float
    is_integer: bool = False
    default: float | None = None


@dataclass(frozen=True)
class Function:
    """A function: its number of expression arguments, a description of one line, and the settings that follow."""

    argument_count: int
    description: str
    settings: tuple[Setting, ...] = ()

    @property
    def max_values(self) -> int:
        """Maximum number of values in a call."""
        return self.argument_count + len(self.settings)

    @property
    def min_values(self) -> int:
        """Minimum number of values in a call."""
        return self.argument_count + sum(setting.default is None for setting in self.settings)


_LAG = Function(1, "x as it was n rows ago", (Setting("n", 0, MAX_WINDOW_ROWS, is_integer=True),))
FUNCTIONS: dict[str, Function] = {
    "abs": Function(1, "size without sign"),
    "sign": Function(1, "-1, 0 or 1"),
    "sqrt": Function(1, "square root"),
    "square": Function(1, "x times x"),
    "exp": Function(1, "e to the power of x"),
    "log": Function(1, "natural logarithm"),
    "log10": Function(1, "logarithm to base 10"),
    "log1p": Function(1, "logarithm of 1 + x, precise near 0"),
    "sin": Function(1, "sine of x in rad"),
    "cos": Function(1, "cosine of x in rad"),
    "arctan": Function(1, "angle in rad"),
    "tanh": Function(1, "hyperbolic tangent"),
    "floor": Function(1, "next whole number below"),
    "ceil": Function(1, "next whole number above"),
    "power": Function(2, "x to the power of y"),
    "minimum": Function(2, "the smaller of two"),
    "maximum": Function(2, "the larger of two"),
    "clip": Function(3, "x within low and high"),
    "where": Function(3, "the second where the first is not 0, else the third"),
    "lag": _LAG,
    "shift": _LAG,
    "moving_average": Function(1, "mean of the last n rows", (Setting("n", 1, MAX_WINDOW_ROWS, is_integer=True),)),
    "rolling_max": Function(1, "largest of the last n rows", (Setting("n", 1, MAX_WINDOW_ROWS, is_integer=True),)),
    "ema": Function(1, "first-order lag with a time constant in s", (Setting("seconds", 1e-6, 1e9),)),
    "lowpass": Function(
        1,
        "causal Butterworth low-pass with its corner in Hz and its order",
        (Setting("hertz", 1e-9, 1e9), Setting("order", 1, 8, is_integer=True, default=2)),
    ),
    "noise": Function(2, "Gaussian noise of a mean and a standard deviation, the same at every run"),
}
"""All functions by name. `data.steps.running` defines windows that reach before the start of a segment."""

NON_CAUSAL_FUNCTIONS = frozenset(
    ("filtfilt", "sosfiltfilt", "savgol_filter", "gradient", "diff", "convolve", "interp", "flip", "median", "mean")
) | frozenset(
    (
        "max",
        "min",
        "std",
        "var",
        "sum",
        "cumsum",
        "percentile",
        "quantile",
        "argmax",
        "argmin",
        "normalise",
        "normalize",
    )
)
"""Names of non-causal functions, which are rejected with that reason."""
