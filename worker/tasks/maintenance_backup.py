"""`maintenance.backup_database`: a backup of the database, read back before it counts."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from worker import audit
from worker.engine.context import JobContext
from worker.engine.form import words
from worker.engine.kinds import Params, kind

_HOURS = 3600.0
_FILES = {"auto": ("按系统设置", "As the installation's settings say"), "yes": ("是", "Yes"), "no": ("否", "No")}


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
    files: Literal["auto", "yes", "no"] = Field(
        "auto",
        json_schema_extra=words(
            "包含上传文件和结果",
            "With uploads and results",
            "备份将相应变大。",
            "The backup grows by as much.",
            enum=_FILES,
        ),
    )


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
        "files": ("包含的文件", "Files in it"),
        "file_bytes": ("文件大小（字节）", "Bytes of these files"),
        "files_missing": ("缺失的文件", "Files that were not there"),
        "files_damaged": ("已损坏的文件", "Files that were damaged"),
        "files_left_out": ("未包含的文件", "Files not in it"),
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
    from worker.files.storage import Storage

    keep = job.settings.backup_keep if params.keep is None else params.keep
    with_files = job.settings.backup_files if params.files == "auto" else params.files == "yes"
    made = create(
        job.database,
        folder_of(job.settings),
        job.progress,
        keep=keep,
        verify=params.verify,
        storage=Storage(job.settings) if with_files else None,
    )
    with job.chunk() as chunk:
        audit.record(chunk.connection, job.actor, "backup.create", "backup", made.path.name, **made.facts())
    return made.facts()
