"""What starts first never loads what is slow to load: not one module of these rooms, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.window_figures import window_started

LIGHT_ROOMS = ["spec", "system", "protocol", "jobs", "executors", "daemon", "client", "cli", "gateway", "verify"]

IMPORT_WHOLE_ROOM = """
import importlib, pkgutil, sys
room = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
    if not module.name.endswith(".__main__"):
        importlib.import_module(module.name)
print(*sorted({"torch", "pandas", "numpy", "scipy", "matplotlib", "PyQt6"} & set(sys.modules)))
"""


@pytest.mark.parametrize("room", LIGHT_ROOMS)
def test_a_light_room_loads_nothing_heavy(room: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", IMPORT_WHOLE_ROOM, f"vestim_core.{room}"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split() == []


def test_no_module_of_the_window_loads_what_computes() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", IMPORT_WHOLE_ROOM, "vestim_gui"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert set(answer.stdout.split()) <= {"PyQt6", "matplotlib", "numpy"}


def test_the_window_is_shown_and_used_without_anything_heavy(vestim_home: Path) -> None:
    assert window_started("jobs,new_job,settings,jobs")["heavy"] == []
    assert window_started("a job")["heavy"] == ["matplotlib"], "plots are drawn with it, and with nothing heavier"
