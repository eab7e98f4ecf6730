"""Commands that inspect data files before a job exists."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import RunVestim


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """A drive with its SOC in percent."""
    rows = ["time_s,voltage_V,current_A,temperature_degC,soc"]
    soc = 60.0
    for second in range(600):
        current_A = 2.0 if second // 20 % 2 else -1.0
        soc += 100 * current_A / 3600 / 2
        rows.append(f"{second},{3.2 + soc / 100 + 0.05 * current_A:.5f},{current_A},{25 + second / 60:.2f},{soc:.4f}")
    path = tmp_path / "drive [1].csv"
    path.write_text("\n".join(rows))
    return path


def test_check_reports_and_repairs(vestim: RunVestim, drive: Path, tmp_path: Path) -> None:
    report = vestim("check", drive.name)
    assert '"drive [1].csv"' in report.stdout
    assert "percent, not a fraction" in report.stdout
    answer = vestim("check", drive.name, "--fix-to", "fixed", "--json")
    record = json.loads(answer.stdout)
    severities = {finding["severity"] for finding in record["findings"]}
    assert answer.returncode == int("error" in severities)
    (written,) = record["written"]
    assert Path(written["path"]).parent == tmp_path / "fixed"
    repaired = vestim("check", "fixed")
    assert repaired.returncode == 0, repaired.stdout
    assert "percent" not in repaired.stdout


def test_unusable_file_gives_exit_code_1(vestim: RunVestim, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    answer = vestim("check", "empty.csv", "--fix-to", "fixed")
    assert answer.returncode == 1
    assert "empty.csv" in answer.stdout
    assert not (tmp_path / "fixed").exists()


def test_convert_sniff_preview_and_map(vestim: RunVestim, drive: Path, tmp_path: Path) -> None:
    (written,) = json.loads(vestim("convert", drive.name, "out", "--json").stdout)["written"]
    assert Path(written["path"]).read_text().startswith("Test Time / s,Voltage / V,Current / A")
    assert vestim("convert", drive.name).returncode == 2
    renamed_file = tmp_path / "odd.csv"
    renamed_file.write_text(drive.read_text().replace("voltage_V", "klemme"))
    assert "missing: voltage_V" in vestim("sniff", "odd.csv").stdout
    assert vestim("map", "odd.csv", "voltage_V").returncode == 2
    assert "from now on" in vestim("map", "odd.csv", "voltage_V=klemme").stdout
    assert "voltage_V = klemme" in vestim("sniff", "odd.csv").stdout
    assert "voltage_V: 3." in vestim("preview", "odd.csv").stdout
    curves = json.loads(vestim("preview", "odd.csv", "--signal", "voltage_V", "--points", "10", "--json").stdout)
    assert len(curves["signals"]["voltage_V"]["value"]) <= 10


def test_missing_file(vestim: RunVestim) -> None:
    for arguments in (("check", "absent.csv"), ("sniff", "absent.csv"), ("preview", "absent.csv")):
        answer = vestim(*arguments)
        assert answer.returncode == 3
        assert "absent.csv" in answer.stderr
        assert "Traceback" not in answer.stderr
