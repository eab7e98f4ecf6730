"""The package in a notebook: its example runs, and importing it loads nothing."""

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import vestim_core.evaluation as package
from tests.training.synthetic import small_set, trial
from vestim_core.evaluation.evaluation_report import scored_rows
from vestim_core.models.model_files import save_model
from vestim_core.models.network_registry import build_model

_FOLDER, _FILE = "jobs/job_20261104-101112-ab3d/tasks/train_001/result", "drive_9.csv"


@pytest.mark.slow
def test_the_example_of_the_package_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared, settings = small_set(), trial("lstm")
    module = build_model(settings.model, 3)
    save_model(tmp_path / _FOLDER, module, settings, prepared.pipeline.to_json(), {})
    file = prepared.files[0]
    names = ("voltage_V", "current_A", "temperature_degC", "soc")
    rows = scored_rows(file)
    columns = np.column_stack([np.arange(rows.sum()), *(file.column(name)[rows] for name in names)])
    header = ",".join(("time_s", *names))
    np.savetxt(tmp_path / _FILE, columns, "%.17g", delimiter=",", header=header, comments="")
    monkeypatch.chdir(tmp_path)
    example = textwrap.dedent((package.__doc__ or "").partition("notebook:")[2].partition("Names are")[0])
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    namespace: dict[str, object] = {}
    exec(compile(example, "example", "exec"), namespace)
    output = capsys.readouterr().out
    assert "rmse_mV" in output and "from_s" in output
    assert namespace["table"][0]["case"] == "undisturbed"  # type: ignore[index]


def test_every_public_name_exists_and_importing_loads_nothing() -> None:
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        package.nothing  # noqa: B018
    code = "import sys, vestim_core.evaluation; assert not {'torch', 'numpy', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
