"""A clerk of the office day: imports, exports, documents, evidence, mails, reports, cancels, undoes."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter

from desktop.client import Problem, downloads, uploads
from desktop.client.client import Client
from tests.support import wait_until
from tests.support_system import ROOT, wait_ended
from tests.system.day.ledger import Ledger

DOCUMENTS = sorted(
    path
    for path in (ROOT / "tests" / "data" / "documents").rglob("*")
    if path.suffix in (".pdf", ".docx", ".eml", ".pptx", ".xlsx") and path.stat().st_size < 60_000
)
LONG = 300.0
"""Seconds that a job may take, with a worker killed under it on a busy machine."""
COUNTS = ("inserted", "updated", "unchanged", "skipped", "rejected")
CUSTOMERS = {
    "customer_no": "客户编号", "name": "客户名称", "contact": "联系人", "email": "电子邮箱", "city": "城市",
    "country": "国家", "level": "客户等级", "note": "备注",
}  # fmt: skip
"""The columns of a clerk's files of customers, in Chinese."""
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭龚翟"
TRADES = ("贸易", "科技", "电子", "物流", "建材", "医疗器械", "食品", "纺织", "机械", "化工")


class Clerk:
    """One user with a letter of their own: all that they send begins with it, so what they see is known exactly.

    Args:
        colleague: user name of who gets messages.
        folder: for files.
    """

    def __init__(
        self, name: str, letter: str, colleague: str, client: Client, ledger: Ledger, folder: Path, seed: int
    ) -> None:
        self.name, self.letter, self.colleague = name, letter, colleague
        self.client, self.ledger, self.folder = client, ledger, folder
        self.random = random.Random(seed)
        self.customers: dict[str, dict[str, str]] = {}
        self.logs = 0
        self.number = 0
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def deeds(self) -> list[Callable[[], None]]:
        """What the day is made of, in its order."""
        return [
            self.imports_customers, self.imports_bills, self.exports_customers, self.imports_gbk_csv,
            self.processes_documents, self.imports_bad_rows_and_corrects_them, self.writes_a_mail,
            self.imports_work_logs, self.cancels_a_running_job, self.analyzes_evidence, self.undoes_an_import,
            self.asks_for_a_report, self.sends_a_file_that_is_none, self.cancels_a_waiting_job,
            self.exports_work_logs, self.writes_a_message, self.cancels_an_import_and_undoes_it,
        ]  # fmt: skip

    # ------------------------------------------------------------ files

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _file(self, suffix: str) -> Path:
        return self.folder / f"{self.name}-{self._next():04d}{suffix}"

    def _new_customers(self, count: int) -> dict[str, dict[str, str]]:
        first = self._next() * 10_000
        return {
            f"{self.letter}{first + n:08d}": {
                "name": f"{self.random.choice(SURNAMES)}{self.random.choice(TRADES)}有限公司 {n}",
                "contact": self.random.choice(SURNAMES) + self.random.choice(SURNAMES),
                "email": f"{self.letter}{first + n}@kunden.example".lower(),
                "city": f"{self.letter}-城",
                "country": self.random.choice(("中国", "Germany")),
                "level": self.random.choice("ABCD"),
                "note": self.random.choice(("", "=1+1", "0012", "长期客户，优先处理", 'a "quoted", one')),
            }
            for n in range(count)
        }  # fmt: skip

    def _table(self, header: list[str], rows: list[list[str]], suffix: str, encoding: str = "utf-8-sig") -> Path:
        path = self._file(suffix)
        if suffix == ".xlsx":
            with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
                sheet = book.add_worksheet()
                for number, row in enumerate([header, *rows]):
                    for column, value in enumerate(row):
                        sheet.write_string(number, column, value)
        else:
            with path.open("w", encoding=encoding, newline="") as file:
                csv.writer(file).writerows([header, *rows])
        return path

    def _customer_file(self, customers: dict[str, dict[str, str]], suffix: str, encoding: str = "utf-8-sig") -> Path:
        rows = [[no, *(values[name] for name in list(CUSTOMERS)[1:])] for no, values in customers.items()]
        return self._table(list(CUSTOMERS.values()), rows, suffix, encoding)

    # ------------------------------------------------------------ jobs

    def _submit(self, kind: str, params: dict[str, Any], files: list[Path], state: str, **more: Any) -> str:
        ids = [uploads.upload(self.client, path) for path in files]
        job = self.client.submit(kind, params, ids, key=f"{self.name}-{self._next()}", **more)
        self.ledger.job(job.id, self.name, kind, state)
        return job.id

    def _run(
        self, kind: str, params: dict[str, Any], *files: Path, state: str = "succeeded", wait: float = LONG
    ) -> Any:
        """Submit and wait; the job, which must end in `state`."""
        ended = wait_ended(self.client, self._submit(kind, params, list(files), state), wait)
        self.ledger.check(
            ended.state == state, f"{self.name}: {kind} {ended.id} is {ended.state}, not {state}: {ended.error}"
        )
        return ended

    def _import(self, dataset: str, path: Path, mode: str = "upsert", **counts: int) -> Any:
        """An import whose counts must be these; gives the job."""
        job = self._run(f"{dataset}.import", {"mode": mode}, path)
        found = {name: job.result[name] for name in COUNTS if job.result and job.result[name]}
        self.ledger.same(
            found, {k: v for k, v in counts.items() if v}, f"{self.name}: counts of {path.name} ({job.id})"
        )
        self.ledger.same((job.result or {}).get("rows"), sum(counts.values()), f"{self.name}: rows of {path.name}")
        return job

    def _download(self, job: Any, role: str) -> Path:
        (file,) = [file for file in job.files if file.role == role]
        return downloads.download(self.client, file.id, self.folder, sha256=file.sha256)

    def _remember(self, customers: dict[str, dict[str, str]]) -> None:
        self.customers |= customers
        self.ledger.rows("customers", {(no,): values for no, values in customers.items()})

    # ------------------------------------------------------------ deeds

    def imports_customers(self) -> None:
        new = self._new_customers(self.random.randint(100, 400))
        known = self.random.sample(sorted(self.customers), min(30, len(self.customers)))
        changed = {no: self.customers[no] | {"note": f"geändert {self._next()}"} for no in known[:20]}
        same = {no: self.customers[no] for no in known[20:]}
        path = self._customer_file(new | changed | same, self.random.choice((".xlsx", ".csv")))
        self._import("customers", path, inserted=len(new), updated=len(changed), unchanged=len(same))
        self._remember(new | changed)
        self.ledger.say(self.name, f"imported {len(new)} customers, changed {len(changed)}: {path.name}")

    def imports_gbk_csv(self) -> None:
        new = self._new_customers(self.random.randint(50, 200))
        path = self._customer_file(new, ".csv", "gb18030")
        self._import("customers", path, mode="insert", inserted=len(new))
        self._remember(new)
        self.ledger.say(self.name, f"imported {len(new)} customers from a GBK csv")

    def imports_bad_rows_and_corrects_them(self) -> None:
        new = self._new_customers(60)
        bad = {no: values | {"email": "keine Adresse"} for no, values in list(new.items())[::12]}
        good = {no: values for no, values in new.items() if no not in bad}
        path = self._customer_file(new | bad, ".xlsx")
        job = self._import("customers", path, inserted=len(good), rejected=len(bad))
        self._remember(good)
        book = openpyxl.load_workbook(self._download(job, "errors"))
        rows = list(book.active.iter_rows(min_row=2))
        self.ledger.same(len(rows), len(bad), f"{self.name}: rows of the error workbook of {job.id}")
        for row in rows:
            no = next(cell.value for cell in row if cell.value in bad)
            for cell in row:
                if cell.value == "keine Adresse":
                    cell.value = new[no]["email"]
        corrected = self._file(".xlsx")
        book.save(corrected)
        again = self._import("customers", corrected, inserted=len(bad))
        self.ledger.same(again.parent_id, job.id, f"{self.name}: parent of the corrected {again.id}")
        self._remember({no: new[no] for no in bad})
        self.ledger.say(self.name, f"imported {len(new)} customers, {len(bad)} of them after correction")

    def imports_bills(self) -> None:
        if not self.customers:
            return
        today = dt.datetime.now(dt.UTC).date()
        first = self._next() * 10_000
        rows, expected = [], {}
        for n in range(40):
            no, customer = f"{self.letter}R{first + n:08d}", self.random.choice(sorted(self.customers)[:25])
            days = self.random.choice((-30, -3, 10, 40))
            paid = self.random.random() < 0.3
            # Two days from today on both sides: the day in Asia/Shanghai may be another than here.
            due, on = today + dt.timedelta(days=days), today - dt.timedelta(days=self.random.choice((5, 40)))
            amount = f"{self.random.randint(100, 999_999) / 100:.2f}"
            status = "paid" if paid else "pending"
            rows.append([no, customer, amount, "CNY", str(due), status, str(on) if paid else ""])
            expected[no,] = {
                "customer_no": customer, "amount": amount, "due_on": str(due), "status": status,
                "paid_on": str(on) if paid else "",
            }  # fmt: skip
        header = ["账单编号", "客户编号", "金额", "币种", "到期日", "状态", "付款日期"]
        self._import("bills", self._table(header, rows, ".csv"), inserted=len(rows))
        self.ledger.rows("bills", expected)
        self.ledger.say(self.name, f"imported {len(rows)} bills")

    def imports_work_logs(self) -> None:
        rows, expected = [], {}
        self.logs += 1
        for n in range(60):
            employee, day = f"{self.letter}E{n % 6}", f"2024-01-{n // 6 + 1:02d}"
            project, hours = f"项目 {self.logs}", f"{self.random.randint(1, 16) / 2:.2f}"
            rows.append([employee, f"{self.letter}. {n % 6}", day, project, hours, "整理合同"])
            expected[employee, day, project] = {"hours": hours, "content": "整理合同"}
        header = ["工号", "员工姓名", "工作日期", "项目", "工时", "工作内容"]
        self._import("work_logs", self._table(header, rows, ".xlsx"), inserted=len(rows))
        self.ledger.rows("work_logs", expected)
        self.ledger.say(self.name, f"imported {len(rows)} work logs")

    def exports_customers(self) -> None:
        form = self.random.choice(("xlsx", "csv"))
        job = self._run("customers.export", {"format": form, "filters": {"city": {"eq": f"{self.letter}-城"}}})
        self.ledger.same((job.result or {}).get("rows"), len(self.customers), f"{self.name}: rows of {job.id}")
        path = self._download(job, "export")
        table = self._read(path)
        place = table[0].index("客户编号")
        self.ledger.same(
            {row[place] for row in table[1:]}, set(self.customers), f"{self.name}: customers of {path.name}"
        )
        self._import("customers", path, unchanged=len(self.customers))
        self.ledger.say(self.name, f"exported {len(self.customers)} customers to {form}, which import without a change")
        path.unlink()

    def exports_work_logs(self) -> None:
        employees = [f"{self.letter}E0", f"{self.letter}E1"]
        days = {"start_date": "2024-01-01", "end_date": "2024-01-05"}
        job = self._run("work_logs.export", days | {"employee_ids": employees, "format": "csv"})
        self.ledger.same((job.result or {}).get("rows"), self.logs * 10, f"{self.name}: work logs of {job.id}")
        self.ledger.same(len(self._read(self._download(job, "export"))), self.logs * 10 + 1, f"{self.name}: lines")
        self.ledger.say(self.name, f"exported {self.logs * 10} work logs")

    def _read(self, path: Path) -> list[list[str]]:
        if path.suffix == ".xlsx":
            book = openpyxl.load_workbook(path, read_only=True)
            try:
                return [["" if v is None else str(v) for v in row] for row in book.worksheets[0].values]
            finally:
                book.close()
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file))

    def processes_documents(self) -> None:
        broken = self._file(".pdf")
        broken.write_bytes(b"%PDF-1.7\n%cut off")
        files = [*self.random.sample(DOCUMENTS, 4), broken]
        job = self._run("documents.process", {}, *files)
        result = job.result or {}
        states = ("read", "scanned", "encrypted", "broken", "unsupported")
        self.ledger.same(result.get("files"), 5, f"{self.name}: documents of {job.id}")
        self.ledger.same(sum(result.get(state, 0) for state in states), 5, f"{self.name}: states of {job.id}")
        self.ledger.check(result.get("broken", 0) >= 1, f"{self.name}: the broken PDF of {job.id} is not said to be")
        openpyxl.load_workbook(self._download(job, "report")).close()
        self.ledger.say(self.name, f"had 5 documents read: {', '.join(path.name for path in files[:4])}")

    def analyzes_evidence(self) -> None:
        number = self._next()
        one, two = self.folder / f"合同-{number}.txt", self.folder / f"副本-{number}.txt"
        one.write_text(f"合同 {number}\n甲方于2024年3月1日支付人民币12,345.67元。电话：13800138000\n", "utf-8")
        shutil.copy(one, two)
        three = self.folder / f"照片-{number}.jpg"
        three.write_bytes(b"%PDF-1.4\nno picture\n")
        job = self._run("evidence.analyze", {"keywords": ["甲方"]}, one, two, three)
        result = job.result or {}
        self.ledger.same(result.get("files"), 3, f"{self.name}: files of {job.id}")
        self.ledger.same(result.get("altered"), 0, f"{self.name}: altered files of {job.id}")
        again = self._run("evidence.analyze", {"compare_with": job.id}, one, two, three)
        self.ledger.check((again.result or {}).get("proved"), f"{self.name}: {again.id} does not prove {job.id}")
        self.ledger.say(self.name, "had three files analyzed and proved unchanged")

    def writes_a_mail(self) -> None:
        to = [f"{self.letter}-{self._next()}@briefe.example".lower() for _ in range(3)]
        params = {"email": ", ".join(to), "subject": "会议 / meeting", "message": "明天九点。"}
        job_id = self._submit("notifications.send_email", params, [], "succeeded")
        job = wait_ended(self.client, job_id, LONG)
        unknown = set((job.result or {}).get("unknown", []))
        if job.state == "failed" and job.error.code == "mail_outcome_unknown":
            self.ledger.job(job_id, self.name, "notifications.send_email", "failed")
            unknown = set(to)
        else:
            self.ledger.same(job.state, "succeeded", f"{self.name}: {job_id} ({job.error})")
        with self.ledger.lock:
            self.ledger.mails.update(to)
            self.ledger.doubtful.update(unknown)
        self.ledger.say(self.name, f"wrote to {', '.join(to)}" + (f", of which in doubt: {unknown}" if unknown else ""))

    def writes_a_message(self) -> None:
        body = {"user_id": self.colleague, "message": f"Bitte {self._next()} ansehen", "notification_type": "in_app"}
        self.client.json("POST", "notifications", json=body)
        with self.ledger.lock:
            self.ledger.messages[self.colleague] += 1
        self.ledger.say(self.name, f"wrote to {self.colleague}")

    def asks_for_a_report(self) -> None:
        kind = self.random.choice(("reports.hourly", "reports.daily", "reports.weekly", "reports.monthly"))
        today = dt.datetime.now(dt.UTC)
        job = self._run(kind, {"at": today.isoformat()} if kind == "reports.hourly" else {"day": str(today.date())})
        openpyxl.load_workbook(self._download(job, "report")).close()
        self.ledger.say(self.name, f"read {kind}")

    def sends_a_file_that_is_none(self) -> None:
        path = self._file(".xlsx")
        path.write_bytes(b"PK\x03\x04 this is no workbook" * 20)
        job = self._run("customers.import", {"mode": "upsert"}, path, state="failed")
        words = job.error.message if job.error else ""
        self.ledger.check(words and "Traceback" not in words, f"{self.name}: {job.id} failed without words: {words!r}")
        self.ledger.say(self.name, f"sent a file that is none: {words}")

    def cancels_a_running_job(self) -> None:
        job_id = self._submit("examples.sleep", {"seconds": 900}, [], "cancelled")
        wait_until(lambda: self.client.job(job_id).state == "running", LONG, f"the start of {job_id}")
        self.client.cancel(job_id)
        self.ledger.same(wait_ended(self.client, job_id, LONG).state, "cancelled", f"{self.name}: {job_id}")
        self.ledger.say(self.name, "cancelled a running job")

    def cancels_a_waiting_job(self) -> None:
        later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=5)
        job_id = self._submit("customers.export", {}, [], "cancelled", run_at=later)
        self.client.cancel(job_id)
        self.ledger.same(self.client.job(job_id).state, "cancelled", f"{self.name}: {job_id}")
        self.ledger.say(self.name, "cancelled a waiting job")

    def undoes_an_import(self) -> None:
        new = self._new_customers(80)
        known = sorted(self.customers)[:10]
        changed = {no: self.customers[no] | {"note": "irrtümlich"} for no in known}
        path = self._customer_file(new | changed, ".csv")
        job = self._import("customers", path, inserted=len(new), updated=len(changed))
        undo = self.client.undo(job.id, key=f"undo-{job.id}")
        self.ledger.job(undo.id, self.name, "datasets.undo", "succeeded")
        ended = wait_ended(self.client, undo.id, LONG)
        found = {name: (ended.result or {}).get(name) for name in ("removed", "restored", "kept")}
        wanted = {"removed": len(new), "restored": len(changed), "kept": 0}
        self.ledger.same(found, wanted, f"{self.name}: undo {undo.id}")
        self.ledger.say(self.name, f"undid an import: {found}")

    def cancels_an_import_and_undoes_it(self) -> None:
        new = self._new_customers(9000)
        path = self._customer_file(new, ".csv")
        job_id = self._submit("customers.import", {"mode": "upsert"}, [path], "cancelled")

        wait_until(lambda: self.client.job(job_id).state != "pending", LONG, f"the start of {job_id}")
        with contextlib.suppress(Problem):  # it has ended already
            self.client.cancel(job_id)
        ended = wait_ended(self.client, job_id, LONG)
        if ended.state == "succeeded":  # it was quicker
            self.ledger.job(job_id, self.name, "customers.import", "succeeded")
        loaded = (ended.result or {}).get("inserted", 0)
        if ended.can_undo:
            undo = self.client.undo(job_id, key=f"undo-{job_id}")
            self.ledger.job(undo.id, self.name, "datasets.undo", "succeeded")
            removed = (wait_ended(self.client, undo.id, LONG).result or {}).get("removed")
            self.ledger.same(removed, loaded, f"{self.name}: rows removed by {undo.id}")
        else:
            self.ledger.same(loaded, 0, f"{self.name}: rows of {job_id}, which cannot be undone")
        self.ledger.say(self.name, f"cancelled an import ({ended.state} after {loaded} rows) and took it back")
