"""The link against a scripted service: what is delivered through cuts, stops, rebuilt registries and floods."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from PyQt6.QtCore import QObject
from pytestqt.qtbot import QtBot

from tests.gui.fake_channel import STOPPED, ScriptedChannel, Service
from tests.gui.fake_link import summary
from tests.gui.link.conftest import Told
from vestim_core.spec.errors import ErrorCode, VestimError, refused
from vestim_gui.link import Link, LinkPhase, daemon_session

Until = Callable[..., None]


def put_jobs(service: Service, count: int) -> None:
    for number in range(count):
        service.put_row(summary(f"job_{number}"), f"job_{number}")


def test_the_list_of_jobs_comes_and_follows(link: Link, service: Service, told: Told, until: Until) -> None:
    put_jobs(service, 3)
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE and len(told.rows) == 3)
    assert told.phases == [LinkPhase.STARTING, LinkPhase.SYNCING, LinkPhase.LIVE]
    assert told.resets == 1 and link.state.current and link.state.as_of_utc is not None
    service.put_row(summary("job_1", name="renamed"), "job_1")
    service.put_row(None, "job_2")
    until(lambda: told.rows.get("job_1", {}).get("name") == "renamed" and "job_2" not in told.rows)
    assert told.resets == 1


def test_what_is_asked_before_the_start_is_asked_then(link: Link, service: Service, told: Told, until: Until) -> None:
    service.append("a", 3)
    service.handlers["list_jobs"] = lambda: {"jobs": []}
    answers: list[Any] = []
    link.watch_job("a")
    link.call("list_jobs", {}, answers.append, owner=link)
    link.start()
    until(lambda: told.events.get("a") == [1, 2, 3] and answers)


def test_no_jobs_at_all_is_known_at_once(link: Link, until: Until) -> None:
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE, 2_000)


def test_whatever_is_cut_each_event_comes_once_and_in_order(
    link: Link, service: Service, channel: ScriptedChannel, told: Told, until: Until
) -> None:
    service.piece = 7
    service.append("a", 50)
    service.append("b", 20)
    link.start()
    link.watch_job("a")
    link.watch_job("b", since=5)
    until(lambda: told.events.get("a") and told.events["a"][-1] == 50)
    for round_number in range(4):
        channel.up = False
        service.append("a", 30)
        until(lambda: link.state.phase is LinkPhase.LIVE and told.events["a"][-1] == 80 + 30 * round_number)  # noqa: B023
    until(lambda: told.events["b"][-1:] == [20])
    assert told.events["a"] == list(range(1, 171))
    assert told.events["b"] == list(range(6, 21))
    assert LinkPhase.RECONNECTING in told.phases and told.resets == 1


def test_a_rebuilt_registry_starts_everything_over(
    link: Link, service: Service, channel: ScriptedChannel, told: Told, until: Until
) -> None:
    put_jobs(service, 2)
    service.append("job_0", 10)
    link.start()
    link.watch_job("job_0")
    until(lambda: told.events.get("job_0") == list(range(1, 11)) and len(told.rows) == 2)
    with service.lock:
        service.lineage = "second"
        service.streams["catalog"] = []
        service.streams["job:job_0"] = []
        service.put_row(summary("job_0", name="found in its folder"), "job_0")
        service.append("job_0", 4)
    channel.up = False
    until(lambda: told.events["job_0"] == [1, 2, 3, 4] and set(told.rows) == {"job_0"})
    assert told.resets == 2 and told.event_resets.count("job_0") == 1


def test_a_command_whose_answer_was_lost_is_carried_out_once(
    link: Link, service: Service, channel: ScriptedChannel, until: Until, qtbot: QtBot
) -> None:
    answers: list[Any] = []
    service.handlers["pause"] = lambda job_id: {"job_id": job_id, "state": "paused"}
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    channel.lose_answers = 1
    pending = link.call("pause", {"job_id": "job_1"}, answers.append, owner=link)
    assert pending.active and pending.command_id
    with qtbot.waitSignal(pending.ended):
        pass
    assert answers == [{"job_id": "job_1", "state": "paused"}]
    assert service.carried_out == [pending.command_id] and not pending.active


def test_a_refusal_comes_as_it_was_said(link: Link, service: Service, told: Told, until: Until) -> None:
    def refuse(job_id: str) -> None:
        raise refused("job job_1 is done")

    service.handlers["pause"] = refuse
    link.start()
    errors: list[VestimError] = []
    link.call("pause", {"job_id": "job_1"}, failed=errors.append, owner=link)
    link.call("pause", {"job_id": "job_1"}, owner=link)
    until(lambda: errors and told.troubles)
    assert errors[0].code is ErrorCode.REFUSED and told.troubles == ["job job_1 is done"]


def test_nobody_is_called_back_who_is_gone(link: Link, service: Service, until: Until) -> None:
    service.handlers["list_jobs"] = lambda: {"jobs": []}
    called: list[Any] = []
    owner = QObject()
    link.start()
    pending = link.call("list_jobs", {}, called.append, owner=owner)
    forgotten = link.call("list_jobs", {}, called.append, owner=link)
    forgotten.forget()
    from PyQt6 import sip

    sip.delete(owner)
    seen: list[Any] = []
    link.call("list_jobs", {}, seen.append, owner=link)
    until(lambda: seen and not pending.active)
    assert called == []


def test_a_deliberate_stop_is_obeyed_until_the_user_acts(
    link: Link, service: Service, channel: ScriptedChannel, told: Told, until: Until
) -> None:
    put_jobs(service, 1)
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    channel.refuses = STOPPED
    channel.up = False
    until(lambda: link.state.phase is LinkPhase.STOPPED)
    failures: list[VestimError] = []
    link.call("pause", {"job_id": "job_0"}, failed=failures.append, owner=link)
    until(lambda: failures)
    assert failures[0].code is ErrorCode.STOPPED
    until(lambda: len(channel.connects) >= 3)
    assert all(not start for start, _ in channel.connects[2:]), "it looks whether there is one, and starts none"
    assert set(told.rows) == {"job_0"}, "what is known stays"
    link.restart_service()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    assert channel.connects[-1] == (True, True)


def test_a_service_that_is_started_by_somebody_else_is_found(
    link: Link, channel: ScriptedChannel, until: Until
) -> None:
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    channel.refuses = STOPPED
    channel.up = False
    until(lambda: link.state.phase is LinkPhase.STOPPED)
    channel.refuses = None
    until(lambda: link.state.phase is LinkPhase.LIVE)


def test_silence_is_told_and_its_end_too(
    link: Link, channel: ScriptedChannel, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon_session, "PING_S", 0.1)
    monkeypatch.setattr(daemon_session, "STALE_S", 0.3)
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    channel.answers_now = False
    until(lambda: link.state.phase is LinkPhase.STALE)
    assert "not answering" in link.state.sentence and link.state.as_of_utc is not None
    channel.answers_now = True
    until(lambda: link.state.phase is LinkPhase.LIVE)


def test_attempts_to_reconnect_are_counted(link: Link, channel: ScriptedChannel, told: Told, until: Until) -> None:
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    channel.refuses = VestimError(ErrorCode.UNREACHABLE, "the daemon could not start: the disk is full")
    channel.up = False
    until(lambda: link.state.attempt >= 3)
    assert "the disk is full" in link.state.sentence and "reconnecting (" in link.state.sentence
    channel.refuses = None
    until(lambda: link.state.phase is LinkPhase.LIVE)


def test_a_watched_job_that_is_deleted_does_not_stop_the_others(
    link: Link, service: Service, told: Told, until: Until
) -> None:
    service.append("a", 3)
    service.append("gone", 3)
    link.start()
    link.watch_job("a")
    link.watch_job("gone")
    until(lambda: told.events.get("a") == [1, 2, 3] and told.events.get("gone") == [1, 2, 3])
    del service.streams["job:gone"]
    service.append("a", 2)
    until(lambda: told.events["a"] == [1, 2, 3, 4, 5])


def test_a_second_watcher_gets_everything_and_the_first_is_told_to_start_over(
    link: Link, service: Service, told: Told, until: Until
) -> None:
    service.append("a", 3)
    link.start()
    link.watch_job("a")
    until(lambda: told.events.get("a") == [1, 2, 3])
    link.watch_job("a")
    until(lambda: told.event_resets == ["a"] and told.events["a"] == [1, 2, 3])
    link.unwatch_job("a")
    service.append("a", 1)
    until(lambda: told.events["a"] == [1, 2, 3, 4])


def test_more_streams_than_one_request_can_name_take_turns(
    link: Link, service: Service, told: Told, until: Until
) -> None:
    for number in range(100):
        service.append(f"j{number}", 5)
    link.start()
    for number in range(100):
        link.watch_job(f"j{number}")
    until(lambda: sum(map(len, told.events.values())) == 500)
    service.append("j77", 2)
    until(lambda: told.events["j77"] == [1, 2, 3, 4, 5, 6, 7])


def test_a_log_comes_whole_though_its_characters_are_cut(
    link: Link, service: Service, told: Told, until: Until
) -> None:
    stream, text = "log:job_1/train_001/1:out", "Größe −10 °C ✓ " * 20
    raw = text.encode()
    service.logs[stream] = b""
    link.start()
    link.watch_log(stream)
    for end in range(1, len(raw) + 1, 7):
        service.logs[stream] = raw[:end]
        time.sleep(0.003)  # cuts anywhere: it does not matter where
    service.logs[stream] = raw
    until(lambda: told.logs.get(stream) == text)


def test_ten_thousand_events_a_second_arrive_in_order_while_the_window_keeps_its_turns(
    link: Link, service: Service, told: Told, until: Until, qtbot: QtBot
) -> None:
    link.start()
    for number in range(20):
        service.append(f"j{number}", 0)
        link.watch_job(f"j{number}")
    until(lambda: link.state.phase is LinkPhase.LIVE)
    began_s, sent = time.monotonic(), 0
    while (passed_s := time.monotonic() - began_s) < 2.0:
        wanted = int(passed_s * 10_000)
        for number in range(20):
            service.append(f"j{number}", (wanted - sent) // 20)
        sent += (wanted - sent) // 20 * 20
        qtbot.wait(20)
    until(lambda: sum(map(len, told.events.values())) == sent)
    assert sent > 15_000
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in told.events.values())


def test_progress_is_told_newest_only(link: Link, service: Service, told: Told, until: Until) -> None:
    put_jobs(service, 1)
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    with service.lock:
        service.progress_seq = 5
        service.progress = [(5, {"attempt": "job_0/train_001/1", "fraction": 0.5})]
    until(lambda: told.progress)
    assert told.progress == [{"attempt": "job_0/train_001/1", "fraction": 0.5}]


def test_a_home_that_cannot_be_used_is_told_to_whoever_asks(qtbot: QtBot, until: Until) -> None:
    def no_home() -> Any:
        raise VestimError(ErrorCode.WRONG_INPUT, "VESTIM_HOME names a file")

    link = Link(channel=no_home)
    failures: list[VestimError] = []
    link.call("list_jobs", {}, failed=failures.append, owner=link)
    link.start()
    until(lambda: failures and link.state.phase is LinkPhase.STOPPED)
    assert failures[0].sentence == "VESTIM_HOME names a file" and "names a file" in link.state.sentence
    link.close()


def test_refreshing_reads_everything_anew(link: Link, service: Service, told: Told, until: Until) -> None:
    put_jobs(service, 2)
    link.start()
    until(lambda: len(told.rows) == 2)
    link.refresh()
    until(lambda: told.resets == 2 and len(told.rows) == 2)
