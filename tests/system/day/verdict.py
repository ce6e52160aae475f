"""The evening of the office day: every count against what was asked for, and every log."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from desktop.client.client import Client
from tests.support_smtp import PostOffice
from tests.support_system import ADMIN, Office
from tests.system.day.chief import Chief
from tests.system.day.ledger import Ledger
from worker.engine.fire_keys import due_of

BAD = re.compile(r"\b(ERROR|CRITICAL)\b|Traceback|Exception ignored|never awaited")
WARNING = re.compile(r"\bWARNING\b")


def _rows(client: Client, dataset: str) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = client.json("GET", f"datasets/{dataset}/rows", params={"limit": 500, "cursor": cursor})
        yield from page["rows"]
        cursor = page["next"]
        if cursor is None:
            return


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def tables(ledger: Ledger, client: Client) -> None:
    """Each row of each table is one that was sent, with the values that it had last."""
    keys = {"customers": ("customer_no",), "bills": ("bill_no",), "work_logs": ("employee_no", "work_date", "project")}
    for dataset, key in keys.items():
        wanted = ledger.tables[dataset]
        found = {tuple(_text(row[name]) for name in key): row for row in _rows(client, dataset)}
        ledger.say("evening", f"{dataset}: {len(found)} rows in the table, {len(wanted)} sent")
        ledger.same(len(found), len(wanted), f"rows of {dataset}")
        ledger.check(
            found.keys() == wanted.keys(), f"{dataset}: other keys: {sorted(found.keys() ^ wanted.keys())[:5]}"
        )
        for no, values in wanted.items():
            row = found.get(no, {})
            told = {name: _text(row.get(name)) for name in values}
            if not ledger.check(told == values, f"{dataset} {no}: {told} instead of {values}"):
                break


def _all_jobs(client: Client, **which: Any) -> Iterator[Any]:
    cursor = None
    while True:
        page = client.jobs(cursor=cursor, limit=200, **which)
        yield from page.jobs
        cursor = page.next
        if cursor is None:
            return


def jobs(ledger: Ledger, client: Client, mirrors: dict[str, dict[str, tuple[str, int]]]) -> None:
    """Each job is one that was asked for, in the state that it had to reach; the feed told of all of them."""
    found = {job.id: job for job in _all_jobs(client)}
    for job_id, (owner, kind, state) in ledger.jobs.items():
        job = found.get(job_id)
        ledger.check(
            job is not None and (job.kind, job.state) == (kind, state),
            f"{owner}'s {kind} {job_id}: {job and job.state} instead of {state}",
        )
    # Messages of people are sent by no job; nobody else submits anything.
    unknown = [f"{job.kind} {job_id}" for job_id, job in found.items() if job_id not in ledger.jobs]
    ledger.same(unknown, [], "jobs that nobody asked for")
    states = Counter(job.state for job in found.values())
    ledger.say("evening", f"jobs of people: {dict(states)}, of {max(job.attempt for job in found.values())} attempts")
    ledger.same(states["pending"] + states["running"], 0, "jobs that wait or run")
    for name, mirror in mirrors.items():
        told = {job_id: state for job_id, (state, _) in mirror.items()}
        own = {i: job.state for i, job in found.items() if name == ADMIN or job.owner.username == name}
        wrong = {i: (told.get(i), own.get(i)) for i in told.keys() | own.keys() if told.get(i) != own.get(i)}
        ledger.same(wrong, {}, f"jobs as the change feed told {name} of them")


def schedules(ledger: Ledger, chief: Chief, database_url: str, ended: dt.datetime) -> None:
    """Each minute of the day each schedule of every minute has made one job, which succeeded."""
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        made = connection.execute("SELECT fire_key, state FROM jobs WHERE fire_key IS NOT NULL").fetchall()
        running = connection.execute("SELECT count(*) FROM jobs WHERE state IN ('pending', 'running')").fetchone()
        effects = connection.execute("SELECT count(*) FROM effects WHERE state = 'started'").fetchone()
        mails = connection.execute("SELECT count(*) FROM bill_reminders WHERE state = 'started'").fetchone()
    ledger.same((running, effects, mails), ((0,), (0,), (0,)), "jobs, effects and reminders that are not at an end")
    for schedule_id, first in chief.schedules.items():
        states = {due_of(key): state for key, state in made if key.startswith(f"{schedule_id}@")}
        count = sum(1 for key, _ in made if key.startswith(f"{schedule_id}@"))
        begin = first.next_at[0]
        if begin > ended:
            wanted: list[dt.datetime] = []
        else:
            wanted = [begin + dt.timedelta(minutes=n) for n in range(int((ended - begin).total_seconds() // 60) + 1)]
        # The minute in which they were switched off may have been fired or not.
        last = wanted[-1:] if wanted and (ended - wanted[-1]).total_seconds() < 3 else []
        missing = [str(due) for due in wanted if due not in states and due not in last]
        ledger.same(missing, [], f"minutes in which {first.kind} was not due")
        ledger.same(count, len(states), f"jobs of {first.kind} a due time")
        ledger.check(set(states) <= set(wanted), f"{first.kind} fired at other times")
        ledger.same(set(states.values()) - {"succeeded"}, set(), f"states of the scheduled {first.kind}")
        ledger.say("evening", f"{first.kind} fired in {len(states)} of {len(wanted)} minutes")


def mails(ledger: Ledger, chief: Chief, post: PostOffice, client: Client) -> None:
    """Each mail arrived once; each due bill was reminded of once, or its outcome is known to be unknown."""
    counts = post.counts()
    for address, wanted in ledger.mails.items():
        least = wanted - ledger.doubtful[address]
        ledger.check(least <= counts[address] <= wanted, f"{address} got {counts[address]} mails, not {wanted}")
    today = str(dt.datetime.now(ZoneInfo(chief.running.env["TASKTRAY_TIMEZONE"])).date())
    customers = ledger.tables["customers"]
    due = {
        no: customers[row["customer_no"],]["email"]
        for (no,), row in ledger.tables["bills"].items()
        if row["status"] == "pending" and row["due_on"] <= today
    }
    texts: dict[str, list[str]] = {}
    for address, message in post.mails:
        if address not in ledger.mails:
            texts.setdefault(address, []).append(message.get_body(("plain",)).get_content())
    unknown = {no for job in chief.reminded for no in (job.result or {}).get("unknown", [])}
    for bill, address in due.items():
        times = sum(bill in text for text in texts.get(address, []))
        doubt = ledger.tables["bills"][bill,]["customer_no"] in unknown
        ledger.check(times == 1 or (doubt and times == 0), f"{address} was reminded {times} times of {bill}")
    told = sum(len(found) for found in texts.values())
    said = sum((job.result or {}).get("mails", 0) for job in chief.reminded)
    ledger.check(said <= told <= said + len(unknown), f"{told} reminders arrived, {said} were told of")
    stray = set(texts) - set(due.values())
    ledger.same(stray, set(), "addresses with mails that nobody asked for")
    overdue = {
        no for (no,), row in ledger.tables["bills"].items() if row["status"] == "pending" and row["due_on"] < today
    }
    raised = _notifications(client)
    ledger.same(sum(n["category"] == "bill_overdue" for n in raised), len(overdue), "notifications of overdue bills")
    failed = sum(state == "failed" for _, _, state in ledger.jobs.values())
    ledger.same(
        sum(n["count"] for n in raised if n["category"] == "job_failed"), failed, "failures that admins know of"
    )
    ledger.say("evening", f"{len(post.mails)} mails: {sum(ledger.mails.values())} letters, {told} reminders of"
               f" {len(due)} bills; {len(overdue)} overdue bills told; {len(unknown)} customers in doubt")  # fmt: skip


def _notifications(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = client.json("GET", "notifications", params={"limit": 100, "cursor": cursor})
        found += page["notifications"]
        cursor = page["next"]
        if cursor is None:
            return found


def messages(ledger: Ledger, clients: dict[str, Client]) -> None:
    """Each message of a person is in its recipient's list."""
    for name, client in clients.items():
        got = sum(n["category"] == "message" for n in _notifications(client))
        ledger.same(got, ledger.messages[name], f"messages to {name}")


def revenue(ledger: Ledger, chief: Chief) -> None:
    """What was paid, to the last cent."""
    paid = [Decimal(row["amount"]) for row in ledger.tables["bills"].values() if row["status"] == "paid"]
    result = chief.run("finance.calculate_monthly_revenue").result or {}
    ledger.same(result.get("bills"), len(paid), "paid bills")
    if paid:
        ledger.same(result.get("totals"), {"CNY": f"{sum(paid):.2f}"}, "revenue")
    ledger.say("evening", f"revenue {json.dumps(result.get('totals'))} of {len(paid)} paid bills")


def storage(ledger: Ledger, chief: Chief) -> None:
    """Nothing lies about that belongs to nothing."""
    result = chief.run("maintenance.cleanup_files", {"days_old": 3650}).result or {}
    ledger.same((result.get("files"), result.get("orphans")), (0, 0), "files that a clean-up finds")


def logs(ledger: Ledger, running: Office) -> None:
    """No error, no traceback; warnings are shown, each sort once."""
    warnings: Counter[str] = Counter()
    for path in sorted(running.folder.glob("*.log")):
        lines = path.read_text("utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines):
            if BAD.search(line):
                ledger.check(False, f"{path.name}:{number + 1}: " + " | ".join(lines[number : number + 12]))
                break
            if WARNING.search(line):
                warnings[
                    f"{path.name.split('-')[0]}: " + re.sub(r"[0-9a-f]{8}\S*|\d+", "#", line.split("WARNING", 1)[1])
                ] += 1
    for words, count in warnings.most_common():
        ledger.say("evening", f"{count} × warning, {words}")
