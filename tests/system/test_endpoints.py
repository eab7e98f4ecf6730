"""Endpoints: short, private, and the same for all processes of a home."""

import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from vestim_core.system import Home, HomeError, endpoints

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows listens on loopback tcp")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="v", dir="/tmp") as folder:
        yield Path(folder).resolve()


def _socket_folder(endpoint: str) -> Path:
    assert endpoint.startswith("ipc://")
    return Path(endpoint.removeprefix("ipc://")).parent


def test_sockets_of_a_short_home(short_folder: Path) -> None:
    home_endpoints = endpoints(Home(short_folder))
    assert home_endpoints.clients == f"ipc://{short_folder}/run/clients"
    assert home_endpoints.doorbell == f"ipc://{short_folder}/run/doorbell"
    assert stat.S_IMODE((short_folder / "run").stat().st_mode) == 0o700
    assert endpoints(Home(short_folder)) == home_endpoints


@pytest.mark.parametrize("runtime", [True, False], ids=["run-time folder", "temporary folder"])
def test_sockets_of_a_long_home_are_in_a_short_folder(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch, runtime: bool
) -> None:
    if runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_folder))
    else:
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        monkeypatch.setattr(tempfile, "tempdir", str(short_folder))
    long_home = Home(short_folder / ("ä" * 60) / "home")
    folder = _socket_folder(endpoints(long_home).clients)
    assert folder.parent == short_folder
    assert folder.name.startswith("vestim-")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(endpoints(long_home).doorbell.removeprefix("ipc://").encode()) <= 100
    assert _socket_folder(endpoints(Home(long_home.root / "x")).clients) != folder


def test_length_limit_of_socket_paths(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_folder))
    max_name_length = 100 - len(str(short_folder / "run" / "doorbell")) - 1
    assert _socket_folder(endpoints(Home(short_folder / ("x" * max_name_length))).clients).name == "run"
    assert _socket_folder(endpoints(Home(short_folder / ("x" * (max_name_length + 1)))).clients).name != "run"


def test_insecure_folders_are_rejected(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_folder))
    long_home = Home(short_folder / ("x" * 100))
    folder = _socket_folder(endpoints(long_home).clients)

    folder.chmod(0o755)
    with pytest.raises(HomeError, match="chmod 700"):
        endpoints(long_home)

    folder.rmdir()
    (short_folder / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(short_folder / "elsewhere")
    with pytest.raises(HomeError, match="is a link"):
        endpoints(long_home)

    folder.unlink()
    folder.write_text("")
    with pytest.raises(HomeError, match="in the way"):
        endpoints(long_home)


def test_folder_of_another_user_is_rejected(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(short_folder)
    endpoints(home)
    monkeypatch.setattr("os.getuid", lambda: 12345)
    with pytest.raises(HomeError, match="another user"):
        endpoints(home)
