"""The program: its output and exit codes; a check that goes wrong in any way becomes a failed result."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cli.conftest import RunVestim
from tests.daemon.daemons import wait_until
from tests.patience import PATIENCE_S
from vestim_core.spec.errors import refused
from vestim_core.system import is_locked, program_command
from vestim_core.verify import __main__ as program
from vestim_core.verify import sandbox as sandbox_module
from vestim_core.verify.check_groups import CheckGroup, CheckResult, expect
from vestim_core.verify.sandbox import Sandbox, temporary_sandbox

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def no_fixture(sandbox: Sandbox) -> Iterator[None]:
    yield None


@contextmanager
def unopenable_fixture(sandbox: Sandbox) -> Iterator[None]:
    raise refused("there is no room")
    yield


@contextmanager
def unclosable_fixture(sandbox: Sandbox) -> Iterator[None]:
    yield None
    raise OSError("it does not go")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """An empty folder with a short path."""
    folder = Path(tempfile.mkdtemp(prefix="v-")).resolve()
    yield folder
    shutil.rmtree(folder)


def new_group(open_fixture: Any = no_fixture) -> CheckGroup[None]:
    """A group of one check that holds and some that go wrong in different ways."""
    group = CheckGroup("A group", open_fixture)

    @group.check("This holds")
    def holds(fixture: None) -> None:
        expect(True, "it does not")

    @group.check("This does not")
    def fails(fixture: None) -> None:
        expect(False, "two are\nthree")

    @group.check("This crashes")
    def crashes(fixture: None) -> None:
        raise ZeroDivisionError("oh\nno")

    @group.check("This is refused")
    def is_refused(fixture: None) -> None:
        raise refused("the disk is full")

    @group.check("This asserts")
    def asserts(fixture: None) -> None:
        assert fixture, ""

    return group


def run(group: CheckGroup[None]) -> dict[str, CheckResult]:
    return {result.check: result for result in group.run(Sandbox(Path("/nowhere")))}


def test_any_failure_in_a_check_is_a_failed_result() -> None:
    results = run(new_group())
    assert [result.passed for result in results.values()] == [True, False, False, False, False]
    assert results["This holds"].reason == "" and results["This is refused"].reason == "the disk is full"
    assert results["This crashes"].reason.startswith(
        "the check itself ended with ZeroDivisionError at test_program.py:"
    )
    assert "AssertionError" in results["This asserts"].reason


def test_failing_fixture_is_a_failed_result() -> None:
    unopened_results = run(new_group(unopenable_fixture))
    assert len(unopened_results) == 5 and {result.reason for result in unopened_results.values()} == {
        "nothing to look at: there is no room"
    }
    unclosed_results = run(new_group(unclosable_fixture))
    assert (
        len(unclosed_results) == 6
        and "it does not go" in unclosed_results["What was opened for these checks is put away"].reason
    )


def test_exit_code_is_one_when_any_check_fails(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(program, "GROUPS", (new_group(),))
    assert program.main([]) == 1
    output = capsys.readouterr().out
    for text in ("A group", "This holds", "ok", "FAILED", "the disk is full", "two are three"):
        assert text in output
    assert output.rstrip().endswith("4 of 5 checks failed.")
    assert program.main(["--json"]) == 1
    record = json.loads(capsys.readouterr().out)
    assert record["passed"] is False and len(record["checks"]) == 5
    assert set(record["checks"][0]) == {"group", "check", "passed", "seconds", "reason"}


def test_exit_code_is_zero_when_all_checks_pass(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    group = CheckGroup("A group", no_fixture)
    group.check("This holds")(lambda fixture: None)
    monkeypatch.setattr(program, "GROUPS", (group,))
    assert program.main(["--json"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True
    assert program.main([]) == 0
    assert "All 1 checks passed in 0 s." in capsys.readouterr().out


def test_ctrl_c_removes_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    sandboxes: list[Sandbox] = []

    @contextmanager
    def interrupted(sandbox: Sandbox) -> Iterator[None]:
        sandboxes.append(sandbox)
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(program, "GROUPS", (new_group(interrupted),))
    assert program.main([]) == program.INTERRUPTED
    assert not sandboxes[0].root.exists()


def test_missing_temporary_folder_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(sandbox_module.tempfile, "mkdtemp", lambda **kwargs: (tmp_path / "no" / "such").mkdir())
    assert program.main([]) == 2
    assert "TMPDIR" in capsys.readouterr().err


def test_remaining_processes_are_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "END_TIMEOUT_S", 0.2)
    with temporary_sandbox() as sandbox:
        orphan = subprocess.Popen(
            [sys.executable, "-c", "input()"],
            stdin=subprocess.PIPE,
            env=os.environ | {"VESTIM_HOME": str(sandbox.root)},
        )
        assert [process.pid for process in sandbox.processes()] == [orphan.pid]
        unrelated = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        assert psutil.pid_exists(unrelated.pid)
    assert orphan.wait(PATIENCE_S) != 0 and not sandbox.root.exists()
    assert unrelated.poll() is None, "nobody else is touched"
    unrelated.communicate(b"\n", timeout=PATIENCE_S)
    assert orphan.stdin is not None
    orphan.stdin.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no Ctrl+C for another group of processes")
def test_ctrl_c_on_the_command_line_leaves_no_daemon_behind(short_folder: Path) -> None:
    verifying = subprocess.Popen(
        program_command("cli", "verify"),
        env=os.environ | {"TMPDIR": str(short_folder)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: any(map(is_locked, short_folder.glob("*/home/daemon.lock"))), "a service")
    (root,) = short_folder.iterdir()
    os.killpg(verifying.pid, signal.SIGINT)
    assert verifying.wait(PATIENCE_S) == program.INTERRUPTED
    assert Sandbox(root).processes() == [] and not root.exists()


def test_it_has_three_entry_points(vestim: RunVestim) -> None:
    listing = vestim("verify", "--list")
    assert listing.returncode == 0, listing.stderr
    for arguments in (["-m", "vestim_core.verify"], [str(ROOT / "tests" / "test_job_container_migration.py")]):
        answer = subprocess.run(
            [sys.executable, *arguments, "--list"], capture_output=True, encoding="utf-8", check=True, cwd=ROOT
        )
        assert answer.stdout == listing.stdout
    for group in program.GROUPS:
        assert group.title in listing.stdout and all(name in listing.stdout for name in group.checks)
