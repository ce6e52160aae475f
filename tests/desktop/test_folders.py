"""A whole folder as the files of one job."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtWidgets import QComboBox, QPushButton

from desktop.parts.folder import TooManyFiles, files_in
from desktop.submit import dialog as dialogs
from tests.desktop.test_window import text


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
    def names(*suffixes: str) -> list[str]:
        return [path.relative_to(folder).as_posix() for path in files_in(folder, suffixes)]

    assert names() == ["a.PDF", "b.txt", "附件/c.txt"]
    assert names(".pdf") == ["a.PDF"]
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
    monkeypatch.setattr(dialogs, "ask_folder", lambda *_: folder)
    button = dialog.findChild(QPushButton, "chooseFolderButton")
    assert button.isVisible()
    button.click()
    qtbot.waitUntil(lambda: len(dialog.paths) == 3)
    assert dialog.chosen.kind == "evidence.analyze"
    assert [state.path.name for state in dialog.files.files] == ["a.PDF", "b.txt", "c.txt"]

    monkeypatch.setattr(dialogs, "ask_folder", lambda *_: folder / ".git" / "empty")
    (folder / ".git" / "empty").mkdir()
    button.click()
    qtbot.waitUntil(lambda: "no files in empty" in text(dialog, "submitError"))
    assert len(dialog.paths) == 3  # what was chosen stays

    monkeypatch.setattr(dialogs, "ask_folder", lambda *_: folder / "gone")
    button.click()
    qtbot.waitUntil(lambda: "gone cannot be read" in text(dialog, "submitError"))
    dialog.chosen.uploads.maximum = 2
    monkeypatch.setattr(dialogs, "ask_folder", lambda *_: folder)
    button.click()
    qtbot.waitUntil(lambda: "more than 2 files" in text(dialog, "submitError"))
    dialog.reject()


def test_a_kind_with_one_file_a_job_offers_no_folder(online):
    dialog = online.new_job("customers.import").finish()
    assert not dialog.findChild(QPushButton, "chooseFolderButton").isVisible()
    assert dialog.findChild(QComboBox).count()
    dialog.reject()
