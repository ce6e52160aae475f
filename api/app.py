"""The REST API as an ASGI application: thin, every rule lives in `worker`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI

from api import documentation, problems
from api.authentication import Authentication, Authenticator
from api.feed import Feed
from api.metrics import Measured, Metrics
from api.middleware import BodyLimit, Guard
from api.routes import (
    aliases,
    audit,
    auth,
    datasets,
    files,
    health,
    jobs,
    kinds,
    mappings,
    metrics,
    monitor,
    notifications,
    schedules,
    stream,
    undo,
    uploads,
    users,
)
from worker.db.database import Database
from worker.engine import kinds as engine_kinds
from worker.settings import Settings

_DESCRIPTION = """Background imports, exports and reports for the back office. Sign in at `/api/v1/auth/login`, upload a
file (tus 1.0) at `/api/v1/uploads`, submit a job at `/api/v1/jobs`, poll `/api/v1/jobs/changes`, download the results.
Errors are `application/problem+json` with a stable `code`; `detail` is in the language of `Accept-Language`
(zh-CN or en)."""


def _version() -> str:
    try:
        return version("tasktray")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    engine_kinds.load()  # a broken plug-in is told at the start, not by the first call that asks for the kinds
    database = Database(settings.effective_database_url, pool_size=10)
    app.state.database = database
    app.state.authenticator = authenticator = Authenticator(database, settings)
    app.state.feed = feed = Feed(database, authenticator)
    looking = asyncio.create_task(feed.run(), name="change feed")
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        database.dispose()


_ROUTERS = (
    auth.router,
    users.router,
    kinds.router,
    datasets.router,
    mappings.router,
    stream.router,
    jobs.router,
    undo.router,
    files.router,
    monitor.router,
    notifications.router,
    schedules.router,
    audit.router,
    uploads.router,
    *aliases.ROUTERS,
    health.router,
    metrics.router,
)


def create_app(settings: Settings) -> FastAPI:
    """The application for these settings. Its database is opened at start-up and must have been migrated before."""
    app = FastAPI(
        title="Tasktray REST API",
        version=_version(),
        description=_DESCRIPTION,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        routes=[route for router in _ROUTERS for route in router.routes],
    )
    app.state.settings = settings
    app.state.metrics = Metrics()
    problems.install(app)
    documentation.install(app)
    # The last one added is the outermost: Measured, then Guard, then Authentication, then BodyLimit, then the routes.
    app.add_middleware(BodyLimit, settings=settings, form_paths=aliases.FORM_PATHS)
    app.add_middleware(Authentication)
    app.add_middleware(Guard)
    app.add_middleware(Measured, metrics=app.state.metrics, form_paths=aliases.FORM_PATHS)
    return app
