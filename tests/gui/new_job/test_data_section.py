"""The data section of a new job: files by role, their findings, and repairs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QPushButton

from tests.gui.fake_link import FakeLink
from tests.gui.new_job.cell_files import HEADER, write_cycle
from tests.gui.new_job.conftest import WaitUntil
from tests.gui.new_job.scripted_daemon import ScriptedDaemon
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_gui.context import Context
from vestim_gui.new_job.columns_dialog import ColumnsDialog
from vestim_gui.new_job.data_section import DataSection
from vestim_gui.new_job.job_data_files import DataEntry, guess_role
from vestim_gui.new_job.new_job_page import NewJobPage

DataFiles = dict[str, list[str]]


def table_cells(data: DataSection) -> list[list[str]]:
    """Text of all cells of the table."""
    columns = range(data.model.columnCount())
    return [[data.model.data(data.model.index(row, column)) for column in columns] for row in range(len(data.rows))]


def is_inspected(data: DataSection) -> bool:
    """True if every file has been inspected."""
    return bool(data.rows) and not data.inspection.is_busy


def press(data: DataSection, label: str, description: str = "") -> None:
    """Click a button below a finding."""
    for push_button in data.findings.findChildren(QPushButton):
        if push_button.text() == label and description in push_button.accessibleDescription():
            push_button.click()
            return
    raise AssertionError(
        f"no button '{label}' among {[push_button.text() for push_button in data.findings.findChildren(QPushButton)]}"
    )


def test_files_are_inspected_and_checked(page: NewJobPage, wait_until: WaitUntil, data_files: DataFiles) -> None:
    data = page.sections.data
    messages: list[str] = []
    data.inspection.progress_changed.connect(lambda text, fraction: messages.append(text))
    page.open({"data": data_files})
    wait_until(lambda: is_inspected(data))
    assert table_cells(data)[0] == ["Training", "train.csv", "400", "6 min 39 s", "1.00", "25.0", "plain", "✓ fine"]
    assert [line[:2] for line in table_cells(data)[1:]] == [["Validation", "validation.csv"], ["Test", "test.csv"]]
    assert any(text.startswith("Looking at the files") for text in messages)
    assert any(text == "Checking: reading" for text in messages)
    assert messages[-1] == ""


def test_files_are_added_by_role_or_by_their_names(page: NewJobPage, tmp_path: Path) -> None:
    data = page.sections.data
    data.add(["/x/a.csv"], "validation")
    data.add(["/x/US06_test.csv", "/x/val/b.csv", "/x/valid.csv", "/x/HPPC.csv"])
    assert page.document()["data"] == {
        "train": ["/x/HPPC.csv"],
        "validation": ["/x/a.csv", "/x/val/b.csv", "/x/valid.csv"],
        "test": ["/x/US06_test.csv"],
    }
    data.add(["/x/a.csv"], "test")
    assert page.document()["data"]["test"] == ["/x/US06_test.csv"], "a file has one role"
    assert guess_role("/cells/test/train_03.csv") == "train"
    assert guess_role("/latest/contest.csv") == "train"


def test_files_can_be_dropped_on_the_section(page: NewJobPage, tmp_path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "dropped.csv"))])
    event = QDropEvent(
        QPointF(QPoint(9, 9)), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    page.sections.data.dropEvent(event)
    assert page.document()["data"]["train"] == [str(tmp_path / "dropped.csv")]


def test_the_role_of_a_selected_file_changes_or_it_is_removed(
    page: NewJobPage, wait_until: WaitUntil, data_files: DataFiles
) -> None:
    data = page.sections.data
    page.open({"data": data_files})
    wait_until(lambda: is_inspected(data))
    data.table.selectRow(2)
    data.set_role("train")
    assert page.document()["data"]["train"] == [*data_files["train"], *data_files["test"]]
    assert "test" not in page.document()["data"]
    data.table.selectRow(0)
    QTest.keyClick(data.table, Qt.Key.Key_Delete)
    assert page.document()["data"]["train"] == data_files["test"]


def test_a_folder_has_a_row_per_file_and_is_replaced_by_its_files(
    page: NewJobPage, wait_until: WaitUntil, tmp_path: Path
) -> None:
    for index in (1, 2, 10):
        write_cycle(tmp_path / "folder" / f"c{index}.csv", phase=index)
    data = page.sections.data
    data.add([str(tmp_path / "folder")], "train")
    wait_until(lambda: is_inspected(data))
    assert [line[1] for line in table_cells(data)] == ["c1.csv", "c2.csv", "c10.csv"]
    assert page.document()["data"]["train"] == [str(tmp_path / "folder")]
    data.table.selectRow(1)
    data.set_role("test")
    files = {name: str(tmp_path / "folder" / name) for name in ("c1.csv", "c2.csv", "c10.csv")}
    assert page.document()["data"] == {"train": [files["c1.csv"], files["c10.csv"]], "test": [files["c2.csv"]]}


def test_reversed_current_is_flipped_in_all_files_at_once(
    page: NewJobPage, wait_until: WaitUntil, tmp_path: Path
) -> None:
    paths = [str(write_cycle(tmp_path / f"r{index}.csv", sign=-1, phase=index)) for index in range(3)]
    data = page.sections.data
    data.add(paths[:2], "train")
    data.add(paths[2:], "validation")
    wait_until(lambda: is_inspected(data))
    assert {line[-1] for line in table_cells(data)} == {"! 1 error"}
    page.start()
    assert page.summary.message.text().startswith("Not started. r0.csv: ")
    press(data, "Flip in these 3 files")
    repairs = page.document()["data"]["repairs"]
    assert [(repair["file"], repair["repair"]["kind"]) for repair in repairs] == [(path, "flip") for path in paths]
    assert all(
        message.endswith("(will be repaired)") or "repaired" not in message for message in data.findings.messages()
    )
    wait_until(lambda: not [stop for stop in page._problems if not stop.is_warning])
    press(data, "Undo")
    assert len(page.document()["data"]["repairs"]) == 2
    press(data, "Keep")
    accepted_repair = page.document()["data"]["repairs"][-1]["repair"]
    assert accepted_repair == {"kind": "accept", "parameters": {"code": "current.sign"}}


def test_a_missing_column_can_be_assigned(
    page: NewJobPage, ctx: Context, daemon: ScriptedDaemon, wait_until: WaitUntil, tmp_path: Path
) -> None:
    unmapped_file = str(write_cycle(tmp_path / "cell_07.csv", header=HEADER.replace("current_A", "Strom")))
    data = page.sections.data
    data.add([unmapped_file], "train")
    wait_until(lambda: is_inspected(data))
    assert table_cells(data)[0][-1] == "! 1 column missing"
    sentence = '"cell_07.csv" has no current column. Found: Strom. Which one is current?'
    assert data.findings.messages()[0] == sentence
    press(data, "Choose...")
    (dialog,) = data.findChildren(ColumnsDialog)
    assert not dialog.use_button.isEnabled()
    dialog.boxes["current_A"].setCurrentText("Strom")
    assert dialog.columns() == {"current_A": "Strom"}
    dialog.use_button.click()
    wait_until(lambda: daemon.column_maps)
    assert daemon.column_maps[0]["columns"] == {"current_A": "Strom"}
    assert page.document()["data"]["columns"] == {"current_A": "Strom"}
    wait_until(lambda: is_inspected(data) and table_cells(data)[0][-1] == "✓ fine")


def test_soc_may_stay_unassigned_if_the_current_is_known(
    page: NewJobPage, wait_until: WaitUntil, tmp_path: Path
) -> None:
    unmapped_file = str(write_cycle(tmp_path / "odd.csv", header="t_s,U,Strom,T_amb,Ladung"))
    data = page.sections.data
    data.add([unmapped_file], "train")
    wait_until(lambda: is_inspected(data))
    assert data.findings.messages()[0] == (
        '"odd.csv" has no current column (nor temperature, SOC). Found: Strom, T_amb, Ladung. Which one is current?'
    )
    dialog = ColumnsDialog(data.rows[0], page)
    dialog.boxes["current_A"].setCurrentText("Strom")
    assert not dialog.use_button.isEnabled()
    dialog.boxes["temperature_degC"].setCurrentText("T_amb")
    assert dialog.use_button.isEnabled()
    assert dialog.columns() == {"current_A": "Strom", "temperature_degC": "T_amb"}
    dialog.skip_button.click()


def test_a_file_can_be_skipped(page: NewJobPage, wait_until: WaitUntil, tmp_path: Path, data_files: DataFiles) -> None:
    unmapped_file = str(write_cycle(tmp_path / "odd.csv", header=HEADER.replace("current_A", "Strom")))
    data = page.sections.data
    page.open({"data": {**data_files, "train": [*data_files["train"], unmapped_file]}})
    wait_until(lambda: is_inspected(data))
    press(data, "Skip file")
    assert page.document()["data"]["train"] == data_files["train"]


def test_content_shared_by_training_and_test_is_removed_from_test(
    page: NewJobPage, wait_until: WaitUntil, tmp_path: Path, data_files: DataFiles
) -> None:
    copy = tmp_path / "US06_25C.csv"
    shutil.copy(data_files["train"][0], copy)
    data = page.sections.data
    page.open({"data": {**data_files, "test": [*data_files["test"], str(copy)]}})
    wait_until(lambda: is_inspected(data))
    assert any("results would look too good" in message for message in data.findings.messages())
    press(data, "Remove from test", "US06_25C.csv")
    assert page.document()["data"] == data_files


def test_unreadable_files_are_reported_without_affecting_others(
    page: NewJobPage, wait_until: WaitUntil, tmp_path: Path, data_files: DataFiles
) -> None:
    (tmp_path / "empty.csv").write_text("")
    paths = [
        *data_files["train"],
        str(tmp_path / "absent.csv"),
        str(tmp_path / "photo.jpg"),
        str(tmp_path / "empty.csv"),
    ]
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    data = page.sections.data
    page.open({"data": {**data_files, "train": paths}})
    wait_until(lambda: is_inspected(data))
    by_name = {line[1]: line[-1] for line in table_cells(data)}
    assert by_name["train.csv"] == "✓ fine"
    assert {by_name[name] for name in ("absent.csv", "photo.jpg", "empty.csv")} == {"! cannot be read"}
    assert any("does not exist" in message for message in data.findings.messages())
    press(data, "Leave the file out", "empty.csv")
    wait_until(lambda: is_inspected(data))
    assert str(tmp_path / "empty.csv") not in page.document()["data"]["train"]


def test_checks_can_be_canceled_and_failures_are_reported(
    page: NewJobPage, ctx: Context, fake_link: FakeLink, wait_until: WaitUntil, data_files: DataFiles
) -> None:
    toasts: list[Any] = []
    ctx.toasts.toast_added.connect(toasts.append)

    def fail(**_: Any) -> Any:
        raise VestimError(ErrorCode.FAILED, "The inspecting process was ended by the system.")

    check, fake_link.handlers["check"] = fake_link.handlers["check"], fail
    data = page.sections.data
    page.open({"data": data_files})
    wait_until(lambda: toasts)
    assert toasts[-1].text == "The inspecting process was ended by the system."
    assert table_cells(data)[0][2].startswith("≈ 4"), "what was seen before stays"
    fake_link.handlers["check"] = check
    toasts[-1].actions[0][1]()
    wait_until(lambda: is_inspected(data) and table_cells(data)[0][-1] == "✓ fine")
    fake_link.disconnect_daemon()
    data.add(["/x/more.csv"], "train")
    wait_until(lambda: data.cancel_button.isVisible())
    data.cancel_button.click()
    assert fake_link.cancelled_tokens
    assert not data.inspection.is_busy


def test_a_file_is_plotted_and_zoomed_to_the_rows_of_a_finding(
    page: NewJobPage, wait_until: WaitUntil, tmp_path: Path
) -> None:
    path = write_cycle(tmp_path / "stuck.csv", rows=900)
    lines = path.read_text().splitlines()
    lines[401:451] = [f"{400 + row * 1e-6:.6f},{line.partition(',')[2]}" for row, line in enumerate(lines[401:451])]
    path.write_text("\n".join(lines))
    data = page.sections.data
    data.add([str(path)], "train")
    wait_until(lambda: is_inspected(data))
    data.table.selectRow(0)
    wait_until(lambda: data.preview.canvas is not None and data.preview.canvas.isVisible())
    canvas = data.preview.canvas
    assert canvas is not None
    assert [panel.title for panel in canvas.panels] == ["Voltage / V", "Current / A", "Temperature / °C"]
    press(data, "Show")
    wait_until(lambda: canvas.view.x is not None)
    assert canvas.view.x is not None
    assert canvas.view.x[0] < 401 < canvas.view.x[1] < 900


def test_column_names_are_offered_as_completions(
    page: NewJobPage, wait_until: WaitUntil, data_files: DataFiles
) -> None:
    page.open({"data": data_files})
    wait_until(lambda: is_inspected(page.sections.data))
    assert {"soc", "power_W"} <= set(page.sections.columns.stringList())
    features = page.sections.parts["signals"].parts["features"].editor.core
    completer = features.completer()
    assert completer is not None
    assert completer.splitPath("soc, curr") == ["curr"]


def test_a_remembered_header_is_written_to_the_document(
    page: NewJobPage, fake_link: FakeLink, wait_until: WaitUntil, tmp_path: Path
) -> None:
    unmapped_file = str(write_cycle(tmp_path / "odd.csv", header=HEADER.replace("current_A", "Strom")))
    sniff, check = fake_link.handlers["sniff"], fake_link.handlers["check"]
    remembered = {"current_A": "Strom"}
    fake_link.handlers["sniff"] = lambda files, columns: sniff(files, columns or remembered)
    fake_link.handlers["check"] = lambda files, columns: check(files, columns or remembered)
    data = page.sections.data
    data.add([unmapped_file], "train")
    wait_until(lambda: page.document()["data"].get("columns") == remembered)


def test_conflicting_column_names_are_reported(
    page: NewJobPage, ctx: Context, wait_until: WaitUntil, tmp_path: Path
) -> None:
    first_file = str(write_cycle(tmp_path / "one.csv", header=HEADER.replace("current_A", "Strom")))
    second_file = str(write_cycle(tmp_path / "two.csv", header=HEADER.replace("current_A", "Courant"), phase=2))
    data = page.sections.data
    page.open({"data": {"train": [first_file], "validation": [second_file], "columns": {"current_A": "Strom"}}})
    wait_until(lambda: is_inspected(data))
    toasts: list[Any] = []
    ctx.toasts.toast_added.connect(toasts.append)
    press(data, "Choose...", "two.csv")
    (dialog,) = data.findChildren(ColumnsDialog)
    dialog.boxes["current_A"].setCurrentText("Courant")
    dialog.use_button.click()
    assert '"one.csv" has another name for it' in toasts[-1].text
    assert page.document()["data"]["columns"] == {"current_A": "Strom"}


def test_a_saved_data_set_replaces_files(page: NewJobPage, wait_until: WaitUntil) -> None:
    page.open({"data": {"data_set": "Winter cells"}})
    wait_until(lambda: page.summary.models.text() == "Makes 1 model" and not page._problems)
    assert page.document()["data"] == {"data_set": "Winter cells"}


def test_a_path_in_two_roles_is_kept_and_reported(page: NewJobPage, wait_until: WaitUntil) -> None:
    page.open({"data": {"train": ["/a.csv"], "validation": ["/a.csv"]}})
    assert page.sections.data._entries == [DataEntry("/a.csv", "train"), DataEntry("/a.csv", "validation")]
    wait_until(lambda: "is given as train and as validation" in page.sections.data.note.text())


def test_a_thousand_files_are_shown(page: NewJobPage, fake_link: FakeLink) -> None:
    # how fast: tests/benchmarks/window_new_job.py
    paths = [f"/cells/{index:04d}.csv" for index in range(1000)]
    fake_link.disconnect_daemon()
    data = page.sections.data
    data.add(paths, "train")
    finding = {"code": "time.gap", "severity": "warning", "message": "A gap.", "repair": None, "rows": None}
    checked = [{"path": path, "name": path[7:], "readable": True, "rows": 9, "vendor": "", "why": ""} for path in paths]
    answer = {"files": checked, "findings": [{**finding, "file": path[7:]} for path in paths]}
    data.inspection.facts = data.inspection.facts.with_checked(answer)
    data.inspection.changed.emit()
    assert len(data.rows) == 1000
    assert data.rows[-1].count_findings("warning") == 1
    assert len(data.findings.messages()) <= 41
