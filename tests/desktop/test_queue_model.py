"""The queue table's model against a plain list, and what it tells the views."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QItemSelectionModel, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QStyleOptionHeader, QStyleOptionHeaderV2

from desktop.client.models import Job, Why
from desktop.queue.columns import BY_NAME, COLUMNS
from desktop.queue.model import MAX_SIGNALS, QueueModel, merge_ranges
from desktop.queue.rows import JobRow, from_job, needle
from desktop.queue.table import QueueTable
from tests.support import examples

STATES = ("pending", "running", "succeeded", "failed", "cancelled", "outbox")


def row(number: int, **values) -> JobRow:
    values.setdefault("title", f"customers {number % 7}.xlsx")
    values.setdefault("state", STATES[number % len(STATES)])
    return JobRow(
        id=f"job-{number:06}", kind="customers.import", kind_title="Import customers", created=float(number),
        owner="li", needle=needle(values["title"], "Import customers", "li", f"job-{number:06}"), **values,
    )  # fmt: skip


@pytest.fixture
def model(qapp, qtmodeltester):
    model = QueueModel()
    model.tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    return model


def plain(jobs: dict[str, JobRow], column: int, descending: bool, group: str, text: str) -> list[JobRow]:
    """The same as the model, said in the plainest way."""
    shown = [
        r for r in jobs.values()
        if (group == "all" or r.group == group) and all(w in r.needle for w in text.casefold().split())
    ]  # fmt: skip
    return sorted(shown, key=lambda r: (COLUMNS[column].key(r), r.id), reverse=descending)


numbers = st.integers(0, 90)
texts = st.sampled_from(["", "b 1", "c"])
changes = st.tuples(
    st.lists(
        st.tuples(numbers, st.sampled_from(STATES), st.integers(0, 100), st.sampled_from(["a", "b 1", "C"])),
        max_size=80,
    ),
    st.lists(numbers, max_size=70),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("apply"), changes),
        st.tuples(st.just("sort"), st.tuples(st.integers(0, len(COLUMNS) - 1), st.booleans())),
        st.tuples(st.just("filter"), st.tuples(st.sampled_from(["all", "running", "outbox"]), texts)),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_any_changes_leave_the_rows_that_a_plain_list_has_and_keep_the_selection(qapp, steps):
    model = QueueModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    jobs: dict[str, JobRow] = {}
    column, descending, group, text = BY_NAME["submitted"], True, "all", ""
    selection = QItemSelectionModel(model)
    for what, value in steps:
        chosen = {model.index(r, 0).data(Qt.ItemDataRole.UserRole).id for r in range(0, model.rowCount(), 3)}
        selection.clear()
        for r in range(0, model.rowCount(), 3):
            selection.select(model.index(r, 0), QItemSelectionModel.SelectionFlag.Select)
        held = {i.data(Qt.ItemDataRole.UserRole).id: QPersistentModelIndex(i) for i in selection.selectedIndexes()}
        if what == "apply":
            changed = [row(n, state=state, progress=float(p), title=t) for n, state, p, t in value[0]]
            removed = [f"job-{n:06}" for n in value[1]]
            model.apply(changed, removed)
            latest = {r.id: r for r in changed}
            for gone in set(removed) - set(latest):
                jobs.pop(gone, None)
            jobs.update(latest)
        elif what == "sort":
            column, descending = value
            model.sort(column, Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder)
        else:
            group, text = value
            model.set_filter(group, text)
        expected = plain(jobs, column, descending, group, text)
        assert model.shown() == expected
        assert [model.index(r, 0).data(Qt.ItemDataRole.UserRole) for r in range(model.rowCount())] == expected
        still = chosen & {r.id for r in expected}
        assert {i.data(Qt.ItemDataRole.UserRole).id for i in selection.selectedIndexes()} >= still
        for job_id, index in held.items():
            if job_id in still:
                assert index.data(Qt.ItemDataRole.UserRole).id == job_id
        counts = model.counts
        assert counts["all"] == len(jobs)
        for state in STATES:
            assert counts.get(state, 0) == sum(r.state == state for r in jobs.values())
    del tester


def test_a_progress_tick_is_told_for_the_columns_that_changed_only(model, qtbot):
    model.apply([row(n, state="running", progress=1.0) for n in range(20)])
    with qtbot.waitSignal(model.dataChanged) as told:
        model.apply([row(5, state="running", progress=40.0, rows_done=4, rows_total=10)])
    top, bottom, roles = told.args
    assert top.row() == bottom.row() == 14  # newest first
    assert (top.column(), bottom.column()) == (BY_NAME["progress"], BY_NAME["rows"])
    assert Qt.ItemDataRole.DisplayRole in roles


def test_nothing_is_told_when_nothing_changed(model, qtbot):
    rows = [row(n) for n in range(10)]
    model.apply(rows)
    with qtbot.assertNotEmitted(model.dataChanged), qtbot.assertNotEmitted(model.counts_changed):
        model.apply([replace(r) for r in rows], ["unknown"])


def test_a_poll_with_very_many_changes_sends_few_signals(model):
    model.apply([row(n, state="running") for n in range(1000)])
    told = []
    for signal in (model.dataChanged, model.rowsInserted, model.rowsRemoved, model.rowsMoved, model.layoutChanged):
        signal.connect(lambda *args: told.append(args))
    model.apply([row(n, state="running", progress=5.0) for n in range(0, 1000, 3)])
    assert 0 < len(told) <= MAX_SIGNALS
    told.clear()
    model.sort(BY_NAME["progress"], Qt.SortOrder.AscendingOrder)
    model.apply([row(n, state="running", progress=float(n % 100)) for n in range(0, 1000, 2)], ["job-000001"])
    assert 0 < len(told) <= MAX_SIGNALS


def test_a_page_of_older_jobs_comes_in_by_one_signal(model):
    model.apply([row(n) for n in range(1000, 1200)])
    told = []
    model.rowsInserted.connect(lambda *args: told.append(args))
    model.apply([row(n) for n in range(1000)])
    assert len(told) == 1
    assert model.rowCount() == 1200


@given(st.lists(st.integers(0, 10_000), unique=True, max_size=300))
def test_merged_ranges_hold_every_row_and_are_few(positions):
    ranges = merge_ranges(sorted(positions))
    assert len(ranges) <= MAX_SIGNALS
    assert all(any(a <= p <= b for a, b in ranges) for p in positions)
    assert all(a <= b for a, b in ranges)


def test_selection_and_scroll_stay_when_jobs_come_in_above(qtbot):
    model = QueueModel()
    table = QueueTable(model)
    qtbot.addWidget(table)
    table.resize(900, 400)
    table.show()
    table.apply([row(n) for n in range(500)])
    table.choose("job-000200")
    top = table.indexAt(table.viewport().rect().topLeft()).data(Qt.ItemDataRole.UserRole).id
    table.apply([row(n) for n in range(500, 620)], ["job-000450"])
    assert [r.id for r in table.selected()] == ["job-000200"]
    assert table.indexAt(table.viewport().rect().topLeft()).data(Qt.ItemDataRole.UserRole).id == top


def test_the_order_of_columns_is_kept(qtbot):
    table = QueueTable(QueueModel())
    qtbot.addWidget(table)
    table.sortByColumn(BY_NAME["title"], Qt.SortOrder.AscendingOrder)
    table.horizontalHeader().moveSection(0, 3)
    state = table.header_state()
    other = QueueTable(QueueModel())
    qtbot.addWidget(other)
    other.restore_header(state)
    assert other.horizontalHeader().visualIndex(0) == 3
    other.apply([row(1, title="b"), row(2, title="a")])
    assert [r.title for r in other.jobs.shown()] == ["a", "b"]
    other.restore_header(b"nonsense")
    assert [r.title for r in other.jobs.shown()] == ["a", "b"]


def test_the_arrow_points_down_while_the_newest_is_first(qtbot):
    table = QueueTable(QueueModel())
    qtbot.addWidget(table)
    header, option = table.horizontalHeader(), QStyleOptionHeaderV2()
    header.initStyleOptionForIndex(option, BY_NAME["submitted"])
    assert option.sortIndicator == QStyleOptionHeader.SortIndicator.SortDown
    table.sortByColumn(BY_NAME["submitted"], Qt.SortOrder.AscendingOrder)
    header.initStyleOptionForIndex(option, BY_NAME["submitted"])
    assert option.sortIndicator == QStyleOptionHeader.SortIndicator.SortUp


def test_a_moment_for_which_a_job_waits_is_told_by_the_clock_of_this_computer():
    at = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    job = Job(id="1", why=Why("scheduled_for", f"Starts at {at.isoformat()}.", {"at": at.isoformat()}))
    assert from_job(job).note == f"Starts at {at.astimezone():%Y-%m-%d %H:%M}."
    job.why = Why("x", "Told by an older server", {"at": "soon"})
    assert from_job(job).note == "Told by an older server"


def test_progress_takes_the_room_that_the_other_columns_leave_but_is_never_squeezed(qtbot):
    table = QueueTable(QueueModel())
    qtbot.addWidget(table)
    header, progress = table.horizontalHeader(), BY_NAME["progress"]
    kept = table.header_state()
    table.resize(1600, 300)
    table.show()
    qtbot.waitUntil(lambda: header.length() == table.viewport().width())
    before = header.sectionSize(progress)
    header.resizeSection(BY_NAME["title"], 300)
    assert header.sectionSize(progress) == before - (300 - COLUMNS[BY_NAME["title"]].width)
    assert header.length() == table.viewport().width()
    table.restore_header(kept)  # of a narrower window
    assert header.length() == table.viewport().width()
    table.resize(600, 300)
    qtbot.waitUntil(lambda: header.sectionSize(progress) == COLUMNS[progress].width)
    assert header.length() > table.viewport().width()
