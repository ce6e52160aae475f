"""A lock on an open file that ends with the process that holds it, whatever kills that process."""

from __future__ import annotations

import errno
import sys
from typing import BinaryIO

_UNSUPPORTED = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)


_LAST = 2**31 - 2  # the farthest byte that Windows' C library can lock


def try_lock(file: BinaryIO, size: int) -> bool | None:
    """Lock `file` until it is closed.

    Args:
        size: bytes that the file will have at most.

    Returns:
        True: locked. False: another open file, here or in another process, holds the lock. None: no lock can
        be had here.
    """
    if sys.platform == "win32":
        import msvcrt

        if size >= _LAST:
            return None
        position = file.tell()
        file.seek(_LAST)  # past all content: Windows' locks forbid others to read what they cover
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(position)
        return True

    import fcntl

    try:
        # flock, not lockf: the latter belongs to the process, and two requests in one process would share it.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return None
        raise
    return True
