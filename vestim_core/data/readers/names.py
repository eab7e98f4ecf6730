"""What a column's name says: the quantity's word and its unit, however a program joins the two."""

from __future__ import annotations

import re
from functools import lru_cache

_UNIT_WRITTEN = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<name>.+?)\s*[\[(]\s*(?P<unit>[^\[\]()]+?)\s*[\])]\s*",  # Voltage (mV), U[V]
        r"(?P<name>.+?)\s*[/#]\s*(?P<unit>[^/#\s]+)\s*",  # I/mA, Test Time / s, Voltage#V
        r"(?P<name>.+)[_\s.](?P<unit>[^_\s.]+)\s*",  # voltage_V, Battery_Temp_degC
    )
)

# A degree sign that an export lost comes as ? or as the replacement character.
_DEGREE = dict.fromkeys(
    ("c", "degc", "deg_c", "°c", "℃", "celsius", "deg c", "?", "?c", "\ufffd", "\ufffdc", "oc", "grad"), (1.0, 0.0)
)
_TEMPERATURE = {**_DEGREE, **dict.fromkeys(("k", "kelvin"), (1.0, -273.15))}
_NONE = dict.fromkeys(("-", "1", "#", "cnt", "count"), (1.0, 0.0))
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
    "soc": {**dict.fromkeys(("%", "percent", "pct"), (0.01, 0.0)), **_NONE},
    "power_W": {"w": (1.0, 0.0), "watt": (1.0, 0.0), "mw": (1e-3, 0.0), "kw": (1e3, 0.0)},
    "charge_Ah": _AMPERE_HOURS,
    "energy_Wh": _WATT_HOURS,
    "ambient_degC": _TEMPERATURE,
    "step": _NONE,
    "cycle": _NONE,
}
"""Units that a header may write, in lower case: canonical value = factor * value + offset."""

KNOWN_UNITS = frozenset(unit for units in UNITS.values() for unit in units) | {"ohm", "mohm", "Ω", "v/s", "a/h", "v/h"}


@lru_cache(maxsize=4096)
def key(text: str) -> str:
    """Letters and digits in lower case, and the one unit that is neither: what names are compared by."""
    return "".join(character for character in text.casefold() if character.isalnum() or character == "%")


def folded(text: str) -> str:
    """Without blanks around it, in lower case."""
    return text.strip().lower()


@lru_cache(maxsize=4096)
def readings(header: str) -> tuple[tuple[str, str], ...]:
    """The ways to read a header as (key of the name, unit), the plain name without a unit first."""
    matches = [pattern.fullmatch(header.strip()) for pattern in _UNIT_WRITTEN]
    return ((key(header), ""), *((key(match["name"]), folded(match["unit"])) for match in matches if match))


def unit_as_written(header: str, unit: str) -> str:
    """One of the units of `readings`, as it stands in the header."""
    matches = (pattern.fullmatch(header.strip()) for pattern in _UNIT_WRITTEN)
    return next((match["unit"].strip() for match in matches if match and folded(match["unit"]) == unit), "")
