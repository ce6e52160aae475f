"""Light and dark can both be read."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QCheckBox

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


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_the_edge_of_an_empty_check_box_is_seen(qapp, qtbot, choice):
    theme.theme().choose(choice)
    box = QCheckBox("x")
    qtbot.addWidget(box)
    box.show()
    picture = box.grab().toImage()
    line = [picture.pixelColor(x, picture.height() // 2).name() for x in range(12)]
    assert max(contrast(color, theme.current().window) for color in line) >= 3
    theme.theme().choose("light")


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
