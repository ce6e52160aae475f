"""Hints and events: best effort, never in the way."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from tests.conftest import ROOT, RedisServer
from tests.support import wait_until
from worker.engine import hints
from worker.engine.broker import celery_settings
from worker.engine.courier import Courier
from worker.engine.task_events import TaskEvents
from worker.settings import Settings


def test_a_hint_reaches_its_queue(redis_server: RedisServer, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, broker_url=redis_server.url)
    client = redis.Redis.from_url(redis_server.url)
    for queue in ("default", "high_priority"):
        hints.publish(settings, queue)
        wait_until(lambda queue=queue: client.llen(queue) == 1, what=f"a hint in {queue}")
    client.close()


def test_without_a_broker_nothing_is_sent(tmp_path: Path) -> None:
    before = threading.active_count()
    hints.publish(Settings(data=tmp_path, broker_url=""), "default")
    assert threading.active_count() == before


def test_a_dead_broker_is_left_alone_for_a_while_and_then_tried_again(
    redis_server: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    courier = Courier(Settings(data=tmp_path, broker_url=redis_server.url), "test")
    redis_server.stop()
    arrived = threading.Event()

    def send(app: Any, connection: Any) -> None:
        connection.ensure_connection(max_retries=1, timeout=0.2)
        arrived.set()

    with caplog.at_level("INFO", "worker.engine.courier"):
        assert courier.give(send)
        wait_until(lambda: not courier.give(send), what="the pause")
        redis_server.start()
        wait_until(lambda: courier.give(send) and arrived.wait(0.05), what="the next try")
    courier.close()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"], "told once, and once when it is back"


def test_flower_and_its_like_see_each_job_under_its_own_id_and_kind(redis_server: RedisServer, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, broker_url=redis_server.url)
    app = Celery("monitor", set_as_current=False)
    app.conf.update(celery_settings(settings))
    state = app.events.State()
    with app.connection_for_read() as connection:
        receiver = app.events.Receiver(connection, handlers={"*": state.event})
        with receiver.consumer_context(wakeup=False) as (consuming, _, _):
            events = TaskEvents(settings, "celery@test")
            events.started("job-1", "customers.import", {"mode": "upsert"}, 1)
            events.ended("job-1", "succeeded")
            events.started("job-2", "examples.add", {}, 1)
            events.ended("job-2", "failed", "internal_error")

            def seen() -> bool:
                with contextlib.suppress(TimeoutError):
                    consuming.drain_events(timeout=0.1)
                return {task.state for task in state.tasks.values()} == {"SUCCESS", "FAILURE"}

            wait_until(seen, what="the events")
    assert {(uuid, task.name) for uuid, task in state.tasks.items()} == {
        ("job-1", "customers.import"), ("job-2", "examples.add"),
    }  # fmt: skip


def test_the_documented_celery_command_starts_a_worker_of_those_lanes(
    redis_server: RedisServer, sqlite_url: str, tmp_path: Path
) -> None:
    log = (tmp_path / "log").open("wb")
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "worker.celery_app", "worker", "-Q", "default,email,reports,finance"],
        cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        env=os.environ | {"CELERY_BROKER_URL": redis_server.url, "DATABASE_URL": sqlite_url,
                          "TASKTRAY_DATA": str(tmp_path), "TASKTRAY_SLOTS": "1"},
    )  # fmt: skip
    log.close()
    client = redis.Redis.from_url(redis_server.url)
    try:
        queues = {b"default", b"email", b"reports", b"finance", b"high_priority", b"low_priority"}

        def bound() -> set[bytes]:
            return {member.rpartition(b"\x16")[2] for member in client.smembers("_kombu.binding.default")}

        wait_until(lambda: bound() >= queues, 30, "its queues")
        assert bound() == queues
    finally:
        client.close()
        worker.terminate()
        assert worker.wait(15) == 0
