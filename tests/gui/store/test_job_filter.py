"""The filter language: what it finds, what it says about mistakes, and that it fails in no other way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gui.fake_link import summary
from vestim_gui.store.job_filter import FilterError, complete_filter, parse_filter

ROWS = [
    summary("job_a", name="Voltage LSTM", tags=["cell 7", "lg"], best={"metric": "rmse_mV", "value": 4.1}, epochs=200),
    summary("job_b", name="SOC GRU", state="running", ended_utc="", best=None, target="soc", epochs=10, fraction=0.4),
    summary("job_c", name="SOC FNN", state="failed", best={"metric": "rmse_percent", "value": 0.9}, target="soc"),
    summary(
        "job_d", name="Temperature", state="draft", started_utc="", ended_utc="", tags=["LG"], note="try cold cells"
    ),
]


def matching_ids(text: str) -> str:
    return "".join(row["job_id"][-1] for row in parse_filter(text).select(ROWS))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", "abcd"),
        ("status:done", "a"),
        ("state:done", "a"),
        ("status:done status:failed", "ac"),
        ("status:active", "b"),
        ("-status:failed", "abd"),
        ("tag:lg", "ad"),
        ('tag:"cell 7"', "a"),
        ("tag:lg tag:nothing", ""),
        ("rmse<5mV", "a"),
        ("rmse<0.005V", "a"),
        ("rmse<5", "ac"),
        ("rmse<1%", "c"),
        ("-rmse<5", "bd"),
        ("epochs>20", "a"),
        ("target:soc", "bc"),
        ("soc", "bc"),
        ("soc gru", "b"),
        ("soc, -gru", "c"),
        ("job_d", "d"),
        ("note:cold", "d"),
        ("progress<50%", "b"),
        ("time<2min -status:running", "ac"),
        ("tasks=3", "abcd"),
        ("VOLTAGE", "a"),
        ('"voltage lstm"', "a"),
        (" , ,", "abcd"),
    ],
)
def test_finds(text: str, ids: str) -> None:
    assert matching_ids(text) == ids


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("status:finished", "'finished' is no status: use draft"),
        ("rmse<", "is no number"),
        ("rmse<five", "'five' is no number"),
        ("rmse<5kg", "'kg' is no unit of an RMSE"),
        ("rmse:5", "write rmse<5"),
        ("epochs>20mV", "has no unit"),
        ("tag:", "needs a word"),
        ("color:red", "there is no 'color': use status"),
        ("status<3", "'status' is no number"),
    ],
)
def test_mistakes_are_reported_with_their_position(text: str, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(f"lstm {text} gru")
    assert message in caught.value.message
    assert f"lstm {text} gru"[caught.value.start : caught.value.end].startswith(text.partition("<")[0])


@given(st.text(alphabet=st.sampled_from("ab:<>=-\"', 5mV%°statusrmep.\t\n"), max_size=40))
def test_any_text_is_a_filter_or_an_error(text: str) -> None:
    try:
        job_filter = parse_filter(text)
    except FilterError as error:
        assert error.message and 0 <= error.start <= error.end <= len(text)
        return
    assert parse_filter(str(job_filter)).select(ROWS) == job_filter.select(ROWS)


@given(st.text(max_size=30), st.integers(0, 30))
def test_completion_only_adds_characters(text: str, cursor: int) -> None:
    cursor = min(cursor, len(text))
    start, completions = complete_filter(text, cursor, ROWS)
    assert 0 <= start <= cursor
    assert all(completion.replace('"', "").lower().startswith(text[start:cursor].lower()) for completion in completions)


def test_completion_knows_words_states_and_tags() -> None:
    assert complete_filter("st", 2, ROWS) == (0, ["status:"])
    assert complete_filter("lstm -status:d", 14, ROWS) == (5, ["-status:draft", "-status:done"])
    assert complete_filter("tag:", 4, ROWS)[1] == ["tag:LG", 'tag:"cell 7"', "tag:lg"]
    assert complete_filter("target:s", 8, ROWS)[1] == ["target:soc"]


def test_ten_thousand_rows_are_filtered() -> None:  # how fast: tests/benchmarks/window_jobs.py
    rows = [summary(f"job_{n}", name=f"Cell {n}", best={"metric": "rmse_mV", "value": n / 1000}) for n in range(10_000)]
    selected_rows = parse_filter("status:done rmse<5mV cell -tag:old").select(rows)
    assert [row["job_id"] for row in selected_rows] == [f"job_{n}" for n in range(5_000)]
