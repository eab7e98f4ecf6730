"""Every state of the page of a job, at 100 and 200 %, in both themes: nothing is blank and no text is clipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PyQt6.QtGui import QImage

from tests.gui.detail.pictures import SCENES, SIZE
from tests.gui.wait_limits import WINDOW_S


@pytest.mark.parametrize("scale", [1, 2])
def test_no_picture_is_blank_or_clipped(tmp_path: Path, scale: int) -> None:
    command = [sys.executable, "-m", "tests.gui.detail.pictures", str(tmp_path)]
    environment = {**os.environ, "QT_SCALE_FACTOR": str(scale)}
    process = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=WINDOW_S, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    for name in SCENES:
        for theme in ("light", "dark"):
            image = QImage(str(tmp_path / f"{name}_{theme}.png"))
            assert (image.width(), image.height()) == (scale * SIZE[0], scale * SIZE[1])
