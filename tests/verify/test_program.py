"""The program: what is printed and how it ends, and that a check which goes wrong in any way is a row that failed."""

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

from tests.cli.conftest import Vestim
from tests.daemon.daemons import eventually
from vestim_core.spec.errors import refused
from vestim_core.system import is_locked, own_command
from vestim_core.verify import __main__ as program
from vestim_core.verify import place as places
from vestim_core.verify.check_groups import Group, Row, expect
from vestim_core.verify.sandbox import Place, throwaway

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def nothing(place: Place) -> Iterator[None]:
    yield None


@contextmanager
def no_scene(place: Place) -> Iterator[None]:
    raise refused("there is no room")
    yield


@contextmanager
def bad_end(place: Place) -> Iterator[None]:
    yield None
    raise OSError("it does not go")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """An empty folder with a short path."""
    folder = Path(tempfile.mkdtemp(prefix="v-")).resolve()
    yield folder
    shutil.rmtree(folder)


def made(scene: Any = nothing) -> Group[None]:
    """A group of one check that holds and some that go wrong in different ways."""
    group = Group("A group", scene)

    @group.check("This holds")
    def holds(scene: None) -> None:
        expect(True, "it does not")

    @group.check("This does not")
    def fails(scene: None) -> None:
        expect(False, "two are\nthree")

    @group.check("This crashes")
    def crashes(scene: None) -> None:
        raise ZeroDivisionError("oh\nno")

    @group.check("This is refused")
    def is_refused(scene: None) -> None:
        raise refused("the disk is full")

    @group.check("This asserts")
    def asserts(scene: None) -> None:
        assert scene, ""

    return group


def run(group: Group[None]) -> dict[str, Row]:
    return {row.check: row for row in group.run(Place(Path("/nowhere")))}


def test_whatever_goes_wrong_in_a_check_is_a_row_with_a_sentence() -> None:
    rows = run(made())
    assert [row.passed for row in rows.values()] == [True, False, False, False, False]
    assert rows["This holds"].reason == "" and rows["This is refused"].reason == "the disk is full"
    assert rows["This crashes"].reason.startswith("the check itself ended with ZeroDivisionError at test_program.py:")
    assert "AssertionError" in rows["This asserts"].reason


def test_what_cannot_be_opened_or_put_away_is_a_row_too() -> None:
    closed = run(made(no_scene))
    assert len(closed) == 5 and {row.reason for row in closed.values()} == {"nothing to look at: there is no room"}
    ended = run(made(bad_end))
    assert len(ended) == 6 and "it does not go" in ended["What was opened for these checks is put away"].reason


def test_it_ends_with_one_when_any_check_fails(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(program, "GROUPS", (made(),))
    assert program.main([]) == 1
    said = capsys.readouterr().out
    for words in ("A group", "This holds", "ok", "FAILED", "the disk is full", "two are three"):
        assert words in said
    assert said.rstrip().endswith("4 of 5 checks failed.")
    assert program.main(["--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["passed"] is False and len(told["checks"]) == 5
    assert set(told["checks"][0]) == {"group", "check", "passed", "seconds", "reason"}


def test_it_ends_with_zero_when_all_hold(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    group = Group("A group", nothing)
    group.check("This holds")(lambda scene: None)
    monkeypatch.setattr(program, "GROUPS", (group,))
    assert program.main(["--json"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True
    assert program.main([]) == 0
    assert "All 1 checks passed in 0 s." in capsys.readouterr().out


def test_ctrl_c_ends_it_and_nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Place] = []

    @contextmanager
    def interrupted(place: Place) -> Iterator[None]:
        seen.append(place)
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(program, "GROUPS", (made(interrupted),))
    assert program.main([]) == program.INTERRUPTED
    assert not seen[0].root.exists()


def test_without_a_place_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(places.tempfile, "mkdtemp", lambda **given: (tmp_path / "no" / "such").mkdir())
    assert program.main([]) == 2
    assert "TMPDIR" in capsys.readouterr().err


def test_whoever_is_left_behind_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "GOES_S", 0.2)
    with throwaway() as place:
        left = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=os.environ | {"VESTIM_HOME": str(place.root)}
        )
        assert [process.pid for process in place.processes()] == [left.pid]
        other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        assert psutil.pid_exists(other.pid)
    assert left.wait(10) != 0 and not place.root.exists()
    assert other.poll() is None, "nobody else is touched"
    other.communicate(b"\n", timeout=10)
    assert left.stdin is not None
    left.stdin.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no Ctrl+C for another group of processes")
def test_ctrl_c_on_the_command_line_leaves_no_service_behind(short_folder: Path) -> None:
    verifying = subprocess.Popen(
        own_command("cli", "verify"),
        env=os.environ | {"TMPDIR": str(short_folder)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    eventually(lambda: any(map(is_locked, short_folder.glob("*/home/daemon.lock"))), "a service", seconds=60)
    (root,) = short_folder.iterdir()
    os.killpg(verifying.pid, signal.SIGINT)
    assert verifying.wait(60) == program.INTERRUPTED
    assert Place(root).processes() == [] and not root.exists()


def test_it_is_started_by_three_names(vestim: Vestim) -> None:
    listed = vestim("verify", "--list")
    assert listed.returncode == 0, listed.stderr
    for words in (["-m", "vestim_core.verify"], [str(ROOT / "tests" / "test_job_container_migration.py")]):
        answer = subprocess.run(
            [sys.executable, *words, "--list"], capture_output=True, encoding="utf-8", check=True, cwd=ROOT
        )
        assert answer.stdout == listed.stdout
    for group in program.GROUPS:
        assert group.title in listed.stdout and all(name in listed.stdout for name in group.checks)
