"""Settings and session: stored and restored; a broken entry affects nothing else."""

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


def test_a_change_is_announced_and_written(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "home" / "window.json"
    store = SettingsStore(path)
    with qtbot.waitSignal(store.changed) as signal:
        store.change(theme="dark", notifications=True)
    assert signal.args == [{"theme"}]
    qtbot.waitUntil(path.is_file)
    assert SettingsStore(path).value.theme == "dark"


def test_an_invalid_value_is_rejected(qtbot: QtBot, tmp_path: Path) -> None:
    store = SettingsStore(tmp_path / "window.json")
    with pytest.raises(ValidationError):
        store.change(theme="mauve")
    assert store.value == Settings()


def test_a_broken_value_gets_its_default_alone() -> None:
    settings = settings_from({"theme": 7, "notifications": False, "folders": ["x"], "closing_told": True})
    assert (settings.theme, settings.notifications, settings.folders, settings.closing_told) == (
        "system",
        False,
        {},
        True,
    )


def test_fields_of_a_later_version_are_kept(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "window.json"
    path.write_text(json.dumps({"schema_version": 9, "theme": "dark", "of_tomorrow": {"a": 1}}))
    store = SettingsStore(path)
    store.change(theme="light")
    store.flush()
    record = json.loads(path.read_text())
    assert (record["theme"], record["of_tomorrow"]) == ("light", {"a": 1})


@pytest.mark.parametrize("text", ["{", "[]", "7", '"x"', "null", ""])
def test_an_unreadable_file_gives_defaults_and_is_set_aside(qtbot: QtBot, tmp_path: Path, text: str) -> None:
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
def test_any_content_of_a_file_gives_settings(record: dict[str, Any]) -> None:
    assert isinstance(settings_from(record), Settings)


def test_folders_are_remembered_if_enabled(qtbot: QtBot, tmp_path: Path) -> None:
    store = SettingsStore(tmp_path / "window.json")
    store.remember_folder("data", tmp_path / "a.csv")
    assert store.folder("data") == str(tmp_path)
    store.change(folders={"data": str(tmp_path / "gone")})
    assert store.folder("data") == str(Path.home())
    store.change(remember_folders=False)
    store.remember_folder("export", tmp_path)
    assert "export" not in store.value.folders
    store.flush()


def test_an_unwritable_file_does_not_raise(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "in_the_way").write_text("")
    store = SettingsStore(tmp_path / "in_the_way" / "window.json")
    store.change(theme="dark")
    store.flush()
    assert store.value.theme == "dark"


def test_a_session_is_restored(qtbot: QtBot, tmp_path: Path) -> None:
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
