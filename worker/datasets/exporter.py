"""An export: the rows of a dataset that fit, streamed from one consistent snapshot into a file."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Float, String, cast, func, select, type_coerce

from tabular.schema import Field
from worker.datasets.filters import conditions

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from tabular.writer import ExportWriter
    from worker.datasets.dataset import Dataset
    from worker.datasets.parameters import ExportParams
    from worker.db.database import Database
    from worker.engine.context import JobContext

_ROWS = 2000  # fetched together


def run(job: JobContext, dataset: Dataset, params: ExportParams) -> dict[str, Any]:
    """Write the file and keep it with the job.

    Returns:
        `{rows, columns, format, file, truncated}`; `truncated` counts texts that were cut because Excel's cells hold
        32,767 characters.

    Raises:
        Refused: `invalid_filter`.
    """
    from tabular.writer import ExportWriter

    columns = params.columns or [f.name for f in dataset.schema.fields]
    filters = {name: f.model_dump(by_alias=True) for name, f in params.filters.items()}
    where = conditions(dataset, filters) + conditions(dataset, params.more_filters())
    name = file_name(dataset.name, job.job_id, job.settings.timezone, params.format, params.stem())
    path = job.folder / f"export.{params.format}"
    writer = ExportWriter(path, dataset.schema, job.actor.language, params.format, columns)
    with _snapshot(job.database) as connection:
        total = connection.execute(select(func.count()).select_from(dataset.table).where(*where)).scalar_one()
        job.progress("stage_exporting", 0, total)
        written = _write(job, connection, dataset, columns, where, params.format, writer, total)
    if written != total:
        raise RuntimeError(f"{written} rows were written, {total} were counted")
    job.progress("stage_storing", total, total)
    job.add_file(path, name, "export", sha256=writer.sha256)
    return {
        "rows": written,
        "columns": columns,
        "format": params.format,
        "file": name,
        "truncated": writer.truncated,
    }


def _write(
    job: JobContext,
    connection: Connection,
    dataset: Dataset,
    columns: Sequence[str],
    where: Sequence[ColumnElement[bool]],
    format: str,
    writer: ExportWriter,
    total: int,
) -> int:
    """Write all rows; gives their number."""
    from tabular.csv_lines import Ambiguous
    from worker.datasets import export_lines

    def told() -> Iterator[tuple[int, bytes]]:
        done = 0
        for count, lines in export_lines.blocks(connection, dataset, columns, where, job.actor.language):
            done += count
            yield count, lines
            job.progress("stage_exporting", done, total)

    if format == "csv" and export_lines.can([dataset.schema.by_name[name] for name in columns]):
        try:
            return writer.write_lines(told())
        except Ambiguous:
            writer.rows = 0
    return writer.write(_rows(job, connection, dataset, columns, where, format, total), total)


def file_name(dataset: str, job_id: str, timezone: str, suffix: str, stem: str | None = None) -> str:
    """`<dataset>_<stem>_<number>.<suffix>`: unique, and the same for each attempt of a job.

    Args:
        job_id: a UUIDv7: its first 48 bits are the milliseconds of its creation.
        timezone: of the time in the name.
        stem: None: the time of the job's creation, `YYYYMMDD-HHMMSS`.
    """
    number = uuid.UUID(job_id).int
    created = dt.datetime.fromtimestamp((number >> 80) / 1000, ZoneInfo(timezone))
    return f"{dataset}_{stem or format(created, '%Y%m%d-%H%M%S')}_{number % 10**10:010d}.{suffix}"


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    """A reading transaction in which all statements see the same state."""
    with database.engine.connect() as connection:
        if database.dialect == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():  # SQLite in WAL mode: a transaction reads one state anyway
            yield connection


def _rows(
    job: JobContext,
    connection: Connection,
    dataset: Dataset,
    columns: Sequence[str],
    where: Sequence[ColumnElement[bool]],
    format: str,
    total: int,
) -> Iterator[Sequence[Any]]:
    """The rows in the order of the key, never more than some thousand in memory."""
    table, schema = dataset.table, dataset.schema
    postgresql = job.database.dialect == "postgresql"
    chosen, converters = [], []
    for i, name in enumerate(columns):
        column, convert = _read(schema.by_name[name], table.c[name], format, postgresql)
        chosen.append(column)
        if convert is not None:
            converters.append((i, convert))
    query = select(*chosen).where(*where).order_by(*(table.c[key] for key in schema.key))
    result = connection.execution_options(stream_results=True, max_row_buffer=_ROWS).execute(query)
    done = 0
    try:
        while rows := result.fetchmany(_ROWS):
            done += len(rows)
            if not converters:
                yield from rows
            else:
                # Column by column: the conversions run in C.
                values: list[Sequence[Any]] = list(zip(*rows, strict=True))
                for i, convert in converters:
                    values[i] = [None if v is None else convert(v) for v in values[i]]
                yield from zip(*values, strict=True)
            job.progress("stage_exporting", done, total)
    finally:
        result.close()


def _read(f: Field, column: Any, format: str, postgresql: bool) -> tuple[Any, Callable[[Any], Any] | None]:
    """How to read a column for the writer without making objects of it, and what makes its values fit for csv."""
    match f.type:
        case "decimal" if postgresql:
            return cast(column, String()), None
        case "decimal":
            shape = f".{f.scale}f" if f.scale is not None else ""
            with_digits = f"{{:{shape}}}".format
            return type_coerce(column, Float(asdecimal=False)), with_digits if format == "csv" else None
        case "date":
            return func.to_char(column, "YYYY-MM-DD") if postgresql else type_coerce(column, String()), None
        case _:
            return column, None
