"""A whole folder as the files of one job."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton

from desktop.parts.folder import TooManyFiles, files_in
from desktop.submit import choosing
from tests.desktop.test_window import csv_file, text


@pytest.fixture
def folder(tmp_path):
    """What one finds on a share: documents, a folder with more, and what systems and programs leave."""
    inner = tmp_path / "案卷" / "附件"
    inner.mkdir(parents=True)
    (tmp_path / "案卷" / ".git").mkdir()
    for name in ("b.txt", "a.PDF", "~$a.docx", ".hidden", "Thumbs.db", "附件/c.txt", ".git/config"):
        (tmp_path / "案卷" / name).write_text(name, "utf-8")
    return tmp_path / "案卷"


def test_a_folder_gives_the_files_that_a_person_would_pick(folder):
    def found(*suffixes: str) -> list[str]:
        return [path.relative_to(folder).as_posix() for path in files_in(folder, suffixes)]

    assert found() == ["a.PDF", "b.txt", "附件/c.txt"]
    assert found(".pdf") == ["a.PDF"]
    with pytest.raises(TooManyFiles):
        files_in(folder, most=2)
    assert len(files_in(folder, most=3)) == 3
    with pytest.raises(FileNotFoundError):
        files_in(folder / "gone")
    stopped = threading.Event()
    stopped.set()
    assert len(files_in(folder, cancelled=stopped)) == 2  # the first folder only


def test_all_files_of_a_folder_go_into_one_job(online, qtbot, folder, monkeypatch):
    dialog = online.new_job("evidence.analyze").finish()
    monkeypatch.setattr(choosing, "ask_folder", lambda *_: folder)
    button = dialog.findChild(QPushButton, "chooseFolderButton")
    assert button.isVisible()
    button.click()
    qtbot.waitUntil(lambda: len(dialog.paths) == 3)
    assert dialog.chosen.kind == "evidence.analyze"
    assert [state.path.name for state in dialog.files.files] == ["a.PDF", "b.txt", "c.txt"]

    monkeypatch.setattr(choosing, "ask_folder", lambda *_: folder / ".git" / "empty")
    (folder / ".git" / "empty").mkdir()
    button.click()
    qtbot.waitUntil(lambda: "no files in empty" in text(dialog, "submitError"))
    assert len(dialog.paths) == 3  # what was chosen stays

    monkeypatch.setattr(choosing, "ask_folder", lambda *_: folder / "gone")
    button.click()
    qtbot.waitUntil(lambda: "gone cannot be read" in text(dialog, "submitError"))
    dialog.chosen.uploads.maximum = 2
    monkeypatch.setattr(choosing, "ask_folder", lambda *_: folder)
    button.click()
    qtbot.waitUntil(lambda: "more than 2 files" in text(dialog, "submitError"))
    dialog.reject()


def test_a_kind_with_one_file_a_job_offers_no_folder(online):
    dialog = online.new_job("customers.import").finish()
    assert not dialog.findChild(QPushButton, "chooseFolderButton").isVisible()
    assert dialog.findChild(QComboBox).count()
    dialog.reject()


def drop(window, *paths) -> None:
    """As a file manager does it."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    arguments = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(5, 5), *arguments)
    QGuiApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QGuiApplication.sendEvent(window, QDropEvent(QPointF(5, 5), *arguments))


def dropped(qtbot, window, *paths):
    """The dialog that opens when these are dropped."""
    drop(window, *paths)
    qtbot.waitUntil(lambda: bool(window.submissions.dialogs), timeout=10_000)
    (dialog,) = window.submissions.dialogs
    qtbot.waitUntil(dialog.isVisible)
    return dialog


def names(dialog) -> list[str]:
    return [path.name for path in dialog.paths]


def test_a_folder_that_is_dropped_gives_each_kind_the_files_that_it_takes(online, qtbot, folder, tmp_path):
    csv_file(folder, 2, name="客户.csv")
    (folder / "photo.raw").write_bytes(b"raw")
    beside = tmp_path / "beside.txt"
    beside.write_text("beside", "utf-8")
    dialog = dropped(qtbot, online, folder, beside)
    note = dialog.findChild(QLabel, "leftOutNote")
    every = ["a.PDF", "b.txt", "photo.raw", "客户.csv", "c.txt", "beside.txt"]
    assert (dialog.chosen.kind, names(dialog)) == ("evidence.analyze", every)  # it takes most
    assert not note.isVisible()
    kind = dialog.kind
    kind.setCurrentIndex(kind.findData("documents.process"))
    assert names(dialog) == [name for name in every if name != "photo.raw"]
    assert note.text().startswith("1 other file found there cannot be used for this")
    assert note.isVisible()
    kind.setCurrentIndex(kind.findData("customers.import"))
    assert names(dialog) == ["b.txt", "客户.csv", "c.txt", "beside.txt"]
    assert note.text().startswith("2 other files found there cannot be used for this")
    dialog.set_files([beside])
    kind.setCurrentIndex(kind.findData("evidence.analyze"))
    assert names(dialog) == ["beside.txt"]  # what was chosen then is what goes in
    assert not note.isVisible()
    dialog.reject()


def test_a_folder_of_workbooks_is_imported_into_what_their_header_tells(online, qtbot, tmp_path):
    folder = tmp_path / "月报"
    folder.mkdir()
    for name in ("1.csv", "2.csv"):
        (folder / name).write_text("账单编号,客户编号,金额,到期日\n1,1,10,2026-12-01\n", "utf-8")
    dialog = dropped(qtbot, online, folder)
    qtbot.waitUntil(lambda: not dialog._guessing and all(s.looked for s in dialog.files.files), timeout=30_000)
    assert dialog.chosen.kind == "bills.import"
    button = dialog.findChild(QPushButton, "submitButton")
    qtbot.waitUntil(lambda: button.text() == "Submit 2 jobs" and button.isEnabled())
    dialog.reject()


def test_folders_with_nothing_to_take_say_so_in_the_window(online, qtbot, tmp_path):
    (tmp_path / "empty").mkdir()
    drop(online, tmp_path / "empty")
    qtbot.waitUntil(lambda: "There are no files in empty" in online.banner.text)
    drop(online, tmp_path / "gone.csv")
    assert online.banner.text == "gone.csv is no longer there."
    for kind in online.controller.kinds:
        kind.uploads.maximum = min(kind.uploads.maximum, 1)
    for name in "ab":
        (tmp_path / "empty" / name).touch()
    drop(online, tmp_path / "empty")
    qtbot.waitUntil(lambda: "more than 1 files in empty" in online.banner.text)
    assert not online.submissions.dialogs
