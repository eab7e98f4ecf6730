"""The scaler's text: its first table alone, whatever the columns are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.jobs.legacy.former import RANGES, statistics_text
from vestim_core.jobs.legacy.column_names import quantities, renamed
from vestim_core.jobs.legacy.scaler_statistics import NoScaler, read_statistics
from vestim_core.spec.formula import columns_in, parse_formula

NAMES = st.text("abcXYZ019_. -()[]/%°", min_size=1, max_size=40).map(str.strip).filter(lambda name: len(name) > 0)
NUMBERS = st.floats(-1e6, 1e6).map(lambda number: round(number, 6))


@given(st.dictionaries(NAMES, st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6))
def test_any_names_and_numbers_come_back(ranges: dict[str, tuple[float, float]]) -> None:
    assert read_statistics(statistics_text(ranges)) == ranges


def test_long_names_cut_names_and_names_with_blanks() -> None:
    long = "Battery_Temperature_Surface_Middle"
    text = statistics_text({long: (1.5, 2.5), "Aux 1 (degC)": (-3.0, 4.0)})
    assert read_statistics(text) == {long: (1.5, 2.5), "Aux 1 (degC)": (-3.0, 4.0)}
    assert read_statistics(text.replace(f"{long} ", f"{long[:20]} ")) == read_statistics(text)  # cut off in the table
    without_list = "\n".join(line for line in text.splitlines() if not line.startswith("Feature Names"))
    assert read_statistics(without_list) == read_statistics(text)
    glued = statistics_text({"Voltage": (-123456.123456, -12345.123456)})
    assert read_statistics(glued.replace("-123456.123456 ", "-123456.123456"))["Voltage"] == (
        -123456.123456,
        -12345.123456,
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no table of columns"),
        (statistics_text(RANGES, "StandardScaler"), "only MinMaxScaler"),
        (statistics_text({}), "no row"),
        (statistics_text(RANGES)[:400], "no row"),
    ],
)
def test_what_tells_no_scaler_is_said(text: str, words: str) -> None:
    with pytest.raises(NoScaler, match=words):
        read_statistics(text)


def test_a_column_of_no_numbers_is_left_out_alone() -> None:
    text = statistics_text(RANGES).replace("2.900000", "nan     ")
    assert read_statistics(text) == {name: values for name, values in RANGES.items() if name != "Voltage"}
    cut = statistics_text(RANGES).partition("4.000000")[0]
    assert read_statistics(cut) == {"Voltage": (2.9, 4.2)}


def test_names_become_quantities_each_once_and_formulas_follow() -> None:
    names = quantities(["SOC", "Current", "current", "Temp", "Power", "x"], made=["Power"], ranges={"Temp": (290, 310)})
    assert names == {"SOC": "soc", "Current": "current_A"}
    formula = renamed("Current * SOC - shift(Aux 1, 2) + np.abs(Currents)", names, ["Aux 1", "Current"])
    assert formula == "current_A * soc - shift(`Aux 1`, 2) + np.abs(Currents)"
    assert columns_in(parse_formula(formula)) == ("current_A", "soc", "Aux 1", "Currents")
