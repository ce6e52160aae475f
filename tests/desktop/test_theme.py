"""Light and dark can both be read."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QCheckBox, QLineEdit, QListWidget, QPlainTextEdit

from desktop import theme


def luminance(color: str) -> float:
    parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in QColor(color).getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    a, b = sorted((luminance(one), luminance(other)), reverse=True)
    return (a + 0.05) / (b + 0.05)


@pytest.mark.parametrize("colors", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["text", "muted", "running", "pending", "succeeded", "failed", "cancelled", "outbox"])
def test_words_can_be_read_on_every_ground(colors, name):
    for ground in (colors.base, colors.window, colors.raised, colors.selection):
        assert contrast(getattr(colors, name), ground) >= 4.5, ground


@pytest.mark.parametrize("colors", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_handles_of_scroll_bars_are_seen(colors):
    for ground in (colors.base, colors.window):
        assert contrast(colors.handle, ground) >= 2.9, ground


def pixels(qtbot, widget, width: int) -> list[str]:
    """The colours of a widget at half its height, from its left edge on."""
    qtbot.addWidget(widget)
    widget.show()
    picture = widget.grab().toImage()
    return [picture.pixelColor(x, picture.height() // 2).name() for x in range(width)]


@pytest.fixture(params=["light", "dark"])
def colors(request, qapp):
    """Those of a theme that holds meanwhile."""
    theme.theme().choose(request.param)
    yield theme.current()
    theme.theme().choose("light")


@pytest.mark.parametrize("kind", [QCheckBox, QLineEdit, QPlainTextEdit, QListWidget])
def test_the_edge_of_what_is_empty_is_seen(colors, qtbot, kind):
    assert max(contrast(color, colors.window) for color in pixels(qtbot, kind(), 12)) >= 2.9


def test_the_mark_of_a_ticked_box_is_seen(colors, qtbot):
    box = QCheckBox("x")
    box.setChecked(True)
    found = pixels(qtbot, box, 14)
    assert colors.accent in found
    assert max(contrast(color, colors.accent) for color in found[2:12]) >= 4.5


@pytest.mark.parametrize("colors", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_the_main_button_can_be_read(colors):
    assert contrast(colors.accent_text, colors.accent) >= 4.5


def test_the_choice_holds_and_is_told(qapp, qtbot):
    look = theme.theme()
    with qtbot.waitSignal(look.changed):
        look.choose("dark")
    assert look.dark
    assert theme.current() is theme.DARK
    with qtbot.waitSignal(look.changed):
        look.choose("light")
    assert not look.dark
