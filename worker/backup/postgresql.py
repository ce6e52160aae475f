"""Backup and restore of PostgreSQL by its own programs, in one snapshot that is counted and dumped alike."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from worker.backup import clients
from worker.backup.manifest import TableState, Tell
from worker.db.database import Database
from worker.errors import Refused

_LOCK_SECONDS = 30.0
_LEAVING_SECONDS = 2.0  # for connections that were closed just now
# How values look as text must not depend on the server's or the role's settings.
_PLAIN = (
    "SET TIME ZONE 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1;"
    " SET bytea_output = 'hex'; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '30s'"
)
_SUM = sql.SQL(
    "SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric), 0)::text FROM {} AS t"
)


def _conninfo(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def connected(url: str, *, autocommit: bool = False) -> Iterator[psycopg.Connection[Any]]:
    """A plain connection, closed at the end."""
    connection = psycopg.connect(_conninfo(url), autocommit=True, connect_timeout=10)
    try:
        connection.execute(_PLAIN)
        connection.autocommit = autocommit
        yield connection
    finally:
        connection.close()


def server_version(connection: psycopg.Connection[Any]) -> str:
    """E.g. 15.4."""
    said = str(connection.execute("SHOW server_version").fetchone()[0])  # type: ignore[index]  # always one row
    found = re.match(r"\d+(\.\d+)*", said)
    return found.group(0) if found else said


class Snapshot:
    """One moment of a database that others go on writing to."""

    def __init__(self, url: str, connection: psycopg.Connection[Any], names: list[str]) -> None:
        self._url = url
        self._connection = connection
        self._names = names
        self.server = server_version(connection)
        self._clients = clients.find(self.server)

    def tables(self, tell: Tell) -> dict[str, TableState]:
        """Count and sum up all tables."""
        return tables(self._connection, self._names, tell)

    def dump(self, path: Path, tell: Tell) -> None:
        """Write the database as SQL to `path`.

        Raises:
            Refused: `pg_client_failed`.
        """
        exported = self._connection.execute("SELECT pg_export_snapshot(), current_schema()").fetchone()
        assert exported is not None  # noqa: S101 - for mypy: the statement always has a row
        patterns = [f'--table="{exported[1]}"."{name}"' for name in self._names]
        options = ["--format=plain", "--no-owner", "--no-privileges", "--encoding=UTF8", f"--snapshot={exported[0]}"]
        command = [str(self._clients.pg_dump), *options, *patterns, f"--file={path}"]
        clients.run(command, self._url, path.with_suffix(".log"), tell, "stage_backup_copying")

    def files(self) -> Iterator[tuple[str, str, int, str]]:
        """Key, name, size and hash of all stored files."""
        with self._connection.cursor("stored_files") as cursor:  # a named one stays on the server: no list in memory
            cursor.itersize = 5000
            yield from cursor.execute("SELECT storage_key, name, size, sha256 FROM files ORDER BY id")


@contextmanager
def snapshot(database: Database, names: list[str]) -> Iterator[Snapshot]:
    """Hold on to one moment.

    Args:
        names: of the tables that are ours; those that do not exist are left out.

    Raises:
        Refused: `pg_client_missing`, `pg_client_other_version`.
    """
    with connected(database.url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield Snapshot(database.url, connection, existing(connection, names))


def existing(connection: psycopg.Connection[Any], names: list[str]) -> list[str]:
    """Those of `names` that are tables of the current schema."""
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    there = {row[0] for row in found}
    return sorted(name for name in names if name in there)


def tables(connection: psycopg.Connection[Any], names: list[str], tell: Tell) -> dict[str, TableState]:
    """The rows and checksums of these tables, computed by the server."""
    found = {}
    for name in names:
        tell("stage_backup_summing", None, None)
        row = connection.execute(_SUM.format(sql.Identifier(name))).fetchone()
        assert row is not None  # noqa: S101 - for mypy: the statement always has a row
        found[name] = TableState(rows=row[0], checksum=row[1])
    return found


def load(database: Database, dump: Path, names: list[str], tell: Tell) -> dict[str, TableState]:
    """What a dump holds, read into an empty database that is removed again.

    Args:
        database: on the same server.

    Raises:
        Refused: `backup_needs_createdb`, `pg_client_…`.
    """
    name = f"tasktray_check_{uuid.uuid4().hex[:12]}"
    url = make_url(database.url).set(database=name).render_as_string(hide_password=False)
    with connected(database.url, autocommit=True) as admin:
        programs = clients.find(server_version(admin))
        try:
            # template0: what an administrator has put into template1 must not be in the way.
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege as error:
            raise Refused("backup_needs_createdb", role=make_url(database.url).username or "?") from error
        try:
            schema = admin.execute("SELECT current_schema()").fetchone()
            with connected(url, autocommit=True) as there:
                there.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema[0])))  # type: ignore[index]  # always a row
            _psql(programs, url, [dump], dump.with_suffix(".log"), tell)
            with connected(url) as there:
                there.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema[0])))  # type: ignore[index]  # always a row
                return tables(there, existing(there, names), tell)
        finally:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def others(database: Database) -> int:
    """Connections that others have to this database, and still have after a moment.

    The server lets go of a closed one a little later: who restores right after the office was stopped is not to be told
    that it is in use.
    """
    deadline = time.monotonic() + _LEAVING_SECONDS
    with connected(database.url) as connection:
        while True:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            ).fetchone()
            count = int(row[0]) if row else 0
            if not count or time.monotonic() > deadline:
                return count
            connection.rollback()  # the view is as it was when the transaction began
            time.sleep(0.05)


def put(database: Database, dump: Path, names: list[str], epoch: str, tell: Tell) -> None:
    """Replace our tables by those of the dump, in one transaction: who is connected sees the old state or the new one.

    Args:
        names: tables to drop first.
        epoch: of the change feed, from the first moment on.

    Raises:
        Refused: `backup_target_busy`, `pg_client_…`.
    """
    with connected(database.url) as connection:
        programs = clients.find(server_version(connection))
        there = existing(connection, names)
        schema = connection.execute("SELECT current_schema()").fetchone()[0]  # type: ignore[index]  # always one row
        owned = sql.SQL(", ").join(sql.Identifier(schema, name) for name in there)
        drop = sql.SQL("DROP TABLE IF EXISTS {};\n").format(owned).as_string(connection) if there else ""
        counters = sql.Identifier(schema, "counters")
        after = sql.SQL("UPDATE {} SET epoch = {};\n").format(counters, sql.Literal(epoch)).as_string(connection)
    first, last = dump.with_name("first.sql"), dump.with_name("last.sql")
    first.write_text(f"SET lock_timeout = {int(_LOCK_SECONDS * 1000)};\n{drop}", "utf-8")
    last.write_text(after, "utf-8")
    try:
        _psql(programs, database.url, [first, dump, last], dump.with_suffix(".log"), tell)
    except Refused as error:
        if "lock timeout" in str(error.values.get("reason")):
            raise Refused("backup_target_busy", count=others(database)) from error
        raise


def _psql(programs: clients.Clients, url: str, files: list[Path], log: Path, tell: Tell) -> None:
    command = [str(programs.psql), "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    clients.run([*command, *(f"--file={file}" for file in files)], url, log, tell, "stage_backup_loading")
