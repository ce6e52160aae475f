"""Texts that no database keeps are refused at the door, whatever the route and the database.

PostgreSQL takes neither NUL characters nor half characters (lone surrogates, which JSON can name); SQLite takes the
first. Without this the same call would be answered differently by two installations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from fastapi import Request
from starlette.requests import HTTPConnection

from worker.engine.plain import plain_text
from worker.errors import Refused

# JSON itself forbids the characters as such: only written as escapes do they get in.
_ESCAPES = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_NAMED = 20  # wrong fields that an answer names at most


async def only_plain(connection: HTTPConnection) -> None:
    """A dependency of all routes that take JSON: looks at the query and the body.

    Raises:
        Refused: `invalid_request`, naming the fields.
    """
    if not isinstance(connection, Request):  # a web socket brings nothing that is stored
        return
    wrong = [name for name, value in connection.query_params.multi_items() if _is_broken(value)]
    if connection.headers.get("content-type", "").partition(";")[0].strip().lower().endswith("json"):
        body = await connection.body()  # the framework has read it already and keeps it
        if _ESCAPES.search(body):
            wrong += _broken_fields(body)
    if wrong:
        errors = [{"field": plain_text(name), "code": "field_unprintable", "values": {}} for name in wrong[:_NAMED]]
        raise Refused("invalid_request", errors=errors)


def _is_broken(text: str) -> bool:
    return plain_text(text) != text


def _broken_fields(body: bytes) -> list[str]:
    try:
        return list(_walk(json.loads(body), ()))
    except (ValueError, RecursionError):  # no JSON, or too deep: the route says so in its own words
        return []


def _walk(value: Any, path: tuple[str, ...]) -> Iterator[str]:
    match value:
        case str() if _is_broken(value):
            yield ".".join(path) or "body"
        case dict():
            for key, item in value.items():
                if _is_broken(key):
                    yield ".".join((*path, key))
                yield from _walk(item, (*path, key))
        case list():
            for number, item in enumerate(value):
                yield from _walk(item, (*path, str(number)))
