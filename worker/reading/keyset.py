"""The keys that a file has shown so far, in bounded memory: tells a row whose key stood in an earlier row."""

from __future__ import annotations

import marshal
import mmap
import tempfile
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

Key = Any  # a text or a number, or a tuple of them for a key of several fields

_ORDINAL_BITS = 28
_ORDINAL = (1 << _ORDINAL_BITS) - 1
_HASH = ((1 << 64) - 1) ^ _ORDINAL
_LEAST_BITS = 12
_BLOCK = 256  # keys that are looked up together
_BLOCKS_KEPT = 64
_LOG_MEMORY = 4 << 20


class KeySet:
    """Keys with the token of the row that showed each first.

    A table of 8 bytes a slot holds for each key the upper bits of its hash and its ordinal; the keys themselves stand
    in a log on the disk, which is asked only where two hashes agree. So memory is that of the table (16 MB for a
    million keys), and a table past `memory_slots` lies in a mapped file, of which the system keeps in memory what it
    has room for.

    The set belongs to one attempt: a resumed import fills it again while it reads up to its checkpoint, so that
    nothing of it has to survive a kill.

    Args:
        folder: where files may be put; removed by their owner.
        expected: how many keys will come, roughly; more only cost time.
        memory_slots: slots of the largest table that is held in memory.
    """

    def __init__(self, folder: Path, expected: int | None = None, memory_slots: int = 1 << 22) -> None:
        self._folder = folder
        self._memory_slots = memory_slots
        self._files = ExitStack()
        log = tempfile.SpooledTemporaryFile(_LOG_MEMORY, prefix="keys-", dir=str(folder))  # noqa: SIM115 - closed by `close`
        self._log = self._files.enter_context(log)
        self._length = 0
        self._blocks: list[array[int]] = [array("Q"), array("Q")]  # first ordinal, place in the log
        self._kept: OrderedDict[int, tuple[Sequence[Key], Sequence[int]]] = OrderedDict()
        self._ordinal = 0
        self._used = 0
        wanted = min(int((expected or 0) * 1.45), memory_slots)
        self._bits = max(_LEAST_BITS, wanted.bit_length())
        self._table, self._map = self._new_table()

    def __enter__(self) -> KeySet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def claim(self, keys: Sequence[Key], tokens: Sequence[int]) -> dict[int, int]:
        """Add the keys of rows that follow each other.

        Args:
            keys: one a row.
            tokens: one a row: what tells the row apart.

        Returns:
            For each row whose key was there before (position in `keys`): the token of the first row with it.
        """
        self._write(keys, tokens)
        if (self._used + len(keys)) * 10 > (7 << self._bits):
            self._grow(self._used + len(keys))
        table, shift, mask = self._table, 64 - self._bits, (1 << self._bits) - 1
        duplicates: dict[int, int] = {}
        # Ordinals begin at 1: an empty slot is 0.
        for ordinal, hashed in enumerate(map(hash, keys), self._ordinal + 1):
            slot = (hashed >> shift) & mask
            while entry := table[slot]:
                if not (entry ^ hashed) & _HASH:
                    index = ordinal - self._ordinal - 1
                    known, token = self._at((entry & _ORDINAL) - 1)
                    if known == keys[index]:
                        duplicates[index] = token
                        break
                slot = (slot + 1) & mask
            else:
                table[slot] = (hashed & _HASH) | ordinal
        self._ordinal += len(keys)
        self._used += len(keys) - len(duplicates)
        return duplicates

    def close(self) -> None:
        """Forget all keys and remove the files."""
        self._table.release()
        if self._map is not None:
            self._map.close()
        self._kept.clear()
        self._files.close()

    # ------------------------------------------------------------ the table

    def _new_table(self) -> tuple[memoryview, mmap.mmap | None]:
        size = 8 << self._bits
        if 1 << self._bits <= self._memory_slots:
            return memoryview(bytearray(size)).cast("Q"), None
        with tempfile.TemporaryFile(prefix="keys-", dir=self._folder) as file:
            file.truncate(size)
            mapped = mmap.mmap(file.fileno(), size)
        return memoryview(mapped).cast("Q"), mapped

    def _grow(self, keys: int) -> None:
        """Twice the slots, or more. The upper bits of an entry are those of the hash, so it finds its own place."""
        old, old_map = self._table, self._map
        while keys * 10 > (5 << self._bits):
            self._bits += 1
        if self._bits > 64 - _ORDINAL_BITS or keys > _ORDINAL:
            raise OverflowError(f"a file of {keys} keys")
        self._table, self._map = self._new_table()
        table, shift, mask = self._table, 64 - self._bits, (1 << self._bits) - 1
        for entry in old:
            if entry:
                slot = (entry >> shift) & mask
                while table[slot]:
                    slot = (slot + 1) & mask
                table[slot] = entry
        old.release()
        if old_map is not None:
            old_map.close()

    # ------------------------------------------------------------ the log

    def _write(self, keys: Sequence[Key], tokens: Sequence[int]) -> None:
        firsts, places = self._blocks
        self._log.seek(0, 2)
        for first in range(0, len(keys), _BLOCK):
            batch: Any = (keys[first : first + _BLOCK], tokens[first : first + _BLOCK])
            block = marshal.dumps(batch, 2)
            self._log.write(block)
            firsts.append(self._ordinal + first)
            places.append(self._length)
            self._length += len(block)

    def _at(self, ordinal: int) -> tuple[Key, int]:
        """The key and the token of the row with this ordinal (from 0)."""
        firsts, places = self._blocks
        number = bisect_right(firsts, ordinal) - 1
        block = self._kept.get(number)
        if block is None:
            end = places[number + 1] if number + 1 < len(places) else self._length
            self._log.seek(places[number])
            block = marshal.loads(self._log.read(end - places[number]))  # noqa: S302 - written by ourselves, just now
            self._kept[number] = block
            if len(self._kept) > _BLOCKS_KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(number)
        keys, tokens = block
        return keys[ordinal - firsts[number]], tokens[ordinal - firsts[number]]
