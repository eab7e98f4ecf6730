"""`vestim submit --dry-run`: what a job would amount to, and nothing started."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Vestim


def test_a_dry_run_tells_and_starts_nothing(vestim: Vestim, endless_job: Path) -> None:
    answer = vestim("submit", str(endless_job), "--dry-run")
    assert answer.returncode == 0
    assert "1 model to train, 21 parameters" in answer.stdout and "no estimate yet" in answer.stdout
    found = json.loads(vestim("submit", str(endless_job), "--dry-run", "--json").stdout)
    assert (found["trials"], found["seconds"], found["problems"]) == (1, None, [])
    assert json.loads(vestim("jobs", "--json").stdout) == []


def test_what_is_missing_is_told_with_its_place(vestim: Vestim, tmp_path: Path) -> None:
    (tmp_path / "half.toml").write_text('model = {kind = "lstm", sizes = [[8], [16]]}\ntraining = {max_epochs = -1}')
    answer = vestim("submit", "half.toml", "--dry-run")
    assert answer.returncode == 2
    assert "data: is missing" in answer.stderr and "max_epochs" in answer.stderr
