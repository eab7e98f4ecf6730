"""The data of a new job: files by role, what is found in them, and what can be done about it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QPushButton

from tests.gui.fake_link import FakeLink
from tests.gui.new_job.conftest import Until
from tests.gui.new_job.files import HEADER, cycle
from tests.gui.new_job.service import Service
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_gui.context import Context
from vestim_gui.new_job.columns_dialog import ColumnsDialog
from vestim_gui.new_job.data_files import Entry, guessed_role
from vestim_gui.new_job.data_section import DataSection
from vestim_gui.new_job.page import NewJobPage

Cells = dict[str, list[str]]


def shown(data: DataSection) -> list[list[str]]:
    """The table as it is seen."""
    columns = range(data.model.columnCount())
    return [[data.model.data(data.model.index(row, column)) for column in columns] for row in range(len(data.rows))]


def known(data: DataSection) -> bool:
    """Whether everything about the files is known."""
    return bool(data.rows) and not data.reader.busy


def press(data: DataSection, words: str, about: str = "") -> None:
    """Press a button under a finding."""
    for made in data.findings.findChildren(QPushButton):
        if made.text() == words and about in made.accessibleDescription():
            made.click()
            return
    raise AssertionError(f"no button '{words}' among {[b.text() for b in data.findings.findChildren(QPushButton)]}")


def test_files_are_looked_at_and_checked(page: NewJobPage, until: Until, cells: Cells) -> None:
    data = page.sections.data
    words: list[str] = []
    data.reader.progressed.connect(lambda text, fraction: words.append(text))
    page.open({"data": cells})
    until(lambda: known(data))
    assert shown(data)[0] == ["Training", "train.csv", "400", "6 min 39 s", "1.00", "25.0", "plain", "✓ fine"]
    assert [line[:2] for line in shown(data)[1:]] == [["Validation", "validation.csv"], ["Test", "test.csv"]]
    assert any(text.startswith("Looking at the files") for text in words)
    assert any(text == "Checking: reading" for text in words)
    assert words[-1] == ""


def test_files_are_added_by_role_or_by_what_their_names_say(page: NewJobPage, tmp_path: Path) -> None:
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
    assert guessed_role("/cells/test/train_03.csv") == "train"
    assert guessed_role("/latest/contest.csv") == "train"


def test_files_can_be_dropped_on_the_section(page: NewJobPage, tmp_path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "dropped.csv"))])
    event = QDropEvent(
        QPointF(QPoint(9, 9)), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    page.sections.data.dropEvent(event)
    assert page.document()["data"]["train"] == [str(tmp_path / "dropped.csv")]


def test_a_chosen_file_gets_another_role_or_goes(page: NewJobPage, until: Until, cells: Cells) -> None:
    data = page.sections.data
    page.open({"data": cells})
    until(lambda: known(data))
    data.table.selectRow(2)
    data.set_role("train")
    assert page.document()["data"]["train"] == [*cells["train"], *cells["test"]]
    assert "test" not in page.document()["data"]
    data.table.selectRow(0)
    QTest.keyClick(data.table, Qt.Key.Key_Delete)
    assert page.document()["data"]["train"] == cells["test"]


def test_a_folder_has_a_row_for_each_file_and_gives_way_when_one_goes(
    page: NewJobPage, until: Until, tmp_path: Path
) -> None:
    for number in (1, 2, 10):
        cycle(tmp_path / "folder" / f"c{number}.csv", phase=number)
    data = page.sections.data
    data.add([str(tmp_path / "folder")], "train")
    until(lambda: known(data))
    assert [line[1] for line in shown(data)] == ["c1.csv", "c2.csv", "c10.csv"]
    assert page.document()["data"]["train"] == [str(tmp_path / "folder")]
    data.table.selectRow(1)
    data.set_role("test")
    files = {name: str(tmp_path / "folder" / name) for name in ("c1.csv", "c2.csv", "c10.csv")}
    assert page.document()["data"] == {"train": [files["c1.csv"], files["c10.csv"]], "test": [files["c2.csv"]]}


def test_reversed_current_is_flipped_in_all_files_at_once(page: NewJobPage, until: Until, tmp_path: Path) -> None:
    paths = [str(cycle(tmp_path / f"r{number}.csv", sign=-1, phase=number)) for number in range(3)]
    data = page.sections.data
    data.add(paths[:2], "train")
    data.add(paths[2:], "validation")
    until(lambda: known(data))
    assert {line[-1] for line in shown(data)} == {"! 1 error"}
    page.start()
    assert page.summary.message.text().startswith("Not started. r0.csv: ")
    press(data, "Flip in these 3 files")
    repairs = page.document()["data"]["repairs"]
    assert [(one["file"], one["repair"]["kind"]) for one in repairs] == [(path, "flip") for path in paths]
    assert all(said.endswith("(will be repaired)") or "repaired" not in said for said in data.findings.sentences())
    until(lambda: not [stop for stop in page._stops if not stop.warn])
    press(data, "Undo")
    assert len(page.document()["data"]["repairs"]) == 2
    press(data, "Keep")
    kept = page.document()["data"]["repairs"][-1]["repair"]
    assert kept == {"kind": "accept", "parameters": {"code": "current.sign"}}


def test_a_file_without_a_needed_column_asks_which_one_it_is(
    page: NewJobPage, ctx: Context, service: Service, until: Until, tmp_path: Path
) -> None:
    odd = str(cycle(tmp_path / "cell_07.csv", header=HEADER.replace("current_A", "Strom")))
    data = page.sections.data
    data.add([odd], "train")
    until(lambda: known(data))
    assert shown(data)[0][-1] == "! 1 column missing"
    sentence = '"cell_07.csv" has no current column. Found: Strom. Which one is current?'
    assert data.findings.sentences()[0] == sentence
    press(data, "Choose...")
    (dialog,) = data.findChildren(ColumnsDialog)
    assert not dialog.use.isEnabled()
    dialog.boxes["current_A"].setCurrentText("Strom")
    assert dialog.columns() == {"current_A": "Strom"}
    dialog.use.click()
    until(lambda: service.mapped)
    assert service.mapped[0]["columns"] == {"current_A": "Strom"}
    assert page.document()["data"]["columns"] == {"current_A": "Strom"}
    until(lambda: known(data) and shown(data)[0][-1] == "✓ fine")


def test_soc_may_stay_unknown_where_the_current_is_told(page: NewJobPage, until: Until, tmp_path: Path) -> None:
    odd = str(cycle(tmp_path / "odd.csv", header="t_s,U,Strom,T_amb,Ladung"))
    data = page.sections.data
    data.add([odd], "train")
    until(lambda: known(data))
    assert data.findings.sentences()[0] == (
        '"odd.csv" has no current column (nor temperature, SOC). Found: Strom, T_amb, Ladung. Which one is current?'
    )
    dialog = ColumnsDialog(data.rows[0], page)
    dialog.boxes["current_A"].setCurrentText("Strom")
    assert not dialog.use.isEnabled()
    dialog.boxes["temperature_degC"].setCurrentText("T_amb")
    assert dialog.use.isEnabled()
    assert dialog.columns() == {"current_A": "Strom", "temperature_degC": "T_amb"}
    dialog.skip.click()


def test_a_file_can_be_skipped(page: NewJobPage, until: Until, tmp_path: Path, cells: Cells) -> None:
    odd = str(cycle(tmp_path / "odd.csv", header=HEADER.replace("current_A", "Strom")))
    data = page.sections.data
    page.open({"data": {**cells, "train": [*cells["train"], odd]}})
    until(lambda: known(data))
    press(data, "Skip file")
    assert page.document()["data"]["train"] == cells["train"]


def test_one_content_in_training_and_test_is_removed_from_test(
    page: NewJobPage, until: Until, tmp_path: Path, cells: Cells
) -> None:
    copy = tmp_path / "US06_25C.csv"
    shutil.copy(cells["train"][0], copy)
    data = page.sections.data
    page.open({"data": {**cells, "test": [*cells["test"], str(copy)]}})
    until(lambda: known(data))
    assert any("results would look too good" in said for said in data.findings.sentences())
    press(data, "Remove from test", "US06_25C.csv")
    assert page.document()["data"] == cells


def test_files_that_cannot_be_read_are_told_and_spare_the_others(
    page: NewJobPage, until: Until, tmp_path: Path, cells: Cells
) -> None:
    (tmp_path / "empty.csv").write_text("")
    paths = [*cells["train"], str(tmp_path / "absent.csv"), str(tmp_path / "photo.jpg"), str(tmp_path / "empty.csv")]
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    data = page.sections.data
    page.open({"data": {**cells, "train": paths}})
    until(lambda: known(data))
    by_name = {line[1]: line[-1] for line in shown(data)}
    assert by_name["train.csv"] == "✓ fine"
    assert {by_name[name] for name in ("absent.csv", "photo.jpg", "empty.csv")} == {"! cannot be read"}
    assert any("does not exist" in said for said in data.findings.sentences())
    press(data, "Leave the file out", "empty.csv")
    until(lambda: known(data))
    assert str(tmp_path / "empty.csv") not in page.document()["data"]["train"]


def test_checks_can_be_cancelled_and_failures_are_told(
    page: NewJobPage, ctx: Context, fake_link: FakeLink, until: Until, cells: Cells
) -> None:
    toasts: list[Any] = []
    ctx.toasts.said.connect(toasts.append)

    def fail(**_: Any) -> Any:
        raise VestimError(ErrorCode.FAILED, "The inspecting process was ended by the system.")

    check, fake_link.handlers["check"] = fake_link.handlers["check"], fail
    data = page.sections.data
    page.open({"data": cells})
    until(lambda: toasts)
    assert toasts[-1].text == "The inspecting process was ended by the system."
    assert shown(data)[0][2].startswith("≈ 4"), "what was seen before stays"
    fake_link.handlers["check"] = check
    toasts[-1].actions[0][1]()
    until(lambda: known(data) and shown(data)[0][-1] == "✓ fine")
    fake_link.disconnect_service()
    data.add(["/x/more.csv"], "train")
    until(lambda: data.cancel.isVisible())
    data.cancel.click()
    assert fake_link.cancelled
    assert not data.reader.busy


def test_a_file_is_shown_as_curves_and_the_rows_of_a_finding(page: NewJobPage, until: Until, tmp_path: Path) -> None:
    path = cycle(tmp_path / "stuck.csv", rows=900)
    lines = path.read_text().splitlines()
    lines[401:451] = [f"{400 + place * 1e-6:.6f},{line.partition(',')[2]}" for place, line in enumerate(lines[401:451])]
    path.write_text("\n".join(lines))
    data = page.sections.data
    data.add([str(path)], "train")
    until(lambda: known(data))
    data.table.selectRow(0)
    until(lambda: data.preview.canvas is not None and data.preview.canvas.isVisible())
    canvas = data.preview.canvas
    assert canvas is not None
    assert [panel.title for panel in canvas.panels] == ["Voltage / V", "Current / A", "Temperature / °C"]
    press(data, "Show")
    until(lambda: canvas.view.x is not None)
    assert canvas.view.x is not None
    assert canvas.view.x[0] < 401 < canvas.view.x[1] < 900


def test_names_of_columns_are_offered_while_inputs_are_typed(page: NewJobPage, until: Until, cells: Cells) -> None:
    page.open({"data": cells})
    until(lambda: known(page.sections.data))
    assert {"soc", "power_W"} <= set(page.sections.columns.stringList())
    features = page.sections.parts["signals"].parts["features"].editor.core
    completer = features.completer()
    assert completer is not None
    assert completer.splitPath("soc, curr") == ["curr"]


def test_a_remembered_header_counts_for_the_training_too(
    page: NewJobPage, fake_link: FakeLink, until: Until, tmp_path: Path
) -> None:
    odd = str(cycle(tmp_path / "odd.csv", header=HEADER.replace("current_A", "Strom")))
    sniff, check = fake_link.handlers["sniff"], fake_link.handlers["check"]
    remembered = {"current_A": "Strom"}
    fake_link.handlers["sniff"] = lambda files, columns: sniff(files, columns or remembered)
    fake_link.handlers["check"] = lambda files, columns: check(files, columns or remembered)
    data = page.sections.data
    data.add([odd], "train")
    until(lambda: page.document()["data"].get("columns") == remembered)


def test_two_headers_that_name_a_column_differently_are_told(
    page: NewJobPage, ctx: Context, until: Until, tmp_path: Path
) -> None:
    one = str(cycle(tmp_path / "one.csv", header=HEADER.replace("current_A", "Strom")))
    two = str(cycle(tmp_path / "two.csv", header=HEADER.replace("current_A", "Courant"), phase=2))
    data = page.sections.data
    page.open({"data": {"train": [one], "validation": [two], "columns": {"current_A": "Strom"}}})
    until(lambda: known(data))
    toasts: list[Any] = []
    ctx.toasts.said.connect(toasts.append)
    press(data, "Choose...", "two.csv")
    (dialog,) = data.findChildren(ColumnsDialog)
    dialog.boxes["current_A"].setCurrentText("Courant")
    dialog.use.click()
    assert '"one.csv" has another name for it' in toasts[-1].text
    assert page.document()["data"]["columns"] == {"current_A": "Strom"}


def test_a_saved_data_set_can_be_named_instead(page: NewJobPage, until: Until) -> None:
    page.open({"data": {"data_set": "Winter cells"}})
    until(lambda: page.summary.models.text() == "Makes 1 model" and not page._stops)
    assert page.document()["data"] == {"data_set": "Winter cells"}


def test_entries_keep_a_path_in_two_roles_so_that_it_is_told(page: NewJobPage, until: Until) -> None:
    page.open({"data": {"train": ["/a.csv"], "validation": ["/a.csv"]}})
    assert page.sections.data._entries == [Entry("/a.csv", "train"), Entry("/a.csv", "validation")]
    until(lambda: "is given as train and as validation" in page.sections.data.note.text())


def test_a_thousand_files_are_shown_without_a_stutter(page: NewJobPage, fake_link: FakeLink, until: Until) -> None:
    paths = [f"/cells/{number:04d}.csv" for number in range(1000)]
    fake_link.disconnect_service()
    data = page.sections.data
    data.add(paths, "train")
    finding = {"code": "time.gap", "severity": "warning", "sentence": "A gap.", "repair": None, "rows": None}
    checked = [{"path": path, "name": path[7:], "readable": True, "rows": 9, "vendor": "", "why": ""} for path in paths]
    answer = {"files": checked, "findings": [{**finding, "file": path[7:]} for path in paths]}
    started_s = time.process_time()
    data.reader.facts = data.reader.facts.with_checked(answer)
    data.reader.changed.emit()
    taken_s = time.process_time() - started_s
    assert len(data.rows) == 1000
    assert data.rows[-1].count("warning") == 1
    assert taken_s < 0.25, f"{taken_s:.3f} s"
    assert len(data.findings.sentences()) <= 41
