"""What Prometheus reads: counts of requests, kept as they come, and of jobs, asked for when it asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from fastapi.routing import iter_route_contexts
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from worker.db.database import Database
from worker.engine.monitor import meter
from worker.settings import Settings

_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_JOB_SECONDS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 1800, 3600)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_UPLOADS = "/api/v1/uploads"

# A second line for each count would say since when: all since the process began.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library left it without types


class Metrics:
    """The measures of one API process; they begin at zero with it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "tasktray_http_requests",
            "Requests answered, by method, route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "tasktray_http_request_seconds",
            "Time from a request to the end of its answer.",
            ("method", "route"),
            buckets=_REQUEST_SECONDS,
            registry=self.registry,
        )
        self.upload_bytes = Counter(
            "tasktray_upload_bytes", "Bytes received as uploads, also of those given up.", registry=self.registry
        )
        self.jobs_ended = Counter(
            "tasktray_jobs_ended",
            "Jobs that have ended, since this process first was asked.",
            ("kind", "state"),
            registry=self.registry,
        )
        self.job_seconds = Histogram(
            "tasktray_job_seconds",
            "Time from a job's first start to its end.",
            ("kind",),
            buckets=_JOB_SECONDS,
            registry=self.registry,
        )
        self._now = _Now()
        self.registry.register(self._now)
        self._ended: meter.EndedJobs | None = None
        self._lock = threading.Lock()

    def render(self, database: Database, settings: Settings, accept: str) -> tuple[bytes, str]:
        """Look at the jobs, then write all measures down; gives them and their media type.

        Args:
            accept: the request's header: plain text, or OpenMetrics.
        """
        encode, media_type = choose_encoder(accept)
        with self._lock:
            if self._ended is None:
                self._ended = meter.EndedJobs(database)
            for job in self._ended.news():
                self.jobs_ended.labels(job.kind, job.state).inc()
                if job.seconds is not None:
                    self.job_seconds.labels(job.kind).observe(job.seconds)
            self._now.reading = meter.read(database, settings)
            return encode(self.registry), media_type


class _Now(Collector):
    """What is there at this moment; a worker that has gone leaves no stale number behind."""

    def __init__(self) -> None:
        self.reading = meter.Reading({}, [], [])

    def collect(self) -> Iterable[Metric]:
        """The gauges."""
        reading = self.reading
        jobs = GaugeMetricFamily("tasktray_jobs", "Open jobs by kind and state.", labels=("kind", "state"))
        for (kind, state), count in sorted(reading.open_jobs.items()):
            jobs.add_metric((kind, state), count)
        yield jobs
        for name, words, values in (
            ("waiting", "Pending jobs of the lane.", {q.lane: q.waiting for q in reading.queues}),
            ("due", "Pending jobs of the lane that could run now.", {q.lane: q.due for q in reading.queues}),
            ("running", "Running jobs of the lane.", {q.lane: q.running for q in reading.queues}),
            (
                "oldest_waiting_seconds",
                "How long the lane's first due job has been due; 0: none is.",
                {q.lane: q.oldest_waiting_seconds or 0.0 for q in reading.queues},
            ),
            (
                "paused",
                "1 while nothing of the lane starts.",
                {q.lane: int(q.paused_at is not None) for q in reading.queues},
            ),
            (
                "slots",
                "Jobs that the lane's workers can run at the same time.",
                {q.lane: q.slots for q in reading.queues},
            ),
        ):
            lanes = GaugeMetricFamily(f"tasktray_queue_{name}", words, labels=("lane",))
            for lane, value in values.items():
                lanes.add_metric((lane,), value)
            yield lanes
        workers = GaugeMetricFamily("tasktray_workers", "Workers that are there, by state.", labels=("state",))
        stopping = sum(worker.stopping for worker in reading.workers)
        workers.add_metric(("online",), len(reading.workers) - stopping)
        workers.add_metric(("stopping",), stopping)
        yield workers
        memory = GaugeMetricFamily(
            "tasktray_worker_memory_bytes", "Memory of a worker with its runners.", labels=("worker",)
        )
        for worker in reading.workers:
            if worker.memory_bytes is not None:
                memory.add_metric((worker.name,), worker.memory_bytes)
        yield memory


class Measured:
    """ASGI middleware, outermost: counts requests and times them, by the route that answered."""

    def __init__(self, app: ASGIApp, metrics: Metrics, form_paths: frozenset[str]) -> None:
        self.app = app
        self._metrics = metrics
        self._form_paths = form_paths
        self._paths: dict[int, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500  # what the server answers when nothing else was

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        async def counting() -> Message:
            message = await receive()
            self._metrics.upload_bytes.inc(len(message.get("body", b"")))
            return message

        path = scope["path"]
        is_upload = path.startswith(_UPLOADS) or path.rstrip("/") in self._form_paths
        try:
            await self.app(scope, counting if is_upload else receive, noting)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = self._route(scope)
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.request_seconds.labels(method, route).observe(time.perf_counter() - began)

    def _route(self, scope: Scope) -> str:
        """The template of the address. Whatever stands in one that no route takes must not become a label."""
        route = scope.get("route")
        if route is None:
            return "none"
        if id(route) not in self._paths:  # a route itself knows its path without the prefix of its router
            self._paths = {id(c.original_route): str(c.path) for c in iter_route_contexts(scope["app"].routes)}
        return self._paths.get(id(route), "none")
