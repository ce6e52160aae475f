"""Submitting a job: checked, then written with its idempotency key, audit row and change number in one transaction;
the hint to the workers afterwards, best effort."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, bindparam, case, func, insert, select
from sqlalchemy.exc import IntegrityError

from worker import audit
from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import job_uploads, jobs
from worker.db.types import Json, UtcDateTime, db_now
from worker.engine import estimate as estimates
from worker.engine import events, hints, idempotency, kinds
from worker.engine.changes import stamp
from worker.engine.limits import Situation, look
from worker.engine.plain import is_plain, is_shallow
from worker.engine.presenter import file_view, present
from worker.engine.routing import Publish, hint_queue
from worker.engine.views import PRIORITIES, JobView, Submission
from worker.errors import Forbidden, Refused
from worker.files import inputs
from worker.files.rows import FileRow
from worker.ids import new_id
from worker.settings import Settings
from worker.validation import field_errors

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
    label: str | None = None,
    also: Callable[[Connection, str], None] | None = None,
    publish: Publish | None = None,
) -> tuple[JobView, bool]:
    """Submit a job.

    Args:
        key: the idempotency key: the same key of the same user with the same body gives the first answer again, for
            30 days, also when the job has been deleted meanwhile. None: every call makes a job.
        fire_key: of a schedule and its due time; a second submission with it gives the job of the first.
        scheduled: a job of a schedule, hidden from lists unless asked for.
        parent_id: the job that this one continues or takes back.
        label: the submitter's own word for the sort of job that it is, kept with it.
        also: what belongs to the same transaction; called with its connection and the job's id before the change
            number is taken. What it raises undoes the submission.
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
    body = idempotency.body_hash(submission, parent_id)
    if key is not None:
        idempotency.check_key(key)
    with database.read() as connection:  # one for all that is looked up: each costs round trips of its own
        if key is not None and (answer := idempotency.first_answer(connection, actor, key, body)) is not None:
            return answer, False
        fired = _fired(connection, settings, actor, fire_key)
        if fired is not None:
            return fired, False
        kind, params = checked(actor, submission.kind, submission.params)
        run_at = _run_at(submission.run_at)
        priority = PRIORITIES.index(submission.priority)
        files = _files(connection, actor, kind, submission.uploads)
        situation = look(connection, settings, online=True)
        size = sum(file.size for file in files)
        expected = estimates.expect(connection, settings, kind, size, priority, run_at, situation)
    title = _title(submission.title, kind, actor, files)

    new = {
        "id_": new_id(),
        "kind_": kind.name,
        "title_": title,
        "params_": params,
        "priority_": priority,
        "lane_": kind.lane,
        "owner": actor.user_id,
        "parent": parent_id,
        "label_": label,
        "scheduled_": scheduled,
        "fire_key_": fire_key,
        "at": run_at,
        "estimate_": expected.model_dump(),
    }
    try:
        with database.write() as connection:
            view, others = _write(connection, settings, actor, submission, kind, new, situation)
            if key is not None:
                idempotency.keep(connection, actor, key, body, view)
            if also is not None:
                also(connection, view.id)
            stamp(connection, view.id, *others)
    except (idempotency.KeyTaken, IntegrityError, Refused):
        # The same submission, or the same firing by another scheduler, may have come between our look and our write.
        with database.read() as connection:
            first = idempotency.first_answer(connection, actor, key, body) if key is not None else None
            first = first or _fired(connection, settings, actor, fire_key)
        if first is None:
            raise
        return first, False
    if run_at is None:
        (publish or partial(hints.publish, settings))(hint_queue(kind.lane, priority))
    return view, True


_AT = bindparam("at", type_=UtcDateTime())
_ADD = (  # made once, as all that a submission always needs
    insert(jobs)
    .values(
        id=bindparam("id_"),
        kind=bindparam("kind_"),
        title=bindparam("title_"),
        params=bindparam("params_", type_=Json),
        state="pending",
        priority=bindparam("priority_"),
        lane=bindparam("lane_"),
        owner_id=bindparam("owner"),
        parent_id=bindparam("parent"),
        label=bindparam("label_"),
        scheduled=bindparam("scheduled_"),
        fire_key=bindparam("fire_key_"),
        run_at=func.coalesce(_AT, db_now()),
        hinted_at=case((_AT.is_(None), db_now()), else_=None),
        estimate=bindparam("estimate_", type_=Json),
        created_at=db_now(),
        change_no=0,
        version=0,
    )
    .returning(*jobs.c)
)


def _write(
    connection: Connection,
    settings: Settings,
    actor: Actor,
    submission: Submission,
    kind: kinds.Kind,
    new: dict[str, Any],
    situation: Situation,
) -> tuple[JobView, Sequence[str]]:
    """The job's row with all that belongs to it, but its key and change number; gives its view and the ids of other
    jobs that were changed with it."""
    # The files are looked up again: here their rows are held until the job names them.
    files = _files(connection, actor, kind, submission.uploads)
    row = connection.execute(_ADD, new).one()
    if files:
        connection.execute(
            insert(job_uploads),
            [{"job_id": row.id, "position": i, "file_id": file.id} for i, file in enumerate(files)],
        )
    if new["at"] is not None:
        events.add(connection, row.id, "scheduled", at=new["at"])
    else:
        events.add(connection, row.id, "submitted")
    audit.record(connection, actor, "job.submit", "job", row.id, kind=row.kind, title=row.title)
    others: Sequence[str] = ()
    if kind.accept is not None:
        others = kind.accept(connection, settings, actor, row.id, kind.params.model_validate(row.params))
    now = row.created_at if new["at"] is not None else row.run_at
    attached = {row.id: [file_view(file) for file in files]}
    view = present(
        connection, actor, actor.language, [row], settings=settings, situation=situation, now=now, attached=attached
    )[0]
    view.version = row.version + 1  # with the change number, which comes last
    return view, others


def _fired(connection: Connection, settings: Settings, actor: Actor, fire_key: str | None) -> JobView | None:
    """The job of a firing that took place already."""
    if fire_key is None:
        return None
    row = connection.execute(select(jobs).where(jobs.c.fire_key == fire_key)).one_or_none()
    return None if row is None else present(connection, actor, actor.language, [row], settings=settings)[0]


# ---------------------------------------------------------------- checks


def checked(actor: Actor, kind_name: str, given: dict[str, Any]) -> tuple[kinds.Kind, dict[str, Any]]:
    """The kind and its parameters with their defaults, if this actor may have such a job.

    Raises:
        Refused: `unknown_kind`, `invalid_params` (with errors), `params_too_large`.
        Forbidden: `kind_for_admins`.
    """
    kind = kinds.get(kind_name)
    if kind is None:
        raise Refused("unknown_kind", kind=kind_name)
    if kind.admin_only and not actor.is_admin:
        raise Forbidden("kind_for_admins", kind=kind.titles.get(actor.language, kind.name))
    try:
        params = kind.params.model_validate(given).model_dump(mode="json")
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
