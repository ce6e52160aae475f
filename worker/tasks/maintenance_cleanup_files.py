"""`maintenance.cleanup_files`: remove old result files, expired uploads, and bytes that belong to nothing."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from worker.engine.context import JobContext
from worker.engine.form import words
from worker.engine.kinds import Params, kind


class CleanupFilesParams(Params):
    """What is old: result files (exports, reports, error workbooks) made so many days ago."""

    days_old: int = Field(
        7,
        ge=0,
        le=3650,
        json_schema_extra=words(
            "保留天数",
            "Days to keep",
            "更早生成的导出、报告和错误工作簿将被删除。",
            "Exports, reports and error workbooks made earlier are removed.",
        ),
    )


@kind(
    "maintenance.cleanup_files",
    {"zh_CN": "清理旧文件", "en": "Clean up files"},
    CleanupFilesParams,
    admin_only=True,
    order=920,
    result_titles={
        "files": ("已删除的结果文件", "Result files removed"),
        "bytes": ("其大小（字节）", "Their bytes"),
        "uploads": ("过期的上传", "Expired uploads"),
        "orphans": ("无主文件", "Leftover bytes"),
    },
)
def cleanup_files(job: JobContext, params: CleanupFilesParams) -> dict[str, Any]:
    """Remove them; see `worker.maintenance.files`."""
    from worker.maintenance import files

    return files.run(job, params.days_old)
