"""Routers that know their whole address and what stands before their routes. They are put into the application as they
are: FastAPI would work out each route a second time for a prefix or a dependency that it is included with.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends

from api.plainness import only_plain

V1 = "/api/v1"


def plain_router(prefix: str, tag: str) -> APIRouter:
    """A router of calls that take JSON, below `prefix`."""
    return APIRouter(prefix=prefix, tags=[tag], dependencies=[Depends(only_plain)])


def v1_router(prefix: str, tag: str) -> APIRouter:
    """A router of this API's own calls, below `/api/v1`."""
    return plain_router(f"{V1}{prefix}", tag)
