"""Every number that decides "this file is wrong or odd", in one table.

`false_alarms` was measured with the state of 2026-11-28 over the files that a reader opens among the real ones of
`shared/data` (47 of 53; the six of `as_exported` are refused because of a NUL byte, so no check sees them) and the 23
clean ones of `shared/vendor_examples`: 70 in all. `inspect_file` ran once on each, `check_set` once on each set of real
files (`tesla_m80`, `lg_18650hg2`, and `panasonic_18650pf` by temperature), whose 47 files are the total for findings
about several files. Files 18, `Cycle_3` and `Mixed5` were for validation, 25, 29 and `LA92` for testing, the others for
training.

Counted are the files that raise one of the entry's `codes` wrongly. A finding that is true of its file is no false
alarm: what `expected.json` expects or allows, the faults that section 4 of the domain notes lists, and what the file
shows when it is read by hand (long pauses, close rows, a voltage that answers one row late). The rate
belongs to the finding, so that all entries that decide one finding have one rate.

Three findings raise false alarms today:

- `time.gap`, 15 files: a pause of 2 s between two drives at 10 Hz raises a warning that the file is parted there, while
  the default preparation parts it above 60 s only.
- `channel.stuck`, 15 files: the cycler holds the voltage at its lower limit while the current decays (12 of them), or
  the voltage rests within one step of its resolution under a constant current until the current ends.
- `temperature.first_sample`, 3 files: one row a minute while the chamber cools, so that the first step is no larger
  than those that follow.

`tests/data/test_thresholds.py` recomputes all of it where the shared folder is present.

Not in the table: guards of one to three rows, without which a difference does not exist, and constants that bound work
or memory and decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value", int, float, tuple[float, float], tuple[float, ...])

_NONE = "0 of 70 files"
_NONE_OF_SETS = "0 of 47 files"
_STUCK = "15 of 70 files"
_FIRST_SAMPLE = "3 of 70 files"
_GAP = "15 of 70 files"


@dataclass(frozen=True)
class Threshold(Generic[Value]):
    """A limit that decides a finding.

    unit: of `value`; "1" for a plain ratio. codes: findings that it decides. reason: why this value. source: where it
    comes from. false_alarms: good files that raise one of `codes` wrongly, see the module.
    """

    value: Value
    unit: str
    codes: tuple[str, ...]
    reason: str
    source: str
    false_alarms: str


_DOMAIN = "domain notes, section 3"
_JUDGMENT = "engineering judgment, not measured"

# Time ---------------------------------------------------------------------------------------------------------------

TINY_STEP = Threshold(
    0.1,
    "share of the median step",
    ("time.tiny_steps", "time.mixed_rates"),
    "Blocks of thousands of rows within milliseconds are real; a tenth of the usual step is not jitter.",
    f"{_DOMAIN}, item 1",
    _NONE,
)
TINY_BLOCK_ROWS = Threshold(
    10,
    "rows",
    ("time.tiny_steps",),
    "A pair of close rows at a change of step is normal; this many in a row are a fault of the export.",
    _JUDGMENT,
    _NONE,
)
SHORT_GAP = Threshold(
    1.5,
    "median steps",
    ("time.gap",),
    "Half a step more than usual is more than jitter: one row is missing.",
    f"{_DOMAIN}, item 1",
    _GAP,
)
LONG_GAP = Threshold(
    10.0,
    "median steps",
    ("time.gap",),
    "The state of the cell is not known after so long without a row.",
    f"{_DOMAIN}, item 1",
    _GAP,
)
SAME_RATE = Threshold(
    0.2,
    "share of the median step",
    ("time.mixed_rates",),
    "Jitter of a recorder stays below it; rates that cyclers offer differ by a factor of two or more.",
    _JUDGMENT,
    _NONE,
)
ONE_RATE_SHARE = Threshold(
    0.9,
    "share of the steps",
    ("time.mixed_rates", "time.gap"),
    "A file whose steps are of one length but for a tenth has one rate; the others are gaps.",
    _JUDGMENT,
    _GAP,
)
MIN_ROWS = Threshold(
    10,
    "rows",
    (
        "time.mixed_rates",
        "current.sign",
        "soc.capacity",
        "channel.spike",
        "temperature.first_sample",
        "channel.constant",
    ),
    "Fewer rows give neither a median nor a correlation; arbitrary, any value from 5 to 50 works.",
    _JUDGMENT,
    _FIRST_SAMPLE,
)

# Current and voltage ------------------------------------------------------------------------------------------------

CURRENT_JUMP = Threshold(
    0.05,
    "share of the current's range",
    ("current.sign", "current.unit", "channel.lag"),
    "Steps of the test program are larger, noise and the decay at constant voltage are smaller.",
    f"{_DOMAIN}, item 2",
    _NONE,
)
CURRENT_RANGE_PERCENTILES = Threshold(
    (0.1, 99.9),
    "%",
    ("current.sign", "current.unit", "channel.lag"),
    "A single spike must not widen the range by which jumps are recognized.",
    _JUDGMENT,
    _NONE,
)
MAX_JUMP_DURATION = Threshold(
    2.0,
    "median steps",
    ("current.sign", "current.unit", "channel.lag"),
    "Over a longer pause the voltage relaxes, and its change is no answer to the current's.",
    _JUDGMENT,
    _NONE,
)
MIN_JUMPS = Threshold(
    5,
    "jumps",
    ("current.sign", "current.unit"),
    "Fewer jumps do not prove a sign; without them SOC and voltage have to agree.",
    _JUDGMENT,
    _NONE,
)
CLEAR_CORRELATION = Threshold(
    0.5,
    "1",
    ("current.sign", "current.unit", "channel.lag"),
    "A voltage that answers the current correlates with it far better than this.",
    _JUDGMENT,
    _NONE,
)
CHARGE_MOVED_SIGNAL = Threshold(
    0.02,
    "V or fraction of SOC",
    ("current.sign",),
    "A smaller move of voltage or SOC may be noise or relaxation.",
    _JUDGMENT,
    _NONE,
)
OPPOSITE_CORRELATION = Threshold(
    -0.8,
    "1",
    ("current.sign",),
    "Without jumps only a signal that clearly falls with the charge counts; two of them have to.",
    _JUDGMENT,
    _NONE,
)
MIN_CELL_RESISTANCE = Threshold(
    1e-4,
    "Ohm",
    ("current.unit",),
    "A tenth of the 1 mOhm below which no cell of this kind lies; a current in mA gives a thousandth.",
    f"{_DOMAIN}, item 3",
    _NONE,
)
LARGE_CURRENT = Threshold(
    50.0,
    "A",
    ("current.unit",),
    "A low resistance is no fault in a cell of large current, so both are needed: 50 mA called 50 A is caught.",
    _JUDGMENT,
    _NONE,
)
MILLIVOLT_MEDIAN = Threshold(
    1000.0,
    "V",
    ("voltage.unit",),
    "A cell in mV has 2000 to 4500; a pack above 1000 V is rare.",
    _JUDGMENT,
    _NONE,
)
ONE_CELL_VOLTAGE = Threshold(
    6.0,
    "V",
    ("voltage.pack",),
    "No single cell reaches it; a median above is a pack.",
    f"{_DOMAIN}, item 3",
    _NONE,
)
MAX_LAG = Threshold(
    3,
    "rows",
    ("channel.lag",),
    "Recorders that sample one channel after another are off by one or two rows.",
    _JUDGMENT,
    _NONE,
)
LAG_MIN_JUMPS = Threshold(
    20,
    "jumps",
    ("channel.lag",),
    "Seven shifts are compared, so that the best of them needs more jumps than a sign does.",
    _JUDGMENT,
    _NONE,
)
LAG_ADVANTAGE = Threshold(
    0.25,
    "1",
    ("channel.lag",),
    "The best shift has to correlate that much better than none: relaxation alone favors later rows a little.",
    _JUDGMENT,
    _NONE,
)

# SOC ----------------------------------------------------------------------------------------------------------------

SOC_PERCENT = Threshold(
    1.5,
    "fraction",
    ("soc.percent", "soc.capacity"),
    "A fraction never reaches it; a percentage stays below it only in an empty cell.",
    f"{_DOMAIN}, item 3",
    _NONE,
)
SOC_LOWEST = Threshold(
    -0.02,
    "fraction",
    ("soc.range",),
    "Counted SOC drifts by a percent or two beyond empty.",
    f"{_DOMAIN}, item 4",
    _NONE,
)
SOC_HIGHEST = Threshold(
    1.02,
    "fraction",
    ("soc.range",),
    "Counted SOC drifts by a percent or two beyond full.",
    f"{_DOMAIN}, item 4",
    _NONE,
)
SOC_MIN_CHANGE = Threshold(
    0.05,
    "fraction",
    ("soc.capacity", "set.capacity", "time.unit"),
    "A smaller change of SOC is too near to its noise to imply a capacity.",
    _JUDGMENT,
    _NONE,
)
SOC_CORRELATION = Threshold(
    0.98,
    "1",
    ("soc.capacity",),
    "SOC that was counted from this current correlates with its integral almost perfectly.",
    _JUDGMENT,
    _NONE,
)
LARGEST_CAPACITY = Threshold(
    1000.0,
    "Ah",
    ("soc.capacity", "time.unit"),
    "No cell is larger; a factor of 1000 in current or time gives more.",
    _JUDGMENT,
    _NONE,
)
SMALLEST_CAPACITY = Threshold(
    0.002,
    "Ah",
    ("time.unit",),
    "The smallest coin cells hold more; a time in hours gives a 3600th of the capacity.",
    _JUDGMENT,
    _NONE,
)
SLOW_STEP = Threshold(
    100.0,
    "s",
    ("time.unit",),
    "A time in ms called s has rows this far apart from 10 Hz down.",
    _JUDGMENT,
    _NONE,
)
FAST_STEP = Threshold(
    0.1,
    "s",
    ("time.unit",),
    "A time in hours called s has rows this close up to six minutes apart.",
    _JUDGMENT,
    _NONE,
)

# Channels -----------------------------------------------------------------------------------------------------------

STUCK_ROWS = Threshold(
    10,
    "rows",
    ("channel.stuck",),
    "A quantized voltage repeats itself a few times; not so often while the current moves.",
    _JUDGMENT,
    _STUCK,
)
STUCK_CURRENT = Threshold(
    0.05,
    "share of the current's range",
    ("channel.stuck",),
    "A move of the current that the voltage would answer visibly.",
    _JUDGMENT,
    _STUCK,
)
CLIPPING_MIN_ROWS = Threshold(
    100,
    "rows",
    ("channel.clipped",),
    "Shorter files do not show the same limit again and again.",
    _JUDGMENT,
    _NONE,
)
CLIPPING_RUNS = Threshold(
    3,
    "runs",
    ("channel.clipped",),
    "One or two plateaus are a constant phase of the test.",
    _JUDGMENT,
    _NONE,
)
CLIPPING_RUN_ROWS = Threshold(
    5,
    "rows",
    ("channel.clipped",),
    "A noisy channel does not repeat its extreme value so often by chance.",
    _JUDGMENT,
    _NONE,
)
CLIPPING_NOISE = Threshold(
    0.95,
    "share of the steps",
    ("channel.clipped",),
    "Only a channel that changes in nearly every row is noisy enough for a plateau to mean a limit.",
    _JUDGMENT,
    _NONE,
)
SPIKE_DEVIATIONS = Threshold(
    30.0,
    "standard deviations of the steps",
    ("channel.spike",),
    "Steps of real signals have long tails; a spike stands far beyond them.",
    _JUDGMENT,
    _NONE,
)
SPIKE_VOLTAGE = Threshold(
    0.05,
    "V",
    ("channel.spike",),
    "The least spike that matters to a model of voltage; smaller ones are noise.",
    _JUDGMENT,
    _NONE,
)
SPIKE_TEMPERATURE = Threshold(
    2.0,
    "K",
    ("channel.spike",),
    "No cell warms and cools by it from one row to the next.",
    _JUDGMENT,
    _NONE,
)
SPIKE_SOC = Threshold(
    0.02,
    "fraction",
    ("channel.spike",),
    "No cell moves by it and back from one row to the next.",
    _JUDGMENT,
    _NONE,
)
SPIKE_RETURN = Threshold(
    0.3,
    "share of the smaller of both steps",
    ("channel.spike",),
    "The neighbors of a spike agree; otherwise it is a step of the signal.",
    _JUDGMENT,
    _NONE,
)
SPIKE_CURRENT = Threshold(
    0.02,
    "share of the current's range",
    ("channel.spike",),
    "A voltage that jumps together with the current answers it and is no spike.",
    _JUDGMENT,
    _NONE,
)
VOLTAGE_POSSIBLE = Threshold(
    (-0.5, 2000.0),
    "V",
    ("channel.range",),
    "From a reversed cell to above the largest pack.",
    _JUDGMENT,
    _NONE,
)
CURRENT_POSSIBLE = Threshold(
    (-5000.0, 5000.0),
    "A",
    ("channel.range",),
    "Beyond what battery cyclers deliver.",
    _JUDGMENT,
    _NONE,
)
TEMPERATURE_POSSIBLE = Threshold(
    (-80.0, 200.0),
    "degC",
    ("channel.range",),
    "Beyond what chambers reach and sensors on cells survive.",
    _JUDGMENT,
    _NONE,
)
MAX_IMPOSSIBLE_SHARE = Threshold(
    0.5,
    "share of the rows",
    ("channel.range",),
    "When most rows lie beyond, the unit is wrong, which other checks tell.",
    _JUDGMENT,
    _NONE,
)
POWER_MISMATCH = Threshold(
    0.002,
    "share of the highest power",
    ("power.mismatch",),
    "Rounding of three columns stays below it.",
    _JUDGMENT,
    _NONE,
)
POWER_LARGE_MISMATCH = Threshold(
    0.1,
    "share of the highest power",
    ("power.mismatch",),
    "Averaging within a row explains a few percent; more is another measurement, and a warning.",
    _JUDGMENT,
    _NONE,
)

# Temperature --------------------------------------------------------------------------------------------------------

NOT_READ_BELOW = Threshold(
    -200.0,
    "degC",
    ("temperature.sentinel", "channel.range", "channel.spike"),
    "Nothing is tested that cold: loggers write it (-273, -999, -9999) for a sensor that was not read.",
    _JUDGMENT,
    _NONE,
)
NOT_READ_VALUES = Threshold(
    (-99.0, -100.0, -127.0, 999.0, 999.9, 9999.0, 3276.7, 327.67),
    "degC",
    ("temperature.sentinel",),
    "What loggers write for a sensor that was not read; 3276.7 and 327.67 are the largest 16-bit number scaled.",
    "known loggers; not measured",
    _NONE,
)
SUSPECT_COLD = Threshold(
    -90.0,
    "degC",
    ("temperature.sentinel",),
    "Above it none of the cold values that loggers write can occur, so that nothing is looked for.",
    _JUDGMENT,
    _NONE,
)
SUSPECT_HOT = Threshold(
    90.0,
    "degC",
    ("temperature.sentinel",),
    "A sample of a test this hot is rare enough to look for values that loggers write.",
    _JUDGMENT,
    _NONE,
)
CERTAIN_HOT = Threshold(
    300.0,
    "degC",
    ("temperature.sentinel",),
    "No cell is tested that hot: one such row, which the sample may miss, is reason enough to look.",
    _JUDGMENT,
    _NONE,
)
SENTINEL_FILL_ROWS = Threshold(
    60,
    "rows",
    ("temperature.sentinel",),
    "The repair fills a minute at 1 Hz, in which a temperature moves little; longer stretches are left out.",
    _JUDGMENT,
    _NONE,
)
KELVIN_MEDIAN = Threshold(
    200.0,
    "degC",
    ("temperature.unit",),
    "Every chamber temperature in kelvin is above it, none in degrees Celsius is.",
    f"{_DOMAIN}, item 3",
    _NONE,
)
STALE_FIRST_STEP = Threshold(
    1.5,
    "K",
    ("temperature.first_sample",),
    "A smaller first step does no harm; stale values were seen 5 K off.",
    "domain notes, section 4: file 10 is 5 K off",
    _FIRST_SAMPLE,
)
STALE_DEVIATIONS = Threshold(
    20.0,
    "standard deviations of the steps",
    ("temperature.first_sample",),
    "In a noisy temperature the first step has to stand out from those that follow.",
    _JUDGMENT,
    _FIRST_SAMPLE,
)
STALE_WINDOW = Threshold(
    200,
    "rows",
    ("temperature.first_sample",),
    "The steps that follow tell the noise; later ones may belong to another phase of the test.",
    _JUDGMENT,
    _FIRST_SAMPLE,
)
SPREAD_PERCENTILES = Threshold(
    (5.0, 95.0),
    "%",
    ("channel.constant", "set.constant_temperature"),
    "The spread of a temperature without its outliers: 90 % of the values.",
    _JUDGMENT,
    _NONE,
)
FILE_TEMPERATURE_SPREAD = Threshold(
    1.25,
    "K",
    ("channel.constant",),
    "Below about 1 K a temperature cannot be learned: an offset of 5 K then costs 3 to 7 % SOC.",
    f"{_DOMAIN}, item 5",
    _NONE,
)
SET_TEMPERATURE_SPREAD = Threshold(
    2.5,
    "K",
    ("set.constant_temperature",),
    "Twice that of one file: files of one chamber temperature differ by self-heating alone.",
    f"{_DOMAIN}, item 5, for one file",
    _NONE_OF_SETS,
)

# Files of a job together --------------------------------------------------------------------------------------------

SAME_VOLTAGE = Threshold(
    1e-6,
    "V or A",
    ("set.same_file_twice", "set.overlap"),
    "Exports of one test in two formats differ by rounding only.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
SHARED_ROWS = Threshold(
    16,
    "rows",
    ("set.same_rows",),
    "So many equal voltages and currents in a row do not happen by chance. A power of two, since hashes are doubled.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
SHARED_DISTINCT_VALUES = Threshold(
    8,
    "values",
    ("set.same_rows",),
    "A stretch in which the voltage hardly moves, as in a rest, is alike in many files.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
SHARED_MIN_ROWS = Threshold(
    64,
    "rows",
    ("set.same_rows",),
    "A shorter file holds no stretch that is typical of it.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
SHARED_PROBES = Threshold(
    8,
    "stretches of a file",
    ("set.same_rows",),
    "Stretches that are looked for elsewhere: a part of a seventh of a file or more is found.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
SAME_TIME = Threshold(
    1e-3,
    "s",
    ("set.overlap",),
    "Clocks of consecutive files are written to the millisecond.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
MAX_OVERLAP_SHARE = Threshold(
    0.5,
    "share of the earlier file",
    ("set.overlap",),
    "Longer overlaps with other values are two tests that ran at the same time.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
CONSECUTIVE_PAUSE = Threshold(
    3600.0,
    "s",
    ("set.soc_jump", "soc.missing"),
    "Files less than an hour apart on one clock continue each other: self-discharge in between is nothing.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
SOC_JUMP = Threshold(
    0.003,
    "fraction",
    ("set.soc_jump",),
    "Labels of consecutive real files jump by up to 0.75 %; rounding and a row of current stay below it.",
    "domain notes, section 4",
    _NONE_OF_SETS,
)
CAPACITY_DIFFERENCE = Threshold(
    0.1,
    "share of the median capacity",
    ("set.capacity",),
    "Aging and temperature within one job stay below it; another cell or unit does not.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
CAPACITY_CORRELATION = Threshold(
    0.9,
    "1",
    ("set.capacity", "soc.missing"),
    "A capacity is only compared or used where SOC follows the current.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
SAME_SOC = Threshold(
    0.002,
    "fraction",
    ("set.ocv",),
    "Rests so close in SOC have one open-circuit voltage: at 1 V per unit of SOC it rises by 2 mV.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
STEEP_SOC = Threshold(
    0.1,
    "fraction",
    ("set.ocv",),
    "Below it the open-circuit voltage is so steep that a small error of SOC explains any difference.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
OCV_DIFFERENCE = Threshold(
    0.03,
    "V",
    ("set.ocv",),
    "Hysteresis and incomplete relaxation stay below it.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
OUTSIDE_SHARE = Threshold(
    0.001,
    "share of the rows",
    ("set.outside_training",),
    "Single rows beyond the training range are noise.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
TRAINING_MARGIN = Threshold(
    0.02,
    "share of the training range",
    ("set.outside_training",),
    "A model extrapolates that little without harm.",
    _JUDGMENT,
    _NONE_OF_SETS,
)

# Rests, full charges and missing SOC --------------------------------------------------------------------------------

NO_CURRENT = Threshold(
    0.002,
    "share of the highest current",
    ("set.ocv", "soc.missing"),
    "Offsets of a cycler at rest stay below it.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
MIN_REST = Threshold(
    600.0,
    "s",
    ("set.ocv", "soc.missing"),
    "After ten minutes most of the relaxation is over. A charge that is shorter fills no cell.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
HELD_PERCENTILE = Threshold(
    95,
    "%",
    ("soc.missing",),
    "The voltage at which a charge is held, without the noise above it.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
HELD_VOLTAGE = Threshold(
    0.005,
    "V",
    ("soc.missing",),
    "A cycler holds its voltage within a few mV.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
HELD_DURATION = Threshold(
    60.0,
    "s",
    ("soc.missing",),
    "Shorter than this, a voltage is touched, not held.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
HELD_UNTIL = Threshold(
    0.95,
    "share of the charge's rows",
    ("soc.missing",),
    "A charge that goes on below the voltage it was held at has not ended there.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
TAPERED_CURRENT = Threshold(
    0.15,
    "share of the charge's highest current",
    ("soc.missing",),
    "A charge at constant voltage whose current has fallen this far is nearly over.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
FULL_VOLTAGE_MARGIN = Threshold(
    0.04,
    "V",
    ("soc.missing",),
    "A full cell relaxes by less after its charge.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
LITTLE_CURRENT = Threshold(
    0.02,
    "share of the highest current",
    ("soc.missing",),
    "A first row with more is under load, and its voltage is not that of a resting cell.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
EMPTY_VOLTAGE = Threshold(
    0.75,
    "share of the full voltage",
    ("soc.missing",),
    "A cell that falls to it is empty: 3.15 V of 4.2 V under load.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
OCV_NEIGHBOR_SOC = Threshold(
    0.1,
    "fraction",
    ("soc.missing",),
    "Between two rests of known SOC no further apart, the open-circuit voltage is close to a line.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
OCV_MATCH = Threshold(
    0.005,
    "V",
    ("soc.missing",),
    "A rest so close to one of known SOC has that SOC.",
    _JUDGMENT,
    _NONE_OF_SETS,
)
