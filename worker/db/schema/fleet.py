"""Lanes and the workers that serve them, and what waited in them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, String, Table, text

from worker.db.schema.base import Id, metadata
from worker.db.types import Json, UtcDateTime

lanes = Table(
    "lanes",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("paused_at", UtcDateTime),
    Column("paused_by", Id),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(128), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started_at", Float),  # seconds since 1970 by the system: with the pid it names one process for ever
    Column("lanes", Json, nullable=False),  # list of names
    Column("slots", Integer, nullable=False),
    Column("running", Integer, nullable=False, server_default="0"),
    Column("memory_bytes", BigInteger),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, index=True),
    Column("stopping", Boolean, nullable=False, server_default=text("false")),
)

# What waited and ran at the beginning of a minute, kept for a month: no other row remembers it.
queue_samples = Table(
    "queue_samples",
    metadata,
    Column("at", UtcDateTime, primary_key=True),  # the minute
    Column("lane", String(32), primary_key=True),  # a lane's name, or * for all of them
    Column("waiting", Integer, nullable=False),
    Column("running", Integer, nullable=False),
    sqlite_with_rowid=False,
)
