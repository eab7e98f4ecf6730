"""`vestim` and `vestim gui`: the window is started by name, with its files, or one sentence says why it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from vestim_core.cli.main import main

A_WINDOW = """
import json, pathlib, sys
pathlib.Path("opened.json").write_text(json.dumps(sys.argv[1:]))
sys.exit(7)
"""


def vestim(*words: str, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in `path`, where packages are found before any others."""
    code = f"import sys; from vestim_core.cli.main import main; sys.exit(main({list(words)!r}))"
    cleared = {key: value for key, value in os.environ.items() if key not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    cleared.pop("QT_QPA_PLATFORM", None)
    return subprocess.run(
        [sys.executable, "-c", code],
        env=cleared | {"PYTHONPATH": str(path), **environment},
        cwd=path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def window(tmp_path: Path) -> Path:
    """A folder with a window that notes what it was opened with."""
    package = tmp_path / "vestim_gui"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(A_WINDOW)
    return tmp_path


@pytest.mark.parametrize("words", [(), ("gui",)])
def test_the_window_is_opened(window: Path, words: tuple[str, ...]) -> None:
    answer = vestim(*words, path=window, QT_QPA_PLATFORM="offscreen")
    assert answer.returncode == 7, "its own exit code"
    assert (window / "opened.json").read_text() == "[]"


def test_the_window_is_opened_with_files(window: Path) -> None:
    vestim("gui", "a b.csv", "/data/x.mat", path=window, DISPLAY=":0")
    assert str(window / "a b.csv") in (window / "opened.json").read_text()
    assert "/data/x.mat" in (window / "opened.json").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
@pytest.mark.parametrize("words", [(), ("gui",), ("all",)])
def test_without_a_screen_one_sentence_says_so(window: Path, words: tuple[str, ...]) -> None:
    answer = vestim(*words, path=window)
    assert answer.returncode == 5
    assert "no screen" in answer.stderr and len(answer.stderr.splitlines()) == 1
    assert not (window / "opened.json").exists()


def test_without_qt_one_sentence_says_so(
    window: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from vestim_core.cli.commands import gui

    monkeypatch.setattr(gui, "find_spec", lambda name: None if name == "PyQt6" else SimpleNamespace(origin="there"))
    assert main(["gui"]) == 5
    assert "needs PyQt6" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["gui", "all"])
def test_without_a_window_one_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    from vestim_core.cli.commands import gui

    monkeypatch.setattr(gui, "find_spec", lambda name: None)
    assert main([word]) == 5
    assert "has no window" in capsys.readouterr().err


def test_no_command_loads_the_window(window: Path) -> None:
    answer = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from vestim_core.cli.main import main; main(['--help']); print(sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "PyQt6" not in answer.stdout and "'vestim_gui'" not in answer.stdout
