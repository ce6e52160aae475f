"""The runner process: waits for a job, runs its kind's function, tells the outcome, waits for the next.

It is started by a slot (`runner.py`) and never by hand. It does not touch `jobs` but through `RunnerContext`.
"""

from __future__ import annotations

import logging
import os
import queue
import sqlite3
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from worker.engine.orphans import die_with_parent
from worker.engine.pipe import Message, Pipe, leave_signals_to_the_worker, take_over_pipes
from worker.engine.plain import plain
from worker.errors import Cancelled, DeadlineReached, Interrupted, LeaseLost, ProcessDied, Refused, Transient

log = logging.getLogger("worker.runner")


def main() -> int:
    """Serve until the slot hangs up."""
    pipe = take_over_pipes()
    leave_signals_to_the_worker()
    hello = pipe.receive()
    if hello is None:
        return 0
    die_with_parent(hello["pid"])
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s runner %(process)d: %(message)s", stream=sys.stderr
    )
    _Desk(pipe, hello["settings"]).serve()
    return 0


class _Desk:
    """Takes jobs and orders from the slot."""

    def __init__(self, pipe: Pipe, settings: dict[str, Any]) -> None:
        from worker.db.database import Database
        from worker.engine import kinds
        from worker.engine.runner_context import Orders
        from worker.settings import Settings

        self._pipe = pipe
        self._settings = Settings(**settings)
        # A runner that is frozen in a transaction must not hold its locks longer than its lease.
        self._database = Database(
            self._settings.effective_database_url, pool_size=2, idle_timeout_seconds=self._settings.lease_seconds
        )
        self._kinds = kinds.load(self._settings.extra_kinds)
        self._jobs: queue.SimpleQueue[tuple[Message, Orders]] = queue.SimpleQueue()
        self._orders: Orders | None = None
        self._new_orders = Orders
        threading.Thread(target=self._listen, name="slot", daemon=True).start()

    def serve(self) -> None:
        """Run one job after the other; the listening thread ends the process."""
        self._pipe.send({"type": "ready"})
        while True:
            message, orders = self._jobs.get()
            outcome = self._run(message, orders)
            outcome["job_id"], outcome["token"] = message["job_id"], message["token"]
            self._pipe.send(plain(outcome))

    def _listen(self) -> None:
        while True:
            message = self._pipe.receive()
            if message is None:
                os._exit(0)  # the slot is gone or wants us gone; what was not committed is not wanted
            if message["type"] == "job":
                self._orders = self._new_orders(message["token"])
                self._jobs.put((message, self._orders))
            elif message["type"] == "stop" and self._orders and self._orders.token == message["token"]:
                self._orders.stop(message["reason"])

    def _run(self, message: Message, orders: Any) -> Message:
        from worker.engine.runner_context import RunnerContext

        folder = Path(message["folder"])
        try:
            kind = self._kinds.get(message["kind"])
            if kind is None:  # an API of a newer version, or with a plug-in that is not installed here
                return _failure("unknown_kind", {"kind": message["kind"]})
            folder.mkdir(parents=True)
            job = RunnerContext(self._database, self._settings, message, orders, self._pipe, folder)
            job.check()
            params = kind.params.model_validate(message["params"])
            return {"type": "finished", "result": kind.run(job, params)}
        except Cancelled as stopped:
            return {"type": "cancelled", "result": stopped.result, "rows_done": stopped.rows_done}
        except Interrupted:
            return {"type": "interrupted"}
        except LeaseLost:
            return {"type": "lost"}
        except DeadlineReached:
            return _failure("time_limit", {"seconds": message["soft_seconds"]})
        except Refused as refused:
            return _failure(refused.code, refused.values)
        except Transient as fault:
            return _failure(fault.code, fault.values, transient=True, trace=traceback.format_exc())
        except ProcessDied as died:
            log.error("the %s process died (exit %s), and so do I", died.name, died.exit_code)  # noqa: TRY400 - no fault here
            os._exit(1)
        except Exception as error:
            return _unforeseen(error)


def _failure(code: str, values: dict[str, Any], *, transient: bool = False, trace: str | None = None) -> Message:
    return {"type": "failed", "code": code, "values": values, "transient": transient, "traceback": trace}


def _unforeseen(error: Exception) -> Message:
    """What an exception that no kind meant to raise becomes."""
    from pydantic import ValidationError

    from tabular.errors import TableError

    trace = "".join(traceback.format_exception(error))
    if isinstance(error, TableError):
        return _failure(error.code, error.values)
    if isinstance(error, MemoryError):
        return _failure("out_of_memory", {}, trace=trace)
    if isinstance(error, ValidationError):
        # Checked at submission; so the kind has changed since.
        return _failure("invalid_params", {}, trace=trace)
    if _may_pass(error):
        log.warning("a fault that may pass: %s", error)
        return _failure("connection_failed", {}, transient=True, trace=trace)
    log.error("a job failed unexpectedly\n%s", trace)
    return _failure("internal_error", {}, trace=trace)


_SQLITE_MAY_PASS = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
)
_IDLE_IN_TRANSACTION = "25P03"  # what PostgreSQL says to a runner that was frozen; psycopg counts it as internal


def _may_pass(error: BaseException) -> bool:
    """Is it the connection or a lock, rather than the work itself? Errors of the drivers come plain or wrapped."""
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.exc import TimeoutError as PoolTimeout

    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (error.orig is not None and _may_pass(error.orig))
    if isinstance(error, sqlite3.OperationalError):  # also "no such table"
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _SQLITE_MAY_PASS
    if type(error).__module__.partition(".")[0] == "psycopg":
        import psycopg

        return isinstance(error, psycopg.OperationalError) or getattr(error, "sqlstate", "") == _IDLE_IN_TRANSACTION
    return isinstance(error, ConnectionError | TimeoutError | PoolTimeout)


if __name__ == "__main__":
    sys.exit(main())
