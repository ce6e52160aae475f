"""Columns of texts in the text format of PostgreSQL's COPY."""

from __future__ import annotations

from collections.abc import Sequence

_NULL = r"\N"
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})


def encode(columns: Sequence[Sequence[str | None]]) -> bytes:
    """All rows, UTF-8, each ended by a line feed that stands nowhere else; None is NULL.

    Args:
        columns: of one length each, at least one column; no text holds a NUL character or half a surrogate.
    """
    rows = len(columns[0])
    if not rows:
        return b""
    nulls = 0
    filled: list[Sequence[str]] = []
    for column in columns:
        if None in column:
            nulls += sum(1 for value in column if value is None)
            column = [_NULL if value is None else value for value in column]
        filled.append(column)  # type: ignore[arg-type]  # no None is left
    text = "\n".join(map("\t".join, zip(*filled, strict=True)))
    # Nearly always no value holds a mark that means something: then there are as many as we have put there.
    if (
        text.count("\t") != rows * (len(columns) - 1)
        or text.count("\n") != rows - 1
        or text.count("\\") != nulls
        or "\r" in text
    ):
        escaped = ([_NULL if value is None else value.translate(_ESCAPES) for value in column] for column in columns)
        text = "\n".join(map("\t".join, zip(*escaped, strict=True)))
    return f"{text}\n".encode()
