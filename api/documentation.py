"""`/docs` without the internet: Swagger UI from an installed package, no inline scripts; and what OpenAPI must add."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from api.authentication import OPEN
from api.problems import MEDIA_TYPE, Problem
from worker.engine import kinds

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tasktray REST API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/static/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="/docs/static/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
"""
_START = """window.ui = SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, docExpansion: "none",
  presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout", validatorUrl: null,
});
"""
# Swagger UI writes style attributes and shows its icons as data: URLs; scripts come from here only.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


def _static() -> Path:
    """Folder of Swagger UI's files (also inside a frozen program, where the package's data are collected)."""
    return Path(str(files("fastapi_offline"))) / "static"


def _problem_responses(operation: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    answer = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    responses: dict[str, Any] = {"default": {"description": "A problem", **answer}}
    if path not in OPEN:
        responses["401"] = {"description": "No valid token", **answer}
    if "{" in path:
        responses["404"] = {"description": "There is none, or it is another's", **answer}
    if "requestBody" in operation or "parameters" in operation:
        responses["422"] = {"description": "Some fields are not right", **answer}
    if "requestBody" in operation:
        responses["413"] = {"description": "The body is too large", **answer}
    return responses


def _document_kinds(schemas: dict[str, Any], operation: dict[str, Any]) -> None:
    """Every kind of job at the call that submits one: a line each, an example, and the schema of its parameters."""
    lines, examples = [], {}
    for name, kind in kinds.load().items():
        if kind.hidden:
            continue
        params = kind.params.model_json_schema(ref_template="#/components/schemas/params.{model}")
        for part, definition in params.pop("$defs", {}).items():
            schemas[f"params.{part}"] = definition
        schemas[f"params.{name}"] = params
        files = f"; files: {kind.uploads.minimum} to {kind.uploads.maximum}" if kind.uploads.maximum else ""
        rights = "; admins only" if kind.admin_only else ""
        titles = " / ".join(kind.titles[language] for language in ("en", "zh_CN") if language in kind.titles)
        given = ", ".join(f"`{parameter}`" for parameter in params.get("properties", {})) or "no parameters"
        lines.append(f"- `{name}`: {titles}{files}{rights}. {given}.")
        body: dict[str, Any] = {"kind": name, "params": {p: f"<{p}>" for p in params.get("required", ())}}
        if kind.uploads.minimum:
            body["uploads"] = ["<id of an upload>"] * kind.uploads.minimum
        examples[name] = {"summary": titles, "value": body}
    told = "Kinds of jobs; the schema of each one's parameters is `params.<kind>` below."
    operation["description"] = "\n".join([operation.get("description", ""), "", told, "", *lines])
    operation["requestBody"]["content"]["application/json"]["examples"] = examples


def _openapi(app: FastAPI) -> Callable[[], dict[str, Any]]:
    def build() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        schema = get_openapi(
            title=app.title, version=app.version, summary=app.summary, description=app.description, routes=app.routes
        )
        components = schema.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)  # the framework's own form of errors, which never leaves this application
        own = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(own.pop("$defs", {}))
        schemas["Problem"] = own
        _document_kinds(schemas, schema["paths"]["/api/v1/jobs"]["post"])
        flow = {"password": {"tokenUrl": "/api/v1/auth/login", "refreshUrl": "/api/v1/auth/refresh", "scopes": {}}}
        components["securitySchemes"] = {"password": {"type": "oauth2", "flows": flow}}
        for path, item in schema["paths"].items():
            for method in _METHODS:
                if method not in item:
                    continue
                operation = item[method]
                responses = operation.setdefault("responses", {})
                responses.pop("422", None)
                for status, answer in _problem_responses(operation, path, method).items():
                    responses.setdefault(status, answer)
                if path not in OPEN:
                    operation["security"] = [{"password": []}]
        app.openapi_schema = schema
        return schema

    return build


def install(app: FastAPI) -> None:
    """Add `/docs`, its files, and our OpenAPI to `app`, which must be made with `docs_url=None`."""
    headers = {"Content-Security-Policy": _CSP, "Cache-Control": "no-cache"}

    async def page() -> Response:
        return HTMLResponse(_PAGE, headers=headers)

    async def start() -> Response:
        return Response(_START, headers=headers, media_type="text/javascript")

    app.add_api_route("/docs", page, include_in_schema=False)
    app.add_api_route("/docs/start.js", start, include_in_schema=False)
    app.router.routes.append(Mount("/docs/static", StaticFiles(directory=_static()), name="swagger-ui"))
    app.openapi = _openapi(app)  # type: ignore[method-assign]  # FastAPI's own way of changing it
