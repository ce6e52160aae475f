"""What the packaged program starts: the command line or, for its own child processes, one part of the system.

In a checkout a child is `python -m …`. A package has no `python`: it starts itself again with an argument that is no
option for people, and `tasktray.part` knows which.
"""

from __future__ import annotations

import multiprocessing
import sys


def main() -> None:
    """Route to a part or to the command line."""
    multiprocessing.freeze_support()
    from tasktray.part import branch

    status = branch(sys.argv[1:])
    if status is not None:
        raise SystemExit(status)
    from tasktray.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
