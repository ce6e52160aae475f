"""A look at a file's beginning, as a process of its own: a file that crashes a reader must not take its asker with it.

It reads a question from its one argument, `{"path", "schema", "options"}`, and writes what it found: `{"info",
"samples", "parent"}`, or `{"code", "values"}` where the file cannot be read; all JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from tabular.cells import Cell
from tabular.error_workbook import job_of
from tabular.errors import TableError
from tabular.schema import TableSchema
from tabular.source import ReadOptions, open_source

ROWS = 50


def main(arguments: Sequence[str]) -> int:
    """Answer the one question; gives the exit status."""
    asked = json.loads(arguments[0])
    options = ReadOptions(**asked["options"], schema=TableSchema.from_json(asked["schema"]))
    answer: dict[str, Any]
    try:
        with open_source(asked["path"], options) as source:
            samples = next((batch.rows for batch in source.batches(ROWS)), [])
            answer = {
                "info": source.info.to_json(),
                "samples": [[_plain(cell) for cell in row] for row in samples],
                "parent": job_of(asked["path"]) if source.info.format == "xlsx" else None,
            }
    except TableError as error:
        answer = {"code": error.code, "values": error.values}
    sys.stdout.write(json.dumps(answer))
    return 0


def _plain(cell: Cell) -> Any:
    return cell if cell is None or isinstance(cell, str | int | float | bool) else str(cell)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
