"""One window per home: a second start hands over its paths; a dead first window is ignored."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtNetwork import QLocalSocket
from pytestqt.qtbot import QtBot

from tests.gui.wait_limits import WAIT_S
from vestim_gui.single_instance import SingleInstance, _server_name

SECOND = """
import sys
from pathlib import Path
from PyQt6.QtCore import QCoreApplication
from vestim_gui.single_instance import SingleInstance
app = QCoreApplication([])
single = SingleInstance(Path(sys.argv[1]))
first = single.claim(sys.argv[2:])
print("first" if first else "second", flush=True)
if first:
    app.exec()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vestim-") as folder:
        yield Path(folder)


@pytest.fixture
def first(qtbot: QtBot, folder: Path) -> Iterator[SingleInstance]:
    single = SingleInstance(folder)
    assert single.claim()
    yield single
    single.close()


def _start(folder: Path, *paths: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", SECOND, str(folder), *paths], stdout=subprocess.PIPE, text=True)


def test_a_second_start_hands_over_its_paths(qtbot: QtBot, first: SingleInstance, folder: Path) -> None:
    with qtbot.waitSignal(first.activation_requested) as signal:
        second = _start(folder, "/data/ü ö.csv", "b.csv")
    assert second.communicate(timeout=WAIT_S)[0].strip() == "second"
    assert signal.args == [["/data/ü ö.csv", str(Path("b.csv").absolute())]]


def test_another_home_has_its_own_window(qtbot: QtBot, first: SingleInstance, tmp_path: Path) -> None:
    other_instance = SingleInstance(tmp_path)
    assert other_instance.claim()
    other_instance.close()


def test_the_next_start_after_a_kill_is_first(qtbot: QtBot, folder: Path) -> None:
    killed = _start(folder)
    assert killed.stdout is not None and killed.stdout.readline().strip() == "first"
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=WAIT_S)
    single = SingleInstance(folder)
    assert single.claim()
    with qtbot.waitSignal(single.activation_requested):
        second = _start(folder, "a.csv")
    assert second.communicate(timeout=WAIT_S)[0].strip() == "second"
    single.close()


def test_a_closed_first_window_lets_the_next_be_first(qtbot: QtBot, folder: Path) -> None:
    for _ in range(2):
        single = SingleInstance(folder)
        assert single.claim()
        single.close()


@pytest.mark.parametrize("line", [b"\n", b"{}\n", b"[]\n", b'{"paths": 7}\n', b'{"paths": [7, "/a"]}\n', b"\xff\n"])
def test_malformed_messages_only_raise_the_window(
    qtbot: QtBot, first: SingleInstance, folder: Path, line: bytes
) -> None:
    socket = QLocalSocket()
    socket.connectToServer(_server_name(folder))
    with qtbot.waitSignal(first.activation_requested) as signal:
        socket.write(line)
        socket.flush()
    assert signal.args == [["/a"] if b"/a" in line else []]
    socket.disconnectFromServer()


def test_a_long_home_gets_a_short_socket_name(tmp_path: Path) -> None:
    name = _server_name(tmp_path / ("long" * 40))
    assert name.startswith("vestim-") and len(name) < 40
