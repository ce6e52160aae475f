"""The scheduler, as a real process, removes what has expired."""

from __future__ import annotations

import sys
from pathlib import Path

from sqlalchemy import func, select, update

from tests.support import wait_until
from tests.support_system import Program, environment
from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import files, uploads
from worker.db.types import db_now
from worker.files.uploads import Uploads
from worker.settings import Settings


def test_the_scheduler_removes_what_has_expired_and_nothing_else(
    database: Database, database_url: str, settings: Settings, storage, clerk: Actor, tmp_path: Path
):
    service = Uploads(database, storage, settings)
    half, whole = service.create(clerk, 10), service.create(clerk, 0)
    service.begin(clerk, half.id, 0).abort()
    env = environment(settings.data, DATABASE_URL=database_url, CLEAN_SECONDS="0.2")
    scheduler = Program("scheduler", [sys.executable, "-m", "worker.scheduler"], env, tmp_path / "scheduler.log")
    with database.write() as connection:
        connection.execute(update(uploads).where(uploads.c.id == half.id).values(expires_at=db_now(-1)))
    scheduler.start()
    try:
        wait_until(lambda: list(storage.unfinished()) == [], what="no bytes of the expired upload")
        with database.read() as connection:
            assert connection.execute(select(uploads.c.id)).scalars().all() == [whole.id]
        with database.write() as connection:
            for table in (uploads, files):
                connection.execute(update(table).values(expires_at=db_now(-1)))
        wait_until(lambda: list(storage.objects()) == [], what="no bytes of the expired file")
        wait_until(lambda: _rows(database) == 0, what="no rows of what has expired")
    finally:
        assert scheduler.stop() == 0


def _rows(database: Database) -> int:
    with database.read() as connection:
        return sum(connection.execute(select(func.count()).select_from(t)).scalar_one() for t in (uploads, files))
