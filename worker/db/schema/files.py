"""Uploads and results."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table

from worker.db.schema.base import Id, metadata
from worker.db.types import Json, UtcDateTime

uploads = Table(
    "uploads",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("name", String(255), nullable=False),
    Column("content_type", String(128)),
    Column("size", BigInteger, nullable=False),  # declared at creation
    Column("offset", BigInteger, nullable=False, server_default="0"),  # bytes safely stored
    Column("metadata", Json, nullable=False),  # the client's tus metadata, decoded
    Column("writer", Id),  # token of the PATCH under way; one writer at a time
    Column("writer_until", UtcDateTime),
    Column("file_id", Id),  # set when complete
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

files = Table(
    "files",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner_id", Id, ForeignKey("users.id"), nullable=False),
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="SET NULL")),  # the job that made it; NULL for uploads
    Column("role", String(32), nullable=False),  # upload, export, errors, report
    Column("name", String(255), nullable=False),
    Column("content_type", String(128), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("storage_key", String(255), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("expires_at", UtcDateTime, index=True),
    Index("ix_files_owner", "owner_id", "created_at"),
    Index("ix_files_job", "job_id"),
    Index("ix_files_sha256", "sha256"),
    Index("ix_files_name", "name"),
)

job_uploads = Table(
    "job_uploads",
    metadata,
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("file_id", Id, ForeignKey("files.id"), nullable=False, index=True),
)
