"""A lock on an open file that ends with the process that holds it, whatever kills that process."""

from __future__ import annotations

import errno
import sys
from typing import BinaryIO

_UNSUPPORTED = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)


def try_lock(file: BinaryIO) -> bool | None:
    """Lock `file` until it is closed.

    Returns:
        True: locked. False: another open file, here or in another process, holds the lock. None: this file system
        knows no locks.
    """
    if sys.platform == "win32":
        import msvcrt

        position = file.tell()
        file.seek(1 << 40)  # a byte past any content: Windows' locks forbid reading what they cover
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
