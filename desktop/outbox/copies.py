"""Copies of files that must stay what they were when they were picked."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import sqlite3
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from desktop.client.errors import FileProblem, TransferCancelled
from desktop.client.uploads import Fingerprint, fingerprint

_BITE = 1024 * 1024
_FICLONE = 0x40049409  # linux/fs.h


def is_full(error: BaseException) -> bool:
    """Whether an error says that the disk (or the user's share of it) is full."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _clone(source: BinaryIO, target: BinaryIO) -> bool:
    """Let the file system share the bytes until one of the files changes: no time, no space. False: it cannot."""
    if not sys.platform.startswith("linux"):
        return False
    import fcntl

    try:
        fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
    except OSError:
        return False
    return True


def copy_file(source: Path, target: Path, size: int, mtime_ns: int, cancel: threading.Event | None = None) -> str:
    """Copy `source` to `target`, which is there only when it is whole, and give its SHA-256.

    Args:
        size, mtime_ns: bytes and time of change that the source must have, before and after.

    Raises:
        FileProblem: `file_vanished`, `file_not_opened`, `file_changed`, `disk_full`, `file_not_written`.
        TransferCancelled.
    """
    expected = Fingerprint(size, mtime_ns)
    if fingerprint(source) != expected:
        raise FileProblem("file_changed", name=source.name, path=str(source))
    aside = target.with_name(target.name + ".part")
    try:
        file = source.open("rb")
    except OSError as error:
        raise FileProblem("file_not_opened", name=source.name, path=str(source), reason=str(error)) from error
    try:
        with file:
            digest = _copy(file, aside, source, cancel)
        if fingerprint(source) != expected or aside.stat().st_size != size:
            raise FileProblem("file_changed", name=source.name, path=str(source))
        aside.replace(target)
    except OSError as error:
        if is_full(error):
            raise FileProblem("disk_full", path=str(target.parent)) from error
        reason = error.strerror or str(error)
        raise FileProblem("file_not_written", name=target.name, path=str(target), reason=reason) from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
    return digest


def _copy(file: BinaryIO, aside: Path, source: Path, cancel: threading.Event | None) -> str:
    digest = hashlib.sha256()
    with aside.open("w+b") as copy:
        cloned = _clone(file, copy)
        while True:
            if cancel is not None and cancel.is_set():
                raise TransferCancelled
            try:
                bite = (copy if cloned else file).read(_BITE)
            except OSError as error:
                raise FileProblem(
                    "file_not_opened", name=source.name, path=str(source), reason=error.strerror or str(error)
                ) from error
            if not bite:
                break
            digest.update(bite)
            if not cloned:
                copy.write(bite)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()
