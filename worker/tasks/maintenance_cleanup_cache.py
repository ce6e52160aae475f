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
    result_titles={
        "folders": ("临时文件夹", "Temporary folders"),
        "bytes": ("其大小（字节）", "Their bytes"),
        "computer": ("所在计算机", "On the computer"),
        "sign_ins": ("过期的登录", "Expired sign-ins"),
        "orphans": ("无主文件", "Leftover bytes"),
    },
)
def cleanup_cache(job: JobContext, params: NoParams) -> dict[str, Any]:
    """Remove it; see `worker.maintenance.cache`."""
    from worker.maintenance import cache

    return cache.run(job)
