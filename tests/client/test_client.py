"""Client: starts a daemon if needed, finds the next one, and starts none after a deliberate stop."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.daemon.daemons import Daemon, wait_until
from tests.patience import PENDING_S
from vestim_core.client import Client
from vestim_core.client.daemon_discovery import is_daemon_running, read_discovery
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.system import Home, write_json


def test_first_call_starts_a_daemon_and_the_next_uses_it(vestim_home: Path) -> None:
    with Client() as first, Client() as second:
        hello = first.call("hello")
        assert hello["home"] == str(vestim_home)
        assert second.call("hello")["instance"] == hello["instance"]
        first.call("shutdown")


def test_concurrent_clients_start_one_daemon(vestim_home: Path) -> None:
    instances: list[str] = []

    def visit() -> None:
        with Client() as client:
            instances.append(client.call("hello")["instance"])

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(instances) == 4 and len(set(instances)) == 1
    with Client() as client:
        client.call("shutdown")


def test_home_argument_overrides_the_environment(vestim_home: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "other")
    with Client(home) as client:
        assert client.call("hello")["home"] == str(home.root)
        client.call("shutdown")
    wait_until(lambda: not is_daemon_running(home), "the end of the daemon")
    assert not (vestim_home / "daemon.json").exists()


def test_relative_home_in_the_environment(vestim_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(vestim_home.parent)
    monkeypatch.setenv("VESTIM_HOME", vestim_home.name)
    with Client() as client:
        assert client.call("hello")["home"] == str(vestim_home)
        client.call("shutdown")
    assert not (vestim_home / vestim_home.name).exists()


def test_repeatedly_dying_daemons_end_in_an_error(vestim_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Client(reply_timeout_s=0.2) as client:
        monkeypatch.setattr(client, "_wait_for_reply", lambda *_: None)
        with pytest.raises(VestimError) as caught:
            client.call("hello")
    assert caught.value.code is ErrorCode.UNREACHABLE


@pytest.mark.parametrize(("free", "reason"), [(0, "is full"), (1 << 30, "registry.sqlite")])
def test_reason_why_a_daemon_cannot_start(
    vestim_home: Path, monkeypatch: pytest.MonkeyPatch, free: int, reason: str
) -> None:
    (vestim_home / "registry.sqlite").mkdir()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    with Client() as client, pytest.raises(VestimError) as caught:
        client.call("hello")
    assert caught.value.code is ErrorCode.UNREACHABLE
    assert reason in caught.value.message and "Traceback" not in caught.value.message


def test_next_daemon_after_a_kill(vestim_home: Path) -> None:
    with Client() as client:
        first = client.call("hello")
        job_id = client.call("create_job", name="x")["job_id"]
        os.kill(first["pid"], signal.SIGKILL)
        assert client.call("show_job", job_id=job_id)["name"] == "x"
        second = client.call("hello")
        assert second["instance"] != first["instance"] and second["lineage"] == first["lineage"]
        client.call("shutdown")


def test_call_is_answered_if_the_daemon_dies_meanwhile(vestim_home: Path) -> None:
    with Client() as client, Client() as second_client:
        pid = second_client.call("hello")["pid"]
        threading.Timer(0.2, os.kill, (pid, signal.SIGKILL)).start()
        answer = client.call("wait", cursors=[{"stream": "catalog"}], timeout_s=1.5)
        assert answer["streams"][0]["events"] == []
        assert client.call("hello")["pid"] != pid
        client.call("shutdown")


def test_signal_is_not_a_deliberate_stop(vestim_home: Path) -> None:
    with Client() as client:
        pid = client.call("hello")["pid"]
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not is_daemon_running(client.home), "the end of the daemon")
        assert client.call("hello")["pid"] != pid
        client.call("shutdown")


def test_no_daemon_is_started_after_a_deliberate_stop(vestim_home: Path) -> None:
    with Client() as first_client, Client() as second_client:
        first_client.call("hello")
        second_client.call("shutdown")
        for client in (first_client, second_client):
            for _ in range(2):
                with pytest.raises(VestimError) as caught:
                    client.call("hello")
                assert caught.value.code is ErrorCode.STOPPED and caught.value.code.exit_code == 4
        assert not is_daemon_running(first_client.home)
        with Client() as user_client:
            assert user_client.call("hello")
            assert first_client.call("hello"), "a daemon that another client started can be used"
            user_client.call("shutdown")


def test_pending_wait_ends_with_a_deliberate_stop(vestim_home: Path) -> None:
    errors: list[VestimError] = []
    with Client() as client:
        client.call("hello")

        def wait() -> None:
            with Client() as waiting_client:
                try:
                    waiting_client.call("wait", cursors=[{"stream": "catalog"}], timeout_s=PENDING_S)
                except VestimError as error:
                    errors.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        wait_until(lambda: client.call("daemon_status")["parked"] == 1, "a parked wait")
        client.call("shutdown")
        thread.join()
    assert [error.code for error in errors] == [ErrorCode.STOPPED]


def test_no_daemon_is_started_without_permission(vestim_home: Path) -> None:
    with Client(start=False) as client, pytest.raises(VestimError) as caught:
        client.call("hello")
    assert caught.value.code is ErrorCode.UNREACHABLE


def test_daemon_of_another_protocol_version(vestim_home: Path) -> None:
    daemon = Daemon(vestim_home)
    discovery = read_discovery(daemon.home)
    assert discovery is not None
    record = discovery.model_dump()
    write_json(daemon.home.discovery, record | {"protocol_oldest": 98, "protocol": 99, "version": "9.9"})
    with Client() as client, pytest.raises(VestimError) as caught:
        client.call("hello")
    assert caught.value.code is ErrorCode.VERSION and "9.9" in caught.value.message
    write_json(daemon.home.discovery, record)
    daemon.stop()


def test_unusable_home_gives_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VESTIM_HOME", str(tmp_path / "file" / "home"))
    with Client() as client, pytest.raises(VestimError) as caught:
        client.call("hello")
    assert caught.value.code is ErrorCode.WRONG_INPUT and "\n" not in caught.value.message


def test_unsendable_parameters_are_rejected(vestim_home: Path) -> None:
    with Client(start=False) as client:
        for value in (object(), "\udcff", 2**70, "x" * (5 << 20)):
            with pytest.raises(VestimError) as caught:
                client.call("create_job", spec={"name": value})
            assert caught.value.code is ErrorCode.WRONG_INPUT


def test_damaged_discovery_file_is_replaced(vestim_home: Path) -> None:
    (vestim_home / "daemon.json").write_text('{"state": "serv')
    with Client() as client:
        assert client.call("hello")
        client.call("shutdown")
