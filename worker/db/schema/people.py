"""People, their sign-ins, and the audit."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text

from worker.db.schema.base import BigId, Id, metadata
from worker.db.types import Json, UtcDateTime

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("username", String(64), nullable=False, unique=True),
    Column("password_hash", Text),  # NULL: cannot sign in by password (the system, the embedded local user)
    Column("role", String(16), nullable=False),
    Column("display_name", String(128)),
    Column("email", String(254)),
    Column("language", String(8), nullable=False, server_default="zh_CN"),
    Column("disabled_at", UtcDateTime),
    # Raised by a change of role, password or disabling: access tokens and cursors of an older version end.
    Column("token_version", Integer, nullable=False, server_default="1"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    CheckConstraint("role IN ('operator', 'admin', 'system')", name="role"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("id", Id, primary_key=True),
    Column("family", Id, nullable=False, index=True),  # one sign-in; a token used twice ends its whole family
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("username", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("user_id", Id),
    Column("username", String(64), nullable=False),
    Column("action", String(64), nullable=False),  # e.g. job.submit, job.cancel, user.create, auth.login_failed
    Column("object_type", String(32)),
    Column("object_id", String(64)),
    Column("details", Json),
    Column("ip", String(64)),
    Index("ix_audit_username", "username", "id"),
    Index("ix_audit_action", "action", "id"),
    Index("ix_audit_object", "object_id", "id"),
)
