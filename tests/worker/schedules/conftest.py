"""Kinds, people and shortcuts of the engine's tests, and the schedules' own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from tests.worker.engine.conftest import _kinds, engine  # noqa: F401 - fixtures
from tests.worker.engine.engine import Engine
from worker.db.schema import jobs, schedules
from worker.db.types import db_now
from worker.schedules import schedules as service
from worker.schedules.firing import Firing
from worker.schedules.views import NewSchedule, ScheduleChanges, ScheduleView


class Office:
    """An engine without the schedules that an installation begins with."""

    def __init__(self, of: Engine) -> None:
        self.engine = of
        self.database = of.database
        with self.database.write() as connection:
            connection.execute(delete(schedules))

    def now(self) -> datetime:
        with self.database.read() as connection:
            return connection.execute(select(db_now())).scalar_one()

    def create(self, **values: Any) -> ScheduleView:
        values = {"kind": "test.plain", "timezone": "UTC"} | values
        if "interval_seconds" not in values:
            values.setdefault("cron", "* * * * *")
        return service.create(self.database, self.engine.root, NewSchedule(**values), "en")

    def change(self, schedule: ScheduleView, version: int | None = None, **values: Any) -> ScheduleView:
        changes = ScheduleChanges(**values)
        return service.change(self.database, self.engine.root, schedule.id, changes, version, "en")

    def get(self, schedule_id: str) -> ScheduleView:
        return service.get(self.database, self.engine.root, schedule_id, "en")

    def firing(self) -> Firing:
        return Firing(self.database, self.engine.settings, self.engine.publish)

    def fire(self) -> list[str]:
        return self.firing().fire()

    def due_since(self, schedule_id: str, due: datetime | None) -> None:
        """No scheduler has run since `due`, which was the next due time then."""
        with self.database.write() as connection:
            connection.execute(
                update(schedules)
                .where(schedules.c.id == schedule_id)
                .values(next_due_at=due, start_at=datetime(2020, 1, 1, tzinfo=UTC))
            )

    def fired(self) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(select(jobs).order_by(jobs.c.fire_key, jobs.c.id)).all())


@pytest.fixture
def office(engine: Engine) -> Office:  # noqa: F811 - the fixture above
    return Office(engine)


def minute(at: datetime, back: int = 0) -> datetime:
    """The last full minute at `at`, or one before."""
    return at.replace(second=0, microsecond=0) - timedelta(minutes=back)
