"""Ended by a signal, the window still hands over what was typed, in time: while there is a link to do it by."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SLOW_S = 60.0
LEFT = """
import os, signal, sys
from PyQt6.QtCore import QTimer
from vestim_gui import application
from vestim_gui.link.link import Link
from vestim_gui.new_job import draft

def told(method):
    def telling(self, *words, **named):
        print(method.__name__, *words[:1], flush=True)
        return method(self, *words, **named)
    return telling

draft.SAVE_AFTER_MS = 600_000
Link.call, Link.close = told(Link.call), told(Link.close)
keep = draft.Draft.keep

def kept(self, document):
    keep(self, document)
    QTimer.singleShot(0, lambda: os.kill(os.getpid(), signal.SIGTERM))

draft.Draft.keep = kept
sys.exit(application.main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGTERM")
def test_a_draft_that_waits_to_be_saved_is_sent_before_the_link_closes(vestim_home: Path, tmp_path: Path) -> None:
    job_file = tmp_path / "mine.toml"
    job_file.write_text('name = "from a file"\n')
    left = subprocess.run(
        [sys.executable, "-c", LEFT, str(job_file)],
        capture_output=True,
        text=True,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        timeout=SLOW_S,
        check=False,
    )
    assert left.returncode == 0, left.stderr
    said = left.stdout.splitlines()
    assert said.index("call create_job") < said.index("close")
