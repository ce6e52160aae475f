"""A look at a file's beginning, in a process of its own: a file that crashes a reader must not take the API with it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tabular.errors import TableError

# A packaged program has no `-m`: it is started again with this argument and branches to `main`.
ARGUMENT = "--tasktray-look"
ROWS = 50
_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class LookOptions:
    """What the asker knows better than the guesses; as in `tabular.source.ReadOptions`."""

    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None


def look(path: Path, dataset: str, options: LookOptions) -> dict[str, Any]:
    """`{"info": …, "samples": …, "parent": …}` of a file: what `SourceInfo.to_json` gives, its first rows as JSON
    values, and the import whose error workbook it is, or None.

    Raises:
        TableError: the file cannot be read, or it crashes its reader (`damaged_workbook`).
    """
    if getattr(sys, "frozen", False):
        command = [sys.executable, ARGUMENT]
    else:
        command = [sys.executable, "-m", "worker.datasets.look"]
    request = json.dumps({"path": str(path), "dataset": dataset, "options": asdict(options)})
    try:
        child = subprocess.run([*command, request], capture_output=True, timeout=_SECONDS, check=False)
        answer = json.loads(child.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise TableError("damaged_workbook") from None
    if "code" in answer:
        raise TableError(answer["code"], **answer["values"])
    return dict(answer)


def main(arguments: Sequence[str]) -> int:
    """The child: look at the file that the one argument names, and write what was found to stdout as JSON."""
    # Readers come with the child only.
    from tabular.error_workbook import job_of
    from tabular.source import ReadOptions, open_source
    from worker.datasets.dataset import load

    request = json.loads(arguments[0])
    schema = load()[request["dataset"]].schema
    try:
        with open_source(request["path"], ReadOptions(**request["options"], schema=schema)) as source:
            samples = next((batch.rows for batch in source.batches(ROWS)), [])
            answer: dict[str, Any] = {
                "info": source.info.to_json(),
                "samples": [[_plain(cell) for cell in row] for row in samples],
            }
            answer["parent"] = job_of(request["path"]) if source.info.format == "xlsx" else None
    except TableError as error:
        answer = {"code": error.code, "values": error.values}
    sys.stdout.write(json.dumps(answer))
    return 0


def _plain(cell: Any) -> Any:
    return cell if cell is None or isinstance(cell, str | int | float | bool) else str(cell)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
