"""Our own icons: line drawings in `resources/icons`, painted in the colour that they are asked for."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt
from PySide6.QtGui import QAction, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QWidget

from desktop import theme

STATE_ICONS = {
    "all": "list",
    "running": "running",
    "pending": "waiting",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "outbox": "outbox",
    "sending": "outbox",
    "refused": "failed",
}


@lru_cache(maxsize=128)
def _source(name: str) -> str:
    return (files("desktop") / "resources" / "icons" / f"{name}.svg").read_text("utf-8")


@lru_cache(maxsize=512)
def pixmap(name: str, color: str, size: int = 16, ratio: float = 1.0) -> QPixmap:
    """A drawing of `size` device-independent pixels in `color`, sharp at the screen's pixel ratio."""
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", color).encode()))
    result = QPixmap(round(size * ratio), round(size * ratio))
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    renderer.render(painter, QRectF(0, 0, result.width(), result.height()))
    painter.end()
    result.setDevicePixelRatio(ratio)
    return result


def icon(name: str, color: str | None = None) -> QIcon:
    """A drawing as an icon, by default in the colour of muted text."""
    colors = theme.current()
    result = QIcon()
    for ratio in (1.0, 2.0):
        result.addPixmap(pixmap(name, color or colors.text, 18, ratio))
        result.addPixmap(pixmap(name, colors.muted, 18, ratio), QIcon.Mode.Disabled)
    return result


def application_icon() -> QIcon:
    """The icon of the program."""
    result = QIcon()
    folder = files("desktop") / "resources"
    result.addFile(str(folder / "tasktray.svg"))
    for size in (32, 64, 256):
        result.addFile(str(folder / f"tasktray-{size}.png"))
    return result


def put(target: QAction | QAbstractButton, name: str, color: str = "") -> None:
    """Give an action or a button an icon that follows the theme; `color`: the name of one of `Colors`."""
    target.setProperty("iconName", name)
    target.setProperty("iconColor", color)
    _apply(target)


def follow_theme(window: QWidget) -> None:
    """Paint the icons of a window anew in the theme's colours, now and whenever they change."""

    def again() -> None:
        targets: list[QObject] = [*window.findChildren(QAction), *window.findChildren(QAbstractButton)]
        for target in targets:
            if target.property("iconName"):
                _apply(target)

    theme.theme().changed.connect(again, Qt.ConnectionType.AutoConnection)
    window.destroyed.connect(lambda: theme.theme().changed.disconnect(again))


def _apply(target: QObject) -> None:
    color = target.property("iconColor")
    if isinstance(target, QAction | QAbstractButton):
        target.setIcon(icon(target.property("iconName"), getattr(theme.current(), color) if color else None))
