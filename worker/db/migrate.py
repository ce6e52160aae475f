"""Bring a database to the present shape: the system's tables by Alembic, the datasets' tables by their declarations.

A dataset is one file that declares its fields; so its table is not written down a second time in a migration but
created (and widened by new, nullable columns and indexes) from that declaration, after the migrations have run.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Connection, MetaData, inspect, text

from worker.db.database import Database
from worker.db.revisions import MIGRATIONS, head_revision, revision_of
from worker.db.schema import metadata

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = 7310001  # advisory lock: two processes that migrate at the same time take turns


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    return config


def migrate(database: Database, datasets: MetaData | None = None) -> None:
    """Upgrade to the newest revision, then create or widen the tables of `datasets`.

    Safe to call at every start and by several processes at once.

    Args:
        database: where.
        datasets: the metadata that holds the datasets' tables (`worker.datasets.tables()`).
    """
    with database.write() as connection:
        if database.dialect == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        if revision_of(connection) != head_revision():  # nearly every start finds it done: those load no Alembic
            from alembic import command

            command.upgrade(_config(connection), "head")
        if datasets is not None:
            _sync_tables(connection, datasets)


def _sync_tables(connection: Connection, datasets: MetaData) -> None:
    datasets.create_all(connection)
    inspector = inspect(connection)
    quote = connection.dialect.identifier_preparer.quote
    for table in datasets.sorted_tables:
        present = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in present:
                kind = column.type.compile(connection.dialect)
                connection.execute(text(f"ALTER TABLE {quote(table.name)} ADD COLUMN {quote(column.name)} {kind}"))
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def new_epoch() -> str:
    """An epoch for the change feed: fresh at the first migration and after each restore."""
    return uuid.uuid4().hex[:12]
