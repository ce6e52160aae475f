"""The measures for Prometheus. Admins may read them, and who brings the token of `TASKTRAY_METRICS_TOKEN`."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Header, Request, Response

from api.dependencies import AdminDep, DatabaseDep, SettingsDep
from api.metrics import Metrics

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def get_metrics(
    admin: AdminDep,
    database: DatabaseDep,
    settings: SettingsDep,
    request: Request,
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Requests, jobs, queues and workers in Prometheus' text form."""
    metrics = cast(Metrics, request.app.state.metrics)
    content, media_type = metrics.render(database, settings, accept)
    return Response(content, headers={"Content-Type": media_type})
