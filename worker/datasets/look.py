"""A look at a file's beginning, in a process of its own: a file that crashes a reader must not take the API with it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tabular.errors import TableError
from tabular.schema import TableSchema
from worker import branches

_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class LookOptions:
    """What the asker knows better than the guesses; as in `tabular.source.ReadOptions`."""

    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None


def look(path: Path, schema: TableSchema, options: LookOptions) -> dict[str, Any]:
    """`{"info": …, "samples": …, "parent": …}` of a file: what `SourceInfo.to_json` gives, its first rows as JSON
    values, and the import whose error workbook it is, or None.

    Raises:
        TableError: the file cannot be read, or it crashes its reader (`damaged_workbook`).
    """
    if getattr(sys, "frozen", False):
        command = [sys.executable, branches.LOOK]
    else:
        command = [sys.executable, "-m", "tabular.look"]
    request = json.dumps({"path": str(path), "schema": schema.to_json(), "options": asdict(options)})
    try:
        child = subprocess.run([*command, request], capture_output=True, timeout=_SECONDS, check=False)
        answer = json.loads(child.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise TableError("damaged_workbook") from None
    if "code" in answer:
        raise TableError(answer["code"], **answer["values"])
    return dict(answer)
