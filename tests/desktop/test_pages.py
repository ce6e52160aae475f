"""The pages for admins and the notifications, on the shared running system."""

from __future__ import annotations

import uuid

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QPushButton, QToolButton

from desktop.client.client import Client
from desktop.monitor.chart import round_up
from desktop.notifications.inbox import Inbox
from desktop.schedules.dialog import ScheduleDialog

NEW = {"kind": "examples.echo", "params": {"message": "早"}, "cron": "30 8 * * 1-5", "timezone": "Asia/Shanghai"}


@pytest.fixture
def client(online) -> Client:
    """The window's own client: calls of the test itself, in the thread of the test."""
    return online.controller.client


@pytest.fixture
def schedule(client):
    """A schedule of this test."""
    made = client.add_schedule(NEW | {"title": f"plan {uuid.uuid4()}"})
    yield made
    for one in client.schedules():
        if one.id == made.id:
            client.delete_schedule(one.id, one.version)


def opened(window, qtbot, name: str):
    """A page, with what the server told."""
    window.side_bar.choose(name)
    page = window._pages.currentWidget()
    model = page.model if name == "schedules" else page._lane_model
    qtbot.waitUntil(lambda: model.rowCount() > 0, timeout=10_000)
    return page


def choose(page, schedule_id: str):
    page.table.setCurrentIndex(page.model.index_of(schedule_id))
    return page.table.current()


def again(page, qtbot):
    with qtbot.waitSignal(page.desk.told, timeout=10_000):
        page.refresh()


def press(widget, name: str, kind=QPushButton):
    button = widget.findChild(kind, name)
    assert button.isEnabled(), name
    button.click()


# ---------------------------------------------------------------- who sees them


def test_only_admins_are_offered_the_pages(online, qtbot):
    entries = online.side_bar.model().entries
    assert entries[-2:] == ("monitor", "schedules")
    opened(online, qtbot, "monitor")
    assert not online.search.isVisible()
    online.side_bar.show_pages(False)
    assert online._pages.currentWidget() is online._below  # back at the jobs, since the page is no longer theirs
    assert online.search.isVisible()
    assert "monitor" not in online.side_bar.model().entries


def test_escape_and_the_search_lead_back_to_the_jobs(online, qtbot):
    opened(online, qtbot, "schedules")
    qtbot.keyClick(online, Qt.Key.Key_Escape)
    assert online._pages.currentWidget() is online._below
    opened(online, qtbot, "monitor")
    online._begin_search()
    assert online._pages.currentWidget() is online._below
    assert online.search.isVisible()


# ---------------------------------------------------------------- schedules


def test_a_schedule_is_made_changed_turned_off_run_and_deleted_in_the_window(online, qtbot, client):
    page = opened(online, qtbot, "schedules")
    QAbstractItemModelTester(page.model, QAbstractItemModelTester.FailureReportingMode.Fatal, page)
    before = {one.id for one in page.model.records}
    press(page, "newScheduleButton")
    dialog = page.findChild(ScheduleDialog)
    dialog.kind.setCurrentIndex(dialog.kind.findData("examples.echo"))
    dialog.title.setText("每周问候")
    dialog.when._form.setCurrentIndex(dialog.when._form.findData("weekly"))
    dialog.when._days[0].setChecked(False)
    assert dialog.body() is None  # no day is chosen
    dialog.when._days[4].setChecked(True)
    dialog._form.editors["message"].set_value("周末好")
    with qtbot.waitSignal(dialog.accepted, timeout=10_000):
        press(dialog, "saveButton")
    qtbot.waitUntil(lambda: len(page.model.records) == len(before) + 1, timeout=10_000)
    (made,) = (one for one in client.schedules() if one.id not in before)
    assert (made.cron, made.params, made.title) == ("0 8 * * 5", {"message": "周末好", "param": None}, "每周问候")

    choose(page, made.id)
    dialog = page.edit()
    assert dialog.when.value().form == "weekly"
    assert dialog.when.value().days == (4,)
    dialog.when._form.setCurrentIndex(dialog.when._form.findData("interval"))
    dialog.when._number.setValue(90)
    dialog.when._unit.setCurrentIndex(dialog.when._unit.findData(60))
    with qtbot.waitSignal(dialog.accepted, timeout=10_000):
        dialog.save()
    assert client.schedule(made.id).interval_seconds == 5400

    again(page, qtbot)
    press(page, "switchScheduleButton")
    qtbot.waitUntil(lambda: page.table.current().enabled is False, timeout=10_000)
    assert page.findChild(QPushButton, "switchScheduleButton").text() == "Turn on"
    with qtbot.waitSignal(page.desk.started, timeout=10_000) as started:
        press(page, "runScheduleButton")
    assert "每周问候" in online.banner.text
    qtbot.waitUntil(lambda: page.table.current().last_state is not None, timeout=10_000)
    assert page.table.current().last_job_id == started.args[0].id

    box = page.delete()
    press(box, "confirmDeleteButton")
    qtbot.waitUntil(lambda: made.id not in {one.id for one in page.model.records}, timeout=10_000)
    assert made.id not in {one.id for one in client.schedules()}


def test_a_schedule_that_somebody_else_changed_is_said_to_be_and_what_was_entered_stays(
    online, qtbot, client, schedule
):
    page = opened(online, qtbot, "schedules")
    choose(page, schedule.id)
    dialog = page.edit()
    dialog.title.setText("mine")
    client.change_schedule(schedule.id, {"title": "theirs"}, schedule.version)
    dialog.save()
    qtbot.waitUntil(lambda: dialog._theirs.isVisible(), timeout=10_000)
    assert "meanwhile" in dialog._error._words.text()
    assert dialog.title.text() == "mine"
    dialog._theirs.click()
    assert dialog.title.text() == "theirs"
    dialog.title.setText("both")
    with qtbot.waitSignal(dialog.accepted, timeout=10_000):
        dialog.save()
    assert client.schedule(schedule.id).title == "both"


def test_deleting_what_somebody_else_changed_is_refused_in_words_and_the_page_is_read_again(
    online, qtbot, client, schedule
):
    page = opened(online, qtbot, "schedules")
    seen = choose(page, schedule.id)
    page._timer.stop()
    client.change_schedule(schedule.id, {"title": "theirs"}, schedule.version)
    with qtbot.waitSignal(page.desk.told, timeout=10_000):
        page.desk.delete(seen)
    assert "changed this schedule meanwhile" in page._error._words.text()
    assert page.table.current().title == "theirs"


def test_what_the_server_refuses_stands_at_its_field(online, qtbot):
    page = opened(online, qtbot, "schedules")
    dialog = page.add()
    dialog.when._form.setCurrentIndex(dialog.when._form.findData("cron"))
    dialog.when._expression.setText("61 * * * *")
    dialog.zone.setCurrentText("Asia/Peking")
    dialog.save()
    qtbot.waitUntil(lambda: dialog._wrong["timezone"].isVisible(), timeout=10_000)
    assert "Asia/Peking" in dialog._wrong["timezone"].text()
    assert dialog._save.isEnabled()
    dialog.reject()


# ---------------------------------------------------------------- the monitor


def test_a_lane_is_paused_and_resumed(online, qtbot, client):
    page = opened(online, qtbot, "monitor")
    for model in (page._lane_model, page._worker_model, page._kind_model):
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, page)
    page.lanes.setCurrentIndex(page._lane_model.index_of("evidence"))
    press(page, "pauseButton")
    qtbot.waitUntil(lambda: bool(page.lanes.current().paused_at), timeout=10_000)
    assert {queue.lane for queue in client.queues() if queue.paused_at} == {"evidence"}
    assert not page.findChild(QPushButton, "pauseButton").isEnabled()
    press(page, "resumeButton")
    qtbot.waitUntil(lambda: not page.lanes.current().paused_at, timeout=10_000)
    assert not [queue for queue in client.queues() if queue.paused_at]


def test_the_monitor_shows_workers_and_figures_and_asks_only_while_it_can_be_seen(online, qtbot, client):
    job = client.submit("examples.echo", {"message": "x"}, key=str(uuid.uuid4()))
    qtbot.waitUntil(lambda: client.job(job.id).state == "succeeded", timeout=10_000)
    page = opened(online, qtbot, "monitor")
    qtbot.waitUntil(lambda: page._kind_model.rowCount() > 0, timeout=10_000)
    assert page._worker_model.rowCount() >= 1
    echo = page._kind_model.index_of("examples.echo")
    assert echo.siblingAtColumn(3).data() != ""
    assert len(page.chart.points) >= 60
    assert sum(point.succeeded for point in page.chart.points) >= 1
    assert "Succeeded" in page.chart.tip(len(page.chart.points) - 1)
    page.period.setCurrentIndex(page.period.findData("week"))
    qtbot.waitUntil(lambda: len(page.chart.points) >= 168, timeout=10_000)
    assert page._timer.isActive()
    online.side_bar.choose("all")
    assert not page._timer.isActive()


@pytest.mark.parametrize(("value", "top"), [(0, 1), (1, 1), (3, 4), (5, 6), (7, 10), (11, 20), (61, 100), (100, 100)])
def test_the_chart_ends_at_a_round_number(value, top):
    assert round_up(value) == top


# ---------------------------------------------------------------- notifications


def test_notifications_are_counted_read_one_by_one_and_all_at_once(online, qtbot, client):
    inbox: Inbox = online.controller.inbox
    me = online.controller.user.username
    client.read_all_notifications()
    for words in ("eins", "zwei", "drei"):
        client.json("POST", "notifications", json={"user_id": me, "message": words})
    press(online, "bellButton", QToolButton)
    panel = online.top._panel
    QAbstractItemModelTester(panel.model, QAbstractItemModelTester.FailureReportingMode.Fatal, panel)
    qtbot.waitUntil(lambda: inbox.unread == 3, timeout=10_000)
    assert online.top.bell.badge() == "3"
    assert "3 unread" in online.top.bell.toolTip()
    assert [one.message for one in inbox.notifications[:3]] == ["drei", "zwei", "eins"]
    panel.list.clicked.emit(panel.model.index(1, 0))
    qtbot.waitUntil(lambda: inbox.unread == 2, timeout=10_000)
    assert [one.read for one in inbox.notifications[:3]] == [False, True, False]
    press(panel, "readAllButton")
    qtbot.waitUntil(lambda: inbox.unread == 0, timeout=10_000)
    assert online.top.bell.badge() == ""
    assert not panel.findChild(QPushButton, "showJobButton").isEnabled()  # a message has no job
    panel.close()


def test_of_which_overdue_bills_to_be_told_is_chosen_in_the_panel(online, qtbot, client):
    client.choose_overdue_notices("all")
    press(online, "bellButton", QToolButton)
    panel = online.top._panel
    qtbot.waitUntil(lambda: panel.overdue.isVisible() and panel.overdue.currentData() == "all", timeout=10_000)
    panel.overdue.setCurrentIndex(panel.overdue.findData("own"))
    panel.overdue.activated.emit(panel.overdue.currentIndex())
    qtbot.waitUntil(lambda: client.overdue_notices() == "own", timeout=10_000)
    panel.close()
    client.choose_overdue_notices("all")
    press(online, "bellButton", QToolButton)
    qtbot.waitUntil(lambda: panel.overdue.currentData() == "all", timeout=10_000)
    panel.close()


def test_a_job_that_is_not_in_the_list_is_found_and_one_that_is_gone_is_said_to_be(online, qtbot, client, schedule):
    job = client.run_schedule(schedule.id, key=str(uuid.uuid4()))  # jobs of schedules are not in the list
    qtbot.waitUntil(lambda: client.job(job.id).state == "succeeded", timeout=10_000)
    assert online.page.model.job(job.id) is None
    opened(online, qtbot, "schedules")
    online.find_job(job.id)
    qtbot.waitUntil(lambda: online.details.row is not None and online.details.row.id == job.id, timeout=10_000)
    assert online._pages.currentWidget() is online._below
    client.delete(job.id)
    online.controller.feed.ask_now()
    qtbot.waitUntil(lambda: online.page.model.job(job.id) is None, timeout=30_000)
    online.find_job(job.id)
    qtbot.waitUntil(lambda: "no longer" in online.banner.text, timeout=30_000)


def test_another_language_leaves_one_on_the_page_and_says_all_of_it_anew(online, qtbot, qapp):
    from desktop.app import Shell

    opened(online, qtbot, "monitor")
    shell = next(shell for shell in qapp.findChildren(Shell) if shell.window is online)
    online.controller.set_language("zh_CN")
    window = shell.window
    assert window is not online
    assert window.side_bar.page() == "monitor"
    page = window._pages.currentWidget()
    qtbot.waitUntil(lambda: page._lane_model.rowCount() > 0, timeout=10_000)
    assert page._lane_model.headerData(0, Qt.Orientation.Horizontal) == "队列"
    assert page.lanes.model().index(0, 0).data() == "常规"
    window.controller.set_language("en")
