"""`maintenance.cleanup_cache`: remove what is only kept for speed or was left behind; nothing that anybody can miss."""

from __future__ import annotations

from typing import Any

from worker.engine.context import JobContext
from worker.engine.kinds import NoParams, kind


@kind(
    "maintenance.cleanup_cache",
    {"zh_CN": "清理缓存", "en": "Clean up caches"},
    NoParams,
    admin_only=True,
    order=922,
)
def cleanup_cache(job: JobContext, params: NoParams) -> dict[str, Any]:
    """Remove it; see `worker.maintenance.cache`."""
    from worker.maintenance import cache

    return cache.run(job)
