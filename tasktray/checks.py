"""The checks of `tasktray diagnose`: each looks at one part of this installation and changes nothing."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktray.failures import first_line
from tasktray.texts import language, t
from tasktray.words import size

if TYPE_CHECKING:
    from worker.db.database import Database
    from worker.settings import Settings

_FREE_BYTES = 500_000_000
_CLOCK_SECONDS = 5.0
_OVERDUE_SECONDS = 30.0
_SMTP_SECONDS = 10.0
_SAMPLE_SECONDS = 180.0  # a scheduler counts what waits once a minute


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        check: stable name of what was looked at.
        ok: whether it is as it should be.
        detail: what was found, in words.
        advice: what to do; empty when nothing is to be done.
    """

    check: str
    ok: bool
    detail: str
    advice: str = ""


def _fine(check: str, code: str, **values: Any) -> Finding:
    return Finding(check, True, t(code, **values))


def _bad(check: str, code: str, **values: Any) -> Finding:
    return Finding(check, False, t(code, **values), t(f"{code}_advice", **values))


@dataclass(slots=True)
class Installation:
    """What the checks share: the settings, and what the checks before found out."""

    settings: Settings
    database: Database | None = None
    health: dict[str, Any] = field(default_factory=dict)


def run(settings: Settings) -> Iterator[Finding]:
    """All checks in order, one finding each; a check that breaks is a finding, too."""
    installation = Installation(settings)
    checks: tuple[Callable[[Installation], Finding | None], ...] = (
        _settings, _data, _disk, _storage, _database, _clock, _admin, _api, _broker, _workers, _scheduler, _smtp,
    )  # fmt: skip
    try:
        for check in checks:
            try:
                found = check(installation)
            except Exception as error:
                found = Finding(check.__name__.strip("_"), False, first_line(error), t("diagnose_broken_advice"))
            if found is not None:
                yield found
    finally:
        if installation.database is not None:
            installation.database.dispose()


def _settings(installation: Installation) -> Finding:
    named = sorted(name for name in os.environ if name.startswith("TASKTRAY_"))
    python = ".".join(str(part) for part in sys.version_info[:3])
    return _fine("settings", "diagnose_settings", python=python, names=", ".join(named) or "–")


def _data(installation: Installation) -> Finding:
    folder = installation.settings.data
    if not folder.is_dir():
        return _bad("data", "diagnose_data_missing", folder=folder)
    if not _writable(folder):
        return _bad("data", "diagnose_not_writable", folder=folder)
    return _fine("data", "diagnose_data", folder=folder)


def _writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError:
        return False
    return True


def _disk(installation: Installation) -> Finding | None:
    folder = installation.settings.data
    if not folder.is_dir():
        return None
    free = shutil.disk_usage(folder).free
    if free < _FREE_BYTES:
        return _bad("disk", "diagnose_disk_full", free=size(free), folder=folder)
    return _fine("disk", "diagnose_disk", free=size(free))


def _bucket(installation: Installation) -> Finding:
    """Put an object of a few bytes into the bucket, read it, remove it."""
    from worker.errors import Refused
    from worker.files.storage import StorageUnavailable, open_bucket
    from worker.ids import new_id
    from worker.texts import text

    settings, key = installation.settings, new_id()
    try:
        objects = open_bucket(settings)  # and no `Storage`: looking makes no folder
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / key).write_bytes(b"x")
            objects.put(Path(folder) / key, key, link=False, sha256=None)
        with objects.open(key) as stored:
            read = stored.read()
        objects.delete(key)
        left = objects.exists(key)
    except StorageUnavailable as error:
        return _bad("storage", "diagnose_bucket_unreachable", place=settings.storage_url, reason=first_line(error))
    except Refused as error:
        reason = text(error.code, language(), **error.values)
        return _bad("storage", "diagnose_bucket_unreachable", place=settings.storage_url, reason=reason)
    if read != b"x" or left:
        return _bad("storage", "diagnose_bucket_differs", place=settings.storage_url)
    return _fine("storage", "diagnose_bucket", place=settings.storage_url)


def _storage(installation: Installation) -> Finding:
    place = installation.settings.effective_storage
    if "://" in place:
        return _bucket(installation)
    folder = Path(place)
    if folder.is_dir() and not _writable(folder):
        return _bad("storage", "diagnose_not_writable", folder=folder)
    return _fine("storage", "diagnose_storage" if folder.is_dir() else "diagnose_storage_later", folder=folder)


def _database(installation: Installation) -> Finding:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from worker.db.database import Database
    from worker.db.revisions import current_revision, head_revision

    url = make_url(installation.settings.effective_database_url)
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return _bad("database", "diagnose_database_missing", url=shown)
    database = Database(installation.settings.effective_database_url, pool_size=1)
    try:
        present, wanted = current_revision(database), head_revision()
    except SQLAlchemyError as error:
        database.dispose()
        return _bad("database", "diagnose_database_unreachable", url=shown, reason=first_line(error))
    if present is None:
        database.dispose()
        return _bad("database", "diagnose_never_migrated", url=shown)
    installation.database = database
    if present != wanted:
        return _bad("database", "diagnose_not_migrated", url=shown, present=present or "–", wanted=wanted)
    return _fine("database", "diagnose_database", url=shown, revision=present)


def _clock(installation: Installation) -> Finding | None:
    from sqlalchemy import select

    from worker.db.types import db_now

    if installation.database is None:
        return None
    with installation.database.read() as connection:
        before = time.time()
        at = connection.execute(select(db_now())).scalar_one()
        after = time.time()
    apart = max(0.0, before - at.timestamp(), at.timestamp() - after)
    if apart > _CLOCK_SECONDS:
        return _bad("clock", "diagnose_clock_apart", seconds=f"{apart:.0f}")
    return _fine("clock", "diagnose_clock")


def _admin(installation: Installation) -> Finding | None:
    from sqlalchemy import func, select

    from worker.db.schema import users

    if installation.database is None:
        return None
    query = select(func.count()).where(users.c.role == "admin", users.c.disabled_at.is_(None))
    with installation.database.read() as connection:
        number = connection.execute(query).scalar_one()
    return _fine("admin", "diagnose_admin", count=number) if number else _bad("admin", "diagnose_no_admin")


def _api(installation: Installation) -> Finding:
    import requests

    from desktop.client import connection

    settings = installation.settings
    found = connection.find(settings.data)
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - compared, not bound
    url = found.url if found else f"http://{host}:{settings.port}"
    try:
        with requests.Session() as session:
            session.trust_env = False  # this computer is not behind a proxy
            answer = session.get(f"{url}/readyz", timeout=5)
        installation.health = answer.json()
    except (requests.RequestException, ValueError):
        return _bad("api", "diagnose_api_away", url=url)
    if answer.status_code != 200:
        parts = ", ".join(f"{name}: {state}" for name, state in installation.health.items() if name != "status")
        return _bad("api", "diagnose_api_unready", url=url, parts=parts)
    return _fine("api", "diagnose_api", url=url)


def _broker(installation: Installation) -> Finding:
    state = installation.health.get("broker")  # as the API sees it: `tasktray up` has a broker of its own
    url = installation.settings.broker_url
    if state is None and url:
        import redis

        client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        try:
            client.ping()
            state = "ok"
        except (redis.RedisError, OSError):
            state = "unreachable"
        finally:
            client.close()
    if state == "unreachable":
        return _bad("broker", "diagnose_broker_away")
    return _fine("broker", "diagnose_broker" if state == "ok" else "diagnose_no_broker")


def _workers(installation: Installation) -> Finding | None:
    from worker.engine import routing, workers

    if installation.database is None:
        return None
    with installation.database.read() as connection:
        there = [w for w in workers.online(connection, installation.settings) if not w.stopping]
    if not there:
        return _bad("workers", "diagnose_no_worker")
    missing = [lane for lane in routing.LANES if not any(lane in w.lanes for w in there)]
    if missing:
        return _bad("workers", "diagnose_lanes_unserved", lanes=", ".join(missing))
    return _fine("workers", "diagnose_workers", count=len(there), slots=sum(w.slots for w in there))


def _scheduler(installation: Installation) -> Finding | None:
    """By its work: without one expired leases stay where they are, and nobody counts each minute what waits."""
    from sqlalchemy import func, select

    from worker.db.schema import jobs, queue_samples, workers
    from worker.db.types import db_now

    if installation.database is None:
        return None
    overdue = jobs.c.lease_until < db_now(-_OVERDUE_SECONDS - 2 * installation.settings.sweep_seconds)
    with installation.database.read() as connection:
        number = connection.execute(select(func.count()).where(jobs.c.state == "running", overdue)).scalar_one()
        alive = workers.c.seen_at > db_now(-installation.settings.lease_seconds)
        long_there = connection.execute(
            select(func.count()).where(alive, workers.c.started_at < db_now(-_SAMPLE_SECONDS))
        ).scalar_one()
        counted = queue_samples.c.at > db_now(-_SAMPLE_SECONDS)
        lately = connection.execute(select(queue_samples.c.at).where(counted).limit(1)).first()
    if number:
        return _bad("scheduler", "diagnose_overdue", count=number)
    # Work is done, but nobody minds the schedule; a system that has only begun may have to be looked at again.
    if long_there and lately is None:
        return _bad("scheduler", "diagnose_no_scheduler")
    return _fine("scheduler", "diagnose_scheduler")


def _smtp(installation: Installation) -> Finding:
    """Whether e-mails could be sent: connects and signs in, sends nothing."""
    from worker.errors import Refused, Transient
    from worker.mail.smtp import Mailer, port
    from worker.texts import text

    settings = installation.settings
    if not settings.smtp_host:
        return _fine("smtp", "diagnose_no_smtp")
    place = f"{settings.smtp_host}:{port(settings)}"
    # Nobody wants to wait longer for a report.
    quick = settings.model_copy(update={"smtp_timeout_seconds": min(settings.smtp_timeout_seconds, _SMTP_SECONDS)})
    try:
        with Mailer(quick) as mailer:
            mailer.check()
    except (Refused, Transient) as error:
        return _bad("smtp", "diagnose_smtp_bad", server=place, reason=text(error.code, language(), **error.values))
    if not settings.smtp_from:
        return _bad("smtp", "diagnose_smtp_no_sender", server=place)
    return _fine("smtp", "diagnose_smtp", server=place, tls=settings.smtp_tls)
