"""Which shape a database has and which this installation knows, told without Alembic: every process asks at its start
and most never migrate; to load Alembic takes longer than the answer.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

from worker.db.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"


def current_revision(database: Database) -> str | None:
    """The revision that the database is at; None for an empty database."""
    with database.read() as connection:
        return revision_of(connection)


def revision_of(connection: Connection) -> str | None:
    """As `current_revision`, in a transaction that is under way."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    number = connection.execute(select(column("version_num")).select_from(table("alembic_version"))).scalar()
    return None if number is None else str(number)


def known_revisions() -> set[str]:
    """All revisions that this installation can bring to the newest: a migration's file begins with its own."""
    return {path.stem.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py")}


def head_revision() -> str:
    """The newest revision that this installation knows: they are numbered, each follows the one before."""
    return max(known_revisions())
