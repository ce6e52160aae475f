"""What reading a file gives: a `Document`, or the reason why there is none."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from worker.engine.plain import plain_text

Cell = str | int | float | None
MAX_TEXT = 10_000_000
"""Characters of text kept of a file."""
MAX_TABLES = 200
"""Tables kept of a file; the others are counted."""
MAX_TABLE_ROWS = 2_000
"""Rows kept of a table; the others are counted."""
MAX_TABLE_COLUMNS = 200
MAX_CELLS = 100_000
"""Cells kept of a file's tables altogether."""
MAX_METADATA = 300


class Unreadable(Exception):
    """A file has no text for us, for a reason that a person can understand.

    Attributes:
        state: `encrypted`, `scanned`, `broken`, `unsupported` or `stopped`.
        code: of `worker/texts`, begins with `document_`.
        values: what the words need.
    """

    def __init__(self, state: str, code: str, **values: Any) -> None:
        super().__init__(state, code, values)
        self.state = state
        self.code = code
        self.values = values


@dataclass(slots=True)
class Table:
    """One table of a document.

    Attributes:
        place: where it stands: name of a sheet, number of a page or slide; may be empty.
        rows: at most `MAX_TABLE_ROWS`.
        row_count, column_count: of the whole table.
    """

    place: str
    rows: list[list[Cell]]
    row_count: int
    column_count: int


@dataclass(slots=True)
class Document:
    """What was read of a file.

    Attributes:
        type: what it is by its content, a name of `content.TYPES`.
        text: without control characters.
        pages: pages, slides or sheets; None where there is no such thing.
        metadata: (name, value), in the file's own order; times in ISO 8601.
        tables: the first ones; `table_count` has all.
        notes: `(code, values)` of things to know, e.g. that the text was cut.
        table_pages: indices of the pages of a PDF that have ruled lines and may hold tables.
        state, code, values: as in `Unreadable`, where metadata could be read but no text.
    """

    type: str
    text: str = ""
    pages: int | None = None
    metadata: list[tuple[str, str]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    table_count: int = 0
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    table_pages: list[int] = field(default_factory=list)
    state: str = "read"
    code: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    _cells: int = 0

    def add_metadata(self, name: str, value: Any) -> None:
        """Add a value that is not empty."""
        if isinstance(value, dt.datetime | dt.date):
            value = value.isoformat()
        text = clean("" if value is None else str(value)).strip()
        if text and len(self.metadata) < MAX_METADATA:
            self.metadata.append((name[:200], text[:2000]))

    def note(self, code: str, **values: Any) -> None:
        """Add something to know, once."""
        if all(known != code for known, _ in self.notes):
            self.notes.append((code, values))

    def add_table(self, place: str, rows: list[list[Cell]], row_count: int | None = None) -> None:
        """Add a table; of a long one, or of too many, only the counts are kept."""
        self.table_count += 1
        count = len(rows) if row_count is None else row_count
        width = max((len(row) for row in rows), default=0)
        if len(self.tables) >= MAX_TABLES:
            self.note("document_note_tables", count=MAX_TABLES)
            return
        room = max(0, MAX_CELLS - self._cells) // max(1, min(width, MAX_TABLE_COLUMNS))
        kept = [[_cell(cell) for cell in row[:MAX_TABLE_COLUMNS]] for row in rows[: min(MAX_TABLE_ROWS, room)]]
        self._cells += len(kept) * min(width, MAX_TABLE_COLUMNS)
        self.tables.append(Table(place[:200], kept, count, width))


class Text:
    """Text that grows up to `MAX_TEXT` characters."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self.full = False

    def add(self, piece: str) -> bool:
        """Add a piece; False once there is no room for more."""
        room = MAX_TEXT - self._length
        if len(piece) > room:
            piece, self.full = piece[:room], True
        self._pieces.append(piece)
        self._length += len(piece)
        return not self.full

    def line(self, piece: str) -> bool:
        """Add a line."""
        return self.add(piece + "\n")

    def give(self, document: Document) -> None:
        """Put the cleaned text into the document."""
        document.text = clean("".join(self._pieces)).strip("\n")
        if self.full:
            document.note("document_note_cut", count=MAX_TEXT)


_CONTROL = {c: None for c in range(32) if c not in (9, 10)} | {0x7F: None, 0xFFFE: None, 0xFFFF: None, 0xFEFF: None}


def clean(text: str) -> str:
    """`text` with plain line ends and without control characters and half surrogates."""
    return plain_text(text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").translate(_CONTROL))


def _cell(value: Any) -> Cell:
    match value:
        case None | bool():
            return None if value is None else str(value)
        case int():
            return value if abs(value) < 10**15 else str(value)
        case float():
            return int(value) if value.is_integer() and abs(value) < 1e15 else value
        case dt.datetime() if (value.hour, value.minute, value.second) == (0, 0, 0):
            return value.date().isoformat()
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case _:
            return clean(str(value)).strip()[:32_000]


def shown(value: Any) -> str:
    """A cell as it stands in a line of text."""
    cell = _cell(value)
    return "" if cell is None else str(cell).replace("\n", " ")
