"""The submit dialog on a real system: other ways to read a file, thirty files at once, what was before."""

from __future__ import annotations

import random
from pathlib import Path

import openpyxl
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QTableView

from desktop.submit.filelist import NAME, NOTE
from desktop.submit.mapping import FIELD
from tests.desktop.test_window import csv_file, submit, text, wait_row

MANY = 12  # files at once


def opened(qtbot, window, paths: list[Path], kind: str | None = None):
    """The dialog for these files, all of them looked at."""
    dialog = window.submit_files(paths, kind).finish()
    qtbot.waitUntil(lambda: all(s.looked for s in dialog.files.files) and not dialog._guessing, timeout=60_000)
    return dialog


def send(qtbot, window, dialog, jobs: int = 1) -> list[str]:
    """Press the button; gives the ids of the jobs."""
    told: list[str] = []
    window.controller.outgoing.accepted.connect(lambda _, job: told.append(job.id))
    button = dialog.findChild(QPushButton, "submitButton")
    qtbot.waitUntil(button.isEnabled, timeout=10_000)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(told) == jobs, timeout=60_000)
    return told


def ended(qtbot, window, job_id: str):
    return wait_row(qtbot, window, lambda r: r.id == job_id and r.ended)


@pytest.fixture
def mark() -> str:
    """Begins the keys of a test's own rows."""
    return str(random.randrange(10**9))


def test_what_a_file_goes_into_is_told_by_its_header(online, qtbot, tmp_path, mark):
    bills = tmp_path / "bills.csv"
    bills.write_text(f"账单编号,客户编号,金额,到期日\n{mark},1,10,2026-12-01\n", "utf-8")
    dialog = opened(qtbot, online, [bills])
    assert dialog.chosen.kind == "bills.import"
    dialog.set_files([csv_file(tmp_path, 2)])
    dialog.reject()
    dialog = opened(qtbot, online, [csv_file(tmp_path, 2)])
    assert dialog.chosen.kind == "customers.import"
    dialog.reject()


def test_sheet_and_header_row_are_overruled_and_the_first_rows_follow(online, qtbot, tmp_path, mark):
    path = tmp_path / "two sheets.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "客户"
    for row in (["客户编号", "客户名称"], [f"{mark}-a", "A"]):
        book.active.append(row)
    other = book.create_sheet("新客户")
    for row in (["客户编号", "客户名称", "电话"], ["编号", "名称", "联系电话"], [f"{mark}-b", "B", "010-12345678"]):
        other.append(row)
    book.save(path)
    dialog = opened(qtbot, online, [path], "customers.import")
    assert dialog.preview.isVisible()

    def choose(name: str, value) -> None:
        box = dialog.findChild(QComboBox, f"reading-{name}")
        assert box.isVisible()
        box.setCurrentIndex(box.findData(value))
        with qtbot.waitSignal(dialog.files.looked, timeout=20_000):
            box.activated.emit(box.currentIndex())

    choose("sheet", "新客户")
    choose("header_row", 2)
    table = dialog.findChild(QTableView, "previewTable").model()
    qtbot.waitUntil(lambda: table.rowCount() == 1)
    assert [table.index(0, column).data() for column in range(3)] == [f"{mark}-b", "B", "010-12345678"]
    assert dialog.params() == {"sheet": "新客户", "header_row": 2}
    (job_id,) = send(qtbot, online, dialog)
    row = ended(qtbot, online, job_id)
    assert (row.result["rows"], row.result["inserted"]) == (1, 1)


def test_a_wrong_encoding_is_mended_by_choosing_another(online, qtbot, tmp_path, mark):
    path = tmp_path / "traditional.csv"
    path.write_bytes(f"customer no.,name\n{mark},臺灣公司\n".encode("big5"))
    dialog = opened(qtbot, online, [path], "customers.import")
    dialog.set_params({"encoding": "utf-8"})
    button = dialog.findChild(QPushButton, "submitButton")
    qtbot.waitUntil(lambda: "UTF-8" in text(dialog, "previewWarning").upper(), timeout=20_000)
    qtbot.waitUntil(lambda: not button.isEnabled())
    box = dialog.findChild(QComboBox, "reading-encoding")
    box.setCurrentIndex(box.findData("big5"))
    box.activated.emit(box.currentIndex())
    qtbot.waitUntil(button.isEnabled, timeout=20_000)
    table = dialog.findChild(QTableView, "previewTable").model()
    qtbot.waitUntil(lambda: table.index(0, 1).data() == "臺灣公司")
    dialog.reject()


def test_an_update_needs_no_more_than_the_key_and_every_other_mode_all_that_is_required(online, qtbot, tmp_path, mark):
    new = tmp_path / "new.csv"
    new.write_text(f"客户编号,客户名称\n{mark},公司\n", "utf-8")
    ended(qtbot, online, submit(qtbot, online, new).id)
    path = tmp_path / "phones.csv"
    path.write_text(f"客户编号,电话\n{mark},010-12345678\n", "utf-8")
    dialog = opened(qtbot, online, [path], "customers.import")
    button = dialog.findChild(QPushButton, "submitButton")
    qtbot.waitUntil(lambda: "no column goes into Name" in text(dialog, "previewWarning"))
    mapping, constants = dialog.preview.mapping, dialog.preview.constants
    assert constants.index(0, 0).data() == "Name *"
    assert not button.isEnabled()
    dialog.set_params({"mode": "update"})
    qtbot.waitUntil(lambda: button.isEnabled() and not text(dialog, "previewWarning"))
    assert constants.index(0, 0).data() == "Name"
    mapping.setData(mapping.index(0, FIELD), None)  # the key is needed all the same
    qtbot.waitUntil(lambda: "no column goes into Customer no." in text(dialog, "previewWarning"))
    mapping.setData(mapping.index(0, FIELD), "customer_no")
    dialog.set_params({"mode": "insert"})
    qtbot.waitUntil(lambda: not button.isEnabled() and "into Name." in text(dialog, "previewWarning"))
    dialog.set_params({"mode": "update"})
    (job_id,) = send(qtbot, online, dialog)
    row = ended(qtbot, online, job_id)
    assert (row.state, row.result["updated"], row.result["rejected"]) == ("succeeded", 1, 0)


def test_many_files_go_in_with_one_mapping_as_a_job_each(online, qtbot, tmp_path, mark):
    paths = []
    for n in range(MANY):
        path = tmp_path / f"分公司 {n:02}.csv"
        path.write_text(f"号,叫什么,等\n{mark}-{n},公司 {n},{('VIP', 'A')[n % 2]}\n", "utf-8")
        paths.append(path)
    other = tmp_path / "other.csv"
    other.write_text("甲,乙\n1,2\n", "utf-8")
    photo = tmp_path / "photo.xlsx"
    photo.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    dialog = opened(qtbot, online, [*paths, other, photo], "customers.import")
    files = dialog.findChild(QTableView, "filesTable").model()
    mapping = dialog.preview.mapping
    for column, field in enumerate(("customer_no", "name", "level")):
        mapping.setData(mapping.index(column, FIELD), field)
    values = dialog.preview.values
    assert [values.index(row, 1).data() for row in range(values.rowCount())] == ["VIP"]
    assert values.index(0, 2).data() == str(MANY // 2)  # in all files together
    values.setData(values.index(0, values.edited), "A")
    button = dialog.findChild(QPushButton, "submitButton")
    qtbot.waitUntil(lambda: button.text() == f"Submit {MANY} jobs")
    notes = [files.index(row, NOTE).data() for row in range(files.rowCount())]
    assert notes == ["1 row"] * MANY + ["columns to be chosen", "cannot be read"]
    note = f"The columns chosen here hold for all {MANY} files with this header."
    qtbot.waitUntil(lambda: text(dialog, "previewNote") == note)
    assert text(dialog, "filesSummary") == f"{MANY} of {MANY + 2} go in; columns to be chosen 1; cannot be read 1"
    # What is left out by itself can be asked for, and then says what is still to be done.
    ticked = files.index(MANY, NAME)
    assert files.setData(ticked, Qt.CheckState.Checked.value, Qt.ItemDataRole.CheckStateRole)
    qtbot.waitUntil(lambda: not button.isEnabled())
    assert "other.csv" in button.toolTip()
    files.setData(ticked, Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    for job_id in send(qtbot, online, dialog, MANY):
        row = ended(qtbot, online, job_id)
        assert (row.state, row.result["inserted"], row.result["rejected"]) == ("succeeded", 1, 0)
    # The next file with this header maps itself.
    later = tmp_path / "later.csv"
    later.write_text(f"号,叫什么,等\n{mark}-later,公司,VIP\n", "utf-8")
    dialog = opened(qtbot, online, [later], "customers.import")
    qtbot.waitUntil(lambda: bool(dialog.files.decision() and dialog.files.decision().look.remembered), timeout=20_000)
    qtbot.waitUntil(lambda: text(dialog, "rememberedText").startswith("Mapped as you did last time"))
    assert dialog.params() == {}
    (job_id,) = send(qtbot, online, dialog)
    assert ended(qtbot, online, job_id).result["inserted"] == 1


def test_a_mapping_is_shared_with_everybody_and_forgotten_again(online, qtbot, tmp_path, mark):
    path = tmp_path / "shared.csv"
    path.write_text(f"{mark}号,{mark}名\n{mark},公司\n", "utf-8")
    dialog = opened(qtbot, online, [path], "customers.import")
    mapping = dialog.preview.mapping
    mapping.setData(mapping.index(0, FIELD), "customer_no")
    mapping.setData(mapping.index(1, FIELD), "name")
    box = dialog.findChild(QComboBox, "rememberBox")
    qtbot.waitUntil(box.isVisible)
    box.setCurrentIndex(box.findData("everybody"))
    shape = dialog.files.current.shape
    (job_id,) = send(qtbot, online, dialog)
    ended(qtbot, online, job_id)
    client = online.controller.client
    kept = next(m for m in client.mappings("customers") if m["fingerprint"] == shape)
    assert (kept["shared"], kept["mapping"]) == (True, {f"{mark}号": "customer_no", f"{mark}名": "name"})
    dialog = opened(qtbot, online, [path], "customers.import")
    forget = dialog.findChild(QPushButton, "forgetMappingButton")
    qtbot.waitUntil(forget.isVisible, timeout=20_000)
    qtbot.mouseClick(forget, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Required" in text(dialog, "previewWarning"), timeout=20_000)  # nothing maps it now
    assert shape not in [m["fingerprint"] for m in client.mappings("customers")]
    dialog.reject()


def test_a_file_that_was_imported_before_is_announced_and_its_corrected_rows_are_linked(online, qtbot, tmp_path):
    path = csv_file(tmp_path, 5, bad=2)
    job = submit(qtbot, online, path)
    row = ended(qtbot, online, job.id)
    dialog = opened(qtbot, online, [path])
    note = dialog.findChild(QLabel, "importedBeforeNote")
    qtbot.waitUntil(note.isVisible, timeout=20_000)
    assert note.text().startswith(f"“{path.name}” was imported before:")
    assert "by local: New 3, Rejected 2" in note.text()
    dialog.reject()
    # The error workbook, corrected.
    transfers = online.controller.transfers
    errors = next(file for file in row.files if file.role == "errors")
    with qtbot.waitSignal(transfers.changed, timeout=20_000, check_params_cb=lambda t: t.state == "done") as done:
        transfers.fetch(errors)
    book = openpyxl.load_workbook(done.args[0].path)
    sheet = book.active
    name = next(cell.column for cell in sheet[1] if cell.value == "客户名称")
    for line in range(2, sheet.max_row + 1):
        sheet.cell(line, name).value = "改正公司"
    book.save(done.args[0].path)
    dialog = opened(qtbot, online, [done.args[0].path])
    assert dialog.chosen.kind == "customers.import"
    note = dialog.findChild(QLabel, "parentNote")
    qtbot.waitUntil(lambda: f"the 2 rejected rows of “{path.name}”" in note.text(), timeout=20_000)
    (corrected,) = send(qtbot, online, dialog)
    after = wait_row(qtbot, online, lambda r: r.id == corrected and r.ended and r.parent_id == job.id)
    assert (after.result["inserted"], after.result["rejected"]) == (2, 0)
    online.show_job(corrected)
    assert "Corrected rows of an earlier import." in text(online, "detailsParent")
    online.details._parent.linkActivated.emit(job.id)
    assert online.details.row.id == job.id


@pytest.mark.parametrize("original", ["there", "gone"])
def test_a_job_whose_columns_were_not_found_is_submitted_anew_with_chosen_ones(online, qtbot, tmp_path, mark, original):
    path = tmp_path / "unclear.csv"
    path.write_text(f"甲{original},乙\n{mark},公司\n", "utf-8")
    # As an older desktop, or the command line, would send it.
    with qtbot.waitSignal(online.controller.outgoing.accepted, timeout=20_000) as accepted:
        online.controller.outgoing.submit("customers.import", {"mode": "insert"}, [path])
    job_id = accepted.args[1].id
    row = ended(qtbot, online, job_id)
    assert (row.state, row.error_code) == ("failed", "mapping_required")
    if original == "gone":
        path.unlink()
    online.show_job(job_id)
    button = online.findChild(QPushButton, "mendButton")
    qtbot.waitUntil(lambda: button.isVisible() and button.height() > 0)  # laid out
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(online.submissions.dialogs), timeout=20_000)
    (dialog,) = online.submissions.dialogs
    qtbot.waitUntil(lambda: dialog.files.decision() is not None, timeout=20_000)
    assert dialog.paths[0].name == "unclear.csv"
    assert (dialog.paths[0] == path) == (original == "there")
    assert row.error in text(dialog, "submitError")
    mapping = dialog.preview.mapping
    mapping.setData(mapping.index(0, FIELD), "customer_no")
    mapping.setData(mapping.index(1, FIELD), "name")
    (again,) = send(qtbot, online, dialog)
    assert again != job_id
    after = ended(qtbot, online, again)
    assert (after.state, after.result["inserted"]) == ("succeeded", 1)
    client = online.controller.client
    uploads = [[f.id for f in client.job(i).files if f.role == "upload"] for i in (job_id, again)]
    assert uploads[0] == uploads[1]  # the file was not sent a second time
    assert client.job(again).params["mode"] == "insert"
