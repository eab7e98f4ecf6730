"""The scaler's text: only its first table counts, whatever the columns are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.jobs.legacy.legacy_jobs import RANGES, statistics_text
from vestim_core.jobs.legacy.legacy_columns import map_quantities, rename_columns_in_formula
from vestim_core.jobs.legacy.scaler_statistics import ScalerError, read_scaler_statistics
from vestim_core.spec.formula import column_names, parse_formula

NAMES = st.text("abcXYZ019_. -()[]/%°", min_size=1, max_size=40).map(str.strip).filter(lambda name: len(name) > 0)
NUMBERS = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))


@given(st.dictionaries(NAMES, st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6))
def test_any_names_and_numbers_are_read_back(ranges: dict[str, tuple[float, float]]) -> None:
    assert read_scaler_statistics(statistics_text(ranges)) == ranges


def test_long_names_cut_names_and_names_with_blanks() -> None:
    long = "Battery_Temperature_Surface_Middle"
    text = statistics_text({long: (1.5, 2.5), "Aux 1 (degC)": (-3.0, 4.0)})
    assert read_scaler_statistics(text) == {long: (1.5, 2.5), "Aux 1 (degC)": (-3.0, 4.0)}
    cut_off = text.replace(f"{long} ", f"{long[:20]} ")
    assert read_scaler_statistics(cut_off) == read_scaler_statistics(text)
    without_list = "\n".join(line for line in text.splitlines() if not line.startswith("Feature Names"))
    assert read_scaler_statistics(without_list) == read_scaler_statistics(text)
    glued = statistics_text({"Voltage": (-123456.123456, -12345.123456)})
    assert read_scaler_statistics(glued.replace("-123456.123456 ", "-123456.123456"))["Voltage"] == (
        -123456.123456,
        -12345.123456,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no table of columns"),
        (statistics_text(RANGES, "StandardScaler"), "only MinMaxScaler"),
        (statistics_text({}), "no row"),
        (statistics_text(RANGES)[:400], "no row"),
    ],
)
def test_a_text_without_scaler_is_refused(text: str, message: str) -> None:
    with pytest.raises(ScalerError, match=message):
        read_scaler_statistics(text)


def test_only_a_column_without_numbers_is_left_out() -> None:
    text = statistics_text(RANGES).replace("2.900000", "nan     ")
    assert read_scaler_statistics(text) == {name: values for name, values in RANGES.items() if name != "Voltage"}
    cut_text = statistics_text(RANGES).partition("4.000000")[0]
    assert read_scaler_statistics(cut_text) == {"Voltage": (2.9, 4.2)}


def test_names_become_quantities_in_formulas_too() -> None:
    names = map_quantities(
        ["SOC", "Current", "current", "Temp", "Power", "x"], derived=["Power"], ranges={"Temp": (290, 310)}
    )
    assert names == {"SOC": "soc", "Current": "current_A"}
    formula = rename_columns_in_formula(
        "Current * SOC - shift(Aux 1, 2) + np.abs(Currents)", names, ["Aux 1", "Current"]
    )
    assert formula == "current_A * soc - shift(`Aux 1`, 2) + np.abs(Currents)"
    assert column_names(parse_formula(formula)) == ("current_A", "soc", "Aux 1", "Currents")
