"""Homes: finding them, creating their folders, and error messages."""

import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import platformdirs
import pytest

from vestim_core.system import Home, HomeError


def test_environment_variable_sets_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VESTIM_HOME", str(tmp_path / "h"))
    home = Home.find()
    assert home.root == (tmp_path / "h").resolve()
    assert home.workspace == home.root / "workspace"
    assert home.jobs == home.root / "workspace" / "jobs"


def test_links_to_a_home_are_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv("VESTIM_HOME", str(tmp_path / "link"))
    assert Home.find().root == (tmp_path / "real").resolve()


def test_default_home_uses_the_chosen_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VESTIM_HOME", raising=False)
    monkeypatch.setattr(platformdirs, "user_data_path", lambda *_args, **_options: tmp_path / "data" / "Vestim")
    monkeypatch.setattr(platformdirs, "user_documents_path", lambda: tmp_path / "Documents")
    home = Home.find()
    assert home.root == tmp_path.resolve() / "data" / "Vestim"
    assert home.workspace == tmp_path / "Documents" / "Vestim"
    home.root.mkdir(parents=True)
    home.settings.write_text(json.dumps({"workspace": str(tmp_path / "elsewhere")}))
    assert home.jobs == tmp_path.resolve() / "elsewhere" / "jobs"
    home.settings.write_text("{")
    with pytest.raises(HomeError, match=r"settings\.json"):
        _ = home.workspace
    monkeypatch.setenv("VESTIM_HOME", str(home.root))
    assert Home.find().workspace == home.root / "workspace"


def test_ensure_creates_folders_and_protects_keys(tmp_path: Path) -> None:
    home = Home(tmp_path / "a" / "b")
    home.ensure()
    home.ensure()
    assert all(folder.is_dir() for folder in (home.keys, home.logs, home.prepared_data, home.jobs))
    if sys.platform != "win32":
        assert stat.S_IMODE(home.keys.stat().st_mode) == 0o700
        assert stat.S_IMODE(home.root.stat().st_mode) == 0o700


@pytest.mark.parametrize("blocked", ["root", "keys", "logs", "workspace"])
def test_file_in_place_of_a_folder_is_reported(tmp_path: Path, blocked: str) -> None:
    home = Home(tmp_path / "home")
    path: Path = getattr(home, blocked)
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    with pytest.raises(HomeError) as caught:
        home.ensure()
    assert str(path) in str(caught.value)
    assert "file is in the way" in str(caught.value)
    assert path.read_text() == "mine"


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_insecure_key_folder_is_rejected(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.ensure()
    home.keys.chmod(0o755)
    with pytest.raises(HomeError, match="chmod 700"):
        home.ensure()
    home.keys.rmdir()
    (tmp_path / "other").mkdir(mode=0o700)
    home.keys.symlink_to(tmp_path / "other")
    with pytest.raises(HomeError, match="is a link"):
        home.ensure()


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
@pytest.mark.parametrize("is_missing", [True, False], ids=["cannot be made", "cannot be written to"])
def test_read_only_folder_is_reported(is_missing: bool) -> None:
    # Not in tmp_path: root can write anywhere, so the child may have to become a user without access to tmp_path.
    with tempfile.TemporaryDirectory(prefix="vestim-") as folder:
        root = Path(folder) / "home" if is_missing else Path(folder)
        Path(folder).chmod(0o555)
        child = os.fork()
        if child == 0:
            exit_code = 9
            try:
                if os.getuid() == 0:
                    os.setuid(65534)
                Home(root).ensure()
            except HomeError as error:
                expected = "cannot be made" if is_missing else "cannot be written to"
                exit_code = 0 if str(root) in str(error) and expected in str(error) else 8
            finally:
                os._exit(exit_code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        Path(folder).chmod(0o700)


def test_system_package_loads_no_heavy_module() -> None:
    heavy = ("torch", "numpy", "pandas", "scipy", "PyQt6", "pydantic", "zmq")
    code = f"import sys, vestim_core.system; sys.exit(any(name in sys.modules for name in {heavy!r}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
