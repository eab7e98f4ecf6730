"""Inspections of files before a job exists: answered by workers, beside running jobs, in no list, once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.guarantees.conftest import follow_to_end, follow_until, registry_rows, write_cell
from vestim_core.client import Client
from vestim_core.client.inspection_calls import run_inspection
from vestim_core.spec.errors import ErrorCode, VestimError


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """A file without findings."""
    write_cell(tmp_path / "drive.csv", 1)
    return tmp_path / "drive.csv"


@pytest.fixture
def percent(tmp_path: Path, drive: Path) -> Path:
    """The same file with SOC in percent."""
    lines = drive.read_text().splitlines()
    rows = [line.split(",") for line in lines[1:]]
    scaled = [",".join([*row[:4], f"{100 * float(row[4]):.4f}"]) for row in rows]
    path = tmp_path / "percent.csv"
    path.write_text("\n".join([lines[0], *scaled]))
    return path


def _codes(answer: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in answer["findings"]}


def test_a_check_finds_what_a_rewrite_repairs(client: Client, percent: Path, tmp_path: Path) -> None:
    progress_events: list[dict[str, Any]] = []
    check_answer = run_inspection(
        client, "check", files=[{"path": str(percent), "role": "train"}], progress=progress_events.append
    )
    assert "soc.percent" in _codes(check_answer)
    (file,) = check_answer["files"]
    assert (file["rows"], file["role"], file["readable"]) == (900, "train", True)
    repairs = [{"file": str(percent), "repair": f["repair"]} for f in check_answer["findings"] if f["repair"]]
    for name in ("percent.bdf.csv", "percent (2).bdf.csv"):
        folder = str(tmp_path / "fixed")
        (rewritten,) = run_inspection(client, "rewrite", files=[str(percent)], folder=folder, repairs=repairs)["files"]
        assert rewritten["repairs"] == len(repairs)
        assert Path(rewritten["path"]).parent == tmp_path / "fixed", name
    assert len(list((tmp_path / "fixed").iterdir())) == 2, "nothing is overwritten"
    second_answer = run_inspection(client, "check", files=[{"path": str(tmp_path / "fixed" / "percent.bdf.csv")}])
    assert "soc.percent" not in _codes(second_answer)


def test_an_inspection_is_no_job_and_uses_no_slot(
    client: Client, drive: Path, job: Callable[..., dict[str, Any]]
) -> None:
    busy = client.call("submit", spec=job("lstm", epochs=100_000, repetitions=8))["job_id"]
    follow_until(client, busy, lambda event: event["kind"] == "epoch")
    answer = run_inspection(client, "check", files=[{"path": str(drive)}])
    assert answer["files"][0]["rows"] == 900, "it was answered although every slot is taken"
    assert [row["job_id"] for row in client.call("list_jobs")["jobs"]] == [busy]
    (catalog,) = client.call("wait", cursors=[{"stream": "catalog"}], limit=10_000)["streams"]
    assert {row["job_id"] for row in catalog["events"]} == {busy}
    client.call("stop", job_id=busy, test=False)
    follow_to_end(client, busy)


def test_the_same_content_is_checked_once(client: Client, drive: Path) -> None:
    first = run_inspection(client, "check", files=[{"path": str(drive)}])
    (answer_file,) = client.home.inspection_answers.glob("*.json")
    mtime_ns = answer_file.stat().st_mtime_ns
    assert run_inspection(client, "check", files=[{"path": str(drive)}]) == first
    assert answer_file.stat().st_mtime_ns == mtime_ns
    with drive.open("a") as file:
        file.write("900.000000,4.0,0.0,25.0,0.9\n")
    assert run_inspection(client, "check", files=[{"path": str(drive)}])["files"][0]["rows"] == 901
    assert len(list(client.home.inspection_answers.glob("*.json"))) == 2


def test_an_inspecting_worker_is_preloaded_without_torch(client: Client, drive: Path) -> None:
    run_inspection(client, "sniff", files=[str(drive)])
    (server,) = [p for p in psutil.process_iter() if _is_preloaded(p, client.home.root)]
    assert not any("libtorch" in mapping.path for mapping in server.memory_maps())
    run_inspection(client, "preview", file=str(drive), points=100)
    assert server.is_running()


def _is_preloaded(process: psutil.Process, home: Path) -> bool:
    try:
        arguments = process.cmdline()
        return (
            "--fork-server" in arguments
            and arguments[-1] == "inspect"
            and process.environ()["VESTIM_HOME"] == str(home)
        )
    except (psutil.Error, KeyError):
        return False


def test_a_preview_is_thinned_and_keeps_spikes(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    rows = [f"{second},{3.7 if second != 7777 else 9.9},0.1" for second in range(20_000)]
    path.write_text("\n".join(["time_s,voltage_V,current_A", *rows]))
    preview = run_inspection(client, "preview", file=str(path), signals=["voltage_V"], points=200)
    curve = preview["signals"]["voltage_V"]
    assert len(curve["value"]) <= 200
    assert max(curve["value"]) == 9.9
    assert preview["rows"] == 20_000


def test_a_mapping_is_remembered_for_every_file_with_the_same_header(client: Client, drive: Path) -> None:
    renamed_file = drive.with_name("odd.csv")
    renamed_file.write_text(drive.read_text().replace("voltage_V", "klemme"))
    (unmapped,) = run_inspection(client, "sniff", files=[str(renamed_file)])["files"]
    assert "voltage_V" in unmapped["missing"]
    client.call("map_columns", header=unmapped["headers"], columns={"voltage_V": "klemme"})
    (mapped,) = run_inspection(client, "sniff", files=[str(renamed_file)])["files"]
    assert "voltage_V" not in mapped["missing"]
    client.call("map_columns", header=unmapped["headers"], columns={})
    assert run_inspection(client, "sniff", files=[str(renamed_file)])["files"] == [unmapped]


def test_a_file_that_is_no_table_gives_one_message(client: Client, drive: Path, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.csv"
    garbage.write_bytes(bytes(range(256)) * 50)
    check_answer = run_inspection(client, "check", files=[{"path": str(garbage)}, {"path": str(drive)}])
    assert [file["readable"] for file in check_answer["files"]] == [False, True]
    assert any("garbage.csv" in finding["message"] for finding in check_answer["findings"])
    (sniffed,) = run_inspection(client, "sniff", files=[str(garbage)])["files"]
    assert "garbage.csv" in sniffed["error"]
    for method, params in {
        "preview": {"file": str(garbage)},
        "rewrite": {"files": [str(garbage)], "folder": str(tmp_path / "x")},
        "check": {"files": [{"path": str(tmp_path / "absent.csv")}]},
    }.items():
        with pytest.raises(VestimError) as caught:
            run_inspection(client, method, **params)
        assert caught.value.code in {ErrorCode.WRONG_INPUT, ErrorCode.NOT_FOUND}
        assert "\n" not in caught.value.message
    with pytest.raises(VestimError) as caught:
        client.call("check", files=[{"pfad": "x"}], columns={})
    assert caught.value.code is ErrorCode.WRONG_INPUT


def test_an_inspection_can_be_stopped(client: Client, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for index in range(40):
        write_cell(folder / f"{index}.csv", index, rows=20_000)
    inspection_id = client.call("check", files=[{"path": str(folder)}], columns={})["inspection_id"]
    client.call("stop", job_id=inspection_id, test=False)
    follow_to_end(client, inspection_id)
    assert client.call("show_job", job_id=inspection_id)["state"] == "stopped"


def test_old_inspections_are_forgotten(client: Client, drive: Path) -> None:
    for points in range(4, 30):
        run_inspection(client, "preview", file=str(drive), points=points)
    rows = registry_rows(client.home.root, "SELECT job_id FROM jobs")
    assert len(rows) <= 21
    assert len(registry_rows(client.home.root, "SELECT DISTINCT job_id FROM events")) == len(rows)


def test_the_demo_is_generated_by_a_worker_and_its_defective_file_has_findings(client: Client) -> None:
    progress_events: list[dict[str, Any]] = []
    demo = run_inspection(client, "generate_demo", progress=progress_events.append)
    assert demo["generated"] and Path(demo["folder"]) == client.home.demo
    assert client.call("create_job", spec=demo["spec"])["state"] == "draft"
    check_answer = run_inspection(client, "check", files=[{"path": demo["defective"]}])
    assert {finding["severity"] for finding in check_answer["findings"]} >= {"error"} or len(
        check_answer["findings"]
    ) >= 2
    assert run_inspection(client, "generate_demo") == {**demo, "generated": False}
