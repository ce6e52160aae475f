"""`maintenance.cleanup_jobs`: delete jobs that ended long ago, with their files."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from worker.engine.context import JobContext
from worker.engine.form import words
from worker.engine.kinds import Params, kind


class CleanupJobsParams(Params):
    """What is old: jobs that ended so many days ago, and those of schedules, of which there are many."""

    days_old: int = Field(
        180,
        ge=1,
        le=3650,
        json_schema_extra=words(
            "任务保留天数",
            "Days to keep jobs",
            "可撤销的导入在撤销期内始终保留。",
            "Imports stay as long as they can be taken back.",
        ),
    )
    scheduled_days_old: int = Field(
        7, ge=1, le=3650, json_schema_extra=words("定时任务保留天数", "Days to keep jobs of schedules")
    )


@kind(
    "maintenance.cleanup_jobs",
    {"zh_CN": "清理旧任务", "en": "Clean up jobs"},
    CleanupJobsParams,
    admin_only=True,
    order=921,
    result_titles={"jobs": ("已删除的任务", "Jobs removed"), "files": ("已删除的文件", "Files removed")},
)
def cleanup_jobs(job: JobContext, params: CleanupJobsParams) -> dict[str, Any]:
    """Delete them; see `worker.maintenance.jobs`."""
    from worker.maintenance import jobs

    return jobs.run(job, params.days_old, params.scheduled_days_old)
