"""The settings page changes each setting and follows outside changes. Notifications of jobs that end."""

from __future__ import annotations

import pytest
from PyQt6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.fake_link import FakeLink, summary
from vestim_gui.context import Context
from vestim_gui.settings import Settings
from vestim_gui.shell import tray as tray_module
from vestim_gui.shell.job_endings import JobEndings
from vestim_gui.shell.settings_page import SettingsPage
from vestim_gui.shell.tray import Tray

NOT_ON_THE_PAGE = {"schema_version", "closing_told", "coach_seen", "close_to_tray", "folders", "theme"}
"""Not for the user, or not a check box. The tray's box exists only where there is a tray."""


@pytest.fixture
def page(ctx: Context, qtbot: QtBot) -> SettingsPage:
    settings_page = SettingsPage(ctx)
    qtbot.addWidget(settings_page)
    return settings_page


def test_every_check_box_sets_and_shows_its_setting(page: SettingsPage, ctx: Context) -> None:
    for name in sorted(set(Settings.model_fields) - NOT_ON_THE_PAGE):
        previous = getattr(ctx.settings.value, name)
        page.check(name).click()
        assert getattr(ctx.settings.value, name) is not previous, name
        ctx.settings.change(**{name: previous})
        assert page.check(name).isChecked() is previous, name


def test_the_theme_is_chosen_from_a_list(page: SettingsPage, ctx: Context) -> None:
    page.theme.setCurrentIndex(page.theme.findData("dark"))
    page.theme.activated.emit(page.theme.currentIndex())
    assert ctx.settings.value.theme == "dark"
    ctx.settings.change(theme="light")
    assert page.theme.currentData() == "light"


def test_folders_can_be_forgotten(page: SettingsPage, ctx: Context) -> None:
    assert not page.forget_button.isEnabled()
    ctx.settings.change(folders={"data": "/"})
    assert page.folders.text() == "1 folder remembered."
    page.forget_button.click()
    assert ctx.settings.value.folders == {}


def test_hints_can_be_shown_again(page: SettingsPage, ctx: Context) -> None:
    ctx.settings.change(coach_seen=["curves"], closing_told=True)
    page._show_hints_again()
    assert (ctx.settings.value.coach_seen, ctx.settings.value.closing_told) == ([], False)


def test_a_job_that_ends_while_the_window_is_open_is_reported_once(
    ctx: Context, fake_link: FakeLink, qtbot: QtBot
) -> None:
    fake_link.add_job(summary("job_1", name="Mine", state="running"))
    fake_link.add_job(summary("job_2", state="done"))
    endings = JobEndings(ctx.jobs)
    notifications: list[tuple[str, str, str]] = []
    endings.ended.connect(lambda *fields: notifications.append(fields))
    fake_link.start()
    qtbot.waitUntil(lambda: len(ctx.jobs) == 2)
    fake_link.change_job("job_2", name="renamed")
    best = {"role": "test", "metric": "rmse_mV", "value": 4.1234}
    fake_link.change_job("job_1", state="done", best=best)
    fake_link.change_job("job_1", name="renamed")
    qtbot.waitUntil(lambda: bool(notifications))
    qtbot.waitUntil(lambda: (ctx.jobs.row("job_1") or {})["name"] == "renamed")
    assert notifications == [("job_1", "Mine is done", "test RMSE 4.12 mV")]


@pytest.mark.parametrize(("is_enabled", "in_front"), [(True, False), (False, False), (True, True)])
def test_attention_is_requested_only_if_enabled_and_the_window_is_inactive(
    ctx: Context, fake_link: FakeLink, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, is_enabled: bool, in_front: bool
) -> None:
    alerts: list[QWidget] = []
    monkeypatch.setattr(tray_module.QSystemTrayIcon, "isSystemTrayAvailable", lambda: False)
    monkeypatch.setattr(QApplication, "alert", lambda window, *_: alerts.append(window))
    window = QWidget()
    qtbot.addWidget(window)
    monkeypatch.setattr(window, "isActiveWindow", lambda: in_front)
    ctx.settings.change(notifications=is_enabled)
    tray = Tray(ctx, window)
    fake_link.add_job(summary("job_1", state="running"))
    fake_link.start()
    fake_link.change_job("job_1", state="failed", error={"message": "the loss became NaN"})
    qtbot.waitUntil(lambda: (ctx.jobs.row("job_1") or {}).get("state") == "failed")
    assert alerts == ([window] if is_enabled and not in_front else [])
    assert not tray.stays_in_tray()
