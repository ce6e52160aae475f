"""When a schedule is due, read from a cron expression or an interval, and said in words."""

from __future__ import annotations

from dataclasses import dataclass, replace

from desktop.client.schedule_models import Schedule
from desktop.language import QT_TRANSLATE_NOOP, translate
from desktop.plurals import plurals

WEEKDAYS = (
    QT_TRANSLATE_NOOP("When", "Monday"), QT_TRANSLATE_NOOP("When", "Tuesday"), QT_TRANSLATE_NOOP("When", "Wednesday"),
    QT_TRANSLATE_NOOP("When", "Thursday"), QT_TRANSLATE_NOOP("When", "Friday"), QT_TRANSLATE_NOOP("When", "Saturday"),
    QT_TRANSLATE_NOOP("When", "Sunday"),
)  # fmt: skip
_NAMES = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
UNITS = (
    (86400, QT_TRANSLATE_NOOP("When", "days")), (3600, QT_TRANSLATE_NOOP("When", "hours")),
    (60, QT_TRANSLATE_NOOP("When", "minutes")), (1, QT_TRANSLATE_NOOP("When", "seconds")),
)  # fmt: skip
CATCH_UP = {
    "skip": QT_TRANSLATE_NOOP("When", "Leave them out"),
    "once": QT_TRANSLATE_NOOP("When", "Make up for all of them once"),
    "all": QT_TRANSLATE_NOOP("When", "Make up for each of them"),
}


@dataclass(frozen=True, slots=True)
class When:
    """When something is due, in one of the forms that people use.

    Attributes:
        form: `interval`, `hourly`, `daily`, `weekly`, `monthly`, or `cron`, which is anything else.
        seconds: of an interval.
        minute, hour: of the other forms.
        days: 0 Monday to 6 Sunday, of a week.
        day: of a month.
        cron: the expression; empty for an interval.
    """

    form: str
    seconds: int = 3600
    minute: int = 0
    hour: int = 8
    days: tuple[int, ...] = (0,)
    day: int = 1
    cron: str = ""

    def expression(self) -> str:
        """The cron expression; empty for an interval."""
        match self.form:
            case "hourly":
                return f"{self.minute} * * * *"
            case "daily":
                return f"{self.minute} {self.hour} * * *"
            case "weekly":
                return f"{self.minute} {self.hour} * * {','.join(str((day + 1) % 7) for day in self.days)}"
            case "monthly":
                return f"{self.minute} {self.hour} {self.day} * *"
            case "cron":
                return self.cron.strip()
        return ""

    def words(self) -> str:
        """In words, without the time zone."""
        time = f"{self.hour:02d}:{self.minute:02d}"
        match self.form:
            case "interval":
                return _interval(self.seconds)
            case "hourly":
                return translate("When", "Every hour at minute {minute}").format(minute=f"{self.minute:02d}")
            case "daily":
                return translate("When", "Every day at {time}").format(time=time)
            case "weekly":
                return translate("When", "{days} at {time}").format(days=_days(self.days), time=time)
            case "monthly":
                return translate("When", "On day {day} of every month at {time}").format(day=self.day, time=time)
        return _cron(self.cron)


def read(cron: str | None, interval_seconds: int | None) -> When:
    """A schedule's time in the plainest form that says the same."""
    if interval_seconds:
        return When("interval", seconds=interval_seconds)
    cron = " ".join((cron or "").split())
    fields = cron.lower().split(" ")
    other = When("cron", cron=cron)
    if len(fields) != 5 or fields[3] != "*" or not _number(fields[0], 59):
        return other
    minute, hour, day, _, weekday = fields
    if (hour, day, weekday) == ("*", "*", "*"):
        return When("hourly", minute=int(minute), cron=cron)
    if not _number(hour, 23):
        return other
    at = When("daily", minute=int(minute), hour=int(hour), cron=cron)
    if day == "*" and weekday == "*":
        return at
    if day == "*":
        days = _weekdays(weekday)
        return replace(at, form="weekly", days=days) if days else other
    if weekday == "*" and _number(day, 31) and int(day):
        return replace(at, form="monthly", day=int(day))
    return other


def of(schedule: Schedule) -> str:
    """A schedule's time in words, with its time zone where it has one."""
    words = read(schedule.cron, schedule.interval_seconds).words()
    return f"{words} ({schedule.timezone})" if schedule.cron else words


def _number(text: str, highest: int) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= highest


def _weekdays(text: str) -> tuple[int, ...]:
    """Days of the week of a cron field, 0 Monday to 6 Sunday; none where it is more than days and ranges."""
    found: set[int] = set()
    for part in text.split(","):
        ends = [_NAMES.get(end, int(end) if _number(end, 7) else -1) for end in part.split("-")]
        if len(ends) > 2 or min(ends) < 0 or ends[0] > ends[-1]:
            return ()
        found.update((day - 1) % 7 for day in range(ends[0], ends[-1] + 1))
    return tuple(sorted(found))


def _days(days: tuple[int, ...]) -> str:
    if days == (0, 1, 2, 3, 4):
        return translate("When", "Monday to Friday")
    if len(days) == 7:
        return translate("When", "Every day")
    return translate("When", ", ").join(translate("When", WEEKDAYS[day]) for day in days)


def _interval(seconds: int) -> str:
    size = next(size for size, _ in UNITS if seconds % size == 0)
    every = {86400: plurals.every_days, 3600: plurals.every_hours, 60: plurals.every_minutes, 1: plurals.every_seconds}
    return every[size](seconds // size)


def _cron(cron: str) -> str:
    """The most usual of the other forms in words; else the expression itself."""
    minute, *rest = cron.split() or [""]
    if rest == ["*", "*", "*", "*"]:
        if minute == "*":
            return translate("When", "Every minute")
        if minute.startswith("*/") and _number(minute[2:], 59):
            return translate("When", "Every {number} minutes by the clock").format(number=int(minute[2:]))
    if minute == "0" and rest[1:] == ["*", "*", "*"] and rest[0].startswith("*/") and _number(rest[0][2:], 23):
        return translate("When", "Every {number} hours by the clock").format(number=int(rest[0][2:]))
    return translate("When", "cron {expression}").format(expression=cron)
