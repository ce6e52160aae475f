"""One part of the embedded system, as a process of its own: `python -m tasktray.part PARENT NAME …`.

It ends with the process that started it, whatever ended that one.
"""

from __future__ import annotations

import _thread
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

from worker import branches
from worker.engine.orphans import die_with_parent

# A packaged program has no `-m`; it is started again with this argument.
ARGUMENT = "--tasktray-part"
_STOP_SECONDS = 12.0


def command(name: str, *arguments: str) -> list[str]:
    """The command line that starts a part.

    Args:
        name: api, worker, scheduler, desktop, or `exec` for the program that `arguments` name.
    """
    start = [sys.executable, ARGUMENT] if getattr(sys, "frozen", False) else [sys.executable, "-m", "tasktray.part"]
    return [*start, str(os.getpid()), name, *arguments]


def branch(arguments: Sequence[str]) -> int | None:
    """In a packaged program: run what `sys.argv[1:]` names (a part, a runner, a look at a file); None: nothing."""
    if arguments[:1] == [branches.RUNNER]:
        from worker.engine.runner_process import main as runner

        return runner()
    if arguments[:1] == [branches.HELPER]:
        from worker.engine.helper_process import main as helper

        return helper()
    if arguments[:1] == [branches.READER]:
        from worker.reading.process import main as reader

        return reader()
    if arguments[:1] == [branches.LOOK]:
        from tabular.look import main as look

        return look(arguments[1:])
    if arguments[:1] == ["--tasktray-desktop-look"]:  # desktop.submit.look.ARGUMENT; the room may not be installed
        from desktop.submit.look import main as desktop_look

        return desktop_look()
    if arguments[:1] == [ARGUMENT]:
        return main(arguments[1:])
    return None


def main(arguments: Sequence[str]) -> int:
    """Run one part to its end; gives its exit status."""
    parent, name, *rest = arguments
    die_with_parent(int(parent))
    if name == "exec":
        return _run_program(rest)
    if sys.platform != "linux":
        threading.Thread(target=_stop_with_pipe, daemon=True).start()
    return _run(name)


def _run(name: str) -> int:
    match name:
        case "api":
            from api.serve import main as api

            api()
            return 0
        case "worker":
            from worker.celery_app import main as worker

            return worker()
        case "scheduler":
            from worker.scheduler import main as scheduler

            return scheduler()
        case "desktop":
            from desktop.__main__ import main as desktop

            return int(desktop() or 0)
        case _:
            raise ValueError(f"there is no part named {name}")


def _run_program(arguments: list[str]) -> int:
    """Become another program, or, where it could not be made to end with us, watch over it."""
    if sys.platform == "linux":
        os.execv(arguments[0], arguments)  # noqa: S606 - no shell is wanted; the death signal survives it
    child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)

    def end() -> None:
        sys.stdin.buffer.read()
        child.terminate()

    threading.Thread(target=end, daemon=True).start()
    for name in ("SIGTERM", "SIGINT"):
        signal.signal(getattr(signal, name), lambda *_: child.terminate())
    return child.wait()


def _stop_with_pipe() -> None:
    """Where no kernel ends us with our parent: the pipe that it holds is closed when it ends."""
    sys.stdin.buffer.read()
    _thread.interrupt_main(signal.SIGINT)
    threading.Timer(_STOP_SECONDS, os._exit, [1]).start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
