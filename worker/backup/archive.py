"""The backup file: a ZIP with the dump, the files where they are wanted, and the manifest; whole or not at all."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from worker.backup.manifest import FORMAT, Dump, Manifest, Tell
from worker.errors import Refused
from worker.files.storage import refuse_when_full

_PIECE = 1 << 20
_MANIFEST, _DUMP = "manifest.json", "database"
_LEVEL = 1  # the fastest: most of the gain at a tenth of the time


@contextmanager
def writing(path: Path) -> Iterator[zipfile.ZipFile]:
    """Make the file; it is on the disk when the block ends. Entries take their compression only when added by name.

    Raises:
        Refused: `storage_full`.
    """
    with (
        refuse_when_full(),
        zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive,
    ):
        yield archive
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def add_dump(archive: zipfile.ZipFile, dump: Path, tell: Tell) -> Dump:
    """Put the database's dump in; gives its size and hash."""
    digest, size = hashlib.sha256(), 0
    with dump.open("rb") as source, archive.open(_DUMP, "w", force_zip64=True) as target:
        while piece := source.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            target.write(piece)
            tell("stage_backup_writing", None, None)
    return Dump(size=size, sha256=digest.hexdigest())


def add_manifest(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Put in what the backup says of itself."""
    archive.writestr(_MANIFEST, manifest.model_dump_json(indent=1, exclude_none=True))


def read_manifest(path: Path) -> Manifest:
    """What the backup says of itself.

    Raises:
        Refused: `backup_damaged`, `backup_not_one`, `backup_too_new`.
    """
    with opened(path) as archive:
        return manifest_of(archive, path)


def extract(path: Path, target: Path, tell: Tell) -> Manifest:
    """Take the dump out, and see that it is what was put in.

    Raises:
        Refused: as `read_manifest`; `storage_full`.
    """
    digest, size = hashlib.sha256(), 0
    with opened(path) as archive:
        manifest = manifest_of(archive, path)
        with refuse_when_full(), archive.open(_DUMP) as source, target.open("xb") as file:
            while piece := source.read(_PIECE):
                digest.update(piece)
                size += len(piece)
                if size > manifest.dump.size:
                    break  # not ours: what grows without end must not fill the disk
                file.write(piece)
                tell("stage_backup_reading", None, None)
    if (size, digest.hexdigest()) != (manifest.dump.size, manifest.dump.sha256):
        raise Refused("backup_damaged", file=path.name)
    return manifest


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open it for reading; whatever is wrong with it inside the block is said in words.

    Raises:
        Refused: `backup_damaged`, `backup_not_one`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        EOFError,
        KeyError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        code = "backup_damaged" if zipfile.is_zipfile(path) or _begins_as_zip(path) else "backup_not_one"
        raise Refused(code, file=path.name) from error


def _begins_as_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def manifest_of(archive: zipfile.ZipFile, path: Path) -> Manifest:
    """As `read_manifest`, of an open one."""
    if _MANIFEST not in archive.namelist():
        raise Refused("backup_not_one", file=path.name)
    try:
        manifest = Manifest.model_validate_json(archive.read(_MANIFEST))
    except ValidationError as error:
        raise Refused("backup_not_one", file=path.name) from error
    if manifest.format > FORMAT:
        raise Refused("backup_too_new", file=path.name, version=manifest.version)
    return manifest
