"""Fixtures of all tests, and the lanes `fast` and `slow`.

The fixtures guarantee a separate home per test, an untouched user home and no processes left over. A test is slow when
it starts processes of Vestim, lies in one of `SLOW_PLACES` or says so by `@pytest.mark.slow`, and fast otherwise.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import psutil
import pytest
from hypothesis import HealthCheck, settings

from tests.patience import PATIENCE_S
from vestim_core.system import is_locked, program_command

# Set before any module of Vestim reads it.
_SESSION_HOME = Path(tempfile.mkdtemp(prefix="vestim-"))
os.environ["VESTIM_HOME"] = str(_SESSION_HOME)

# Examples of generated data may take any time.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

SLOW_PLACES = (
    "guarantees",
    "faults",
    "verify",
    "gui/real",
    "gui/detail/test_pictures.py",  # these three draw every page in every theme and size
    "gui/new_job/test_new_job_layout.py",
    "gui/test_screens.py",
    "test_demo.py",
    "test_job_container_migration.py",
)
"""Folders and files whose tests are slow, relative to this folder."""
PROCESS_FIXTURES = {"vestim_home"}
"""Fixtures for tests that start processes of Vestim; those with a daemon, gateway or window are built on them."""


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test `fast` or `slow`, unless it is marked."""
    for item in items:
        if any(item.get_closest_marker(lane) for lane in ("fast", "slow")):
            continue
        place = item.path.relative_to(Path(__file__).parent)
        is_in_slow_place = any(place.is_relative_to(slow_place) for slow_place in SLOW_PLACES)
        is_slow = is_in_slow_place or not PROCESS_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
        item.add_marker(pytest.mark.slow if is_slow else pytest.mark.fast)


def pytest_unconfigure() -> None:
    """Delete the session's home, also in the controller of pytest-xdist."""
    shutil.rmtree(_SESSION_HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _user_folders_stay_untouched() -> Iterator[None]:
    user_folders = [
        platformdirs.user_data_path("Vestim", appauthor=False),
        platformdirs.user_documents_path() / "Vestim",
    ]
    absent_folders = [folder for folder in user_folders if not folder.exists()]
    yield
    _stop_daemon(_SESSION_HOME)
    _end_processes(_SESSION_HOME)
    created_folders = [str(folder) for folder in absent_folders if folder.exists()]
    assert not created_folders, f"tests wrote to the user's own folders: {created_folders}"


@pytest.fixture
def home_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new home with a short path, for tests that start no process of Vestim."""
    home = Path(tempfile.mkdtemp(prefix="vestim-")).resolve()
    monkeypatch.setenv("VESTIM_HOME", str(home))
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def vestim_home(home_folder: Path) -> Iterator[Path]:
    """A new home with a short path. Afterwards its daemon is stopped; any other process left over fails the test."""
    yield home_folder
    _stop_daemon(home_folder)
    if remaining := _end_processes(home_folder):
        pytest.fail("processes were left behind:\n" + "\n".join(remaining))


@pytest.fixture
def shared() -> Path:
    """Folder of real data, present beside the project on some machines; otherwise the test is skipped."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("needs the shared data folder beside the project")
    return folder


def _stop_daemon(home: Path) -> None:
    if is_locked(home / "daemon.lock"):
        subprocess.run(
            program_command("cli", "daemon", "stop", "--stop-jobs"),
            env=os.environ | {"VESTIM_HOME": str(home)},
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )


def _end_processes(home: Path) -> list[str]:
    """Wait for the processes of this home to end, kill the rest and return a description of those."""
    processes = [
        process for process in psutil.process_iter() if process.pid != os.getpid() and _belongs_to_home(process, home)
    ]
    _, remaining = psutil.wait_procs(processes, timeout=PATIENCE_S)
    descriptions = []
    for process in remaining:
        try:
            descriptions.append(f"{process.pid}: {' '.join(process.cmdline())}")
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(remaining, timeout=PATIENCE_S)
    return descriptions


def _belongs_to_home(process: psutil.Process, home: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.environ().get("VESTIM_HOME") == str(home) or any(
            str(home) in argument for argument in process.cmdline()
        )
    except psutil.Error:
        return False
