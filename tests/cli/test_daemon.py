"""Daemon commands: running, stopped, another version, a damaged key; and the legacy commands."""

import json
from pathlib import Path

from tests.cli.conftest import RunVestim
from vestim_core.system import FileLock, Home


def test_start_status_stop(vestim: RunVestim, vestim_home: Path) -> None:
    assert vestim("daemon", "status").returncode == 4
    first = json.loads(vestim("daemon", "start", "--json").stdout)
    second = json.loads(vestim("daemon", "start", "--json").stdout)
    assert (first["started"], second["started"], first["pid"]) == (True, False, second["pid"])
    status = json.loads(vestim("daemon", "status", "--json").stdout)
    assert (status["pid"], status["home"], status["running"]) == (first["pid"], str(vestim_home), [])
    assert f"process {first['pid']}" in vestim("status").stdout
    assert "serving" in vestim("daemon", "logs").stdout
    assert json.loads(vestim("daemon", "stop", "--json").stdout) == {"stopped": True, "running": 0}
    assert vestim("daemon", "stop").stdout == "No daemon is running.\n"
    assert vestim("daemon", "status", "--json").returncode == 4


def test_no_log_before_the_first_daemon(vestim: RunVestim) -> None:
    assert vestim("daemon", "logs").returncode == 3


def test_daemon_of_another_version(vestim: RunVestim, vestim_home: Path) -> None:
    home = Home(vestim_home)
    home.ensure()
    vestim("daemon", "start")
    vestim("daemon", "stop")
    record = json.loads(home.discovery.read_text())
    lock = FileLock.try_acquire(home.daemon_lock)
    assert lock is not None
    with lock:
        home.discovery.write_text(
            json.dumps({**record, "state": "serving", "version": "9.0", "protocol": 99, "protocol_oldest": 98})
        )
        answer = vestim("jobs", "--json")
        stop = vestim("daemon", "stop")
    home.discovery.write_text(json.dumps(record))
    assert answer.returncode == stop.returncode == 4
    assert json.loads(answer.stderr)["code"] == "version"
    assert "version 9.0" in stop.stderr


def test_damaged_key_is_reported_in_one_sentence(vestim: RunVestim, vestim_home: Path) -> None:
    vestim("daemon", "start")
    keys = [path for path in (vestim_home / "keys").iterdir() if "client" in path.name]
    original_keys = {path: path.read_bytes() for path in keys}
    assert original_keys
    for path in keys:
        path.write_bytes(b"damaged")
    answer = vestim("jobs")
    for path, data in original_keys.items():
        path.write_bytes(data)
    assert answer.returncode in {2, 4}
    assert answer.stderr.startswith("Error: ")
    assert "Traceback" not in answer.stderr


def test_legacy_commands(vestim: RunVestim) -> None:
    assert vestim("daemon", "start").returncode == 0
    status = vestim("status")
    assert status.returncode == 0 and "'vestim daemon status'" in status.stderr
    stop = vestim("stop")
    assert stop.stdout == "The daemon is stopped.\n" and "'vestim daemon stop'" in stop.stderr
    assert vestim("status").returncode == 4
