"""The submit dialog is made a part in each turn of the event loop: nothing that happens in between may harm it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QPushButton
from shiboken6 import isValid

from desktop.parts.turns import Turns
from tests.desktop.test_window import activate


@pytest.fixture
def owner(qapp):
    return QObject()


def test_steps_are_done_one_a_turn_and_what_replaces_them_leaves_none_of_them(qtbot, owner):
    done: list[str] = []
    turns = Turns(owner)
    turns.begin([lambda: done.append("a"), lambda: done.append("b")])
    assert not done
    qtbot.waitUntil(lambda: done == ["a"] or len(done) > 1)
    turns.begin([lambda: done.append("c")])
    turns.then(lambda: done.append("d"))
    qtbot.waitUntil(lambda: not turns.under_way)
    assert done in (["a", "c", "d"], ["a", "b", "c", "d"])
    turns.begin([lambda: done.append("e"), turns.stop, lambda: done.append("f")])
    qtbot.waitUntil(lambda: not turns.under_way)
    assert done[-1] == "e"


def test_who_asks_for_the_rest_gets_it_at_once_but_a_step_itself_does_not(owner):
    done: list[int] = []
    turns = Turns(owner)
    turns.begin([lambda: (turns.finish(), done.append(1)), lambda: done.append(2)])
    turns.finish()
    assert done == [1, 2]
    assert not turns.under_way


def test_a_dialog_opens_whole(online, qtbot):
    dialog = online.new_job("customers.export")
    assert not dialog.isVisible()
    qtbot.waitUntil(dialog.isVisible)
    assert dialog._built.isVisible()
    assert dialog.chosen.kind == "customers.export"
    assert dialog.findChild(QPushButton, "submitButton").isEnabled()
    dialog.reject()


@pytest.mark.parametrize("turns", [0, 1, 3, 6, 9])
def test_a_dialog_that_is_left_in_the_middle_of_its_making_is_gone(online, qtbot, turns):
    dialog = online.new_job("customers.import")
    for _ in range(turns):
        QApplication.processEvents()
    dialog.reject()
    assert not online.submissions.dialogs
    qtbot.waitUntil(lambda: not isValid(dialog))


def test_a_window_that_goes_takes_a_dialog_that_is_being_made_with_it(online, qtbot):
    dialog = online.new_job("customers.import")
    online.controller.set_language("zh_CN")
    qtbot.waitUntil(lambda: not isValid(dialog))
    online.controller.set_language("en")


def test_what_is_asked_of_a_dialog_before_it_is_made_is_done(online, qtbot):
    first, second = online.new_job("examples.echo"), online.new_job("examples.add")
    assert second.params() is None  # both numbers are to be filled in, which it says
    assert second.isVisible()
    first.set_params({"message": "x"})
    assert first.params() == {"message": "x"}
    with qtbot.waitSignal(online.controller.outgoing.accepted, timeout=20_000):
        first.submit()
    second.reject()
    qtbot.waitUntil(lambda: not online.submissions.dialogs)


@pytest.mark.parametrize("kind", ["evidence.analyze", "customers.import"])
def test_the_tab_key_goes_through_the_form_before_it_comes_to_the_buttons(online, qtbot, tmp_path, kind):
    path = tmp_path / "客户.csv"
    path.write_text("客户编号,客户名称\n1,公司\n", "utf-8")
    dialog = online.submit_files([path], kind).finish()
    if kind == "customers.import":
        dialog.preview.finish()
    dialog._built._fold.setChecked(True)
    activate(qtbot, dialog)
    dialog.priority.setFocus()
    passed: list[str] = []
    while "submitButton" not in passed:
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        passed.append(QApplication.focusWidget().objectName())
        assert len(passed) < 60
    fields = [name for name in passed if name.startswith("input-")]
    assert set(fields) >= {"input-keywords", "input-near_duplicates"} or set(fields) >= {
        "input-mode",
        "input-max_errors",
    }
    assert passed.index("advancedButton") < passed.index(fields[-1])
    assert passed[-2:] == ["cancelSubmitButton", "submitButton"]
    dialog.reject()
