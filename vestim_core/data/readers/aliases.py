"""What vendors call the canonical columns, as data: names and units. A new dress of file is a word more here."""

from __future__ import annotations

ALIASES: dict[str, tuple[str, ...]] = {
    "time_s": (
        "time",
        "testtime",
        "totaltime",
        "runtime",
        "elapsedtime",
        "progtime",
        "programduration",
        "timestamp",
        "datetime",
        "date",
    ),
    "voltage_V": ("voltage", "volts", "u", "v", "ecell", "potential", "cellvoltage", "batteryvoltage"),
    "current_A": ("current", "amps", "i", "cellcurrent", "batterycurrent"),
    "temperature_degC": (
        "temperature",
        "temp",
        "batterytemp",
        "batterytemperature",
        "celltemp",
        "celltemperature",
        "surfacetemp",
        "surfacetemperature",
        "temp1",
        "temperature1",
        "auxtemperature1",
        "t1",
        "tcell",
        "tbat",
    ),
    "soc": ("soc", "stateofcharge"),
    "power_W": ("power", "p", "watts"),
    "charge_Ah": ("ah", "charge", "amphr", "amphours", "capacity"),
    "energy_Wh": ("wh", "energy", "whaccu", "watthr", "watthours"),
    "ambient_degC": (
        "ambient",
        "ambienttemp",
        "ambienttemperature",
        "tamb",
        "chambertemp",
        "chambertemperature",
    ),
    "step": ("step", "stepindex", "stepid", "ns"),
    "cycle": ("cycle", "cycleindex", "cyclenumber", "cyc"),
}
"""Names of each column without units, case, blanks and punctuation; where several are there, the first one counts."""

ALIASES_WITH_UNIT: dict[str, tuple[str, ...]] = {"time_s": ("t",), "temperature_degC": ("t",)}
"""Names that say too little unless the header also gives a unit."""

_TEMPERATURE = {"c": (1.0, 0.0), "degc": (1.0, 0.0), "°c": (1.0, 0.0), "celsius": (1.0, 0.0), "k": (1.0, -273.15)}

_MICRO_A = dict.fromkeys(("ua", "µa", "μa"), (1e-6, 0.0))

UNITS: dict[str, dict[str, tuple[float, float]]] = {
    "time_s": {
        **dict.fromkeys(("s", "sec", "second", "seconds"), (1.0, 0.0)),
        **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), (1e-3, 0.0)),
        **dict.fromkeys(("us", "µs", "μs"), (1e-6, 0.0)),
        **dict.fromkeys(("min", "minute", "minutes"), (60.0, 0.0)),
        **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), (3600.0, 0.0)),
        **dict.fromkeys(("d", "day", "days"), (86400.0, 0.0)),
    },
    "voltage_V": {"v": (1.0, 0.0), "volt": (1.0, 0.0), "volts": (1.0, 0.0), "mv": (1e-3, 0.0)},
    "current_A": {"a": (1.0, 0.0), "amp": (1.0, 0.0), "amps": (1.0, 0.0), "ma": (1e-3, 0.0), **_MICRO_A},
    "temperature_degC": _TEMPERATURE,
    "soc": {**dict.fromkeys(("%", "percent", "pct"), (0.01, 0.0)), **dict.fromkeys(("-", "1"), (1.0, 0.0))},
    "power_W": {"w": (1.0, 0.0), "mw": (1e-3, 0.0), "kw": (1e3, 0.0)},
    "charge_Ah": {"ah": (1.0, 0.0), "mah": (1e-3, 0.0)},
    "energy_Wh": {"wh": (1.0, 0.0), "mwh": (1e-3, 0.0), "kwh": (1e3, 0.0)},
    "ambient_degC": _TEMPERATURE,
    "step": {},
    "cycle": {},
}
"""Units that a header may write, in lower case: canonical value = factor * value + offset."""

WORDS: dict[str, tuple[str, str]] = {
    "time_s": ("time", "Test Time (s)"),
    "voltage_V": ("voltage", "U"),
    "current_A": ("current", "I"),
    "temperature_degC": ("temperature", "T1"),
    "soc": ("SOC", "State"),
    "power_W": ("power", "P"),
    "charge_Ah": ("charge", "Q"),
    "energy_Wh": ("energy", "E"),
    "ambient_degC": ("ambient temperature", "T_amb"),
    "step": ("step", "Ns"),
    "cycle": ("cycle", "Cyc#"),
}
"""For sentences: the word for a column and an example of a name in a file."""
