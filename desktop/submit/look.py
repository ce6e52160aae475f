"""A quick look at a file before it is submitted, in a process of its own.

Why a process: a hostile workbook can end the one that reads it, and a reader holds the interpreter's lock; the window
must feel neither. What comes back are plain values.
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from desktop.client.errors import TransferCancelled

# A packaged program has no Python to start: it is started again with this argument (`tasktray.part.branch`).
ARGUMENT = "--tasktray-desktop-look"
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


def main() -> int:
    """The process itself: reads what to look at from its input, writes what it found; gives its exit status."""
    asked = json.loads(sys.stdin.buffer.read())
    answer = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a reader may print is no part of the answer
    found = read(Path(asked["path"]), asked["schema"], asked["options"], asked["language"])
    answer.write(json.dumps(asdict(found)).encode())
    answer.flush()
    return 0


def command() -> list[str]:
    """The command line that starts such a process."""
    if getattr(sys, "frozen", False):
        return [sys.executable, ARGUMENT]
    # Not by multiprocessing: its children run the main script again, whose like may open a window.
    return [sys.executable, "-c", "import sys; from desktop.submit.look import main; sys.exit(main())"]


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
    asked = {"path": str(path.absolute()), "schema": schema, "options": options, "language": language}
    question: bytes | None = json.dumps(asked).encode()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    deadline = time.monotonic() + _SECONDS
    with subprocess.Popen(
        command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment,
        cwd=None if getattr(sys, "frozen", False) else Path(__file__).parents[2],
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    ) as process:  # fmt: skip
        while True:
            try:
                answer, _ = process.communicate(question, timeout=0.05)
                break
            except subprocess.TimeoutExpired:
                question = None  # it is on its way; `communicate` goes on with it
            if cancelled.is_set():
                process.kill()
                raise TransferCancelled
            if time.monotonic() > deadline:
                process.kill()
                return None
    try:
        return Look(**json.loads(answer))
    except (ValueError, TypeError):
        return None
