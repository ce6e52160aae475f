"""Reads files as a job does, in a helper process, without a job around it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worker.engine import packing
from worker.engine.helper import Helper, HelperStopped

DATA = Path(__file__).parents[2] / "data" / "documents"


@dataclass(frozen=True)
class Found:
    """What came of a file."""

    summary: dict[str, Any]
    text: str
    metadata: dict[str, str]
    tables: list[dict[str, Any]]

    @property
    def state(self) -> str:
        return str(self.summary["state"])

    @property
    def code(self) -> str:
        return str(self.summary["code"])

    @property
    def notes(self) -> set[str]:
        return {code for code, _ in self.summary["notes"]}


class Reading:
    """A warm helper and a folder."""

    def __init__(self, folder: Path, memory_bytes: int = 800_000_000) -> None:
        self.folder = folder
        self.helper = Helper(memory_bytes, lambda: None)

    def read(self, path: Path, name: str | None = None, seconds: float = 60.0) -> Found:
        """Read a file, its tables too."""
        out = self.folder / "part"
        summary = self.helper.call(
            "worker.documents.reader:read_file", seconds + 20, path=str(path), name=name or path.name,
            folder=str(self.folder), out=str(out), seconds=seconds,
        )  # fmt: skip
        pages = summary.pop("table_pages")
        if pages:
            more = self.helper.call(
                "worker.documents.reader:read_tables", seconds + 20, path=str(path), pages=pages, out=str(out),
                seconds=seconds,
            )  # fmt: skip
            summary |= {"tables": more["tables"], "notes": summary["notes"] + more["notes"]}
        found = packing.unpack(out.read_bytes())
        return Found(summary, found["text"], dict(reversed(found["metadata"])), found["tables"])

    def stopped(self, path: Path, seconds: float = 60.0) -> str:
        """Read a file that cannot be read to its end; gives the code."""
        try:
            self.read(path, seconds=seconds)
        except HelperStopped as stopped:
            return stopped.code
        raise AssertionError(f"{path} was read")
