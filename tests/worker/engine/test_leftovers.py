"""Rows that imports have rejected go when their jobs can no longer go on."""

from __future__ import annotations

import pytest
from sqlalchemy import func, insert, select

from worker.db.schema import import_rejects
from worker.engine import control, leftovers
from worker.errors import Conflict

DAY = 86400.0


def _reject(engine, job_id: str, count: int) -> None:
    row = {"job_id": job_id, "sheet": None, "cells": "[]", "problems": "[]"}
    with engine.database.write() as connection:
        connection.execute(insert(import_rejects), [row | {"position": i, "number": i} for i in range(count)])


def _kept(engine) -> dict[str, int]:
    query = select(import_rejects.c.job_id, func.count()).group_by(import_rejects.c.job_id)
    with engine.database.read() as connection:
        return dict(connection.execute(query).all())


def test_rejected_rows_stay_while_their_job_may_go_on_and_go_afterwards(engine, monkeypatch):
    monkeypatch.setattr(leftovers, "_ROWS", 10)  # several steps
    cancelled, running = engine.job(), engine.job()
    engine.cancel(cancelled)
    assert engine.taken().job_id == running
    _reject(engine, cancelled, 25)
    _reject(engine, running, 3)
    engine.pass_time(leftovers.RETRY_DAYS * DAY, cancelled)
    assert leftovers.clean(engine.database) == 0
    assert _kept(engine) == {cancelled: 25, running: 3}
    engine.pass_time(DAY + 60)
    assert leftovers.clean(engine.database) == 25
    assert _kept(engine) == {running: 3}
    assert leftovers.clean(engine.database) == 0


def test_a_job_can_be_retried_as_long_as_what_it_left_is_kept(engine):
    job = engine.job()
    engine.cancel(job)
    engine.pass_time(leftovers.RETRY_DAYS * DAY - 60)
    assert control.retry(engine.database, engine.root, job, settings=engine.settings).state == "pending"
    engine.cancel(job)
    engine.pass_time(leftovers.RETRY_DAYS * DAY + 60)
    with pytest.raises(Conflict) as refused:
        control.retry(engine.database, engine.root, job, settings=engine.settings)
    assert refused.value.code == "job_too_old"
