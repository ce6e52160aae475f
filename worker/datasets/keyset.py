"""The keys that a file has shown so far, in bounded memory: tells a row whose key stood in an earlier row."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

Key = Any  # a plain value, or a tuple of plain values for a key of several fields


class KeySet:
    """Keys with the token of the row that showed each first.

    The newest keys are in a dict; past `limit` they move to a private SQLite file, so that memory stays flat however
    long the file is. The set belongs to one attempt: a resumed import fills it again while it reads up to its
    checkpoint, so that nothing of it has to survive a kill.

    Args:
        folder: where the file may be put; removed by its owner.
        limit: keys held in memory.
    """

    def __init__(self, folder: Path, limit: int = 200_000) -> None:
        self._path = folder / "keys.db"
        self._limit = limit
        self._known: dict[Key, int] = {}
        self._disk: sqlite3.Connection | None = None

    def __enter__(self) -> KeySet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def claim(self, keys: Sequence[Key], tokens: Sequence[int]) -> dict[int, int]:
        """Add the keys of rows that follow each other.

        Args:
            keys: one a row; hashable; texts without NUL characters (a checked value has none).
            tokens: one a row: what tells the row apart.

        Returns:
            For each row whose key was there before (position in `keys`): the token of the first row with it.
        """
        fresh = dict(zip(keys, tokens, strict=True))
        duplicates: dict[int, int] = {}
        # Nearly always all keys are new: three set operations in C settle it.
        if len(fresh) != len(keys) or not self._known.keys().isdisjoint(fresh) or self._on_disk(fresh):
            duplicates = self._explain(keys, tokens, fresh)
        self._known.update(fresh)
        if len(self._known) > self._limit:
            self._spill()
        return duplicates

    def close(self) -> None:
        """Forget all keys and remove the file."""
        self._known.clear()
        if self._disk is not None:
            self._disk.close()
            self._disk = None
            self._path.unlink(missing_ok=True)

    def _explain(self, keys: Sequence[Key], tokens: Sequence[int], fresh: dict[Key, int]) -> dict[int, int]:
        """The duplicates one by one; leaves in `fresh` what is new, each with its first token."""
        earlier = {key: self._known[key] for key in fresh.keys() & self._known.keys()}
        earlier.update(self._on_disk(fresh))
        duplicates: dict[int, int] = {}
        fresh.clear()
        for index, (key, token) in enumerate(zip(keys, tokens, strict=True)):
            first = earlier.setdefault(key, token)
            if first == token:
                fresh[key] = token
            else:
                duplicates[index] = first
        return duplicates

    def _on_disk(self, keys: dict[Key, int]) -> dict[Key, int]:
        if self._disk is None:
            return {}
        by_text = {_text(key): key for key in keys}
        rows = self._disk.execute(
            "SELECT k.key, k.token FROM json_each(?) AS j CROSS JOIN keys AS k ON k.key = j.value",
            (json.dumps(list(by_text)),),
        )
        return {by_text[text]: token for text, token in rows}

    def _spill(self) -> None:
        if self._disk is None:
            self._disk = sqlite3.connect(self._path, isolation_level=None)
            # Nothing here outlives this attempt: no journal, no waiting for the disk.
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-16000", "locking_mode=EXCLUSIVE"):
                self._disk.execute(f"PRAGMA {pragma}")
            self._disk.execute("CREATE TABLE keys (key TEXT PRIMARY KEY, token INTEGER NOT NULL) WITHOUT ROWID")
        # Sorted, so that each page of the tree is visited once.
        rows = sorted((_text(key), token) for key, token in self._known.items())
        self._disk.execute("BEGIN")
        self._disk.executemany("INSERT INTO keys VALUES (?, ?)", rows)
        self._disk.execute("COMMIT")
        self._known.clear()


def _text(key: Key) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, tuple):
        return json.dumps([str(part) for part in key], ensure_ascii=False)
    return str(key)
