"""Submitting a job: checked, then written with its idempotency key, audit row and change number in one transaction;
the hint to the workers afterwards, best effort."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from worker import audit
from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import idempotency_keys, job_uploads, jobs
from worker.db.types import db_now
from worker.engine import estimate as estimates
from worker.engine import events, hints, kinds
from worker.engine.changes import stamp
from worker.engine.plain import is_plain, is_shallow
from worker.engine.presenter import present
from worker.engine.routing import Publish, hint_queue
from worker.engine.views import PRIORITIES, JobView, Submission
from worker.errors import Forbidden, Refused
from worker.files import inputs
from worker.files.rows import FileRow
from worker.ids import new_id
from worker.settings import Settings
from worker.validation import field_errors

KEY_SECONDS = 30 * 86400.0
"""How long an idempotency key is remembered: longer than a desktop's outbox waits."""
KEY_CHARACTERS = 128
TITLE_CHARACTERS = 300
PARAMS_BYTES = 1_000_000
RUN_AT_DAYS = 3660


def submit(
    database: Database,
    settings: Settings,
    actor: Actor,
    submission: Submission,
    key: str | None,
    *,
    fire_key: str | None = None,
    scheduled: bool = False,
    parent_id: str | None = None,
    publish: Publish | None = None,
) -> tuple[JobView, bool]:
    """Submit a job.

    Args:
        key: the idempotency key: the same key of the same user with the same body gives the first answer again, for
            30 days, also when the job has been deleted meanwhile. None: every call makes a job.
        fire_key: of a schedule and its due time; a second submission with it gives the job of the first.
        scheduled: a job of a schedule, hidden from lists unless asked for.
        parent_id: the job that this one continues or takes back.
        publish: how hints are sent; None sends them to the broker of the settings.

    Returns:
        The job and whether it was created by this call.

    Raises:
        Refused: `idempotency_key_reused`, `invalid_idempotency_key`, `unknown_kind`, `invalid_params` (with errors),
            `uploads_needed`, `too_many_uploads`, `wrong_suffix`, `duplicate_upload`, `invalid_title`,
            `invalid_run_at`, what the files say: `unknown_upload`, `upload_incomplete`, and what the kind says.
        Forbidden: `kind_for_admins`.
    """
    if not is_shallow(submission.params):
        raise Refused("invalid_params", errors=[{"field": "params", "code": "field_too_deep", "values": {}}])
    body_hash = _hash(submission, parent_id)
    if key is not None:
        _check_key(key)
    with database.read() as connection:  # one for all that is looked up: each costs round trips of its own
        if key is not None and (answer := _answer(connection, actor, key, body_hash)) is not None:
            return answer, False
        fired = _fired(connection, settings, actor, fire_key)
        if fired is not None:
            return fired, False
        kind, params = _checked(actor, submission)
        run_at = _run_at(submission.run_at)
        priority = PRIORITIES.index(submission.priority)
        files = _files(connection, actor, kind, submission.uploads)
        expected = estimates.expect(connection, settings, kind, sum(f.size for f in files), priority, run_at)
    title = _title(submission.title, kind, actor, files)

    row = {
        "kind": kind.name,
        "title": title,
        "params": params,
        "priority": priority,
        "lane": kind.lane,
        "parent_id": parent_id,
        "scheduled": scheduled,
        "fire_key": fire_key,
        "run_at": run_at or db_now(),
        "hinted_at": None if run_at else db_now(),
        "estimate": expected.model_dump(),
    }
    try:
        view, created = _write(database, settings, actor, submission, kind, row, key, body_hash)
    except IntegrityError:
        # Another scheduler fired the same instant between our look and our write.
        with database.read() as connection:
            fired = _fired(connection, settings, actor, fire_key)
        if fired is None:
            raise
        return fired, False
    if created and run_at is None:
        (publish or partial(hints.publish, settings))(hint_queue(kind.lane, priority))
    return view, created


def _write(
    database: Database,
    settings: Settings,
    actor: Actor,
    submission: Submission,
    kind: kinds.Kind,
    row: dict[str, Any],
    key: str | None,
    body_hash: str,
) -> tuple[JobView, bool]:
    job_id, run_at = new_id(), row["run_at"]
    with database.write() as connection:
        if key is not None and not _keep_key(connection, actor, key, body_hash, job_id):
            answer = _answer(connection, actor, key, body_hash)
            if answer is not None:
                return answer, False
        # The files are looked up again: here their rows are held until the job names them.
        files = _files(connection, actor, kind, submission.uploads)
        connection.execute(
            insert(jobs).values(
                id=job_id,
                state="pending",
                owner_id=actor.user_id,
                created_at=db_now(),
                change_no=0,
                version=0,
                **row,
            )
        )
        if files:
            connection.execute(
                insert(job_uploads),
                [{"job_id": job_id, "position": i, "file_id": file.id} for i, file in enumerate(files)],
            )
        if isinstance(run_at, datetime):
            events.add(connection, job_id, "scheduled", at=run_at)
        else:
            events.add(connection, job_id, "submitted")
        audit.record(connection, actor, "job.submit", "job", job_id, kind=kind.name, title=row["title"])
        others: Sequence[str] = ()
        if kind.accept is not None:
            others = kind.accept(connection, settings, actor, job_id, kind.params.model_validate(row["params"]))
        stamp(connection, job_id, *others)
        written = connection.execute(select(jobs).where(jobs.c.id == job_id)).one()
        view = present(connection, actor, actor.language, [written], settings=settings)[0]
        if key is not None:
            connection.execute(
                update(idempotency_keys)
                .where(idempotency_keys.c.user_id == actor.user_id, idempotency_keys.c.key == key)
                .values(response=view.model_dump(mode="json"))
            )
    return view, True


def _fired(connection: Connection, settings: Settings, actor: Actor, fire_key: str | None) -> JobView | None:
    """The job of a firing that took place already."""
    if fire_key is None:
        return None
    row = connection.execute(select(jobs).where(jobs.c.fire_key == fire_key)).one_or_none()
    return None if row is None else present(connection, actor, actor.language, [row], settings=settings)[0]


# ---------------------------------------------------------------- idempotency


def _hash(submission: Submission, parent_id: str | None) -> str:
    body = {"submission": submission.model_dump(mode="json"), "parent": parent_id}
    # Escaped to ASCII, so that half a surrogate has a hash too and is refused later, with a reason.
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode("ascii")).hexdigest()


def _check_key(key: str) -> None:
    if not 0 < len(key) <= KEY_CHARACTERS or not key.isascii() or not key.isprintable():
        raise Refused("invalid_idempotency_key", limit=KEY_CHARACTERS)


def _answer(connection: Connection, actor: Actor, key: str, body_hash: str) -> JobView | None:
    """The first answer to this key.

    Raises:
        Refused: `idempotency_key_reused`: it was given to another body.
    """
    kept = connection.execute(
        select(idempotency_keys.c.body_hash, idempotency_keys.c.response).where(
            idempotency_keys.c.user_id == actor.user_id,
            idempotency_keys.c.key == key,
            idempotency_keys.c.created_at > db_now(-KEY_SECONDS),
        )
    ).one_or_none()
    if kept is None:
        return None
    if kept.body_hash != body_hash:
        raise Refused("idempotency_key_reused", key=key)
    return JobView.model_validate(kept.response)


def _keep_key(connection: Connection, actor: Actor, key: str, body_hash: str, job_id: str) -> bool:
    """Write the key down; False when it is there already. Waits for another transaction that is writing it now."""
    values: dict[str, Any] = {
        "user_id": actor.user_id,
        "key": key,
        "body_hash": body_hash,
        "job_id": job_id,
        "response": {},  # the answer follows in this transaction, once it is known
        "created_at": db_now(),
    }
    k = idempotency_keys.c
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    inserting = dialect.insert(idempotency_keys).values(values).on_conflict_do_nothing().returning(k.key)
    if connection.execute(inserting).first() is not None:
        return True
    # One that has served its time makes room.
    old = (k.user_id == actor.user_id, k.key == key, k.created_at <= db_now(-KEY_SECONDS))
    if connection.execute(delete(idempotency_keys).where(*old)).rowcount == 0:
        return False
    return connection.execute(inserting).first() is not None


# ---------------------------------------------------------------- checks


def _checked(actor: Actor, submission: Submission) -> tuple[kinds.Kind, dict[str, Any]]:
    kind = kinds.get(submission.kind)
    if kind is None:
        raise Refused("unknown_kind", kind=submission.kind)
    if kind.admin_only and not actor.is_admin:
        raise Forbidden("kind_for_admins", kind=kind.titles.get(actor.language, kind.name))
    try:
        params = kind.params.model_validate(submission.params).model_dump(mode="json")
    except ValidationError as error:
        raise Refused("invalid_params", errors=field_errors(error.errors(), prefix=("params",))) from error
    if not is_plain(params):
        wrong = [
            {"field": f"params.{name}", "code": "field_unprintable", "values": {}}
            for name, value in params.items()
            if not is_plain(value)
        ]
        raise Refused("invalid_params", errors=wrong)
    if len(json.dumps(params)) > PARAMS_BYTES:
        raise Refused("params_too_large", limit=PARAMS_BYTES)
    return kind, params


def _files(connection: Connection, actor: Actor, kind: kinds.Kind, uploads: Sequence[str]) -> list[FileRow]:
    needs, count = kind.uploads, len(uploads)
    if count < needs.minimum:
        raise Refused("uploads_needed", minimum=needs.minimum, count=count)
    if count > needs.maximum:
        raise Refused("too_many_uploads", maximum=needs.maximum, count=count)
    if not all(is_plain(upload) for upload in uploads):
        raise Refused("unknown_upload", id="")
    files = inputs.resolve(connection, actor, uploads)
    if len({file.id for file in files}) < count:
        raise Refused("duplicate_upload")
    for file in files:
        if needs.suffixes and not file.name.lower().endswith(needs.suffixes):
            raise Refused("wrong_suffix", name=file.name, suffixes=", ".join(needs.suffixes))
    return files


def _run_at(run_at: datetime | None) -> datetime | None:
    """The instant not before which the job may run; None: at once."""
    if run_at is None:
        return None
    if run_at.tzinfo is None:
        raise Refused("invalid_run_at", days=RUN_AT_DAYS)
    now = datetime.now(UTC)
    if run_at > now + timedelta(days=RUN_AT_DAYS):
        raise Refused("invalid_run_at", days=RUN_AT_DAYS)
    return run_at if run_at > now else None


def checked_title(title: str) -> str:
    """A title as a person gave it, in one line.

    Raises:
        Refused: `invalid_title`: nothing in it, too long, or characters that cannot be kept.
    """
    line = " ".join(title.split())
    if not line or len(line) > TITLE_CHARACTERS or not is_plain(line):
        raise Refused("invalid_title", limit=TITLE_CHARACTERS)
    return line


def _title(given: str | None, kind: kinds.Kind, actor: Actor, files: Sequence[FileRow]) -> str:
    if given is not None and given.strip():
        return checked_title(given)
    title = kind.titles.get(actor.language) or kind.titles.get("en") or kind.name
    if files:
        more = f" +{len(files) - 1}" if len(files) > 1 else ""
        title = f"{title} · {PurePosixPath(files[0].name).name}{more}"
    return title if len(title) <= TITLE_CHARACTERS else title[: TITLE_CHARACTERS - 1] + "…"
