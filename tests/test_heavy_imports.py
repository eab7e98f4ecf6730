"""Packages that must start fast never load slow modules, checked for each package in a new process."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.window_start import start_window

pytestmark = pytest.mark.slow

LIGHT_PACKAGES = ["spec", "system", "protocol", "jobs", "executors", "daemon", "client", "cli", "gateway", "verify"]

IMPORT_ALL_MODULES = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not module.name.endswith(".__main__"):
        importlib.import_module(module.name)
print(*sorted({"torch", "pandas", "numpy", "scipy", "matplotlib", "PyQt6"} & set(sys.modules)))
"""


@pytest.mark.parametrize("package", LIGHT_PACKAGES)
def test_light_package_loads_no_heavy_module(package: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL_MODULES, f"vestim_core.{package}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == []


def test_window_loads_no_numerics() -> None:
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL_MODULES, "vestim_gui"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert set(result.stdout.split()) <= {"PyQt6", "matplotlib", "numpy"}


def test_window_is_usable_without_heavy_modules(vestim_home: Path) -> None:
    assert start_window("jobs,new_job,settings,jobs")["heavy"] == []
    assert start_window("a job")["heavy"] == ["matplotlib"], "plots are drawn with it, and with nothing heavier"
