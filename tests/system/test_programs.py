"""Command lines and environments of Vestim's programs."""

import os
import subprocess
import sys

import pytest

from vestim_core.system import program_command, worker_environment
from vestim_core.system.programs import ProgramName


@pytest.mark.parametrize(
    ("role", "module"),
    [
        ("daemon", "vestim_core.daemon"),
        ("worker", "vestim_core.worker"),
        ("gui", "vestim_gui"),
        ("gateway", "vestim_core.gateway"),
        ("cli", "vestim_core.cli"),
    ],
)
def test_command_lines_installed_and_packaged(role: ProgramName, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert program_command(role, "--a", "b c") == [sys.executable, "-m", module, "--a", "b c"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert program_command(role, "--a", "b c") == [sys.executable, role, "--a", "b c"]


def test_worker_environment_sets_threads_for_the_worker_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    environment = worker_environment(3)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        assert environment[name] == "3"
    assert environment["PYTHONUNBUFFERED"] == "1"
    assert environment["PYTHONPATH"] == "/somewhere"
    assert "OMP_NUM_THREADS" not in os.environ


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the allocator's variables are glibc's")
def test_worker_environment_keeps_freed_memory() -> None:
    allocation_code = "import resource\nfor _ in range(20): bytearray(b'x' * 50_000_000)\n"
    code = allocation_code + "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)"

    def page_faults(environment: dict[str, str]) -> int:
        return int(subprocess.check_output([sys.executable, "-c", code], env=environment))

    default_environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    assert page_faults(worker_environment(1)) < page_faults(default_environment) / 3
