"""When a schedule is due, said in words and written back as it was."""

from __future__ import annotations

import pytest

from desktop.client.schedule_models import Schedule
from desktop.parts.records import Column, RecordModel
from desktop.schedules import words
from desktop.schedules.words import When, read


@pytest.mark.parametrize(
    ("cron", "form", "said"),
    [
        ("5 * * * *", "hourly", "Every hour at minute 05"),
        ("0 8 * * *", "daily", "Every day at 08:00"),
        ("0 10 * * 1", "weekly", "Monday at 10:00"),
        ("30 8 * * 1-5", "weekly", "Monday to Friday at 08:30"),
        ("0 9 * * 6,0", "weekly", "Saturday, Sunday at 09:00"),
        ("0 9 * * MON,WED", "weekly", "Monday, Wednesday at 09:00"),
        ("0 0 * * 0-6", "weekly", "Every day at 00:00"),
        ("0 0 1 * *", "monthly", "On day 1 of every month at 00:00"),
        ("* * * * *", "cron", "Every minute"),
        ("*/15 * * * *", "cron", "Every 15 minutes by the clock"),
        ("0 */4 * * *", "cron", "Every 4 hours by the clock"),
        ("0 0 1 1 *", "cron", "cron 0 0 1 1 *"),
        ("0 9 1 * 1", "cron", "cron 0 9 1 * 1"),  # day of the month and of the week
        ("15,45 9 * * *", "cron", "cron 15,45 9 * * *"),
        ("0 9 * * 1#2", "cron", "cron 0 9 * * 1#2"),
        ("0 9 L * *", "cron", "cron 0 9 L * *"),
    ],
)
def test_cron_expressions_in_words(qapp, cron, form, said):
    when = read(cron, None)
    assert (when.form, when.words()) == (form, said)
    assert words.of(Schedule(cron=cron, timezone="Europe/Berlin")) == f"{said} (Europe/Berlin)"


@pytest.mark.parametrize("cron", ["5 * * * *", "0 8 * * *", "0 10 * * 1", "0 9 * * 6,0", "30 7 31 * *", "*/7 1 * * *"])
def test_what_is_read_is_written_back_the_same(cron):
    assert read(cron, None).expression() == cron


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(90, "Every 90 second(s)"), (60, "Every 1 minute(s)"), (7200, "Every 2 hour(s)"), (172800, "Every 2 day(s)")],
)
def test_intervals_in_words_without_a_zone(qapp, seconds, said):
    # Without a translator the sources' own plural forms stand.
    assert words.of(Schedule(interval_seconds=seconds, timezone="UTC")).replace("(s)", "").rstrip("s") == said.replace(
        "(s)", ""
    )


@pytest.mark.parametrize("form", ["interval", "hourly", "daily", "weekly", "monthly", "cron"])
def test_the_editor_gives_what_it_was_given(qtbot, form):
    from desktop.schedules.when import WhenEditor

    editor = WhenEditor()
    qtbot.addWidget(editor)
    hour = 0 if form in ("hourly", "interval", "cron") else 23
    given = When(form, seconds=5400, minute=7, hour=hour, days=(1, 6), day=31, cron="1 2 3 4 *")
    editor.set_value(given)
    value = editor.value()
    assert value.form == form
    assert (value.expression(), value.seconds) == (given.expression(), 5400)


def test_records_that_come_go_and_move_keep_the_others_and_tell_only_what_changed(qtmodeltester):
    model = RecordModel("x", (Column("a", "A", 10, lambda r: r[1]),), lambda r: r[0])
    model.show([(1, "one"), (2, "two"), (3, "three")])
    qtmodeltester.check(model, force_py=True)
    told = []
    model.dataChanged.connect(lambda first, last: told.append((first.row(), last.row())))
    model.show([(3, "three"), (1, "eins"), (4, "four")])
    assert [r[0] for r in model.records] == [3, 1, 4]
    assert told == [(1, 1)]
    assert not model.index_of(2).isValid()
    model.show([])
    assert model.rowCount() == 0
