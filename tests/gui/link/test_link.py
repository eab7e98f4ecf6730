"""The link against a scripted daemon: deliveries through lost connections, stops, rebuilt registries and floods."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from PyQt6.QtCore import QObject
from pytestqt.qtbot import QtBot

from tests.gui.fake_channel import STOPPED, ScriptedChannel, ScriptedDaemon
from tests.gui.fake_link import summary
from tests.gui.link.conftest import LinkRecorder
from tests.gui.wait_limits import WAIT_S
from vestim_core.spec.errors import ErrorCode, VestimError, refused
from vestim_gui.link import Link, LinkPhase, daemon_session

Until = Callable[..., None]


def put_jobs(daemon: ScriptedDaemon, count: int) -> None:
    for index in range(count):
        daemon.set_row(summary(f"job_{index}"), f"job_{index}")


def test_the_list_of_jobs_arrives_and_is_updated(
    link: Link, daemon: ScriptedDaemon, recorder: LinkRecorder, until: Until
) -> None:
    put_jobs(daemon, 3)
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE and len(recorder.rows) == 3)
    assert recorder.phases == [LinkPhase.STARTING, LinkPhase.SYNCING, LinkPhase.LIVE]
    assert recorder.resets == 1 and link.state.is_live and link.state.as_of_utc is not None
    daemon.set_row(summary("job_1", name="renamed"), "job_1")
    daemon.set_row(None, "job_2")
    until(lambda: recorder.rows.get("job_1", {}).get("name") == "renamed" and "job_2" not in recorder.rows)
    assert recorder.resets == 1


def test_requests_made_before_the_start_are_sent_once_connected(
    link: Link, daemon: ScriptedDaemon, recorder: LinkRecorder, until: Until
) -> None:
    daemon.append("a", 3)
    daemon.handlers["list_jobs"] = lambda: {"jobs": []}
    answers: list[Any] = []
    link.watch_job("a")
    link.call("list_jobs", {}, answers.append, owner=link)
    link.start()
    until(lambda: recorder.events.get("a") == [1, 2, 3] and answers)


def test_an_empty_list_is_live_at_once(link: Link, until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_session, "WAIT_TIMEOUT_S", 10 * WAIT_S)  # no wait of the daemon ends meanwhile
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)


@pytest.mark.slow
def test_each_event_arrives_once_and_in_order_across_reconnects(
    link: Link, daemon: ScriptedDaemon, channel: ScriptedChannel, recorder: LinkRecorder, until: Until
) -> None:
    daemon.max_events = 7
    daemon.append("a", 50)
    daemon.append("b", 20)
    link.start()
    link.watch_job("a")
    link.watch_job("b", since=5)
    until(lambda: recorder.events.get("a") and recorder.events["a"][-1] == 50)
    for round_number in range(4):
        channel.is_up = False
        daemon.append("a", 30)
        until(lambda: link.state.phase is LinkPhase.LIVE and recorder.events["a"][-1] == 80 + 30 * round_number)  # noqa: B023
    until(lambda: recorder.events["b"][-1:] == [20])
    assert recorder.events["a"] == list(range(1, 171))
    assert recorder.events["b"] == list(range(6, 21))
    assert LinkPhase.RECONNECTING in recorder.phases and recorder.resets == 1


def test_a_rebuilt_registry_starts_everything_over(
    link: Link, daemon: ScriptedDaemon, channel: ScriptedChannel, recorder: LinkRecorder, until: Until
) -> None:
    put_jobs(daemon, 2)
    daemon.append("job_0", 10)
    link.start()
    link.watch_job("job_0")
    until(lambda: recorder.events.get("job_0") == list(range(1, 11)) and len(recorder.rows) == 2)
    with daemon.lock:
        daemon.lineage = "second"
        daemon.streams["catalog"] = []
        daemon.streams["job:job_0"] = []
        daemon.set_row(summary("job_0", name="found in its folder"), "job_0")
        daemon.append("job_0", 4)
    channel.is_up = False
    until(lambda: recorder.events["job_0"] == [1, 2, 3, 4] and set(recorder.rows) == {"job_0"})
    assert recorder.resets == 2 and recorder.event_resets.count("job_0") == 1


def test_a_command_whose_reply_was_lost_is_executed_once(
    link: Link, daemon: ScriptedDaemon, channel: ScriptedChannel, until: Until, qtbot: QtBot
) -> None:
    answers: list[Any] = []
    daemon.handlers["pause"] = lambda job_id: {"job_id": job_id, "state": "paused"}
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    channel.lost_reply_count = 1
    pending = link.call("pause", {"job_id": "job_1"}, answers.append, owner=link)
    assert pending.is_active and pending.command_id
    with qtbot.waitSignal(pending.ended):
        pass
    assert answers == [{"job_id": "job_1", "state": "paused"}]
    assert daemon.executed_ids == [pending.command_id] and not pending.is_active


def test_a_refusal_reaches_its_handler_or_the_signal_for_unhandled_errors(
    link: Link, daemon: ScriptedDaemon, recorder: LinkRecorder, until: Until
) -> None:
    def refuse(job_id: str) -> None:
        raise refused("job job_1 is done")

    daemon.handlers["pause"] = refuse
    link.start()
    errors: list[VestimError] = []
    link.call("pause", {"job_id": "job_1"}, on_error=errors.append, owner=link)
    link.call("pause", {"job_id": "job_1"}, owner=link)
    until(lambda: errors and recorder.unhandled_errors)
    assert errors[0].code is ErrorCode.REFUSED and recorder.unhandled_errors == ["job job_1 is done"]


def test_no_handler_is_called_after_its_owner_was_destroyed(link: Link, daemon: ScriptedDaemon, until: Until) -> None:
    daemon.handlers["list_jobs"] = lambda: {"jobs": []}
    results: list[Any] = []
    owner = QObject()
    link.start()
    pending = link.call("list_jobs", {}, results.append, owner=owner)
    forgotten = link.call("list_jobs", {}, results.append, owner=link)
    forgotten.forget()
    from PyQt6 import sip

    sip.delete(owner)
    later_results: list[Any] = []
    link.call("list_jobs", {}, later_results.append, owner=link)
    until(lambda: later_results and not pending.is_active)
    assert results == []


def test_a_deliberate_stop_is_obeyed_until_the_user_acts(
    link: Link, daemon: ScriptedDaemon, channel: ScriptedChannel, recorder: LinkRecorder, until: Until
) -> None:
    put_jobs(daemon, 1)
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    channel.connect_error = STOPPED
    channel.is_up = False
    until(lambda: link.state.phase is LinkPhase.STOPPED)
    failures: list[VestimError] = []
    link.call("pause", {"job_id": "job_0"}, on_error=failures.append, owner=link)
    until(lambda: failures)
    assert failures[0].code is ErrorCode.STOPPED
    until(lambda: len(channel.connect_calls) >= 3)
    assert all(not start for start, _ in channel.connect_calls[2:]), "it looks for a daemon and starts none"
    assert set(recorder.rows) == {"job_0"}, "known rows stay"
    link.restart_daemon()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    assert channel.connect_calls[-1] == (True, True)


def test_a_daemon_started_by_another_program_is_found(link: Link, channel: ScriptedChannel, until: Until) -> None:
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    channel.connect_error = STOPPED
    channel.is_up = False
    until(lambda: link.state.phase is LinkPhase.STOPPED)
    channel.connect_error = None
    until(lambda: link.state.phase is LinkPhase.LIVE)


def test_a_silent_daemon_is_reported_stale_until_it_answers(
    link: Link, channel: ScriptedChannel, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon_session, "PING_AFTER_S", 0.1)
    monkeypatch.setattr(daemon_session, "STALE_AFTER_S", 0.3)
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    channel.is_answering = False
    until(lambda: link.state.phase is LinkPhase.STALE)
    assert "not answering" in link.state.message and link.state.as_of_utc is not None
    channel.is_answering = True
    until(lambda: link.state.phase is LinkPhase.LIVE)


def test_attempts_to_reconnect_are_counted(
    link: Link, channel: ScriptedChannel, recorder: LinkRecorder, until: Until
) -> None:
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    channel.connect_error = VestimError(ErrorCode.UNREACHABLE, "the daemon could not start: the disk is full")
    channel.is_up = False
    until(lambda: link.state.attempt >= 3)
    assert "the disk is full" in link.state.message and "reconnecting (" in link.state.message
    channel.connect_error = None
    until(lambda: link.state.phase is LinkPhase.LIVE)


def test_a_watched_job_that_is_deleted_does_not_stop_the_others(
    link: Link, daemon: ScriptedDaemon, recorder: LinkRecorder, until: Until
) -> None:
    daemon.append("a", 3)
    daemon.append("gone", 3)
    link.start()
    link.watch_job("a")
    link.watch_job("gone")
    until(lambda: recorder.events.get("a") == [1, 2, 3] and recorder.events.get("gone") == [1, 2, 3])
    del daemon.streams["job:gone"]
    daemon.append("a", 2)
    until(lambda: recorder.events["a"] == [1, 2, 3, 4, 5])


def test_a_second_watcher_gets_all_events_and_the_first_starts_over(
    link: Link, daemon: ScriptedDaemon, recorder: LinkRecorder, until: Until
) -> None:
    daemon.append("a", 3)
    link.start()
    link.watch_job("a")
    until(lambda: recorder.events.get("a") == [1, 2, 3])
    link.watch_job("a")
    until(lambda: recorder.event_resets == ["a"] and recorder.events["a"] == [1, 2, 3])
    link.unwatch_job("a")
    daemon.append("a", 1)
    until(lambda: recorder.events["a"] == [1, 2, 3, 4])


def test_streams_take_turns_when_they_do_not_fit_into_one_request(
    link: Link, daemon: ScriptedDaemon, recorder: LinkRecorder, until: Until
) -> None:
    for index in range(100):
        daemon.append(f"j{index}", 5)
    link.start()
    for index in range(100):
        link.watch_job(f"j{index}")
    until(lambda: sum(map(len, recorder.events.values())) == 500)
    daemon.append("j77", 2)
    until(lambda: recorder.events["j77"] == [1, 2, 3, 4, 5, 6, 7])


def test_a_log_arrives_intact_though_cut_within_characters(
    link: Link, daemon: ScriptedDaemon, recorder: LinkRecorder, until: Until
) -> None:
    stream, text = "log:job_1/train_001/1:out", "Größe −10 °C ✓ " * 20
    raw = text.encode()
    daemon.logs[stream] = b""
    link.start()
    link.watch_log(stream)
    for end in range(1, len(raw) + 1, 7):
        daemon.logs[stream] = raw[:end]
        time.sleep(0.003)  # where the text is cut does not matter
    daemon.logs[stream] = raw
    until(lambda: recorder.logs.get(stream) == text)


@pytest.mark.slow
def test_ten_thousand_events_a_second_arrive_in_order_without_blocking_the_window(
    link: Link, daemon: ScriptedDaemon, recorder: LinkRecorder, until: Until, qtbot: QtBot
) -> None:
    link.start()
    for index in range(20):
        daemon.append(f"j{index}", 0)
        link.watch_job(f"j{index}")
    until(lambda: link.state.phase is LinkPhase.LIVE)
    began_s, sent_count = time.monotonic(), 0
    while sent_count < 20_000:
        target = min(int((time.monotonic() - began_s) * 10_000), 20_000)
        for index in range(20):
            daemon.append(f"j{index}", (target - sent_count) // 20)
        sent_count += (target - sent_count) // 20 * 20
        qtbot.wait(20)
    until(lambda: sum(map(len, recorder.events.values())) == sent_count)
    assert all(sequence == list(range(1, len(sequence) + 1)) for sequence in recorder.events.values())


def test_only_the_newest_progress_is_delivered(
    link: Link, daemon: ScriptedDaemon, recorder: LinkRecorder, until: Until
) -> None:
    put_jobs(daemon, 1)
    link.start()
    until(lambda: link.state.phase is LinkPhase.LIVE)
    with daemon.lock:
        daemon.progress_seq = 5
        daemon.progress = [(5, {"attempt": "job_0/train_001/1", "fraction": 0.5})]
    until(lambda: recorder.progress)
    assert recorder.progress == [{"attempt": "job_0/train_001/1", "fraction": 0.5}]


def test_an_unusable_home_fails_every_request(qtbot: QtBot, until: Until) -> None:
    def no_home() -> Any:
        raise VestimError(ErrorCode.WRONG_INPUT, "VESTIM_HOME names a file")

    link = Link(channel=no_home)
    failures: list[VestimError] = []
    link.call("list_jobs", {}, on_error=failures.append, owner=link)
    link.start()
    until(lambda: failures and link.state.phase is LinkPhase.STOPPED)
    assert failures[0].message == "VESTIM_HOME names a file" and "names a file" in link.state.message
    link.close()


def test_refreshing_reads_everything_anew(
    link: Link, daemon: ScriptedDaemon, recorder: LinkRecorder, until: Until
) -> None:
    put_jobs(daemon, 2)
    link.start()
    until(lambda: len(recorder.rows) == 2)
    link.refresh()
    until(lambda: recorder.resets == 2 and len(recorder.rows) == 2)
