"""Printed events and results: readable lines, literal names, tables that fit into 80 columns."""

import io
import re
from typing import Any

from rich.console import Console

from vestim_core.cli.event_lines import event_line, event_text
from vestim_core.cli.follow_views import BarsView, LinesView
from vestim_core.cli.output import plain_text
from vestim_core.cli.result_tables import error_tables, file_error_tables
from vestim_core.cli.task_board import TaskBoard
from vestim_core.cli.uncertainty_tables import band_tables, label_error_summary, label_error_table, seed_spread_table
from vestim_core.client import EventBatch
from vestim_core.spec.events import EventKind

TIME = "2026-01-31T12:00:00.000Z"


def _task_record(task_id: str, kind: str, title: str, rmse_mV: float | None = None) -> dict[str, Any]:
    metrics = {"rmse_mV": rmse_mV, "mae_mV": 1.0, "max_mV": 30.0, "r2": 0.9987}
    files = [
        {"file": "a_long_name_of_a_drive_cycle_at_25degC.csv", "role": role, **metrics}
        for role in ("validation", "test")
    ]
    overall = {"validation": {"rmse_mV": 3.0}, "test": metrics}
    result = {"target": "voltage_V", "files": files, "overall": overall} if rmse_mV else {}
    return {
        "task_id": task_id,
        "kind": kind,
        "title": title,
        "state": "waiting",
        "progress": {},
        "result": result,
        "error": None,
    }


def _event_record(kind: str, task: str = "", seq: int = 1, /, **data: Any) -> dict[str, Any]:
    return {"seq": seq, "time_utc": TIME, "kind": kind, "task": task, "attempt": 1, "data": data}


def _rendered(*renderables: Any, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False)
    console.print(*renderables)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


EPOCH = {
    "epoch": 3,
    "max_epochs": 12,
    "train_rmse_mV": 20.123,
    "validation_rmse_mV": 18.3,
    "best_validation_rmse_mV": 17.0,
    "best_epoch": 2,
}


def test_event_text() -> None:
    assert event_text(_event_record("epoch", "train_001", **EPOCH)) == (
        "epoch 3/12, training 20.1, validation 18.3 mV, best 17.0 mV at epoch 2"
    )
    assert event_text(
        _event_record("finding", severity="warning", message="12 rows without a voltage", file="a.csv")
    ) == ("warning: a.csv: 12 rows without a voltage")
    assert (
        event_text(_event_record("job", state="failed", error={"message": "no training file"}))
        == "is failed: no training file"
    )
    assert event_text(_event_record("message", level="error", text="two\nlines\x1b[2J")) == "error: two lines [2J"
    assert event_text(
        _event_record("result", training={"epochs": 9, "best_epoch": 7, "validation": {"rmse_K": 0.1234}})
    ) == ("9 epochs, best 7: validation RMSE 0.123 K")


def test_every_kind_of_event_has_text() -> None:
    for kind in EventKind:
        assert event_line(_event_record(kind.value)).startswith("    1  ")
    assert "later" in event_line(_event_record("later", something=1))


def test_names_are_printed_literally() -> None:
    assert plain_text("a\x1b]0;title\x07b\nc") == "a ]0;title b c"
    job = {"tasks": [_task_record("test_001", "test", "[red]LSTM[/red] :smile:", 7.0)]}
    assert "[red]LSTM[/red] :smile:" in _rendered(*error_tables(job), width=120)


def test_error_tables_fit_80_columns_and_mark_the_best() -> None:
    tasks = [
        _task_record("baseline_1", "baseline", "Equivalent circuit", 25.3),
        _task_record(
            "test_001", "test", "LSTM 24-24-24, learning_rate 0.005, soc+current_A+temperature_degC, rep 3", 7.76
        ),
        _task_record("test_002", "test", "FNN 64-32", 12345.6),
    ]
    for table in (*error_tables({"tasks": tasks}), *file_error_tables({"tasks": tasks})):
        text = _rendered(table)
        assert max(map(len, text.splitlines())) <= 80
        assert all(figure in text for figure in ("7.76", "25.3", "12300", "0.999", "in mV"))
    errors = _rendered(*error_tables({"tasks": tasks}), width=200)
    rows = [line for line in errors.splitlines() if "7.76" in line or "25.3" in line]
    assert "(best)" in rows[0] and "LSTM" in rows[0]
    assert "(best)" not in rows[1]


def test_ensemble_is_listed_but_never_marked_best() -> None:
    tasks = [
        _task_record("ensemble_1", "ensemble", "Ensemble of 2 LSTM 24", 5.0),
        _task_record("test_001", "test", "LSTM 24", 7.0),
    ]
    rows = _rendered(*error_tables({"tasks": tasks}), width=120).splitlines()
    assert "(best)" in next(line for line in rows if "7.00" in line)
    assert "(best)" not in next(line for line in rows if "5.00" in line)


def test_uncertainty_tables_fit_80_columns() -> None:
    test = _task_record("test_001", "test", "LSTM 24-24-24, learning_rate 0.005, soc+current_A, rep 3", 7.76)
    test["result"]["band"] = {"level": 0.95, "half_width_mV": 15.25, "calibration_rows": 900, "coverage": 0.913}
    test["result"]["files"][-1] |= {"role": "test", "rows_outside": 1234, "outside": {"current_A": 1234}}
    spread = {"mean": 8.0, "std": 1.25, "min": 6.75, "max": 9.25, "values": [6.75, 9.25]}
    seeds = {"title": "Ensemble of 2 LSTM 24-24-24", "spread": {"test": {"rmse_mV": spread}}}
    ensemble = {**_task_record("ensemble_1", "ensemble", "Ensemble of 2 LSTM 24"), "result": {"seeds": seeds}}
    label = {"file": "drive.csv", "rmse_mV": 11.3, "aligned_rmse_mV": 4.6, "soc_scale": 1.008}
    checked = {"labels": [{**label, "soc_shift_percent": -1.01}], "label_check": {"message": "Labels drift."}}
    baseline = {**_task_record("baseline_1", "baseline", "Equivalent circuit"), "result": checked}
    job = {"tasks": [test, ensemble, baseline]}
    expected = (
        (band_tables(job)[0], ("15.2", "91.3 %", "1,234", "95.0 %")),
        (seed_spread_table(job), ("8.00", "1.25", "6.75", "9.25", "test, mV")),
        (label_error_table(job), ("11.3", "4.60", "1.008", "-1.01")),
    )
    for table, figures in expected:
        assert table is not None
        text = _rendered(table)
        assert max(map(len, text.splitlines())) <= 80
        assert all(figure in text for figure in figures), text
    assert label_error_summary(job) == "Labels drift."
    plain_job = {"tasks": [_task_record("test_001", "test", "LSTM", 7.0)]}
    assert (band_tables(plain_job), seed_spread_table(plain_job), label_error_table(plain_job)) == ([], None, None)
    assert label_error_summary(plain_job) == ""


def test_output_without_a_terminal_has_no_control_codes() -> None:
    console = Console(file=io.StringIO(), width=80, markup=False)
    job = {"tasks": [_task_record("prepare_1", "prepare", "Prepare data"), _task_record("train_001", "train", "FNN 4")]}
    with LinesView(console, TaskBoard(job), every_event=False) as view:
        view.show(
            EventBatch(
                [
                    _event_record("task", "prepare_1", state="running", kind="prepare", title="Prepare data"),
                    _event_record(
                        "phase", "prepare_1", phase="data_import", state="done", fraction=1.0, message="read 2 files"
                    ),
                    _event_record("epoch", "train_001", **EPOCH),
                    _event_record("epoch", "train_001", **EPOCH | {"epoch": 4}),
                    _event_record("job", state="done"),
                ]
            )
        )
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert [line.partition(",")[0] for line in lines] == [
        "Prepare data: read 2 files",
        "Train FNN 4: epoch 3/12",
        "Job is done",
    ]


def test_bars_show_the_progress_of_each_task() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, markup=False, color_system=None)
    job = {"tasks": [_task_record("train_001", "train", "LSTM 24"), _task_record("test_001", "test", "LSTM 24")]}
    with BarsView(console, TaskBoard(job), every_event=False) as view:
        progress = {"attempt": "job_1/train_001/1", "epoch": 4, "max_epochs": 12, "fraction": 0.3, "time_left_s": 130.0}
        view.show(
            EventBatch(
                [_event_record("task", "train_001", state="running"), _event_record("epoch", "train_001", **EPOCH)],
                [progress],
            )
        )
    assert isinstance(console.file, io.StringIO)
    output = console.file.getvalue()
    assert re.search(r"Train LSTM 24 .*epoch 3/12, 2 min 10 s left, train 20.1, val 18.3 mV", output)
    assert "Test" not in output


def test_further_tasks_share_one_bar() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, markup=False, color_system=None)
    job = {
        "tasks": [
            {**_task_record(f"train_{index:03}", "train", f"FNN {index}"), "state": "done"} for index in range(100)
        ]
    }
    with BarsView(console, TaskBoard(job), every_event=False) as view:
        view.show(EventBatch())
    assert isinstance(console.file, io.StringIO)
    assert "and 88 more" in console.file.getvalue()
    assert "100 of 100 tasks ended" in console.file.getvalue()
