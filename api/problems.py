"""Every error of the API as `application/problem+json` (RFC 9457), in the asker's language, with a stable `code`."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic_core import PydanticSerializationError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from tabular.errors import TableError
from tabular.texts import text as table_text
from worker.errors import Refused
from worker.files.storage import StorageUnavailable
from worker.texts import negotiate, text
from worker.validation import field_errors

log = logging.getLogger("tasktray.api")
MEDIA_TYPE = "application/problem+json"

# Codes for the errors that the framework itself raises.
_BY_STATUS = {400: "bad_request", 401: "not_signed_in", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}

# Not in the standard, so not in `HTTPStatus`: tus answers so when a piece arrived damaged.
_OTHER_TITLES = {460: "Checksum Mismatch"}


class FieldProblem(BaseModel):
    """What is wrong with one field; `field` is its path in the body, query or path, e.g. `params.mode`."""

    field: str
    code: str
    message: str
    values: dict[str, Any] = {}


class Problem(BaseModel):
    """An error, RFC 9457. `code` is stable and for programs, `detail` is for people and in their language.

    Attributes:
        type: always `about:blank`; `code` tells the kinds of problems apart.
        title: the status in words.
        status: the HTTP status.
        values: the values in `detail`.
        errors: for bad fields, one each.
        instance: for a fault of the system, its incident as a URN; its traceback is in the log under this id.
    """

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    values: dict[str, Any] = {}
    errors: list[FieldProblem] = []
    instance: str | None = None


def language_of(scope: Scope) -> str:
    """The language to answer in: as the header asks, else the user's, else the installation's."""
    state = scope.get("state") or {}
    actor = state.get("actor")
    if actor is not None:
        return str(actor.language)
    header = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"accept-language"), None)
    return negotiate(header, scope["app"].state.settings.language)


def problem(
    scope: Scope,
    status: int,
    code: str,
    *,
    values: Mapping[str, Any] | None = None,
    errors: list[dict[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
    instance: str | None = None,
    words: Callable[..., str] = text,
) -> Response:
    """The answer for a problem.

    Args:
        scope: of the request; tells the language.
        errors: as in `worker.errors.Refused`.
        words: the catalogue that holds the code: `(code, language, **values) -> str`.
    """
    language = language_of(scope)
    fields = []
    for error in errors or []:
        given = dict(error.get("values") or {})
        message = error.get("message") or text(error["code"], language, **given)
        fields.append(FieldProblem(field=error["field"], code=error["code"], message=message, values=given))
    values = dict(values or {})
    body = Problem(
        title=_OTHER_TITLES.get(status) or HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=words(code, language, **values),
        values=values,
        errors=fields,
        instance=instance,
    )
    headers = {"Content-Language": language.replace("_", "-"), **(headers or {})}
    if status == 401:
        invalid = ', error="invalid_token"' if code.startswith("token_") else ""  # RFC 6750, section 3.1
        headers["WWW-Authenticate"] = f'Bearer realm="tasktray"{invalid}'
    if status == 429 and "seconds" in values:
        headers["Retry-After"] = str(values["seconds"])
    content = json.dumps(body.model_dump(mode="json", exclude_none=True), ensure_ascii=False)
    return Response(content.encode("utf-8", "replace"), status, headers, MEDIA_TYPE)


def refused(scope: Scope, error: Refused) -> Response:
    """The answer for a refusal."""
    return problem(scope, error.status, error.code, values=error.values, errors=error.errors)


async def _on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - registered for this class
    return refused(request.scope, error)


async def _on_table(request: Request, error: Exception) -> Response:
    assert isinstance(error, TableError)  # noqa: S101 - registered for this class
    return problem(request.scope, 422, error.code, values=error.values, words=table_text)


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    # "body", "query", "path" in front of the field's name tell a person nothing that the name does not.
    cleaned = [
        {**e, "loc": e["loc"][1:] if len(e["loc"]) > 1 and e["type"] != "json_invalid" else e["loc"]}
        for e in error.errors()
    ]
    return problem(request.scope, 422, "invalid_request", errors=field_errors(cleaned))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    code = _BY_STATUS.get(error.status_code, "bad_request")
    values = {"method": request.method} if error.status_code == 405 else None
    return problem(request.scope, error.status_code, code, values=values, headers=error.headers)


def database_unavailable(scope: Scope, error: Exception) -> Response:
    """The answer while the database cannot be reached or a lock in it does not come free."""
    log.error("database: %s", error)
    return problem(scope, 503, "database_unavailable", headers={"Retry-After": "5"})


async def _on_database(request: Request, error: Exception) -> Response:
    return database_unavailable(request.scope, error)


async def _on_storage(request: Request, error: Exception) -> Response:
    # Why is in the log already: the storage has written it there.
    return problem(request.scope, 503, "storage_unavailable", headers={"Retry-After": "5"})


async def _on_serialization(request: Request, error: Exception) -> Response:
    # JSON can name half a character ("\ud800"), which comes in as a text but cannot go out again.
    if "surrogates not allowed" not in str(error):
        raise error
    return await _on_data(request, error)


async def _on_data(request: Request, error: Exception) -> Response:
    # PostgreSQL takes no NUL characters and no numbers beyond their column; SQLite takes both. No route looks for them
    # one by one.
    log.info("the database refused a value: %s", error)
    return problem(request.scope, 422, "unstorable_value")


def install(app: FastAPI) -> None:
    """Answer all errors of `app` as problems. Unforeseen ones are caught by `middleware.Guard`."""
    app.add_exception_handler(Refused, _on_refused)
    app.add_exception_handler(TableError, _on_table)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(DataError, _on_data)
    app.add_exception_handler(StorageUnavailable, _on_storage)
    app.add_exception_handler(PydanticSerializationError, _on_serialization)
    app.add_exception_handler(UnicodeEncodeError, _on_data)
    app.add_exception_handler(OperationalError, _on_database)
    app.add_exception_handler(InterfaceError, _on_database)


def describe(connection: HTTPConnection, error: Refused) -> dict[str, Any]:
    """A refusal for a web socket's last message: code, words and values."""
    language = language_of(connection.scope)
    return {"code": error.code, "detail": text(error.code, language, **error.values), "values": error.values}
