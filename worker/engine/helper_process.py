"""The helper process: calls the functions that it is asked to call, one after the other. Started by `helper.Helper`."""

from __future__ import annotations

import gc
import importlib
import logging
import os
import queue
import sys
import threading
import traceback
import warnings
from typing import Any

from worker.engine.orphans import die_with_parent
from worker.engine.pipe import Message, Pipe, leave_signals_to_the_worker, take_over_pipes
from worker.engine.plain import plain


def main() -> int:
    """Serve until the caller hangs up."""
    pipe = take_over_pipes()
    leave_signals_to_the_worker()
    hello = pipe.receive()
    if hello is None:
        return 0
    die_with_parent(hello["pid"])
    _limit_memory(hello["memory_bytes"])
    # What parsers have to say about a bad file is no concern of the worker's log.
    logging.getLogger().addHandler(logging.NullHandler())
    warnings.simplefilter("ignore")
    calls: queue.SimpleQueue[Message] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, calls), name="caller", daemon=True).start()
    while True:
        pipe.send(_call(calls.get()))
        gc.collect()


def _listen(pipe: Pipe, calls: queue.SimpleQueue[Message]) -> None:
    while True:
        message = pipe.receive()
        if message is None:
            os._exit(0)
        calls.put(message)


def _limit_memory(memory_bytes: int) -> None:
    """Let an allocation beyond the limit fail at once, where the system can (Linux); the caller looks on as well."""
    if sys.platform != "linux":
        return
    import resource

    wanted = memory_bytes + (64 << 20)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def _call(message: Message) -> Message:
    try:
        module, _, name = message["function"].partition(":")
        answer: Any = getattr(importlib.import_module(module), name)(**message["arguments"])
        return {"type": "done", "answer": plain(answer)}
    except MemoryError:
        return {"type": "memory"}
    except Exception:
        return {"type": "failed", "traceback": traceback.format_exc()[-8000:]}


if __name__ == "__main__":
    sys.exit(main())
