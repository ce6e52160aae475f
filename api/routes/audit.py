"""The audit, for admins: who did what, when, from where."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from api.dependencies import AdminDep, DatabaseDep, SettingsDep
from api.routes.jobs import aware
from api.routing import v1_router
from worker.accounts import trail

router = v1_router("/audit", "audit")


class EntryView(BaseModel):
    """One deed. `action` is `object.verb`, e.g. `job.submit`; `ip` is where the request came from."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    user_id: str | None
    username: str
    action: str
    object_type: str | None
    object_id: str | None
    details: dict[str, Any] | None
    ip: str | None


class EntryList(BaseModel):
    """A page of deeds, newest first; `next` is the cursor of the next page, null on the last."""

    entries: list[EntryView]
    next: str | None


@router.get("")
def list_entries(
    admin: AdminDep,
    database: DatabaseDep,
    settings: SettingsDep,
    username: Annotated[str | None, Query(max_length=64)] = None,
    action: Annotated[str | None, Query(max_length=64, description="e.g. `job.submit`, or `job.` for all.")] = None,
    object_id: Annotated[str | None, Query(max_length=64)] = None,
    at_from: Annotated[datetime | None, Query(alias="from")] = None,
    at_to: Annotated[datetime | None, Query(alias="to")] = None,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> EntryList:
    """Who did what, newest first."""
    entries, following = trail.page(
        database,
        admin,
        username=username,
        action=action,
        object_id=object_id,
        at_from=aware(at_from, settings),
        at_to=aware(at_to, settings),
        cursor=cursor,
        limit=limit,
    )
    return EntryList(entries=[EntryView.model_validate(e) for e in entries], next=following)
