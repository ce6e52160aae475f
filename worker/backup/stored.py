"""Uploads and results in a backup: their bytes as one tar stream, and a list with the hash of each beside it.

A tar stream, since a ZIP keeps a record of each of its entries in memory until it is closed; here nothing grows with
the number of files or with their size. Both are in the same order, so that they are read side by side. Python's
`TarFile` remembers each member, too, so only its headers (`TarInfo`) are used.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import zipfile
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Literal

from pydantic import BaseModel, ValidationError

from worker.backup import archive as archives
from worker.backup.manifest import Stored, Tell
from worker.errors import Refused
from worker.files.storage import Storage, refuse_when_full
from worker.ids import is_id

_PIECE = 1 << 20
_BLOCK = tarfile.BLOCKSIZE
_TAR, _LIST = "files.tar", "files.jsonl"
_LINE = 1 << 16  # longer than any name can make one
State = Literal["kept", "missing", "damaged"]


class Listed(BaseModel):
    """A line of the list.

    Attributes:
        key: of the object in the storage, and its name in the tar stream.
        name: what a person calls the file.
        size, sha256: of what was stored once, as the database knows it.
        state: missing: not in the stream. damaged: in it as it was found, cut or filled up to `size`; not put back.
    """

    key: str
    name: str
    size: int
    sha256: str
    state: State = "kept"


@dataclass(frozen=True, slots=True)
class Put:
    """What a restore did with files: those put into the storage, and those that were there as they should be."""

    restored: int
    present: int


def note(rows: Iterable[tuple[str, str, int, str]], path: Path) -> int:
    """Write down which files there are at the moment of the backup; gives how many.

    Args:
        rows: key, name, size and hash of each.
    """
    count = 0
    with refuse_when_full(), path.open("x", encoding="utf-8") as file:
        for key, name, size, sha256 in rows:
            file.write(Listed(key=key, name=name, size=size, sha256=sha256).model_dump_json() + "\n")
            count += 1
    return count


def add(archive: zipfile.ZipFile, noted: Path, total: int, storage: Storage, moment: datetime, tell: Tell) -> Stored:
    """Put the files into a backup that is being written.

    What was removed since the moment of the backup, or is not as it was stored, is no reason to fail: it is said.

    Args:
        noted: as `note` has written it; it is replaced by the list that goes into the backup.
    """
    listed = noted.with_suffix(".list")
    kept = size = missing = damaged = 0
    with ExitStack() as stack:
        lines = stack.enter_context(noted.open("rb"))
        out = stack.enter_context(listed.open("xb"))
        tar = stack.enter_context(archive.open(_TAR, "w", force_zip64=True))
        for number, line in enumerate(lines):
            one = Listed.model_validate_json(line)
            one.state = _copy(tar, storage, one, moment, partial(tell, "stage_backup_files", number, total))
            if one.state == "kept":
                kept, size = kept + 1, size + one.size
            missing += one.state == "missing"
            damaged += one.state == "damaged"
            out.write(one.model_dump_json().encode() + b"\n")
        tar.write(bytes(2 * _BLOCK))  # the end of a tar stream
    digest = hashlib.sha256()
    with listed.open("rb") as source, archive.open(_LIST, "w", force_zip64=True) as target:
        while piece := source.read(_PIECE):
            digest.update(piece)
            target.write(piece)
    listed.unlink()
    noted.unlink()
    return Stored(count=kept, size=size, sha256=digest.hexdigest(), missing=missing, damaged=damaged)


def _copy(tar: IO[bytes], storage: Storage, one: Listed, moment: datetime, going_on: Callable[[], None]) -> State:
    going_on()
    try:
        file = storage.open(one.key)
    except FileNotFoundError:
        return "missing"
    with file:
        member = tarfile.TarInfo(one.key)
        member.size, member.mode, member.mtime = one.size, 0o600, int(moment.timestamp())
        tar.write(member.tobuf(tarfile.GNU_FORMAT))
        digest, left = hashlib.sha256(), one.size
        while left and (piece := file.read(min(left, _PIECE))):
            digest.update(piece)
            tar.write(piece)
            left -= len(piece)
            going_on()
        whole = not left and not file.read(1)
    while left:  # exactly as much as the header says
        tar.write(bytes(min(left, _PIECE)))
        left -= min(left, _PIECE)
    tar.write(bytes(-one.size % _BLOCK))
    return "kept" if whole and digest.hexdigest() == one.sha256 else "damaged"


def check(path: Path, tell: Tell) -> None:
    """Read all files of a backup and compare each with the list, and the list with the manifest.

    Raises:
        Refused: `backup_damaged`.
    """
    with closing(_contents(path, tell)) as contents:
        for _ in contents:
            pass


def put(path: Path, storage: Storage, work: Path, tell: Tell) -> Put:
    """Put the files of a backup back into the storage. One that is there as it should be is left alone.

    Objects that no row knows (yet) harm nobody, so this comes before the database is replaced.

    Args:
        work: a folder for the file under way.

    Raises:
        Refused: `backup_damaged`, `storage_full`.
    """
    restored = present = 0
    aside = work / "file"
    with closing(_contents(path, tell)) as contents:
        for one, content in contents:
            if _is_there(storage, one):
                present += 1
                continue
            with refuse_when_full(), aside.open("wb") as file:
                while piece := content.read(_PIECE):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            content.prove()
            storage.put(aside, one.key, link=True)
            aside.unlink()
            restored += 1
    return Put(restored, present)


def _is_there(storage: Storage, one: Listed) -> bool:
    try:
        file = storage.open(one.key)
    except FileNotFoundError:
        return False
    digest = hashlib.sha256()
    with file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest() == one.sha256


class _Content:
    """The bytes of one file in a backup, which prove to be what the list says."""

    def __init__(self, tar: IO[bytes], one: Listed, bad: Refused, going_on: Callable[[], None]) -> None:
        self._tar, self._one, self._bad, self._going_on = tar, one, bad, going_on
        self._digest = hashlib.sha256()
        self._left = one.size

    def read(self, size: int) -> bytes:
        self._going_on()
        piece = self._tar.read(min(size, self._left))
        if self._left and not piece:
            raise self._bad
        self._digest.update(piece)
        self._left -= len(piece)
        return piece

    def prove(self) -> None:
        """Read what was left, and compare.

        Raises:
            Refused: `backup_damaged`.
        """
        while self.read(_PIECE):
            pass
        if self._one.state == "kept" and self._digest.hexdigest() != self._one.sha256:
            raise self._bad


def _contents(path: Path, tell: Tell) -> Generator[tuple[Listed, _Content], None, None]:
    """Each file of a backup with its bytes, which need not be read; those that were damaged are left out.

    Raises:
        Refused: `backup_damaged`: also at the end, when the list is not the one that was written.
    """
    bad = Refused("backup_damaged", file=path.name)
    with ExitStack() as stack:
        archive = stack.enter_context(archives.opened(path))
        stored = archives.manifest_of(archive, path).files
        if stored is None:
            return
        total = stored.count + stored.missing + stored.damaged
        lines = stack.enter_context(archive.open(_LIST))
        tar = stack.enter_context(archive.open(_TAR))
        digest, number = hashlib.sha256(), 0
        while line := lines.readline(_LINE):
            digest.update(line)
            going_on = partial(tell, "stage_backup_checking", number, total)
            going_on()
            number += 1
            one = _listed(line, bad)
            if one.state == "missing":
                continue
            member = tarfile.TarInfo.frombuf(tar.read(_BLOCK), "utf-8", "strict")
            if (member.name, member.size) != (one.key, one.size):
                raise bad
            content = _Content(tar, one, bad, going_on)
            if one.state == "kept":
                yield one, content
            content.prove()
            tar.read(-one.size % _BLOCK)
        if digest.hexdigest() != stored.sha256 or number != total or any(tar.read(2 * _BLOCK + 1)):
            raise bad


def _listed(line: bytes, bad: Refused) -> Listed:
    try:
        one = Listed.model_validate_json(line)
    except ValidationError as error:
        raise bad from error
    if not is_id(one.key) or one.size < 0:
        raise bad
    return one
