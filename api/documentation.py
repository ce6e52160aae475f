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
