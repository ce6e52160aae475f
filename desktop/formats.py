"""Numbers, sizes, times and durations as people read them."""

from __future__ import annotations

import time

from PySide6.QtCore import QLocale

from desktop.language import translate

DASH = "–"


def count(value: int | float | None) -> str:
    """`1234567` -> `1,234,567`; None -> a dash."""
    return DASH if value is None else f"{value:,.0f}"


def rows(done: int | None, total: int | None) -> str:
    """How many rows of how many are done."""
    if done is None and total is None:
        return ""
    if total is None:
        return count(done)
    if done is None or done == total:
        return count(total)
    return f"{count(done)} / {count(total)}"


def rate(value: float | None) -> str:
    """Rows a second."""
    if not value:
        return ""
    figure = f"{value:.1f}" if value < 10 else count(value)
    return translate("Formats", "{figure} rows/s").format(figure=figure)


def duration(seconds: float | None) -> str:
    """A span in its two largest units; None -> an empty text."""
    if seconds is None:
        return ""
    if seconds < 1:
        return translate("Formats", "under 1 s")
    total = round(seconds)
    if total < 60:
        return translate("Formats", "{seconds} s").format(seconds=total)
    minutes, left = divmod(total, 60)
    if minutes < 60:
        if not left or minutes >= 10:
            return translate("Formats", "{minutes} min").format(minutes=minutes)
        return translate("Formats", "{minutes} min {seconds} s").format(minutes=minutes, seconds=left)
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return translate("Formats", "{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    days, hours = divmod(hours, 24)
    return translate("Formats", "{days} d {hours} h").format(days=days, hours=hours)


def size(value: int | None) -> str:
    """Bytes as KB, MB, GB."""
    return (
        DASH
        if value is None
        else QLocale().formattedDataSize(value, 1, QLocale.DataSizeFormat.DataSizeTraditionalFormat)
    )


def clock(seconds: float) -> str:
    """Hour and minute of a moment given in seconds since 1970."""
    return time.strftime("%H:%M", time.localtime(seconds))


def moment(seconds: float | None, now: float | None = None) -> str:
    """A moment, as short as it may be: today only the time, this year without the year."""
    if not seconds:
        return ""
    at, today = time.localtime(seconds), time.localtime(now)
    if at[:3] == today[:3]:
        return time.strftime("%H:%M:%S", at)
    if at[0] == today[0]:
        return time.strftime("%m-%d %H:%M", at)
    return time.strftime("%Y-%m-%d %H:%M", at)
