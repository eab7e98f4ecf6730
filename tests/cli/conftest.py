"""The program as a process, and a job file that is prepared quickly and trains until it is stopped."""

import os
import subprocess
from pathlib import Path
from typing import Protocol

import pytest

from tests.patience import TRAINING_PATIENCE_S
from vestim_core.system import program_command


class RunVestim(Protocol):
    """Runs one command to its end."""

    def __call__(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]": ...


@pytest.fixture
def vestim(vestim_home: Path, tmp_path: Path) -> RunVestim:
    """`vestim("jobs", "--json")` in a fresh home."""

    def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            program_command("cli", *arguments),
            env=os.environ | environment,
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            timeout=TRAINING_PATIENCE_S,
            check=False,
        )

    return run


@pytest.fixture
def long_job(tmp_path: Path) -> Path:
    """A job file whose only training runs until it is stopped."""
    for index, name in enumerate(("train.csv", "validation.csv"), 1):
        rows = ["Test Time (s),Voltage (V),Current (A),Cell Temperature (C),SOC"]
        soc = 0.5
        for second in range(400):
            current_A = (2.0 if second // (20 * index) % 2 else -1.0) / index
            soc += current_A / 3600 / 2
            rows.append(f"{second},{3.2 + soc + 0.05 * current_A:.4f},{current_A},{25 + second / 100:.2f},{soc:.4f}")
        (tmp_path / name).write_text("\n".join(rows))
    job = tmp_path / "endless.toml"
    job.write_text(
        """
        name = "[bold]endless[/bold]"
        data = {train = ["train.csv"], validation = ["validation.csv"]}
        preparation = [{step = "resample"}, {step = "normalize"}]
        model = {kind = "fnn", sizes = [4]}
        training = {method = "rows", max_epochs = 1000000, patience = 1000000, batch_size = 1}
        """
    )
    return job
