"""Employees and customers are chosen from those that there are."""

from __future__ import annotations

import uuid

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QPushButton

from desktop.client import uploads
from desktop.submit.picking import PickDialog


def pick(dialog, qtbot, name: str) -> PickDialog:
    """The dialog behind the button of a field, with what the server told."""
    qtbot.waitUntil(lambda: dialog._built is not None)
    dialog._built.findChild(QPushButton, f"pick-{name}").click()
    picking = dialog.findChild(PickDialog)
    with qtbot.waitSignal(picking.filled, timeout=10_000):
        pass
    return picking


def test_employees_are_ticked_in_a_list_that_can_be_searched(online, qtbot, tmp_path):
    client = online.controller.client
    path = tmp_path / "工时.csv"
    lines = [
        "工号,工作日期,项目,姓名,工时",
        "E01,2026-11-02,P,张三,8",
        "E01,2026-11-03,P,张三,7",
        "E02,2026-11-02,P,李四,8",
    ]
    path.write_text("\n".join(lines), "utf-8")
    job = client.submit("work_logs.import", {"mode": "upsert"}, [uploads.upload(client, path)], key=str(uuid.uuid4()))
    qtbot.waitUntil(lambda: client.job(job.id).state == "succeeded", timeout=20_000)

    dialog = online.new_job("work_logs.export")
    qtbot.waitUntil(lambda: dialog._built is not None)
    editor = dialog._built.editors["employee_ids"]
    editor.set_value(["E02", "X99"])  # typed in; there is no X99
    picking = pick(dialog, qtbot, "employee_ids")
    items = {picking.list.item(row).text(): picking.list.item(row) for row in range(picking.list.count())}
    assert {"E01  张三", "E02  李四"} <= set(items)
    assert items["E02  李四"].checkState() == Qt.CheckState.Checked
    picking.search.setText("张")
    assert not items["E01  张三"].isHidden()
    assert items["E02  李四"].isHidden()
    items["E01  张三"].setCheckState(Qt.CheckState.Checked)
    picking.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    assert editor.value() == ["X99", "E01", "E02"]
    dialog.reject()


def test_where_there_is_nothing_to_choose_from_it_is_said(online, qtbot):
    dialog = online.new_job("finance.send_bill_reminders")
    picking = pick(dialog, qtbot, "customer_nos")
    said = picking.findChild(QLabel, "pickWords").text()
    assert (said == "There is nothing to choose from yet.") == (picking.list.count() == 0)
    picking.reject()
    assert dialog._built.editors["customer_nos"].value() is None
    dialog.reject()
