"""What every test may rely on: a home of its own, no trace in the user's, and no process left behind."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import psutil
import pytest

from vestim_core.system import is_locked, own_command

# Before any module of ours can ask for its home.
_SESSION_HOME = Path(tempfile.mkdtemp(prefix="vestim-"))
os.environ["VESTIM_HOME"] = str(_SESSION_HOME)


def pytest_unconfigure() -> None:
    """Take the session's home away, also where tests are only handed out to others."""
    shutil.rmtree(_SESSION_HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _the_users_own_folders_stay_untouched() -> Iterator[None]:
    own = [platformdirs.user_data_path("Vestim", appauthor=False), platformdirs.user_documents_path() / "Vestim"]
    absent = [folder for folder in own if not folder.exists()]
    yield
    _stop_daemon(_SESSION_HOME)
    _end_processes(_SESSION_HOME)
    made = [str(folder) for folder in absent if folder.exists()]
    assert not made, f"tests wrote to the user's own folders: {made}"


@pytest.fixture
def vestim_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh home with a short path; afterwards its daemon is stopped, and whoever else still lives fails the test."""
    home = Path(tempfile.mkdtemp(prefix="vestim-")).resolve()
    monkeypatch.setenv("VESTIM_HOME", str(home))
    yield home
    _stop_daemon(home)
    left = _end_processes(home)
    shutil.rmtree(home, ignore_errors=True)
    if left:
        pytest.fail("processes were left behind:\n" + "\n".join(left))


@pytest.fixture
def shared() -> Path:
    """The folder of real data that lies beside the project on some machines."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("needs the shared data folder beside the project")
    return folder


def _stop_daemon(home: Path) -> None:
    if is_locked(home / "daemon.lock"):
        subprocess.run(
            own_command("cli", "daemon", "stop", "--stop-jobs"),
            env=os.environ | {"VESTIM_HOME": str(home)},
            capture_output=True,
            timeout=60,
            check=False,
        )


def _end_processes(home: Path) -> list[str]:
    """Wait a moment for the processes of this home to go, kill the others and say which those were."""
    processes = [process for process in psutil.process_iter() if process.pid != os.getpid() and _names(process, home)]
    _, left = psutil.wait_procs(processes, timeout=5)
    said = []
    for process in left:
        try:
            said.append(f"{process.pid}: {' '.join(process.cmdline())}")
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(left, timeout=5)
    return said


def _names(process: psutil.Process, home: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.environ().get("VESTIM_HOME") == str(home) or any(str(home) in word for word in process.cmdline())
    except psutil.Error:
        return False
