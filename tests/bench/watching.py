"""Runs a part of a measurement as a process of its own and watches its memory; not started by itself."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

_PAUSE = 0.02


def watched(command: list[str]) -> tuple[list[float], float]:
    """The numbers that a command prints, and its peak PSS in MB."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    peak = 0.0
    while process.poll() is None:
        try:
            text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            peak = max(peak, float(text.partition("Pss:")[2].split()[0]) / 1024)
        except (OSError, IndexError):  # it has ended; or no Linux
            pass
        time.sleep(_PAUSE)
    assert process.stdout is not None
    said = process.stdout.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return [float(n) for n in said.split()], peak
