"""`vestim` and `vestim gui`: start the window as a process with its files, or explain in one sentence why not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.patience import PATIENCE_S
from vestim_core.cli.main import main

WINDOW_MAIN = """
import json, pathlib, sys
pathlib.Path("opened.json").write_text(json.dumps(sys.argv[1:]))
sys.exit(7)
"""


def vestim(*arguments: str, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in the folder `path`, whose packages take precedence."""
    code = f"import sys; from vestim_core.cli.main import main; sys.exit(main({list(arguments)!r}))"
    environment_without_display = {
        key: value for key, value in os.environ.items() if key not in {"DISPLAY", "WAYLAND_DISPLAY"}
    }
    environment_without_display.pop("QT_QPA_PLATFORM", None)
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment_without_display | {"PYTHONPATH": str(path), **environment},
        cwd=path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.fixture
def window(tmp_path: Path) -> Path:
    """A folder with a window that writes its arguments to a file."""
    package = tmp_path / "vestim_gui"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(WINDOW_MAIN)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [(), ("gui",)])
def test_window_is_opened(window: Path, arguments: tuple[str, ...]) -> None:
    answer = vestim(*arguments, path=window, QT_QPA_PLATFORM="offscreen")
    assert answer.returncode == 7, "its own exit code"
    assert (window / "opened.json").read_text() == "[]"


@pytest.mark.slow
def test_window_is_opened_with_files(window: Path) -> None:
    vestim("gui", "a b.csv", "/data/x.mat", path=window, DISPLAY=":0")
    assert str(window / "a b.csv") in (window / "opened.json").read_text()
    assert "/data/x.mat" in (window / "opened.json").read_text()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
@pytest.mark.parametrize("arguments", [(), ("gui",), ("all",)])
def test_missing_screen_is_reported(window: Path, arguments: tuple[str, ...]) -> None:
    answer = vestim(*arguments, path=window)
    assert answer.returncode == 5
    assert "no screen" in answer.stderr and len(answer.stderr.splitlines()) == 1
    assert not (window / "opened.json").exists()


def test_missing_qt_is_reported(
    window: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from vestim_core.cli.commands import gui

    monkeypatch.setattr(gui, "find_spec", lambda name: None if name == "PyQt6" else SimpleNamespace(origin="there"))
    assert main(["gui"]) == 5
    assert "needs PyQt6" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["gui", "all"])
def test_missing_window_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    from vestim_core.cli.commands import gui

    monkeypatch.setattr(gui, "find_spec", lambda name: None)
    assert main([command]) == 5
    assert "has no window" in capsys.readouterr().err


def test_command_line_does_not_import_the_window(window: Path) -> None:
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
