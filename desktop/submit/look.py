"""A quick look at a file before it is submitted, in a process of its own.

Why a process: a hostile workbook can end the one that reads it, and a reader holds the interpreter's lock; the window
must feel neither. What comes back are plain values.
"""

from __future__ import annotations

import datetime
import multiprocessing
import threading
import time
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from desktop.client.errors import TransferCancelled

ROWS = 50
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in a file.

    Attributes:
        info: as `tabular.source.SourceInfo.to_json`; empty when the file cannot be read.
        total: rows, as far as that is known without reading all.
        rows: the first rows as texts.
        proposals: as `tabular.mapper.Proposal.to_json`, one a column; empty without a schema.
        error: why it cannot be read, in words.
    """

    info: dict[str, Any]
    total: int | None
    rows: list[list[str]]
    proposals: list[dict[str, Any]]
    error: str = ""


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat(" ", "minutes")
    if isinstance(cell, float | Decimal):
        return f"{cell:f}".rstrip("0").rstrip(".") if "." in f"{cell:f}" else f"{cell:f}"
    return str(cell)


def read(path: Path, schema: dict[str, Any] | None, options: dict[str, Any], language: str) -> Look:
    """Look at a file in this process. Its rows are checked by nobody here; problems come as words in `error`."""
    from tabular.errors import TableError
    from tabular.mapper import propose
    from tabular.schema import TableSchema
    from tabular.source import ReadOptions, open_source
    from tabular.texts import text

    table = TableSchema.from_json(schema) if schema else None
    try:
        with open_source(path, ReadOptions(**options, schema=table)) as source:
            samples = source.samples(ROWS)
            proposals = propose(source.info.headers, samples, table) if table else []
            return Look(
                source.info.to_json(), source.total_rows, [[_text(cell) for cell in row] for row in samples],
                [proposal.to_json() for proposal in proposals],
            )  # fmt: skip
    except TableError as error:
        return Look({}, None, [], [], text(error.code, language, **error.values))


def _child(answer: Connection, arguments: tuple[Any, ...]) -> None:
    try:
        answer.send(read(*arguments))
    finally:
        answer.close()


def look(
    path: Path,
    schema: dict[str, Any] | None,
    options: dict[str, Any],
    language: str,
    cancelled: threading.Event,
) -> Look | None:
    """Look at a file in a process of its own; None when that process ended without an answer or took too long.

    Raises:
        TransferCancelled: `cancelled` was set.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(theirs, (path, schema, options, language)), daemon=True)
    process.start()
    theirs.close()
    deadline = time.monotonic() + _SECONDS
    try:
        while not ours.poll(0.05):
            if cancelled.is_set():
                raise TransferCancelled
            if time.monotonic() > deadline:
                return None
        answer: Look = ours.recv()
        return answer
    except EOFError:
        return None
    finally:
        ours.close()
        if process.is_alive():
            process.join(1)
        if process.is_alive():
            process.kill()
        process.join()
        process.close()
