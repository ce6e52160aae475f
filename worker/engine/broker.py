"""How this system talks to its broker: Celery settings that worker, hints and events share."""

from __future__ import annotations

import os
from typing import Any

from kombu.entity import Queue

from worker.engine.routing import QUEUES
from worker.settings import Settings

TASK = "worker.work"
NO_BROKER = "memory://"  # the worker then only looks for jobs by itself

# A broker that went away without a word (a pulled cable) is noticed after these seconds, not after TCP's minutes.
_SOCKET = {
    "socket_connect_timeout": 2.0,
    "socket_timeout": 10.0,
    "socket_keepalive": True,
    "health_check_interval": 5,
    "retry_on_timeout": False,  # kombu reconnects by itself
}


def celery_settings(settings: Settings) -> dict[str, Any]:
    """The Celery settings of this installation.

    Messages are hints: losing one costs two seconds, so they are acknowledged early and nothing is kept of them.
    """
    broker = settings.broker_url or NO_BROKER
    _agree(settings)
    return {
        "broker_url": broker,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # for ever
        "broker_connection_timeout": 2.0,
        "broker_transport_options": dict(_SOCKET) if broker.startswith(("redis", "valkey")) else {},
        "broker_heartbeat": 0,  # Redis has none; health checks do that work
        "result_backend": None,
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "task_acks_late": False,
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "event_serializer": "json",
        "task_default_queue": "default",
        "task_create_missing_queues": True,
        "task_queues": [Queue(q, routing_key=q) for q in QUEUES],  # type: ignore[no-untyped-call]  # kombu
        "beat_scheduler": "worker.beat:Scheduler",
        "worker_prefetch_multiplier": 1,
        "worker_pool": "threads",
        "worker_concurrency": settings.slots,
        "worker_soft_shutdown_timeout": settings.shutdown_grace_seconds,
        "worker_enable_soft_shutdown_on_idle": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,  # jobs do not depend on the broker
        "worker_send_task_events": True,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_detect_quorum_queues": False,
        "timezone": settings.timezone,
        "enable_utc": True,
    }


def _agree(settings: Settings) -> None:
    """Celery prefers these two names of the environment to what it is told. They are ours, too, and read into the
    settings, where `TASKTRAY_BROKER_URL` goes first and a result backend is not used."""
    os.environ.pop("CELERY_RESULT_BACKEND", None)
    if settings.broker_url and "CELERY_BROKER_URL" in os.environ:
        os.environ["CELERY_BROKER_URL"] = settings.broker_url  # for the processes that this one starts as well
    else:
        os.environ.pop("CELERY_BROKER_URL", None)


def quick_transport(settings: Settings) -> dict[str, Any]:
    """Transport options for publishing: gives up within half a second."""
    if not settings.broker_url.startswith(("redis", "valkey")):
        return {}
    return dict(_SOCKET) | {"socket_connect_timeout": 0.2, "socket_timeout": 0.25, "health_check_interval": 0}
