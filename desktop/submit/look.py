"""A quick look at files before they are submitted, in a process of its own.

Why a process: a hostile workbook can end the one that reads it, and a reader holds the interpreter's lock; the window
must feel neither. It is kept while a dialog is open, so that looking again with other settings takes a moment only.
What comes back are plain values.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from desktop.client.errors import TransferCancelled

# A packaged program has no Python to start: it is started again with this argument (`tasktray.part.branch`).
ARGUMENT = "--tasktray-desktop-look"
ROWS = 50  # rows that are shown; columns are told by them, as in the worker
_SCANNED = 2000  # rows in which the values of choices are looked for
_DIFFERENT = 50  # a column with more different values is no choice
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in a file.

    Attributes:
        info: as `tabular.source.SourceInfo.to_json`; empty when the file cannot be read.
        total: rows, as far as that is known without reading all.
        rows: the first rows as texts.
        proposals: as `tabular.mapper.Proposal.to_json`, one a column; empty without a schema.
        columns, constants, value_map: what an import applies by itself: field -> 0-based column, field -> value, field
            -> {value in the file: value instead}.
        distinct: 0-based column -> [value, rows that have it], for columns with few different values.
        remembered: the remembered mapping that was used, as the API serves it; with `alike` it is of a header that is
            not quite the same.
        parent: id of the import whose corrected error workbook this is.
        error: why it cannot be read, in words; `code` is stable.
    """

    info: dict[str, Any] = field(default_factory=dict)
    total: int | None = None
    rows: list[list[str]] = field(default_factory=list)
    proposals: list[dict[str, Any]] = field(default_factory=list)
    columns: dict[str, int] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    value_map: dict[str, dict[str, Any]] = field(default_factory=dict)
    distinct: dict[str, list[list[Any]]] = field(default_factory=dict)
    remembered: dict[str, Any] | None = None
    parent: str | None = None
    error: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be looked at.

    Attributes:
        path: of the file.
        schema: of the dataset that it goes into, as the API serves it; None: of no dataset.
        options: what the user knows better about the file: sheet, header_row, encoding, delimiter.
        language: of the words.
        remembered: mappings that may be used for it, the best first, as the API serves them.
    """

    path: Path
    schema: dict[str, Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    language: str = "en"
    remembered: Sequence[dict[str, Any]] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self) | {"path": str(self.path.absolute()), "remembered": list(self.remembered)}


# ------------------------------------------------------------ in the process


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat(" ", "minutes")
    if isinstance(cell, float | Decimal):
        return f"{cell:f}".rstrip("0").rstrip(".") if "." in f"{cell:f}" else f"{cell:f}"
    return str(cell)


def read(question: Question) -> Look:
    """Look at a file in this process. Its rows are checked by nobody here; problems come as words in `error`."""
    from tabular.error_workbook import job_of
    from tabular.errors import TableError
    from tabular.schema import TableSchema
    from tabular.source import ReadOptions, open_source
    from tabular.texts import text

    table = TableSchema.from_json(question.schema) if question.schema else None
    options = dict(question.options)
    try:
        kept = _remembered(question, table) if table else None
        if kept:
            options = {**{name: kept.get(name) for name in ("sheet", "header_row", "encoding", "delimiter")}, **options}
        with open_source(question.path, ReadOptions(**options, schema=table)) as source:
            scanned = source.samples(_SCANNED)
            found: dict[str, Any] = {
                "info": source.info.to_json(),
                "total": source.total_rows,
                "rows": [[_text(cell) for cell in row] for row in scanned[:ROWS]],
                "parent": job_of(question.path) if source.info.format == "xlsx" else None,
                "remembered": kept,
            }
            if table:
                near = None if kept else _alike(question, source.info.headers)
                if near is not None:
                    found["remembered"] = {**near, "alike": True}
                found |= _mapped(source.info.headers, scanned[:ROWS], table, kept or near, alike=near is not None)
                found["distinct"] = _distinct(len(source.info.headers), scanned)
            return Look(**found)
    except TableError as error:
        return Look(error=text(error.code, question.language, **error.values), code=error.code)


def _remembered(question: Question, table: Any) -> dict[str, Any] | None:
    """The remembered mapping that holds for this file: of its header, or of one that was chosen in such a file."""
    from tabular.errors import TableError
    from tabular.source import ReadOptions, open_source

    def shape(options: dict[str, Any]) -> str:
        with open_source(question.path, ReadOptions(**options, schema=table)) as source:
            return source.info.fingerprint

    if not question.remembered:
        return None
    seen = shape(dict(question.options))
    for kept in question.remembered:
        if kept["fingerprint"] == seen:
            return kept
        if kept.get("seen_as") == seen and not question.options:
            chosen = {name: kept.get(name) for name in ("sheet", "header_row", "encoding", "delimiter")}
            with contextlib.suppress(TableError):  # what was chosen for that file does not do for this one
                if shape(chosen) == kept["fingerprint"]:
                    return kept
    return None


def _alike(question: Question, headers: Sequence[str]) -> dict[str, Any] | None:
    """The remembered mapping of files with a header much like this one."""
    from tabular.mapper import alike

    best = alike(headers, [_tabular(kept) for kept in question.remembered])
    return None if best is None else question.remembered[best]


def _tabular(kept: dict[str, Any], *, alike: bool = False) -> Any:
    """A `tabular.mapper.Remembered`."""
    from tabular.mapper import Remembered

    return Remembered(
        kept["mapping"], kept["constants"], kept["value_map"], tuple(kept["headers"]), not kept["mine"], alike
    )


def _mapped(
    headers: Sequence[str],
    samples: Sequence[Sequence[Any]],
    table: Any,
    kept: dict[str, Any] | None,
    *,
    alike: bool = False,
) -> dict[str, Any]:
    from tabular.mapper import applied, propose

    known = _tabular(kept, alike=alike) if kept else None
    proposals = propose(headers, samples, table, known)
    columns, constants, value_map = applied(proposals, table, known)
    return {
        "proposals": [proposal.to_json() for proposal in proposals],
        "columns": columns,
        "constants": constants,
        "value_map": value_map,
    }


def _distinct(width: int, rows: Sequence[Sequence[Any]]) -> dict[str, list[list[Any]]]:
    from tabular.values import as_text

    found: dict[str, list[list[Any]]] = {}
    for column in range(width):
        counted: dict[str, int] = {}
        for row in rows:
            value = as_text(row[column]) if column < len(row) else ""
            if isinstance(value, str) and value:
                counted[value] = counted.get(value, 0) + 1
                if len(counted) > _DIFFERENT:
                    break
        else:
            ordered = sorted(counted.items(), key=lambda item: -item[1])
            found[str(column)] = [[value, count] for value, count in ordered]
    return found


def main() -> int:
    """The process itself: reads questions from its input, a line each, and writes what it found; gives its status."""
    answer = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a reader may print is no part of the answer
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        found = read(Question(**asked | {"path": Path(asked["path"])}))
        answer.write(json.dumps(asdict(found)).encode() + b"\n")
        answer.flush()
    return 0


# ------------------------------------------------------------ in the window


def command() -> list[str]:
    """The command line that starts such a process."""
    if getattr(sys, "frozen", False):
        return [sys.executable, ARGUMENT]
    # Not by multiprocessing: its children run the main script again, whose like may open a window.
    return [sys.executable, "-c", "import sys; from desktop.submit.look import main; sys.exit(main())"]


class Looker:
    """Keeps the process that looks; one question at a time, others wait. Safe to use from several threads."""

    def __init__(self) -> None:
        self._one = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: SimpleQueue[bytes] = SimpleQueue()
        self._closed = False

    def look(self, question: Question, cancelled: threading.Event) -> Look | None:
        """Look at a file; None when the process ended without an answer or took too long.

        Raises:
            TransferCancelled: `cancelled` was set, or this is closed.
        """
        with self._one:
            if cancelled.is_set() or self._closed:
                raise TransferCancelled
            process = self._running()
            try:
                assert process.stdin is not None  # noqa: S101 - opened as a pipe below
                process.stdin.write(json.dumps(question.to_json()).encode() + b"\n")
                process.stdin.flush()
            except (OSError, ValueError):  # it has just ended
                self._end()
                return None
            deadline = time.monotonic() + _SECONDS
            while True:
                try:
                    answer = self._answers.get(timeout=0.05)
                    break
                except Empty:
                    if cancelled.is_set() or self._closed:
                        self._end()
                        raise TransferCancelled from None
                    if time.monotonic() > deadline:
                        self._end()
                        return None
            if not answer:
                self._end()
                return None
            try:
                return Look(**json.loads(answer))
            except (ValueError, TypeError):
                return None

    def close(self) -> None:
        """End the process; a look under way is given up. Returns at once."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            environment = os.environ | {"PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
            self._answers = SimpleQueue()
            self._process = subprocess.Popen(
                command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment,
                cwd=None if getattr(sys, "frozen", False) else Path(__file__).parents[2],
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
            # Waiting for a line with a time limit is not possible on every platform; a thread that waits is.
            threading.Thread(
                target=_hear, args=(self._process, self._answers), name="look-answers", daemon=True
            ).start()
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()


def _hear(process: subprocess.Popen[bytes], answers: SimpleQueue[bytes]) -> None:
    """Hand on the lines that the process writes, an empty one when it has ended; then leave nothing of it behind."""
    with contextlib.suppress(OSError), process:  # the rest of a question that it did not read cannot be written
        for line in process.stdout or ():
            answers.put(line)
        answers.put(b"")
        process.kill()  # it has closed its output, and has nothing more to say
