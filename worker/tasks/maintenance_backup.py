"""`maintenance.backup_database`: a backup of the database, read back before it counts."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from worker import audit
from worker.engine.context import JobContext
from worker.engine.kinds import Params, kind

_HOURS = 3600.0


class BackupParams(Params):
    """How to make a backup."""

    keep: int | None = Field(
        None, ge=1, le=1000, title="Backups to keep",
        description="Older ones are removed once this one is proved; empty: as the installation's settings say.",
        json_schema_extra={
            "titles": {"en": "Backups to keep", "zh_CN": "保留备份数"},
            "descriptions": {
                "en": "Older ones are removed once this one is proved; empty: as the installation's settings say.",
                "zh_CN": "新备份验证通过后删除更早的备份；留空则按系统设置。",
            },
        },
    )  # fmt: skip
    verify: bool = Field(
        True, title="Read it back",
        description="Restore it into an empty database of its own and compare counts and checksums.",
        json_schema_extra={
            "titles": {"en": "Read it back", "zh_CN": "验证备份"},
            "descriptions": {
                "en": "Restore it into an empty database of its own and compare counts and checksums.",
                "zh_CN": "恢复到一个独立的空数据库，并核对行数与校验和。",
            },
        },
    )  # fmt: skip


@kind(
    "maintenance.backup_database",
    {"zh_CN": "备份数据库", "en": "Back up the database"},
    BackupParams,
    result_titles={
        "file": ("备份文件", "Backup file"),
        "bytes": ("大小（字节）", "Size in bytes"),
        "sha256": ("SHA-256", "SHA-256"),
        "tables": ("表数", "Tables"),
        "rows": ("行数", "Rows"),
        "verified": ("已验证", "Read back"),
        "removed": ("已删除的旧备份", "Older backups removed"),
    },
    order=800,
    admin_only=True,
    running_limit=1,
    soft_limit_seconds=3.5 * _HOURS,
    hard_limit_seconds=4 * _HOURS,
)
def backup_database(job: JobContext, params: BackupParams) -> dict[str, Any]:
    """Make a backup in the folder of backups. Interrupted, it begins anew: half a backup is none."""
    from worker.backup.backup import create, folder_of

    keep = job.settings.backup_keep if params.keep is None else params.keep
    made = create(job.database, folder_of(job.settings), job.progress, keep=keep, verify=params.verify)
    with job.chunk() as chunk:
        audit.record(chunk.connection, job.actor, "backup.create", "backup", made.path.name, **made.facts())
    return made.facts()
