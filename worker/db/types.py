"""Column types and clock expressions that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, BindParameter, ColumnElement, DateTime, Dialect, Float, TypeDecorator, literal
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

# None is NULL, not the JSON text `null`: "no checkpoint" must look the same to every query.
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. `timestamptz` on PostgreSQL; on SQLite the text `YYYY-MM-DD HH:MM:SS.ffffff` in UTC, which sorts.

    Takes and gives aware datetimes only.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime is no instant")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class db_now(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function that it is
    """The database's clock at the moment the statement runs (not at the start of the transaction), plus `seconds`."""

    inherit_cache = True  # the seconds are a bound parameter, so that one compiled statement serves all values
    type = UtcDateTime()

    def __init__(self, seconds: float | BindParameter[float] = 0.0) -> None:
        super().__init__(seconds if isinstance(seconds, BindParameter) else literal(float(seconds), Float()))


@compiles(db_now, "sqlite")
def _sqlite_now(element: db_now, compiler: Any, **kw: Any) -> str:
    # Milliseconds are SQLite's resolution; padded to the width that SQLAlchemy writes, so that texts compare.
    seconds = compiler.process(element.clauses, **kw)
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', printf('%+.3f seconds', {seconds})) || '000')"


@compiles(db_now, "postgresql")
def _postgresql_now(element: db_now, compiler: Any, **kw: Any) -> str:
    return f"(clock_timestamp() + make_interval(secs => {compiler.process(element.clauses, **kw)}))"


class seconds_between(FunctionElement[float]):  # noqa: N801 - reads as the SQL function that it is
    """Seconds from the first instant to the second; NULL where either is."""

    inherit_cache = True
    type = Float()

    def __init__(self, earlier: ColumnElement[Any], later: ColumnElement[Any]) -> None:
        super().__init__(earlier, later)


@compiles(seconds_between, "sqlite")
def _sqlite_between(element: seconds_between, compiler: Any, **kw: Any) -> str:
    earlier, later = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"round((julianday({later}) - julianday({earlier})) * 86400.0, 3)"  # a day number holds milliseconds


@compiles(seconds_between, "postgresql")
def _postgresql_between(element: seconds_between, compiler: Any, **kw: Any) -> str:
    earlier, later = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"round(extract(epoch from {later} - {earlier}), 3)::float8"


class bucket_start(FunctionElement[int]):  # noqa: N801 - reads as the SQL function that it is
    """The start of the span of `seconds` that an instant lies in, in seconds since 1970 (UTC)."""

    inherit_cache = True
    type = BigInteger()

    def __init__(self, instant: ColumnElement[Any], seconds: int) -> None:
        super().__init__(instant, literal(seconds, BigInteger(), literal_execute=True))


@compiles(bucket_start, "sqlite")
def _sqlite_bucket(element: bucket_start, compiler: Any, **kw: Any) -> str:
    instant, seconds = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(CAST(strftime('%s', {instant}) AS INTEGER) / {seconds} * {seconds})"


@compiles(bucket_start, "postgresql")
def _postgresql_bucket(element: bucket_start, compiler: Any, **kw: Any) -> str:
    instant, seconds = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(floor(extract(epoch from {instant}) / {seconds})::bigint * {seconds})"
