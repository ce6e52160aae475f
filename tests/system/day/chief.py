"""The administrator of the office day: lanes, schedules, reminders, backups, a worker that dies."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import requests

from desktop.client.client import Client
from tests.support import wait_until
from tests.support_system import ADMIN, Office, Program, wait_ended
from tests.system.day.ledger import Ledger

LONG = 300.0


class Chief:
    """Signed in as the admin."""

    def __init__(self, running: Office, client: Client, ledger: Ledger, seed: int) -> None:
        self.running, self.client, self.ledger = running, client, ledger
        self.random = random.Random(seed)
        self.number = 0
        self.kills = 0
        self.schedules: dict[str, Any] = {}  # id -> as first seen
        self.reminded: list[Any] = []

    @property
    def deeds(self) -> list[Callable[[], None]]:
        """What the day is made of, in its order."""
        return [
            self.checks_bills, self.pauses_a_lane, self.reminds, self.backs_up, self.cancels_anothers_job,
            self.edits_a_schedule, self.calculates_the_revenue, self.cleans_the_cache, self.looks_at_the_monitor,
        ]  # fmt: skip

    def _submit(self, kind: str, params: dict[str, Any] | None = None, state: str = "succeeded", **more: Any) -> str:
        self.number += 1
        job = self.client.submit(kind, params or {}, key=f"chief-{self.number}", **more)
        self.ledger.job(job.id, ADMIN, kind, state)
        return job.id

    def run(self, kind: str, params: dict[str, Any] | None = None) -> Any:
        """Submit and wait; the job, which must succeed."""
        ended = wait_ended(self.client, self._submit(kind, params), LONG)
        self.ledger.check(ended.state == "succeeded", f"chief: {kind} {ended.id} is {ended.state}: {ended.error}")
        return ended

    # ------------------------------------------------------------ morning and evening

    def sets_up_schedules(self) -> None:
        """Three more that are due every minute, beside the one that the installation begins with."""
        for kind, params in (
            ("examples.echo", {"message": "every minute"}), ("reports.hourly", {}), ("maintenance.cleanup_cache", {}),
        ):  # fmt: skip
            made = self.client.add_schedule({"kind": kind, "params": params, "cron": "* * * * *", "catch_up": "all"})
            self.schedules[made.id] = made
        for one in self.client.schedules():
            if one.kind == "finance.check_pending_bills":
                self.schedules[one.id] = one
                if one.catch_up != "all":  # a due time that a busy machine misses is made up for
                    self.client.change_schedule(one.id, {"catch_up": "all"}, one.version)
        self.ledger.same(len(self.schedules), 4, "chief: schedules of every minute")

    def ends_schedules(self) -> None:
        """Nothing new begins."""
        for one in self.client.schedules():
            self.client.change_schedule(one.id, {"enabled": False}, one.version)

    # ------------------------------------------------------------ deeds

    def looks_at_the_monitor(self) -> None:
        online = [worker for worker in self.client.workers() if worker.state == "online"]
        self.ledger.check(len(online) >= 1, "chief: no worker is online")
        running = sum(len(worker.jobs) for worker in online)
        lanes = {queue.lane: queue for queue in self.client.queues()}
        self.ledger.same(len(lanes), 7, "chief: lanes")
        stats = self.client.stats()
        self.ledger.check(stats.total > 0, "chief: no figures")
        metrics = requests.get(
            f"{self.running.url}/metrics", headers={"Authorization": f"Bearer {self.running.token}"}, timeout=20
        ).text
        self.ledger.check("tasktray_" in metrics, "chief: /metrics tells nothing")
        self.ledger.say("chief", f"sees {len(online)} workers, {running} running, {stats.total} jobs so far")

    def checks_bills(self) -> None:
        job = self.run("finance.check_pending_bills")
        self.ledger.say("chief", f"checked bills: {job.result}")

    def reminds(self) -> None:
        job = self.run("finance.send_bill_reminders")
        self.reminded.append(job)
        told = {name: (job.result or {}).get(name) for name in ("mails", "bills", "unknown")}
        self.ledger.say("chief", f"reminded: {told}")

    def calculates_the_revenue(self) -> None:
        self.ledger.say("chief", f"revenue: {self.run('finance.calculate_monthly_revenue').result}")

    def backs_up(self) -> None:
        self.ledger.say("chief", f"backed up: {self.run('maintenance.backup_database').result}")

    def cleans_the_cache(self) -> None:
        self.run("maintenance.cleanup_cache")
        self.ledger.say("chief", "cleaned the cache")

    def pauses_a_lane(self) -> None:
        self.client.pause_queue("reports")
        try:
            held = self._submit("reports.daily", priority="high")
            echo = wait_ended(self.client, self._submit("examples.echo"), LONG)
            job = self.client.job(held)
            self.ledger.same((job.state, echo.state), ("pending", "succeeded"), "chief: a job of a paused lane")
            self.ledger.same(job.why.code if job.why else None, "lane_paused", "chief: why it waits")
        finally:
            self.client.resume_queue("reports")
        self.ledger.same(wait_ended(self.client, held, LONG).state, "succeeded", f"chief: {held} after the pause")
        self.ledger.say("chief", "paused and resumed the reports")

    def edits_a_schedule(self) -> None:
        one = next(s for s in self.client.schedules() if s.kind == "examples.echo")
        params = {"message": f"edited {self.number}"}
        self.client.change_schedule(one.id, {"params": params}, one.version)
        self.number += 1
        job = wait_ended(self.client, self.client.run_schedule(one.id, key=f"run-{self.number}").id, LONG)
        self.ledger.same((job.result or {}).get("message"), f"Task received: {params['message']}", "chief: its run")
        self.ledger.say("chief", "edited a schedule and ran it now")

    def cancels_anothers_job(self) -> None:
        found = self.client.jobs(states=["running"], kinds=["examples.sleep"]).jobs
        own = self._submit("examples.sleep", {"seconds": 900}, "cancelled", priority="low")
        self.client.cancel(own)
        self.ledger.same(wait_ended(self.client, own, LONG).state, "cancelled", f"chief: {own}")
        self.ledger.say("chief", f"cancelled a job ({len(found)} of others sleep)")

    # ------------------------------------------------------------ accidents

    def kill_workers(self, workers: list[Program], end: float, every: float, stop: threading.Event) -> None:
        """`kill -9` of workers in the middle of a job, each replaced by a new one after some seconds; the last one
        well before the end."""
        while not stop.wait(every) and time.monotonic() < end - every / 2:
            victim = self._at_work(workers, stop)
            workers.remove(victim)
            victim.kill()
            self.kills += 1
            self.ledger.say("chief", f"a worker was killed ({victim.name})")
            stop.wait(3)
            new = self.running.program("worker")
            new.start()
            workers.append(new)

    def _at_work(self, workers: list[Program], stop: threading.Event) -> Program:
        """A worker in the middle of a job that has begun to do something; any when there is none for a while."""
        patience = time.monotonic() + 20
        while time.monotonic() < patience and not stop.is_set():
            for one in self.client.workers():
                at_work = [job for job in one.jobs if job.kind.endswith((".import", ".process", ".analyze"))]
                found = [program for program in workers if program.pid == one.pid]
                if at_work and found:
                    return found[0]
            stop.wait(0.02)
        return workers[0]

    def wait_for_the_queue(self, seconds: float) -> None:
        """Until nothing waits and nothing runs."""

        def left() -> list[str]:
            page = self.client.jobs(states=["pending", "running"], scheduled=True)
            return [f"{job.kind} {job.id} {job.state}" for job in page.jobs]

        wait_until(lambda: not left(), seconds, f"the end of all jobs ({left()})")
