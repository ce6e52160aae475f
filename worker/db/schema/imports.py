"""What imports and other jobs of many inputs keep while they run, and afterwards so that they can be taken back."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from worker.db.schema.base import Id, metadata
from worker.db.types import Json, UtcDateTime

# Rows that a running import has rejected, written in the same chunk that counts them; the error workbook is made of
# them at the end, and they are removed. Texts hold JSON: JSONB would refuse a NUL character, which a bad cell may have.
import_rejects = Table(
    "import_rejects",
    metadata,
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),  # data row in reading order, from 0
    Column("number", BigInteger, nullable=False),  # the row number that a person sees in the file
    Column("sheet", String(255)),
    Column("cells", Text, nullable=False),
    Column("problems", Text, nullable=False),
)

# What imports have overwritten, so that they can be taken back; kept for `undo_days`. Rows that an import created are
# known by `created_job` and `row_version`. No foreign key: it would cost each row a look-up, and deleting a job would
# delete a million rows in one breath; the cleaning does it in small steps.
import_journal = Table(
    "import_journal",
    metadata,
    Column("job_id", Id, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),  # of the row in the file
    Column("before", Text, nullable=False),  # JSON list: see `worker/datasets/journal.py`
    sqlite_with_rowid=False,
)

# What a running job has made of its single inputs, kept in the same chunk that counts them until the results are put
# together from all of them; then they are removed.
job_parts = Table(
    "job_parts",
    metadata,
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("summary", Text, nullable=False),  # JSON; JSONB would refuse a NUL character
    Column("content", LargeBinary, nullable=False),  # compressed JSON, see `worker/engine/packing.py`
)

# How a person mapped a file, remembered by the shape of its header; each has one a dataset and shape, and may share it.
mappings = Table(
    "mappings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("dataset", String(64), nullable=False),
    Column("fingerprint", String(32), nullable=False),  # of the header that the mapping speaks of
    # of the header that is found where nobody says which sheet or row it is; the same where that was right
    Column("seen_as", String(32), nullable=False),
    Column("owner_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("headers", Json, nullable=False),  # list of names as they stood in the file; may be empty
    Column("mapping", Json, nullable=False),  # {column: field or null}
    Column("constants", Json, nullable=False),
    Column("value_map", Json, nullable=False),
    Column("sheet", String(255)),
    Column("header_row", Integer),
    Column("encoding", String(40)),
    Column("delimiter", String(1)),
    Column("shared", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("dataset", "fingerprint", "owner_id"),
    Index("ix_mappings_seen_as", "dataset", "seen_as"),
)
