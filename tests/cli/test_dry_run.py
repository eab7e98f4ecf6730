"""`vestim submit --dry-run`: prints an estimate and starts nothing."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import RunVestim


def test_dry_run_prints_an_estimate_and_starts_nothing(vestim: RunVestim, long_job: Path) -> None:
    answer = vestim("submit", str(long_job), "--dry-run")
    assert answer.returncode == 0
    assert "1 model to train, 21 parameters" in answer.stdout and "no estimate yet" in answer.stdout
    estimate = json.loads(vestim("submit", str(long_job), "--dry-run", "--json").stdout)
    assert (estimate["trials"], estimate["seconds"], estimate["problems"]) == (1, None, [])
    assert json.loads(vestim("jobs", "--json").stdout) == []


def test_missing_settings_are_reported_with_their_location(vestim: RunVestim, tmp_path: Path) -> None:
    (tmp_path / "half.toml").write_text('model = {kind = "lstm", sizes = [[8], [16]]}\ntraining = {max_epochs = -1}')
    answer = vestim("submit", "half.toml", "--dry-run")
    assert answer.returncode == 2
    assert "data: is missing" in answer.stderr and "max_epochs" in answer.stderr
