"""The monitor: what waits and runs in each lane, who works, how it went over time and by kind. For admins."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop import formats, icons
from desktop.client.monitor_models import Failure, Queue, Series, Stats, Worker
from desktop.controller import Controller
from desktop.language import translate
from desktop.monitor.chart import ThroughputChart
from desktop.monitor.columns import KINDS, QUEUES, WORKERS, KindRow, lane_title
from desktop.monitor.desk import PERIODS, MonitorDesk, Reading
from desktop.parts.away import AwayNote
from desktop.parts.notice import Notice
from desktop.parts.records import ROW_HEIGHT, RecordModel, RecordTable
from desktop.plurals import plurals

REFRESH_MS = 5000
STATS_EVERY = 6  # statistics change slowly: they are asked for at each so manieth turn


class MonitorPage(QWidget):
    """Asks the server again and again, but only while somebody can see it.

    Attributes:
        lanes, workers, kinds: the tables.
        chart: over time.

    Signals:
        job_wanted: id of a job that a worker runs.
    """

    job_wanted = Signal(str)

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("monitorPage")
        self._controller = controller
        self._turn = 0
        self._updated = 0.0
        self.desk = MonitorDesk(controller, self)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self._lane_model = RecordModel("Monitor", QUEUES, lambda q: q.lane, self)
        self._worker_model = RecordModel("Monitor", WORKERS, lambda w: w.id, self)
        self._kind_model = RecordModel("Monitor", KINDS, lambda r: r.figures.kind, self)
        self.lanes = RecordTable("laneTable", translate("Monitor", "Lanes"), self._lane_model, "lane")
        self.workers = RecordTable("workerTable", translate("Monitor", "Workers"), self._worker_model, "running")
        self.kinds = RecordTable("kindTable", translate("Monitor", "By kind"), self._kind_model, "reason")
        self.chart = ThroughputChart()
        self._error = Notice("monitorError", error=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(8)
        column.addLayout(self._make_head())
        column.addWidget(AwayNote(controller))
        column.addWidget(self._error)
        column.addWidget(self.chart)
        column.addLayout(self._make_middle())
        column.addWidget(_section(translate("Monitor", "By kind")))
        column.addWidget(self.kinds, 1)
        self.desk.told.connect(self._show)
        self.desk.failed.connect(self._error.tell)
        self.lanes.current_changed.connect(self._offer)
        self.workers.activated_record.connect(self._open)
        controller.connection_changed.connect(self._connection)
        self._connection()
        self._offer(None)

    # ------------------------------------------------------------ parts

    def _make_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        title = QLabel(translate("Monitor", "Monitor"))
        title.setProperty("role", "heading")
        self._summary = QLabel()
        self._summary.setObjectName("monitorSummary")
        self._summary.setProperty("role", "muted")
        self.period = QComboBox()
        self.period.setObjectName("periodBox")
        self.period.setAccessibleName(translate("Monitor", "Period"))
        for name, words in (
            ("hour", translate("Monitor", "Last hour")),
            ("day", translate("Monitor", "Last 24 hours")),
            ("week", translate("Monitor", "Last 7 days")),
        ):
            self.period.addItem(words, name)
        self.period.currentIndexChanged.connect(lambda _: self._look_at_another_period())
        head.addWidget(title)
        head.addSpacing(12)
        head.addWidget(self._summary, 1)
        head.addWidget(self.period)
        return head

    def _make_middle(self) -> QHBoxLayout:
        middle = QHBoxLayout()
        middle.setSpacing(14)
        self._pause = QPushButton(translate("Monitor", "Pause"))
        self._pause.setObjectName("pauseButton")
        self._pause.setToolTip(translate("Monitor", "Let nothing of this lane start any more; what runs goes on"))
        icons.put(self._pause, "pause")
        self._pause.clicked.connect(lambda: self._switch(self.desk.pause))
        self._resume = QPushButton(translate("Monitor", "Resume"))
        self._resume.setObjectName("resumeButton")
        self._resume.setToolTip(translate("Monitor", "Let jobs of this lane start again"))
        icons.put(self._resume, "play")
        self._resume.clicked.connect(lambda: self._switch(self.desk.resume))
        left, right = QVBoxLayout(), QVBoxLayout()
        head = QHBoxLayout()
        head.addWidget(_section(translate("Monitor", "Lanes")), 1)
        head.addWidget(self._pause)
        head.addWidget(self._resume)
        left.addLayout(head)
        left.addWidget(self.lanes)
        title = _section(translate("Monitor", "Workers"))
        title.setMinimumHeight(self._pause.sizeHint().height())  # so that both tables begin at the same height
        right.addWidget(title)
        right.addWidget(self.workers)
        for table in (self.lanes, self.workers):
            table.setFixedHeight(ROW_HEIGHT * 8 + 4)  # seven lanes and the header
        middle.addLayout(left, 1)
        middle.addLayout(right, 1)
        return middle

    # ------------------------------------------------------------ asking

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()
        self._ask_all()
        self.lanes.setFocus()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        self.desk.leave()
        super().hideEvent(event)

    def refresh(self) -> None:
        """Ask again, unless nobody can see it."""
        if not self.isVisible() or self.window().isMinimized():
            return
        if self.desk.ask(PERIODS[self.period.currentData()], with_stats=self._turn % STATS_EVERY == 0):
            self._turn += 1

    def _ask_all(self) -> None:
        self._turn = 0
        self.refresh()

    def _look_at_another_period(self) -> None:
        """What was told before is of another period: it goes at once."""
        self.chart.show_series(Series())
        self._kind_model.show([])
        self._ask_all()

    def _connection(self) -> None:
        """Ask at once when the server is there again."""
        self.chart.expect(self._controller.connection.kind != "offline")
        if self.isVisible() and self._controller.online and (self._error.isVisible() or not self.chart.points):
            self._error.tell("")
            self._ask_all()

    # ------------------------------------------------------------ showing

    def _show(self, told: Reading) -> None:
        self._error.tell("")
        self._lane_model.show(told.queues)
        self._worker_model.show(told.workers)
        self.chart.show_series(told.series)
        if told.stats:
            self._kind_model.show(_kinds(told.stats))
        self._updated = time.time()
        online = [worker for worker in told.workers if worker.state == "online"]
        words = translate("Monitor", "{waiting} waiting, {running} running, {workers} · {time}")
        self._summary.setText(
            words.format(
                waiting=formats.count(sum(queue.waiting for queue in told.queues)),
                running=formats.count(sum(queue.running for queue in told.queues)),
                workers=plurals.workers_online(len(online)),
                time=formats.moment(self._updated),
            )
        )
        if not self.lanes.currentIndex().isValid() and told.queues:
            self.lanes.setCurrentIndex(self._lane_model.index(0, 0))

    def _offer(self, lane: Queue | None) -> None:
        paused = bool(lane and lane.paused_at)
        self._pause.setEnabled(lane is not None and not paused)
        self._resume.setEnabled(paused)
        for button, words in (
            (self._pause, translate("Monitor", "Pause {lane}")),
            (self._resume, translate("Monitor", "Resume {lane}")),
        ):
            button.setAccessibleName(words.format(lane=lane_title(lane.lane) if lane else ""))

    def _switch(self, order: Callable[[str, Callable[[], None]], None]) -> None:
        lane = self.lanes.current()
        if lane is not None:
            order(lane.lane, self._ask_all)

    def _open(self, worker: Worker) -> None:
        if worker.jobs:
            self.job_wanted.emit(worker.jobs[0].id)


def _kinds(stats: Stats) -> list[KindRow]:
    worst: dict[str, Failure] = {}
    for failure in stats.failures:  # the most frequent first
        worst.setdefault(failure.kind, failure)
    return [KindRow(figures, worst.get(figures.kind)) for figures in stats.kinds]


def _section(words: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("role", "section")
    return label
