"""A window ended by a signal still sends what was typed, while its link is open."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gui.wait_limits import WINDOW_S

WINDOW_SCRIPT = """
import os, signal, sys
from PyQt6.QtCore import QTimer
from vestim_gui import application
from vestim_gui.link.daemon_link import Link
from vestim_gui.new_job import job_draft

def traced(method):
    def call(self, *args, **kwargs):
        print(method.__name__, *args[:1], flush=True)
        return method(self, *args, **kwargs)
    return call

job_draft.SAVE_AFTER_MS = 600_000
Link.call, Link.close = traced(Link.call), traced(Link.close)
save_later = job_draft.Draft.save_later

def save_later_and_quit(self, document):
    save_later(self, document)
    QTimer.singleShot(0, lambda: os.kill(os.getpid(), signal.SIGTERM))

job_draft.Draft.save_later = save_later_and_quit
sys.exit(application.main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGTERM")
def test_an_unsaved_draft_is_sent_before_the_link_closes(vestim_home: Path, tmp_path: Path) -> None:
    job_file = tmp_path / "mine.toml"
    job_file.write_text('name = "from a file"\n')
    window = subprocess.run(
        [sys.executable, "-c", WINDOW_SCRIPT, str(job_file)],
        capture_output=True,
        text=True,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        timeout=WINDOW_S,
        check=False,
    )
    assert window.returncode == 0, window.stderr
    calls = window.stdout.splitlines()
    assert calls.index("call create_job") < calls.index("close")
