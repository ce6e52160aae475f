"""The floor of `queue.py`: a Celery worker with a task that does nothing but count itself."""

from __future__ import annotations

import json
import os
import threading
import time

import redis
from celery import Celery

app = Celery("bare", broker=os.environ["BENCH_BROKER"])
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=1, worker_pool="threads")
_lock = threading.Lock()
_began: list[float] = []
_waited: list[float] = []


@app.task
def nothing(count: int, sent_at: float) -> None:
    """Note the time; the last of `count` tells all."""
    now = time.time()
    with _lock:
        _began.append(now)
        _waited.append(now - sent_at)
        if len(_began) < count:
            return
        answer = {"seconds": now - _began[0], "waited": _waited[:]}
        _began.clear()
        _waited.clear()
    redis.Redis.from_url(os.environ["BENCH_BROKER"]).rpush("bench", json.dumps(answer))
