"""The window as a clerk uses it, on a real system."""

from __future__ import annotations

import json
import os
import random
import threading
from pathlib import Path

import openpyxl
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton

from desktop import language
from desktop.app import Shell
from desktop.client.client import Client
from desktop.queue.columns import BY_NAME
from desktop.signin.dialog import SignInDialog
from desktop.submit.mapping import FIELD
from tests.support_system import embedded_system

HEADER = "客户编号,客户名称,电话,邮箱,客户等级\n"


def csv_file(folder: Path, rows: int, bad: int = 0, name: str = "客户.csv") -> Path:
    """Customers with numbers of their own; the last `bad` of them have no name."""
    mark = random.randrange(10**9)
    lines = [f"{mark}-{n},公司 {n},010-{n:08},a{n}@example.com,A" for n in range(rows - bad)]
    lines += [f"{mark}-bad-{n},,010-{n:08},,B" for n in range(bad)]
    path = folder / name
    path.write_text(HEADER + "\n".join(lines) + "\n", "utf-8")
    return path


def wait_row(qtbot, window, condition, timeout=60_000):
    """The first row of the window's table that `condition` holds for, as soon as there is one."""
    found = []

    def there() -> bool:
        found[:] = [row for row in window.page.model.all_rows() if condition(row)]
        return bool(found)

    qtbot.waitUntil(there, timeout=timeout)
    return found[0]


def text(window, name: str) -> str:
    return window.findChild(QLabel, name).text()


def activate(qtbot, window) -> None:
    """Shortcuts go to the active window only."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)


def submit(qtbot, window, path: Path, **params):
    """Through the dialog, as a person does it; gives the job."""
    dialog = window.submit_files([path])
    qtbot.waitUntil(lambda: dialog.files.decision() is not None, timeout=30_000)
    dialog.set_params(params)
    with qtbot.waitSignal(window.controller.outgoing.accepted, timeout=20_000) as accepted:
        qtbot.mouseClick(dialog.findChild(QPushButton, "submitButton"), Qt.MouseButton.LeftButton)
    return accepted.args[1]


def test_a_workbook_goes_in_and_its_counts_and_rejected_rows_come_out(online, qtbot, tmp_path):
    job = submit(qtbot, online, csv_file(tmp_path, 60, bad=3))
    assert job.id in online.banner.text
    row = wait_row(qtbot, online, lambda r: r.id == job.id and r.ended)
    assert row.state == "succeeded"
    assert row.title == "客户.csv"
    online.show_job(job.id)
    online.details.finish()
    assert text(online, "count-inserted") == "57"
    assert text(online, "count-rejected") == "3"
    assert text(online, "detailsSum") == "57 + 3 = 60 rows of the file"
    qtbot.waitUntil(lambda: "Submitted" in text(online, "detailsEvents"))
    errors = next(file for file in row.files if file.role == "errors")
    with qtbot.waitSignal(
        online.controller.transfers.changed, timeout=20_000, check_params_cb=lambda t: t.state == "done"
    ) as done:
        online.do("download")
    path = done.args[0].path
    assert path.parent == tmp_path / "downloads"
    book = openpyxl.load_workbook(path)
    assert book.active.max_row >= 4
    assert online.controller.transfers.path(errors.id) == path


def test_a_running_job_moves_and_is_cancelled_from_the_menu(online, qtbot):
    dialog = online.new_job("examples.sleep")
    dialog.set_params({"seconds": 60})
    with qtbot.waitSignal(online.controller.outgoing.accepted, timeout=20_000) as accepted:
        dialog.submit()
    job_id = accepted.args[1].id
    wait_row(qtbot, online, lambda r: r.id == job_id and r.state == "running" and r.progress > 0)
    online.side_bar.choose("running")
    assert online.page.table.choose(job_id)
    menu = online.job_menu()
    names = [action.objectName() for action in menu.actions() if action.objectName()]
    assert names == ["detailsMenuAction", "cancelMenuAction", "copy_idMenuAction"]
    next(a for a in menu.actions() if a.objectName() == "cancelMenuAction").trigger()
    menu.close()
    wait_row(qtbot, online, lambda r: r.id == job_id and r.state == "cancelled")
    assert not online.page.model.index_of(job_id).isValid()  # the filter still shows what runs
    online.show_all()
    online.page.table.choose(job_id)
    activate(qtbot, online)
    online.page.table.setFocus()
    qtbot.keyClick(online.page.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: online.page.model.job(job_id) is None, timeout=20_000)


def test_what_the_server_finds_wrong_stands_at_its_field_and_the_corrected_job_goes(online, qtbot):
    dialog = online.new_job("examples.sleep")
    # Past what the form itself would let through.
    dialog._form.editors["seconds"].value = lambda: -5
    with qtbot.waitSignal(online.controller.outgoing.refused, timeout=20_000) as refused:
        dialog.submit()
    label = dialog.findChild(QLabel, "error-seconds")
    assert label.isVisible()
    assert label.text()
    entry = refused.args[0]
    assert online.page.model.job(entry.id).state == "refused"
    del dialog._form.editors["seconds"].value
    dialog.set_params({"seconds": 0})
    with qtbot.waitSignal(online.controller.outgoing.accepted, timeout=20_000):
        dialog.submit()
    assert online.page.model.job(entry.id) is None


def test_files_are_dropped_on_the_window(online, qtbot, tmp_path):
    paths = [csv_file(tmp_path, 2, name="a.csv"), csv_file(tmp_path, 2, name="b.csv")]
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    arguments = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(5, 5), *arguments)
    QGuiApplication.sendEvent(online, enter)
    assert enter.isAccepted()
    QGuiApplication.sendEvent(online, QDropEvent(QPointF(5, 5), *arguments))
    (dialog,) = online.submissions.dialogs
    assert dialog.finish().paths == paths
    button = dialog.findChild(QPushButton, "submitButton")
    qtbot.waitUntil(lambda: button.isEnabled() and button.text() == "Submit 2 jobs", timeout=30_000)
    told = []
    online.controller.outgoing.accepted.connect(lambda _, job: told.append(job.title))
    dialog.submit()
    qtbot.waitUntil(lambda: len(told) == 2, timeout=30_000)
    assert sorted(told) == ["a.csv", "b.csv"]
    qtbot.waitUntil(lambda: not online.submissions.dialogs)


def test_a_file_that_cannot_go_in_is_not_submitted_and_the_reason_is_shown(online, qtbot, tmp_path):
    path = tmp_path / "no names.csv"
    path.write_text("客户编号,甲,乙\n1,2,3\n", "utf-8")
    dialog = online.submit_files([path], "customers.import").finish()
    button = dialog.findChild(QPushButton, "submitButton")
    qtbot.waitUntil(lambda: not button.isEnabled(), timeout=30_000)
    qtbot.waitUntil(lambda: "no column goes into Name" in text(dialog, "previewWarning"))
    mapping = dialog.preview.mapping
    dialog.set_params({"constants": {"name": "公司"}})
    qtbot.waitUntil(button.isEnabled)
    dialog.set_params({"constants": {}})
    qtbot.waitUntil(lambda: not button.isEnabled())
    assert mapping.setData(mapping.index(1, FIELD), "name")
    qtbot.waitUntil(button.isEnabled)
    assert dialog.params()["mapping"] == {"客户编号": "customer_no", "甲": "name", "乙": None}
    photo = tmp_path / "photo.xlsx"
    photo.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    dialog.set_files([photo])
    qtbot.waitUntil(lambda: "photo.xlsx" in text(dialog, "previewWarning"), timeout=30_000)
    assert not button.isEnabled()
    dialog.submit()
    assert not dialog.sending.tickets
    # A look that found nothing out says nothing against the file.
    dialog.files._seen(dialog.files.current, None)
    qtbot.waitUntil(button.isEnabled)
    dialog.reject()


def test_search_and_keys(online, qtbot):
    dialog = online.new_job("examples.echo")
    dialog.title.setText("needle in the queue")
    with qtbot.waitSignal(online.controller.outgoing.accepted, timeout=20_000) as accepted:
        dialog.submit()
    activate(qtbot, online)
    qtbot.keyClick(online, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: online.search.hasFocus())
    qtbot.keyClicks(online.search, "NEEDLE queue")
    qtbot.waitUntil(lambda: [r.title for r in online.page.model.shown()] == ["needle in the queue"])
    online.search.setText("nothing has this")
    qtbot.waitUntil(lambda: online.page.currentIndex() == 1)
    assert text(online, "emptyTitle") == "Nothing here"
    online.page.show_all_wanted.emit()
    online.page.table.choose(accepted.args[1].id)
    online.page.table.setFocus()
    qtbot.keyClick(online.page.table, Qt.Key.Key_Return)
    assert online.details.isVisible()
    qtbot.keyClick(online.page.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == accepted.args[1].id
    qtbot.keyClick(online, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not online.details.isVisible())


def test_the_language_changes_at_once_and_what_was_shown_stays(online, qtbot, qapp):
    dialog = online.new_job("examples.add")
    dialog.set_params({"x": 1, "y": 2})
    with qtbot.waitSignal(online.controller.outgoing.accepted, timeout=20_000) as accepted:
        dialog.submit()
    job_id = accepted.args[1].id
    wait_row(qtbot, online, lambda r: r.id == job_id and r.ended)
    online.show_job(job_id)
    shell = next(s for s in qapp.findChildren(Shell) if s.window is online)
    online.controller.set_language("zh_CN")
    window = shell.window
    assert window is not online
    assert language.current() == "zh_CN"
    assert window.findChild(QPushButton, "chooseFilesButton").text() == "导入文件…"
    header = window.page.model.headerData(BY_NAME["state"], Qt.Orientation.Horizontal)
    assert header == "状态"
    assert window.details.row.id == job_id
    wait_row(qtbot, window, lambda r: (r.id == job_id and r.kind_title == "两数相加") or r.kind_title != "Add")


def test_offline_a_file_is_kept_and_sent_once_when_the_server_is_back_at_another_port(make_window, qtbot, tmp_path):
    folder = tmp_path / "later"
    profile = tmp_path / "profile"
    with embedded_system(folder) as system:
        # Once online, so that kinds and datasets are known.
        window = make_window(system.data, profile)
        qtbot.waitUntil(lambda: window.controller.cache.read("dataset-customers") is not None, timeout=20_000)
    qtbot.waitUntil(lambda: window.controller.connection.kind == "offline", timeout=40_000)
    line = window.findChild(QLabel, "connectionText")
    qtbot.waitUntil(lambda: line.text().startswith("Offline since"), timeout=5_000)
    export = window.new_job("customers.export")
    with qtbot.waitSignal(window.controller.outgoing.added, timeout=10_000) as added:
        export.submit()
    assert "“Export customers” is kept in the outbox" in window.banner.text
    window.controller.outgoing.remove([added.args[1].id])
    path = csv_file(tmp_path, 30)
    dialog = window.submit_files([path])
    qtbot.waitUntil(lambda: dialog.files.decision() is not None, timeout=30_000)
    with qtbot.waitSignal(window.controller.outgoing.added, timeout=10_000) as added:
        dialog.submit()
    assert "outbox" in window.banner.text
    entry_id = added.args[1].id
    row = window.page.model.job(entry_id)
    assert row.state == "outbox"
    assert window.page.model.counts["outbox"] == 1
    window.show_job(entry_id)
    window.details.finish()
    assert text(window, "detailsNoFiles").startswith(f"{path.name} · ")
    window.side_bar.choose("monitor")
    assert text(window, "awayNote").startswith("The server is away.")
    # The copy is made, so that the original may go.
    outbox = window.controller.outgoing._open()
    qtbot.waitUntil(lambda: all(file.kept for file in outbox.get(entry_id).files), timeout=10_000)
    path.unlink()
    with embedded_system(folder) as again:
        assert again.url != system.url  # the same system, elsewhere
        job = wait_row(qtbot, window, lambda r: r.kind == "customers.import" and r.state == "succeeded", 90_000)
        assert job.result["inserted"] == 30
        assert window.page.model.job(entry_id) is None
        assert window.controller.connection.server == again.url
        with again.client() as client:
            assert [j.id for j in client.jobs(kinds=["customers.import"]).jobs] == [job.id]


@pytest.fixture
def signed_out(make_window):
    window = make_window()
    assert window.controller.connection.kind == "signed_out"
    return window, window._sign_in


def fill(dialog: SignInDialog, server: str, username: str = "li", password: str = "wrong password") -> None:
    dialog.findChild(QLineEdit, "serverField").setText(server)
    dialog.findChild(QLineEdit, "usernameField").setText(username)
    dialog.findChild(QLineEdit, "passwordField").setText(password)


def test_a_wrong_password_is_said_in_words_and_the_dialog_stays(signed_out, qtbot, system):
    window, dialog = signed_out
    fill(dialog, system.url)
    with qtbot.waitSignal(window.controller.operation_failed, timeout=20_000) as failed:
        qtbot.mouseClick(dialog.findChild(QPushButton, "signInButton"), Qt.MouseButton.LeftButton)
    assert failed.args[0] == "sign_in"
    assert text(dialog, "signInError") == failed.args[1] != ""
    assert dialog.isVisible()
    assert dialog.password.selectedText() == dialog.password.text()


def test_a_server_that_is_not_there_and_a_wrong_address_are_said_in_words(signed_out, qtbot):
    window, dialog = signed_out
    for server, word in (("http://127.0.0.1:9", "Nobody answers"), ("ftp://x", "no address of a server")):
        fill(dialog, server)
        with qtbot.waitSignal(window.controller.operation_failed, timeout=20_000):
            dialog._sign_in()
        assert word in text(dialog, "signInError")


def test_signing_in_and_out(signed_out, qtbot, system):
    done = system.run("create-admin", "boss", stdin="a good password\n")
    assert done.returncode == 0, done.stderr
    window, dialog = signed_out
    fill(dialog, system.url, "boss", "a good password")
    with qtbot.waitSignal(window.controller.signed_in, timeout=20_000) as signed_in:
        dialog._sign_in()
    assert signed_in.args[0].username == "boss"
    qtbot.waitUntil(lambda: window._sign_in is None)
    assert window.controller.preferences.server == system.url
    window.controller.sign_out()
    assert window._sign_in is not None
    assert window.page.model.rowCount() == 0


def test_nothing_of_the_credentials_is_written_to_the_profile(online, tmp_path, system):
    online.controller.preferences.sync()
    token = json.loads((system.data / "connection.json").read_text())["access_token"].encode()
    files = [Path(folder) / name for folder, _, names in os.walk(tmp_path / "profile") for name in names]
    assert files
    assert not [path for path in files if token in path.read_bytes()]


def test_closing_ends_all_threads(make_window, qtbot, system):
    window = make_window(system.data)
    qtbot.waitUntil(lambda: window.controller.online, timeout=20_000)
    ours = [t for t in threading.enumerate() if t.name.split("-")[0] in ("poll", "calls", "outbox", "sending")]
    assert ours
    window.controller.close()
    assert [t.name for t in ours if t.is_alive()] == []
    assert isinstance(window.controller.client, Client)


def test_a_window_that_was_used_before_waits_for_its_system_instead_of_asking_for_a_sign_in(
    make_window, qtbot, tmp_path, system
):
    data = tmp_path / "data"
    data.mkdir()
    profile = tmp_path / "profile"
    (profile / "cache").mkdir(parents=True)
    (profile / "cache" / "kinds.json").write_text('[{"kind": "examples.echo", "title": "Echo"}]')
    window = make_window(data, profile)
    assert window._sign_in is None
    assert window.controller.connection.kind == "offline"
    assert "not running" in window.controller.connection.reason
    # The system is up.
    (data / "connection.json").write_text((system.data / "connection.json").read_text())
    qtbot.waitUntil(lambda: window.controller.online, timeout=20_000)


def test_kinds_that_only_try_out_the_system_are_offered_to_admins(online, qtbot):
    def offered() -> set[str]:
        online.top.show_kinds()
        names = (action.objectName() for action in online.top._new_menu.actions())
        return {name.removeprefix("new-") for name in names if name}

    assert {"examples.echo", "customers.import"} <= offered()
    online.controller.feed.user.role = "operator"
    assert "customers.import" in offered()
    assert not {name for name in offered() if name.startswith("examples.")}
    dialog = online.submit_files([])
    assert dialog.kind.findData("examples.echo") < 0
    assert dialog.kind.findData("customers.export") >= 0
    dialog.reject()
