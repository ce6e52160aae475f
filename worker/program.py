"""How to start one of our modules as a process of its own, in a checkout and in a package."""

from __future__ import annotations

import sys


def command(module: str, *arguments: str) -> list[str]:
    """The command line that runs `module` (its `main()`): `python -m module`, or the packaged program itself."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--module", module, *arguments]
    return [sys.executable, "-m", module, *arguments]
