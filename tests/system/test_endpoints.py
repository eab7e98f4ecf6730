"""Endpoints: short, private, the same for everybody who means the same home."""

import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from vestim_core.system import Home, HomeError, endpoints

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows listens on loopback tcp")


@pytest.fixture
def short() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="v", dir="/tmp") as folder:
        yield Path(folder).resolve()


def _folder(endpoint: str) -> Path:
    assert endpoint.startswith("ipc://")
    return Path(endpoint.removeprefix("ipc://")).parent


def test_a_short_home_holds_its_sockets(short: Path) -> None:
    found = endpoints(Home(short))
    assert found.clients == f"ipc://{short}/run/clients"
    assert found.doorbell == f"ipc://{short}/run/doorbell"
    assert stat.S_IMODE((short / "run").stat().st_mode) == 0o700
    assert endpoints(Home(short)) == found


@pytest.mark.parametrize("runtime", [True, False], ids=["run-time folder", "temporary folder"])
def test_a_long_home_gets_a_short_folder(short: Path, monkeypatch: pytest.MonkeyPatch, runtime: bool) -> None:
    if runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    else:
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        monkeypatch.setattr(tempfile, "tempdir", str(short))
    long = Home(short / ("ä" * 60) / "home")
    folder = _folder(endpoints(long).clients)
    assert folder.parent == short
    assert folder.name.startswith("vestim-")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(endpoints(long).doorbell.removeprefix("ipc://").encode()) <= 100
    assert _folder(endpoints(Home(long.root / "x")).clients) != folder


def test_the_length_is_counted_in_bytes(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    room = 100 - len(str(short / "run" / "doorbell")) - 1
    assert _folder(endpoints(Home(short / ("x" * room))).clients).name == "run"
    assert _folder(endpoints(Home(short / ("x" * (room + 1)))).clients).name != "run"


def test_traps_are_refused(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    long = Home(short / ("x" * 100))
    folder = _folder(endpoints(long).clients)

    folder.chmod(0o755)
    with pytest.raises(HomeError, match="chmod 700"):
        endpoints(long)

    folder.rmdir()
    (short / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(short / "elsewhere")
    with pytest.raises(HomeError, match="is a link"):
        endpoints(long)

    folder.unlink()
    folder.write_text("")
    with pytest.raises(HomeError, match="in the way"):
        endpoints(long)


def test_a_folder_of_another_user_is_refused(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(short)
    endpoints(home)
    monkeypatch.setattr("os.getuid", lambda: 12345)
    with pytest.raises(HomeError, match="another user"):
        endpoints(home)
