"""`notifications.cleanup`: what all have read goes, what somebody has not stays longer."""

from __future__ import annotations

import pytest

from tests.worker.engine.engine import person, shift
from worker import notifications
from worker.errors import Forbidden
from worker.notifications import ADMINS, EVERYBODY
from worker.tasks import notifications_cleanup

KIND = "notifications.cleanup"


def left(office, *actors):
    return {n.message for actor in actors for n in notifications.page(office.database, actor).notifications}


@pytest.mark.parametrize("chunk", [2, 500])
def test_old_ones_that_all_have_read_go(office, monkeypatch, chunk):
    monkeypatch.setattr(notifications_cleanup, "_CHUNK", chunk)
    root = person(office.database, "root", "admin")
    with office.database.write() as connection:
        for audience in (office.ann.user_id, office.lin.user_id, EVERYBODY, ADMINS):
            name = {office.ann.user_id: "ann", office.lin.user_id: "lin"}.get(audience, audience)
            notifications.add(connection, audience, "message", message=name)
    notifications.mark_all_read(office.database, office.ann)
    notifications.mark_all_read(office.database, root)
    assert office.run(KIND, by=root).result == {"removed": 0}
    shift(office.database, "notifications", ("updated_at",), 31 * 86400)
    assert office.run(KIND, by=root).result == {"removed": 2}
    assert left(office, office.ann, office.lin, root) == {"lin", "all"}, "lin has read neither"
    assert office.run(KIND, by=root, days_old=60).result == {"removed": 0}
    shift(office.database, "notifications", ("updated_at",), 400 * 86400)
    assert office.run(KIND, by=root).result == {"removed": 2}


def test_it_is_for_admins(office):
    with pytest.raises(Forbidden):
        office.submit(KIND)
