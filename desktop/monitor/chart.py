"""How it went over time, painted: jobs that ended as columns above, jobs that waited and ran as lines below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop import formats, theme
from desktop.client.monitor_models import Point, Series
from desktop.language import QT_TRANSLATE_NOOP, translate

_ENDED = (
    ("succeeded", QT_TRANSLATE_NOOP("Chart", "Succeeded")),
    ("failed", QT_TRANSLATE_NOOP("Chart", "Failed")),
    ("cancelled", QT_TRANSLATE_NOOP("Chart", "Cancelled")),
)
_THERE = (("pending", "waiting", QT_TRANSLATE_NOOP("Chart", "Waiting")),
          ("running", "running", QT_TRANSLATE_NOOP("Chart", "Running")))  # fmt: skip
_LEFT, _RIGHT, _TOP, _GAP, _BOTTOM = 46, 12, 26, 26, 20


@dataclass(frozen=True, slots=True)
class _Plot:
    """A part of the chart: where it is, and the value at its upper edge."""

    area: QRectF
    top: int

    def y(self, value: float) -> float:
        return self.area.bottom() - self.area.height() * value / self.top


class ThroughputChart(QWidget):
    """Paints a `Series`; hovering over it tells the figures of a moment."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("throughputChart")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._series = Series()
        self._hovered = -1
        self._expected = True
        theme.theme().changed.connect(self.update)
        self._tell()

    @property
    def points(self) -> Sequence[Point]:
        """What is painted, the oldest first."""
        return self._series.points

    def sizeHint(self) -> QSize:
        return QSize(600, 216)

    def expect(self, expected: bool) -> None:
        """Say that something is being read, as long as there is nothing to paint; or do not."""
        self._expected = expected
        self.update()

    def show_series(self, series: Series) -> None:
        """Paint another series."""
        if series != self._series:
            self._series = series
            self._hovered = min(self._hovered, len(series.points) - 1)
            self._tell()
            self.update()

    def _tell(self) -> None:
        points = self.points
        ended = sum(p.succeeded + p.failed + p.cancelled for p in points)
        failed = sum(p.failed for p in points)
        waiting = max((p.waiting or 0 for p in points), default=0)
        words = translate(
            "Chart", "Jobs over time: {ended} ended, {failed} of them failed, at most {waiting} waited at once."
        )
        self.setAccessibleName(
            words.format(ended=formats.count(ended), failed=formats.count(failed), waiting=formats.count(waiting))
        )

    def tip(self, place: int) -> str:
        """The figures of a point in words."""
        point = self.points[place]
        lines = [self._time(point, self._series.step_seconds)]
        lines += [f"{translate('Chart', words)}: {formats.count(getattr(point, name))}" for name, words in _ENDED]
        lines += [
            f"{translate('Chart', words)}: {formats.count(getattr(point, name))}"
            for _, name, words in _THERE
        ]  # fmt: skip
        return "\n".join(lines)

    @staticmethod
    def _time(point: Point, step: int) -> str:
        if point.at is None:
            return ""
        local = point.at.astimezone()
        return f"{local:%H:%M}" if step < 3600 else f"{local:%m-%d %H:%M}"

    # ------------------------------------------------------------ painting

    def _plots(self) -> tuple[_Plot, _Plot]:
        room = max(self.height() - _TOP - _GAP - _BOTTOM, 40)
        width = max(self.width() - _LEFT - _RIGHT, 40)
        upper = QRectF(_LEFT, _TOP, width, room * 0.55)
        lower = QRectF(_LEFT, upper.bottom() + _GAP, width, room - upper.height())
        ended = max((p.succeeded + p.failed + p.cancelled for p in self.points), default=0)
        there = max((max(p.waiting or 0, p.running or 0) for p in self.points), default=0)
        return _Plot(upper, round_up(ended)), _Plot(lower, round_up(there))

    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(colors.base))
        upper, lower = self._plots()
        per = translate("Chart", "a minute") if self._series.step_seconds < 3600 else translate("Chart", "an hour")
        self._legend(painter, upper, translate("Chart", "Ended {per}").format(per=per),
                     [(name, words) for name, words in _ENDED])  # fmt: skip
        self._legend(painter, lower, translate("Chart", "In the queue"), [(tone, words) for tone, _, words in _THERE])
        for plot in (upper, lower):
            self._grid(painter, plot)
        if not self.points:
            painter.setPen(QColor(colors.muted))
            words = translate("Chart", "Reading…") if self._expected else formats.DASH
            painter.drawText(upper.area, int(Qt.AlignmentFlag.AlignCenter), words)
            painter.end()
            return
        self._times(painter, lower)
        if self._hovered >= 0:
            step = upper.area.width() / len(self.points)
            painter.fillRect(
                QRectF(_LEFT + self._hovered * step, upper.area.top(), step, lower.area.bottom() - upper.area.top()),
                QColor(colors.hover),
            )
        self._columns(painter, upper)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for tone, name, _ in reversed(_THERE):
            self._line(painter, lower, name, colors.state(tone))
        painter.end()

    def _legend(self, painter: QPainter, plot: _Plot, title: str, entries: Sequence[tuple[str, str]]) -> None:
        colors = theme.current()
        y = plot.area.top() - 8
        x = plot.area.left()
        painter.setPen(QColor(colors.muted))
        painter.drawText(QPointF(x, y), title)
        x += painter.fontMetrics().horizontalAdvance(title) + 24
        for tone, words in entries:
            text = translate("Chart", words)
            painter.fillRect(QRectF(x, y - 8, 9, 9), QColor(colors.state(tone)))
            painter.drawText(QPointF(x + 14, y), text)
            x += painter.fontMetrics().horizontalAdvance(text) + 32

    def _grid(self, painter: QPainter, plot: _Plot) -> None:
        colors = theme.current()
        for value in (0, plot.top // 2, plot.top) if plot.top % 2 == 0 else (0, plot.top):
            y = round(plot.y(value)) + 0.5
            painter.setPen(QColor(colors.border))
            painter.drawLine(QPointF(plot.area.left(), y), QPointF(plot.area.right(), y))
            painter.setPen(QColor(colors.muted))
            box = QRectF(0, y - 9, _LEFT - 8, 18)
            painter.drawText(
                box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), formats.count(value)
            )

    def _times(self, painter: QPainter, plot: _Plot) -> None:
        painter.setPen(QColor(theme.current().muted))
        step = plot.area.width() / len(self.points)
        width = painter.fontMetrics().horizontalAdvance("00-00 00:00") + 16
        every = max(1, round_up(max(1, int(width / step))))
        for place in range(0, len(self.points), every):
            text = self._time(self.points[place], self._series.step_seconds)
            left = plot.area.left() + place * step
            if left + painter.fontMetrics().horizontalAdvance(text) <= plot.area.right():
                painter.drawText(QPointF(left, plot.area.bottom() + 15), text)

    def _columns(self, painter: QPainter, plot: _Plot) -> None:
        colors = theme.current()
        step = plot.area.width() / len(self.points)
        width = max(step - (2 if step > 5 else 0), 1)
        for place, point in enumerate(self.points):
            below = 0
            for name, _ in _ENDED:
                value = getattr(point, name)
                if value:
                    upper = plot.y(below + value)
                    box = QRectF(plot.area.left() + place * step, upper, width, plot.y(below) - upper)
                    painter.fillRect(box, QColor(colors.state(name)))
                below += value

    def _line(self, painter: QPainter, plot: _Plot, name: str, color: str) -> None:
        """A line with a gap where nobody looked."""
        painter.setPen(QPen(QColor(color), 1.8))
        step = plot.area.width() / len(self.points)
        line = QPolygonF()
        for place, point in enumerate([*self.points, Point()]):
            value = getattr(point, name)
            if value is not None:
                line.append(QPointF(plot.area.left() + (place + 0.5) * step, plot.y(value)))
            elif line.size():
                if line.size() == 1:
                    painter.drawPoint(line.at(0))
                painter.drawPolyline(line)
                line = QPolygonF()

    # ------------------------------------------------------------ hovering

    def _place(self, x: float) -> int:
        upper, _ = self._plots()
        if not self.points or not upper.area.left() <= x < upper.area.right():
            return -1
        return int((x - upper.area.left()) / upper.area.width() * len(self.points))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._place(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)

    def _hover(self, place: int) -> None:
        if place != self._hovered:
            self._hovered = place
            self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self._place(event.pos().x())
            if place >= 0:
                QToolTip.showText(event.globalPos(), self.tip(place), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)


def round_up(value: int) -> int:
    """The next of 1, 2, 4, 6, 10, 20, 40, 60, 100 … that is not below `value`."""
    size = 1
    while True:
        for digit in (1, 2, 4, 6):
            if digit * size >= value:
                return digit * size
        size *= 10
