"""The middle of the window: the jobs, or one of the pages for admins, which are made when they are first opened."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from desktop.controller import Controller


class Pages(QStackedWidget):
    """Shows one page at a time.

    Args:
        jobs: what is shown while no other page is.

    Signals:
        job_wanted: id of a job that is to be shown.
        told: words about what was done on a page.
    """

    job_wanted = Signal(str)
    told = Signal(str)

    def __init__(self, controller: Controller, jobs: QWidget) -> None:
        super().__init__()
        self._controller = controller
        self._jobs = jobs
        self._made: dict[str, QWidget] = {}
        self.addWidget(jobs)

    def show_page(self, name: str) -> QWidget:
        """Show a page of `sidebar.PAGES`; the jobs for an empty name."""
        if name and name not in self._made:
            self._made[name] = _MAKERS[name](self, self._controller)
            self.addWidget(self._made[name])
        shown = self._made[name] if name else self._jobs
        self.setCurrentWidget(shown)
        return shown


def _monitor(pages: Pages, controller: Controller) -> QWidget:
    from desktop.monitor.page import MonitorPage  # none of it is needed before it is opened

    page = MonitorPage(controller)
    page.job_wanted.connect(pages.job_wanted)
    return page


def _schedules(pages: Pages, controller: Controller) -> QWidget:
    from desktop.schedules.page import SchedulesPage  # as above

    page = SchedulesPage(controller)
    page.job_wanted.connect(pages.job_wanted)
    page.told.connect(pages.told)
    return page


_MAKERS: dict[str, Callable[[Pages, Controller], QWidget]] = {"monitor": _monitor, "schedules": _schedules}
