"""The Celery app, its one task, and the worker: `tasktray worker` or `celery -A worker.celery_app worker`."""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import sys
from collections.abc import Sequence
from functools import cached_property
from types import FrameType
from typing import Any, NoReturn

from celery import Celery, bootsteps, signals

from worker.engine import kinds
from worker.engine.broker import TASK, celery_settings
from worker.engine.routing import HIGH_QUEUE, LOW_QUEUE, QUEUES, known_lane, lanes_of, queues_of, unknown_queues
from worker.engine.slots import Slots
from worker.settings import Settings, get_settings, note_unused

log = logging.getLogger(__name__)

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_SLOTS_A_CPU = 8  # more slots than this for each processor are told to be many


class _App(Celery):  # type: ignore[misc]  # Celery is not typed
    """Celery's own, but for what `celery … beat` starts."""

    @cached_property
    def Beat(self) -> Any:  # noqa: N802 - Celery's name for it
        """The program of `celery … beat`, imported when it is wanted."""
        return self.subclass_with_self("worker.beat:Beat")


app = _App("tasktray", set_as_current=True)
app.config_from_object(celery_settings(get_settings()))

_settings: Settings | None = None  # of `run_worker`; None under the celery command, which reads the environment
_slots: Slots | None = None  # of this process


@app.task(name=TASK, ignore_result=True, send_events=False)  # type: ignore[untyped-decorator]  # Celery is not typed
def work(lane: str | None = None) -> None:
    """There is work in `lane`: claim the best job of this worker's lanes, carry it to its end, claim again.

    Jobs send events of their own (`task_events`); a hint is nothing that a monitor should count.
    """
    if _slots is not None:
        _slots.hint()


class SlotsStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery is not typed
    """Starts the slots with the worker itself, before and independent of its connection to the broker."""

    requires = ("celery.worker.components:Pool",)

    def start(self, worker: Any) -> None:
        """Start the slots of this worker."""
        global _slots
        note_unused(_settings or get_settings())
        lanes = lanes_of(worker.app.amqp.queues.consume_from)
        _slots = Slots(_settings or get_settings(), lanes, worker.concurrency, worker.hostname)
        log.info("%s serves %s with %s slots", _slots.name, ", ".join(lanes), worker.concurrency)
        if _settings is not None:
            # Ctrl+C and a signal to the whole process group mean the same as SIGTERM.
            signal.signal(signal.SIGINT, signal.getsignal(signal.SIGTERM))
        _slots.start()

    def stop(self, worker: Any) -> None:
        """Release what still runs and end the runners."""
        if _slots is not None:
            _slots.stop()
            _slots.join()

    terminate = stop


app.steps["worker"].add(SlotsStep)


_ONE_POOL = "jobs run in processes of their own in any case"
_FALL_BACK = ("prefork", "solo")


@signals.worker_init.connect  # type: ignore[untyped-decorator]  # Celery is not typed
def _check_options(sender: Any, **_: Any) -> None:
    """What `celery … worker` was given, before anything is started: what this system has no use for is said in a line,
    and taken as what comes nearest to it, or ends the worker where there is nothing like it."""
    unknown = unknown_queues(sender.app.amqp.queues.consume_from)
    if unknown:
        _end(f"there is no queue named {', '.join(unknown)}; there are {', '.join(QUEUES)}")
    pool = sender.pool_cls if isinstance(sender.pool_cls, str) else sender.pool_cls.__module__.rpartition(".")[2]
    pool = {"processes": "prefork", "thread": "threads"}.get(pool, pool).removeprefix("celery.concurrency.")
    if pool == "threads" and _asked_for_prefork():
        pool = "prefork"
    if pool in _FALL_BACK:
        log.warning("the %s pool is not for this system (%s): going on with --pool threads", pool, _ONE_POOL)
        sender.pool_cls = "threads"
        if pool == "solo":
            sender.concurrency = 1
    elif pool != "threads":
        _end(f"the {pool} pool is not for this system ({_ONE_POOL}): use --pool threads, which is the default")
    many = _SLOTS_A_CPU * (os.cpu_count() or 1)
    if isinstance(sender.concurrency, int) and sender.concurrency > many:
        log.warning("%s slots are %s processes; more than %s are of little use here", *[sender.concurrency] * 2, many)


def _asked_for_prefork() -> bool:
    """Celery's command cannot tell its own default from a `--pool prefork`, and takes the app's pool for both."""
    named = {word.rpartition("=")[2] for word in sys.argv[1:]} | {word.removeprefix("-P") for word in sys.argv[1:]}
    return bool(named & {"prefork", "processes"})


def _end(words: str) -> NoReturn:
    """End the worker before it has begun."""
    log.error("%s", words)
    sys.exit(2)


@signals.celeryd_after_setup.connect  # type: ignore[untyped-decorator]  # Celery is not typed
def _listen_to_priorities(sender: str, instance: Any, **_: Any) -> None:
    """Whatever `-Q` names, the two priority queues are listened to as well."""
    queues = instance.app.amqp.queues
    for name in queues_of(lanes_of(queues.consume_from)):
        if name not in queues.consume_from:
            queues.select_add(name)


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator]  # Celery is not typed
def _release_jobs(**_: Any) -> None:
    """Runs inside the signal handler, so that jobs are released while Celery still winds up."""
    if _slots is not None:
        _slots.stop()


def run_worker(settings: Settings, lanes: Sequence[str] | None = None, slots: int | None = None) -> int:
    """Run a worker in this process until SIGTERM or SIGINT; gone within 10 seconds of it.

    Args:
        settings: with a broker, a Celery worker is run; without one, the look loop alone.
        lanes: None serves all.
        slots: jobs at the same time; None takes the setting.

    Returns:
        The exit status.

    Raises:
        NotFound: `unknown_lane`.
    """
    global _settings
    _settings = settings
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    kinds.load()  # a broken plug-in ends the worker here, with its reason, not every runner later
    for name in lanes or ():
        if name not in (HIGH_QUEUE, LOW_QUEUE):
            known_lane(name)
    served = lanes_of(lanes or ())
    count = slots or settings.slots
    if not settings.broker_url:
        return _run_without_broker(settings, served, count)
    app.conf.update(celery_settings(settings))
    for name in ("celery.worker.strategy", "celery.app.trace"):  # a line or two for each hint
        logging.getLogger(name).setLevel(logging.WARNING)
    worker = app.Worker(
        queues=list(queues_of(served)),
        concurrency=count,
        pool="threads",
        loglevel="INFO",
        hostname=None,
        without_mingle=True,
        without_gossip=True,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def _run_without_broker(settings: Settings, lanes: Sequence[str], count: int) -> int:
    note_unused(settings)
    slots = Slots(settings, lanes, count, f"celery@{socket.gethostname()}")
    asked: queue.SimpleQueue[int] = queue.SimpleQueue()  # unlike an Event, safe to use in a signal handler

    def stop(number: int, frame: FrameType | None) -> None:
        asked.put(number)
        slots.stop()

    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    log.info("%s serves %s with %s slots, without a broker", slots.name, ", ".join(lanes), count)
    slots.start()
    while True:
        try:
            asked.get(timeout=1.0)  # Windows runs signal handlers only between two waits
            break
        except queue.Empty:
            continue
    slots.join()
    return 0


def main() -> int:
    """`python -m worker.celery_app`: a worker with the settings of the environment."""
    return run_worker(get_settings())


if __name__ == "__main__":
    sys.exit(main())
