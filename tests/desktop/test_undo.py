"""Taking an import back, as a clerk does it, on a real system."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QPushButton

from tests.desktop.test_window import csv_file, submit, wait_row


def test_a_wrong_import_is_taken_back_after_a_look_at_what_that_does(online, qtbot, tmp_path):
    job = submit(qtbot, online, csv_file(tmp_path, 7))
    row = wait_row(qtbot, online, lambda r: r.id == job.id and r.ended and r.can_undo)
    online.show_job(row.id)
    button = online.findChild(QPushButton, "undoButton")
    qtbot.waitUntil(lambda: button.isVisible() and button.height() > 0)  # laid out
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: online.findChild(QMessageBox, "undoQuestion") is not None, timeout=20_000)
    box = online.findChild(QMessageBox, "undoQuestion")
    assert row.title in box.text()
    assert "7 rows that it created will be removed." in box.informativeText()
    assert "kept" not in box.informativeText()
    yes = next(b for b in box.buttons() if box.buttonRole(b) is QMessageBox.ButtonRole.DestructiveRole)
    qtbot.mouseClick(yes, Qt.MouseButton.LeftButton)
    undone = wait_row(qtbot, online, lambda r: r.kind == "datasets.undo" and r.ended)
    assert (undone.state, undone.result["removed"], undone.result["kept"]) == ("succeeded", 7, 0)
    wait_row(qtbot, online, lambda r: r.id == job.id and not r.can_undo)
    online.show_job(job.id)
    qtbot.waitUntil(lambda: not button.isVisible())


def test_a_refused_question_changes_nothing(online, qtbot, tmp_path):
    job = submit(qtbot, online, csv_file(tmp_path, 3))
    wait_row(qtbot, online, lambda r: r.id == job.id and r.can_undo)
    online.show_job(job.id)
    online.do("undo")
    qtbot.waitUntil(lambda: online.findChild(QMessageBox, "undoQuestion") is not None, timeout=20_000)
    box = online.findChild(QMessageBox, "undoQuestion")
    qtbot.mouseClick(box.button(QMessageBox.StandardButton.Cancel), Qt.MouseButton.LeftButton)
    assert online.controller.client.undo_preview(job.id).removed == 3
