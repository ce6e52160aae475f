"""Documents and evidence through the window: files that are no tables are not judged as tables."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton

from desktop.submit.filelist import NAME, NOTE, FileList
from tests.desktop.test_window import text, wait_row

DATA = Path(__file__).parents[1] / "data" / "documents"


def test_files_of_any_type_are_analyzed_but_those_that_are_not_ticked(online, qtbot, tmp_path):
    (tmp_path / "合同.txt").write_text("签订日期：2024年3月5日", "utf-8")
    files = [DATA / "pdfminer.six" / "base.pdf", DATA / "exif-py" / "Canon_40D.jpg", tmp_path / "合同.txt"]
    dialog = online.submit_files(files).finish()
    kind = dialog.findChild(QComboBox)
    kind.setCurrentIndex(kind.findData("evidence.analyze"))
    model = dialog.findChild(FileList).model
    notes = [model.index(row, NOTE).data() for row in range(3)]
    assert all(note.split()[0].replace(".", "").isdigit() for note in notes), notes  # sizes, no verdicts
    qtbot.waitUntil(lambda: text(dialog, "filesSummary") == "3 of 3 are submitted")
    model.setData(model.index(1, NAME), Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    qtbot.waitUntil(lambda: text(dialog, "filesSummary") == "2 of 3 are submitted")
    with qtbot.waitSignal(online.controller.outgoing.accepted, timeout=20_000) as accepted:
        qtbot.mouseClick(dialog.findChild(QPushButton, "submitButton"), Qt.MouseButton.LeftButton)
    job = accepted.args[1]
    row = wait_row(qtbot, online, lambda r: r.id == job.id and r.ended)
    assert row.state == "succeeded"
    assert (row.result["files"], row.result["read"], row.result["dates"]) == (2, 2, 1)
    online.show_job(job.id)
    online.details.finish()
    shown = [label.text() for label in online.details.findChildren(QLabel)]
    assert "Timeline entries" in shown
    assert "Encrypted" not in shown

    # A later analysis is compared with this one by choosing it: nobody has to know its id.
    dialog = online.new_job("evidence.analyze")
    qtbot.waitUntil(lambda: dialog._built is not None)
    editor = dialog._built.editors["compare_with"]
    assert editor.value() is None
    qtbot.waitUntil(lambda: editor._combo.findData(job.id) > 0, timeout=10_000)
    editor._combo.setCurrentIndex(editor._combo.findData(job.id))
    assert dialog._built.values() == {"compare_with": job.id}
    dialog.reject()
