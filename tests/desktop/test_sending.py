"""Jobs on their way from the submit dialog: what was taken is never handed in twice."""

from __future__ import annotations

from desktop.submit.sending import Order, Sending


def test_what_cannot_be_kept_is_told_apart_from_what_is_on_its_way(make_window, qtbot, tmp_path):
    window = make_window()
    sending = Sending(window.controller)
    there, gone = tmp_path / "a.csv", tmp_path / "gone.csv"
    there.write_text("x\n1\n")
    orders = [Order([gone], {"mode": "insert"}), Order([there], {})]
    with qtbot.waitSignal(sending.failed, timeout=10_000) as failed:
        tickets = sending.start("customers.import", orders, "normal")
    assert len(tickets) == 2
    words, left = failed.args
    assert "gone.csv" in words
    assert left == [orders[0]]
    assert not sending.under_way
    kept = [entry for entry in window.controller.outgoing._entries.values() if entry.kind == "customers.import"]
    assert [entry.files[0].name for entry in kept] == ["a.csv"]


def test_while_the_server_is_away_it_is_finished_when_all_is_kept(make_window, qtbot, tmp_path):
    window = make_window()
    sending = Sending(window.controller)
    paths = [tmp_path / f"{n}.csv" for n in range(3)]
    for path in paths:
        path.write_text("x\n1\n")
    with qtbot.waitSignal(sending.finished, timeout=10_000):
        sending.start("customers.import", [Order([path], {}) for path in paths], "normal")
    assert len(window.controller.outgoing._entries) == 3
