"""Parses column names into the quantity's name and its unit, in every notation that vendors use."""

from __future__ import annotations

import re
from functools import lru_cache

_UNIT_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<name>.+?)\s*[\[(]\s*(?P<unit>[^\[\]()]+?)\s*[\])]\s*",  # Voltage (mV), U[V]
        r"(?P<name>.+?)\s*[/#]\s*(?P<unit>[^/#\s]+)\s*",  # I/mA, Test Time / s, Voltage#V
        r"(?P<name>.+)[_\s.](?P<unit>[^_\s.]+)\s*",  # voltage_V, Battery_Temp_degC
    )
)

# An export with the wrong encoding turns the degree sign into ? or the replacement character.
_CELSIUS = dict.fromkeys(
    ("c", "degc", "deg_c", "°c", "℃", "celsius", "deg c", "?", "?c", "\ufffd", "\ufffdc", "oc", "grad"), (1.0, 0.0)
)
_TEMPERATURE = {**_CELSIUS, **dict.fromkeys(("k", "kelvin"), (1.0, -273.15))}
_DIMENSIONLESS = dict.fromkeys(("-", "1", "#", "cnt", "count"), (1.0, 0.0))
_AMPERE_HOURS = {
    **dict.fromkeys(("ah", "a.h", "a·h"), (1.0, 0.0)),
    **dict.fromkeys(("mah", "ma.h", "ma·h"), (1e-3, 0.0)),
    **dict.fromkeys(("as", "c"), (1 / 3600, 0.0)),
}
_WATT_HOURS = {
    **dict.fromkeys(("wh", "w.h", "w·h"), (1.0, 0.0)),
    **dict.fromkeys(("mwh", "mw.h"), (1e-3, 0.0)),
    **dict.fromkeys(("kwh",), (1e3, 0.0)),
    **dict.fromkeys(("ws", "j"), (1 / 3600, 0.0)),
}

UNITS: dict[str, dict[str, tuple[float, float]]] = {
    "time_s": {
        **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "秒"), (1.0, 0.0)),
        **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), (1e-3, 0.0)),
        **dict.fromkeys(("us", "µs", "μs"), (1e-6, 0.0)),
        **dict.fromkeys(("min", "mins", "minute", "minutes"), (60.0, 0.0)),
        **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), (3600.0, 0.0)),
        **dict.fromkeys(("d", "day", "days"), (86400.0, 0.0)),
    },
    "voltage_V": {
        **dict.fromkeys(("v", "volt", "volts", "伏"), (1.0, 0.0)),
        **dict.fromkeys(("mv", "millivolt", "millivolts"), (1e-3, 0.0)),
        **dict.fromkeys(("uv", "µv", "μv"), (1e-6, 0.0)),
    },
    "current_A": {
        **dict.fromkeys(("a", "amp", "amps", "ampere", "amperes", "安"), (1.0, 0.0)),
        **dict.fromkeys(("ma", "milliampere", "milliamperes"), (1e-3, 0.0)),
        **dict.fromkeys(("ua", "µa", "μa"), (1e-6, 0.0)),
        "ka": (1e3, 0.0),
    },
    "temperature_degC": _TEMPERATURE,
    "soc": {**dict.fromkeys(("%", "percent", "pct"), (0.01, 0.0)), **_DIMENSIONLESS},
    "power_W": {"w": (1.0, 0.0), "watt": (1.0, 0.0), "mw": (1e-3, 0.0), "kw": (1e3, 0.0)},
    "charge_Ah": _AMPERE_HOURS,
    "energy_Wh": _WATT_HOURS,
    "ambient_degC": _TEMPERATURE,
    "step": _DIMENSIONLESS,
    "cycle": _DIMENSIONLESS,
}
"""Units that a header may write, in lower case: canonical value = factor * value + offset."""

KNOWN_UNITS = frozenset(unit for units in UNITS.values() for unit in units) | {"ohm", "mohm", "Ω", "v/s", "a/h", "v/h"}


@lru_cache(maxsize=4096)
def name_key(text: str) -> str:
    """Normalize a name for comparison: its letters and digits in lower case, and %, the only unit without any."""
    return "".join(character for character in text.casefold() if character.isalnum() or character == "%")


def fold_case(text: str) -> str:
    """Strip surrounding whitespace and convert to lower case."""
    return text.strip().lower()


@lru_cache(maxsize=4096)
def parse_header(header: str) -> tuple[tuple[str, str], ...]:
    """All ways to read a header as (key of the name, unit), the plain name without a unit first."""
    matches = [pattern.fullmatch(header.strip()) for pattern in _UNIT_PATTERNS]
    return (
        (name_key(header), ""),
        *((name_key(match["name"]), fold_case(match["unit"])) for match in matches if match),
    )


def unit_as_written(header: str, unit: str) -> str:
    """The given unit from `parse_header`, spelled as in the header."""
    matches = (pattern.fullmatch(header.strip()) for pattern in _UNIT_PATTERNS)
    return next((match["unit"].strip() for match in matches if match and fold_case(match["unit"]) == unit), "")
