"""The details pane shows everything, however narrow the window is."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QLabel, QScrollArea, QToolButton, QWidget

from desktop.client.models import Event, JobFile
from desktop.details.counts import facts
from desktop.queue.rows import JobRow
from worker.engine import kinds

RESULT = {
    "rows": 30_000, "inserted": 24_850, "updated": 2_500, "unchanged": 2_400, "skipped": 100, "rejected": 150,
    "reasons": {"not_a_date": 50, "not_an_email": 40, "formula_without_value": 30, "duplicate_in_file": 30},
}  # fmt: skip


def cut_off(pane: QWidget) -> list[str]:
    """Names of what reaches past the right edge of its column."""
    found = []
    for area in pane.findChildren(QScrollArea):
        for part in [*area.findChildren(QLabel), *area.findChildren(QToolButton)]:
            if part.isVisible():
                right = part.mapTo(area.viewport(), QPoint(part.width(), 0)).x()
                if right > area.viewport().width():
                    found.append(part.objectName() or part.text())
    return found


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("size", [(1320, 800), (900, 600)])
def test_no_count_is_cut_off(make_window, qtbot, language, size):
    window = make_window(language=language)
    window.controller.show_details = lambda job_id: None  # nobody is there to ask
    window.page.table.apply(
        [
            JobRow(
                id="1", kind="customers.import", kind_title="Import customers", title="客户.xlsx", state="succeeded",
                owner="li", created=1.0, result=RESULT,
                files=(JobFile(id="f", name="a rather long name of a file 2026 - 不合格.xlsx", size=9, role="errors"),),
            )
        ]
    )  # fmt: skip
    window.resize(*size)
    window.show_job("1")
    qtbot.waitUntil(lambda: window.details.isVisible() and window.size().toTuple() == size)
    window.details.finish()
    rejected = window.findChild(QLabel, "count-rejected")
    qtbot.waitUntil(rejected.isVisible)
    qtbot.waitUntil(lambda: not cut_off(window.details))
    assert rejected.width() >= rejected.sizeHint().width()
    assert window.size().toTuple() == size


def test_counts_of_documents_are_told_by_name_and_zeros_are_not(make_window):
    make_window(language="en")
    result = {
        "files": 9, "read": 7, "scanned": 0, "encrypted": 2, "broken": 0, "pages": 12_000, "keyword_hits": 0,
        "proved": False, "file": "evidence.xlsx", "differing": [{"name": "a.pdf", "how": "changed"}], "dry": True,
    }  # fmt: skip
    titles = {name: {"zh_CN": zh, "en": en} for name, (zh, en) in kinds.get("evidence.analyze").result_titles.items()}
    assert facts(result, titles) == [  # as the kind orders them, first what was asked for
        ("Unchanged, byte for byte", "NO"), ("Files that differ", "a.pdf – changed"), ("Files", "9"), ("Read", "7"),
        ("Encrypted", "2"), ("Report", "evidence.xlsx"), ("pages", "12,000"),
    ]  # fmt: skip


def test_a_kind_names_its_own_results_and_their_lists(make_window):
    make_window(language="zh_CN")
    titles = {name: {"zh_CN": f"名 {name}", "en": name} for name in ("mails", "unknown", "totals", "refused", "empty")}
    result = {
        "mails": 3, "unknown": [f"K{n}" for n in range(7)], "totals": {"CNY": "1.20", "USD": "3.00"}, "empty": [],
        "refused": [{"customer_no": "A", "reply": "550 no"}], "list": [1],
    }  # fmt: skip
    assert facts(result, titles) == [
        ("名 mails", "3"), ("名 unknown", "K0; K1; K2; K3; K4 … (+2)"), ("名 totals", "CNY: 1.20; USD: 3.00"),
        ("名 refused", "A – 550 no"),
    ]  # fmt: skip


@pytest.mark.parametrize("server", ["", "https://office.example"])
def test_the_story_names_workers_to_admins_of_an_office_server_only(make_window, server):
    window = make_window()
    window.controller.preferences.server = server
    window.details._show_events(
        [Event(1, type="claimed", message="Started.", values={"worker": "celery@host:7", "attempt": 1})]
    )
    story = window.findChild(QLabel, "detailsEvents").text()
    assert "Started." in story
    assert ("celery@host:7" in story) == bool(server)
