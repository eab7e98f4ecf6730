"""Settings and session: kept, read again, and one broken entry costs that entry alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pytestqt.qtbot import QtBot

from vestim_gui.session import Session
from vestim_gui.settings import Settings, SettingsStore, settings_from


def test_a_change_is_told_and_written_by_itself(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "home" / "window.json"
    store = SettingsStore(path)
    with qtbot.waitSignal(store.changed) as told:
        store.change(theme="dark", notifications=True)
    assert told.args == [{"theme"}]
    qtbot.waitUntil(path.is_file)
    assert SettingsStore(path).value.theme == "dark"


def test_a_value_that_cannot_be_is_refused(qtbot: QtBot, tmp_path: Path) -> None:
    store = SettingsStore(tmp_path / "window.json")
    with pytest.raises(ValidationError):
        store.change(theme="mauve")
    assert store.value == Settings()


def test_one_broken_value_costs_that_value_alone() -> None:
    settings = settings_from({"theme": 7, "notifications": False, "folders": ["x"], "closing_told": True})
    assert (settings.theme, settings.notifications, settings.folders, settings.closing_told) == (
        "system",
        False,
        {},
        True,
    )


def test_what_a_later_version_wrote_stays(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "window.json"
    path.write_text(json.dumps({"schema_version": 9, "theme": "dark", "of_tomorrow": {"a": 1}}))
    store = SettingsStore(path)
    store.change(theme="light")
    store.flush()
    kept = json.loads(path.read_text())
    assert (kept["theme"], kept["of_tomorrow"]) == ("light", {"a": 1})


@pytest.mark.parametrize("text", ["{", "[]", "7", '"x"', "null", ""])
def test_a_file_that_is_none_gives_defaults_and_is_kept_aside(qtbot: QtBot, tmp_path: Path, text: str) -> None:
    path = tmp_path / "window.json"
    path.write_text(text)
    assert SettingsStore(path).value == Settings()
    assert path.is_file() or (tmp_path / "window.broken.json").read_text() == text


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(Settings.model_fields)) | st.text(max_size=5), _anything))
def test_whatever_a_file_holds_gives_settings(record: dict[str, Any]) -> None:
    assert isinstance(settings_from(record), Settings)


def test_folders_are_remembered_where_that_is_wanted(qtbot: QtBot, tmp_path: Path) -> None:
    store = SettingsStore(tmp_path / "window.json")
    store.keep_folder("data", tmp_path / "a.csv")
    assert store.folder("data") == str(tmp_path)
    store.change(folders={"data": str(tmp_path / "gone")})
    assert store.folder("data") == str(Path.home())
    store.change(remember_folders=False)
    store.keep_folder("export", tmp_path)
    assert "export" not in store.value.folders
    store.flush()


def test_a_disk_that_takes_nothing_is_survived(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "in_the_way").write_text("")
    store = SettingsStore(tmp_path / "in_the_way" / "window.json")
    store.change(theme="dark")
    store.flush()
    assert store.value.theme == "dark"


def test_a_session_comes_back(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "window_session.json"
    session = Session(path)
    session.put("jobs.filter", "status:done")
    session.put("jobs.splitter", [3, 4])
    session.put("bad", {1, 2})
    session.put("nan", float("nan"))
    qtbot.waitUntil(path.is_file)
    again = Session(path)
    assert (again.get("jobs.filter", ""), again.get("jobs.splitter", [])) == ("status:done", [3, 4])
    assert again.get("bad", None) is None and again.get("nan", 0.0) == 0.0


def test_an_entry_of_another_type_is_skipped(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "window_session.json"
    path.write_text(json.dumps({"jobs.filter": 7, "shown": 1, "page": "jobs", "none": None}))
    session = Session(path)
    assert session.get("jobs.filter", "") == ""
    assert session.get("shown", False) is False
    assert session.get("page", "") == "jobs"
    assert session.get("none", "x") == "x"
    path.write_text("not json")
    assert Session(path).get("page", "none") == "none"
