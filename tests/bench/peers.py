"""What others take for the same file and database: run by an interpreter that has them, beside ours in the same run.

    python -m venv PEERS; PEERS/bin/pip install --require-hashes -r requirements-bench.lock
    python -m tests.bench.peers --python PEERS/bin/python [--rows 100000] [--database-url URL]

- pandas reads the workbook by calamine, drops bad rows by the same rules in its own words, and writes by `to_sql`.
- django-import-export imports the workbook by a resource with widgets, `full_clean` of each row and bulk inserts.
- The same pipeline on openpyxl is ours, in this process, with the other reader.
- Ours is an import job in this process, from claim to end, with checkpoints, undo journal and error workbook.

Each prints its seconds; the table tells how many times as long as ours each takes. The peers neither resume nor undo,
and write no error workbook.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

_PANDAS = """
import sys, time
import pandas as pd
from sqlalchemy import create_engine

path, url = sys.argv[1:]
began = time.perf_counter()
engine = create_engine(url)
rows = pd.read_excel(path, engine="calamine", dtype=str)
names = "customer_no name contact phone email id_number country province city address postal_code level".split()
rows.columns = [*names, "credit_limit", "signed_on"]
rows["credit_limit"] = pd.to_numeric(rows.credit_limit, errors="coerce")
rows["signed_on"] = pd.to_datetime(rows.signed_on, errors="coerce")
rows["level"] = rows.level.str.upper()
good = (
    rows.customer_no.notna() & rows.name.notna()
    & rows.email.str.fullmatch(r"[^@\\s]+@[^@\\s]+\\.[a-zA-Z]+") & rows.phone.str.fullmatch(r"[\\d() +-]{5,40}")
    & (rows.credit_limit >= 0) & rows.level.isin(list("ABCD")) & rows.signed_on.notna()
    & ~rows.customer_no.duplicated()
)
rows[good].to_sql("peer_customers", engine, if_exists="replace", index=False, chunksize=5000)
print(time.perf_counter() - began, int(good.sum()))
"""

_DJANGO = """
import sys, time
from urllib.parse import urlsplit

path, url = sys.argv[1:]
import django
from django.conf import settings

parts = urlsplit(url)
if parts.scheme.startswith("sqlite"):
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": url.split("///", 1)[1]}
else:
    database = {
        "ENGINE": "django.db.backends.postgresql", "NAME": parts.path[1:], "USER": parts.username,
        "HOST": parts.hostname, "PORT": parts.port, "PASSWORD": parts.password or "",
    }
settings.configure(
    DATABASES={"default": database}, INSTALLED_APPS=["import_export"], USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()
from django.core.validators import MinValueValidator, RegexValidator
from django.db import connection, models
from import_export import resources
import tablib


class Customer(models.Model):
    customer_no = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=200)
    contact = models.CharField(max_length=100, blank=True)
    phone = models.CharField(max_length=40, blank=True, validators=[RegexValidator(r"^[\\d() +-]{5,40}$")])
    email = models.EmailField(blank=True)
    id_number = models.CharField(max_length=32, blank=True)
    country = models.CharField(max_length=60, blank=True)
    province = models.CharField(max_length=60, blank=True)
    city = models.CharField(max_length=60, blank=True)
    address = models.CharField(max_length=300, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    level = models.CharField(max_length=1, choices=[(c, c) for c in "ABCDac"])
    credit_limit = models.DecimalField(max_digits=18, decimal_places=2, validators=[MinValueValidator(0)])
    signed_on = models.DateField()

    class Meta:
        app_label = "import_export"
        db_table = "peer_django"


class CustomerResource(resources.ModelResource):
    class Meta:
        model = Customer
        import_id_fields = ["customer_no"]
        use_bulk = True
        batch_size = 1000
        clean_model_instances = True
        skip_diff = True
        report_skipped = False


with connection.schema_editor() as editor:
    editor.create_model(Customer)
began = time.perf_counter()
data = tablib.Dataset().load(open(path, "rb").read(), format="xlsx")
data.headers = [f.name for f in Customer._meta.fields]
result = CustomerResource().import_data(data, raise_errors=False, use_transactions=True)
took = time.perf_counter() - began
with connection.cursor() as cursor:
    cursor.execute("SELECT count(*) FROM peer_django")
    count = cursor.fetchone()[0]
with connection.schema_editor() as editor:
    editor.delete_model(Customer)
print(took, count)
"""


def _peer(python: str, script: str, path: Path, url: str) -> tuple[float, int]:
    done = subprocess.run([python, "-c", script, str(path), url], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    seconds, rows = done.stdout.split()[-2:]
    return float(seconds), int(rows)


def _ours(path: Path, folder: Path, url: str) -> tuple[float, int]:
    from sqlalchemy import delete

    from tasktray.sample_data import customers
    from tests.worker.datasets.office import CUSTOMERS, Office
    from worker.datasets import tables
    from worker.db.database import Database
    from worker.db.migrate import migrate
    from worker.engine import kinds

    database = Database(url.replace("postgresql://", "postgresql+psycopg://"))
    migrate(database, tables())
    kinds.load()
    with database.write() as connection:
        connection.execute(delete(CUSTOMERS.table))
    office = Office(database, folder)
    # A runner is warm.
    office.submit("customers.import", [office.upload(customers(folder / "warm.xlsx", 100).path)], dry_run=True)
    office.attempt()
    office.submit("customers.import", [office.upload(path)])
    began = time.perf_counter()
    view = office.attempt()
    took = time.perf_counter() - began
    assert view.state == "succeeded", view.error
    database.dispose()
    return took, int(view.result["inserted"])


def _ours_on_openpyxl(path: Path, folder: Path, url: str) -> tuple[float, int]:
    from tabular import source
    from tabular.workbook import Openpyxl
    from worker.datasets import importer

    opened: Any = source.open_workbook
    apart = importer._APART_FROM_BYTES
    # In this process, where the other reader can be put in its place.
    source.open_workbook = lambda path, sort: Openpyxl(path)
    importer._APART_FROM_BYTES = 1 << 60
    try:
        return _ours(path, folder, url)
    finally:
        source.open_workbook = opened
        importer._APART_FROM_BYTES = apart


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="an interpreter with requirements-bench.lock")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--database-url", default="", help="an empty PostgreSQL database; SQLite otherwise")
    args = parser.parse_args()
    from tasktray.sample_data import customers

    with tempfile.TemporaryDirectory(prefix="tasktray-bench-") as name:
        folder = Path(name)
        # No fault of keys: one duplicate makes the bulk import of django-import-export give up all rows.
        kinds = ("missing_name", "bad_email", "bad_phone", "bad_date", "negative_credit", "unknown_level")
        file = customers(folder / "customers.xlsx", args.rows, args.rows // 100, kinds=kinds, shared_strings=True)
        path = file.path
        (folder / "first").mkdir()
        (folder / "second").mkdir()
        url = args.database_url or f"sqlite:///{folder / 'bench.db'}"
        driver = url.replace("postgresql://", "postgresql+psycopg://")
        ours = _ours(path, folder / "first", url)
        found = {
            "ours": ours,
            "ours on openpyxl": _ours_on_openpyxl(path, folder / "second", url if args.database_url else f"{url}2"),
            "pandas with calamine": _peer(args.python, _PANDAS, path, driver),
            "django-import-export, bulk": _peer(args.python, _DJANGO, path, url),
        }
        for title, (seconds, rows) in found.items():
            print(f"{title:28} {seconds:8.2f} s {rows:10,} rows in {seconds / ours[0]:7.2f} x ours", flush=True)


if __name__ == "__main__":
    main()
