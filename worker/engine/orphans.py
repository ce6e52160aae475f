"""No process outlives the one that started it, whatever ended that one."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent_pid: int) -> None:
    """Ask the kernel (Linux) to kill this process when its parent ends; kept across `exec`.

    The kernel watches the parent's *thread* that started us, so that thread must live as long as the parent does.
    Elsewhere this does nothing, and the closed pipe from the parent has to be noticed.

    Args:
        parent_pid: who started us; if it is gone already, this process ends at once.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:
        os._exit(0)
