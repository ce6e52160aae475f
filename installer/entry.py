"""What the packaged program starts: the command line, or, for its own child processes, one module of ours.

In a checkout a child is `python -m module …`. A package has no `python`; it starts itself again as
`tasktray --module module …`, which is no option for people and so is not in the help.
"""

from __future__ import annotations

import importlib
import multiprocessing
import sys

ROOMS = ("api", "desktop", "tasktray", "worker")


def main() -> None:
    """Route to a module's `main()` or to the command line."""
    multiprocessing.freeze_support()
    if len(sys.argv) > 2 and sys.argv[1] == "--module":
        name = sys.argv[2]
        if name.partition(".")[0] not in ROOMS:
            raise SystemExit(f"no module of Tasktray: {name}")
        sys.argv = [name, *sys.argv[3:]]
        try:
            module = importlib.import_module(f"{name}.__main__")
        except ModuleNotFoundError:
            module = importlib.import_module(name)
        result = module.main()
        raise SystemExit(result if isinstance(result, int) else 0)
    from tasktray.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
