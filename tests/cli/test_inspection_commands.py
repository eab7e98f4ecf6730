"""Looking at data files on the command line, before there is a job."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Vestim


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """A drive whose SOC is in percent."""
    rows = ["time_s,voltage_V,current_A,temperature_degC,soc"]
    soc = 60.0
    for second in range(600):
        current_A = 2.0 if second // 20 % 2 else -1.0
        soc += 100 * current_A / 3600 / 2
        rows.append(f"{second},{3.2 + soc / 100 + 0.05 * current_A:.5f},{current_A},{25 + second / 60:.2f},{soc:.4f}")
    path = tmp_path / "drive [1].csv"
    path.write_text("\n".join(rows))
    return path


def test_check_tells_and_mends(vestim: Vestim, drive: Path, tmp_path: Path) -> None:
    told = vestim("check", drive.name)
    assert '"drive [1].csv"' in told.stdout
    assert "percent, not a fraction" in told.stdout
    answer = vestim("check", drive.name, "--fix-to", "fixed", "--json")
    found = json.loads(answer.stdout)
    severities = {finding["severity"] for finding in found["findings"]}
    assert answer.returncode == int("error" in severities)
    (written,) = found["written"]
    assert Path(written["path"]).parent == tmp_path / "fixed"
    again = vestim("check", "fixed")
    assert again.returncode == 0, again.stdout
    assert "percent" not in again.stdout


def test_a_file_that_gives_wrong_numbers_ends_with_1(vestim: Vestim, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    told = vestim("check", "empty.csv", "--fix-to", "fixed")
    assert told.returncode == 1
    assert "empty.csv" in told.stdout
    assert not (tmp_path / "fixed").exists()


def test_convert_sniff_preview_and_map(vestim: Vestim, drive: Path, tmp_path: Path) -> None:
    (written,) = json.loads(vestim("convert", drive.name, "out", "--json").stdout)["written"]
    assert Path(written["path"]).read_text().startswith("Test Time / s,Voltage / V,Current / A")
    assert vestim("convert", drive.name).returncode == 2
    odd = tmp_path / "odd.csv"
    odd.write_text(drive.read_text().replace("voltage_V", "klemme"))
    assert "missing: voltage_V" in vestim("sniff", "odd.csv").stdout
    assert vestim("map", "odd.csv", "voltage_V").returncode == 2
    assert "from now on" in vestim("map", "odd.csv", "voltage_V=klemme").stdout
    assert "voltage_V = klemme" in vestim("sniff", "odd.csv").stdout
    assert "voltage_V: 3." in vestim("preview", "odd.csv").stdout
    curves = json.loads(vestim("preview", "odd.csv", "--signal", "voltage_V", "--points", "10", "--json").stdout)
    assert len(curves["signals"]["voltage_V"]["value"]) <= 10


def test_what_is_not_there(vestim: Vestim) -> None:
    for words in (("check", "absent.csv"), ("sniff", "absent.csv"), ("preview", "absent.csv")):
        told = vestim(*words)
        assert told.returncode == 3
        assert "absent.csv" in told.stderr
        assert "Traceback" not in told.stderr
