"""Pictures of the window under a real X server, at 100 and 200 %, in both themes: not blank, and no text cut off."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.gui.screens import DIALOGS, EXPECTED_TEXTS, MIN_COLORS
from tests.gui.wait_limits import WINDOW_S


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("scale", [1, 2])
def test_every_page_can_be_read(tmp_path: Path, theme: str, scale: int) -> None:
    server = shutil.which("xvfb-run")
    if server is None:
        pytest.skip("needs xvfb-run, a server that shows windows to nobody")
    pictures = take_pictures(server, theme, scale, tmp_path)
    assert set(pictures) == set(EXPECTED_TEXTS)
    for name, picture in pictures.items():
        assert name in DIALOGS or picture["pixels"] == [1280 * scale, 800 * scale], name
        assert picture["colors"] > MIN_COLORS, f"'{name}' is blank"
        assert [text for text in EXPECTED_TEXTS[name] if text not in picture["words"]] == [], name
        assert picture["clipped"] == [], f"cut off on '{name}'"
    assert any("reconnecting (3)" in text and "Shown as of" in text for text in pictures["away"]["words"])


def take_pictures(server: str, theme: str, scale: int, folder: Path) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if name not in ("QT_QPA_PLATFORM", "DISPLAY")}
    answer = subprocess.run(
        [server, "-a", "-s", "-screen 0 2720x1760x24", sys.executable, "-m", "tests.gui.screens", theme, str(folder)],
        env=environment | {"QT_SCALE_FACTOR": str(scale), "QT_QPA_PLATFORM": "xcb"},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=WINDOW_S,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    pictures: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return pictures
