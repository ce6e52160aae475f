"""`python -m desktop`, and the entry of the packaged program."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] = ()) -> int:
    """Run the desktop; gives its exit status. `argv`: arguments without the program's name (`desktop.app.parser`)."""
    from desktop.app import main as run

    return run(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
