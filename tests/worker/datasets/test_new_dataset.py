"""A new dataset is one new file: its import and export follow, whatever its key and the types of its fields."""

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from tabular.schema import Field, TableSchema
from worker.datasets import dataset as registry
from worker.datasets import tables
from worker.datasets.loader import MODES
from worker.db.migrate import migrate
from worker.engine import kinds
from worker.tasks import dataset_export, dataset_import


def field(name, type, **options):
    return Field(name, type, {"zh_CN": name, "en": name}, **options)


SHIFTS = TableSchema(
    name="test_shifts",
    titles={"zh_CN": "班次", "en": "Shifts"},
    key=("employee_no", "day", "slot"),
    fields=(
        field("employee_no", "text", required=True, max_length=20),
        field("day", "date", required=True),
        field("slot", "integer", required=True, minimum=1, maximum=3),
        field("hours", "decimal", scale=1, minimum=0, maximum=24),
        field("paid", "boolean"),
        field("sort", "choice", choices=("early", "late")),
        field("counted", "integer"),
    ),
)
ROWS = [
    ("007", dt.date(2024, 3, 5), 1, Decimal("7.5"), True, "early", 12),
    ("007", dt.date(2024, 3, 5), 2, Decimal("0.0"), False, None, -3),
    ("007", dt.date(2024, 3, 6), 1, None, None, "late", None),
    ('8"x', dt.date(2024, 3, 5), 1, Decimal("24.0"), True, "late", 2**53 - 1),
]


@pytest.fixture
def shifts(office):
    """The dataset, its table and its two kinds, gone after the test."""
    made = registry.Dataset(SHIFTS)
    try:
        migrate(office.database, tables())
        declared = [dataset_import.declare(made), dataset_export.declare(made)]
        yield made
        for kind in declared:
            kinds._registry.pop(kind.name)
    finally:
        registry._registry.pop(SHIFTS.name)
        registry._metadata.remove(made.table)


def stored(office, dataset):
    names = [f.name for f in SHIFTS.fields]
    query = select(*(dataset.table.c[n] for n in names)).order_by(*(dataset.table.c[k] for k in SHIFTS.key))
    with office.database.read() as connection:
        return [tuple(row) for row in connection.execute(query)]


def as_csv(rows):
    names = [f.name for f in SHIFTS.fields]
    return [dict(zip(names, ("" if v is None else v for v in row), strict=True)) for row in rows]


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_key_of_three_fields_and_every_type_go_in_and_come_back(office, shifts, format):
    view = office.run("test_shifts.import", office.table("a.csv", as_csv(ROWS)))
    assert view.state == "succeeded", view.error
    assert (view.result["inserted"], view.result["rejected"]) == (4, 0)
    assert stored(office, shifts) == sorted(ROWS, key=lambda r: r[:3])
    path = office.file(office.run("test_shifts.export", format=format), "export")
    again = office.run("test_shifts.import", path)
    assert again.result["unchanged"] == 4, again.result


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_finds_its_rows_by_the_whole_key(office, shifts, mode):
    office.run("test_shifts.import", office.table("a.csv", as_csv(ROWS[:2])))
    new = [(*ROWS[0][:3], Decimal("1.0"), *ROWS[0][4:]), ROWS[1], *ROWS[2:], ROWS[2]]
    view = office.run("test_shifts.import", office.table("b.csv", as_csv(new)), mode=mode)
    expected = {
        "insert": (2, 0, 0, 0, 3),
        "skip": (2, 0, 0, 2, 1),
        "update": (0, 1, 1, 0, 3),
        "upsert": (2, 1, 1, 0, 1),
    }[mode]
    names = ("inserted", "updated", "unchanged", "skipped", "rejected")
    assert tuple(view.result[name] for name in names) == expected
    assert len(stored(office, shifts)) == (2 if mode == "update" else 4)


def test_all_or_nothing_knows_the_old_values_of_every_type(office, shifts):
    office.run("test_shifts.import", office.table("a.csv", as_csv(ROWS)))
    new = as_csv([(*row[:3], Decimal("3.0"), not row[4], "early", 5) for row in ROWS])
    view = office.run("test_shifts.import", office.table("b.csv", new), dry_run=True)
    (first, *_) = view.result["changes"]
    assert first["key"] == {"employee_no": "007", "day": "2024-03-05", "slot": 1}
    assert first["changes"]["hours"] == ["7.5", "3.0"]
    assert first["changes"]["paid"] == [True, False]
    view = office.run("test_shifts.import", office.table("b.csv", new), all_or_nothing=True)
    assert view.result["updated"] == 4


def test_an_import_is_taken_back_by_the_whole_key_in_every_type(office, shifts):
    office.run("test_shifts.import", office.table("a.csv", as_csv(ROWS[:3])))
    before = stored(office, shifts)
    new = as_csv([*((*row[:3], Decimal("3.0"), not row[4], "early", None) for row in ROWS[:3]), ROWS[3]])
    view = office.run("test_shifts.import", office.table("b.csv", new))
    assert (view.result["updated"], view.result["inserted"]) == (3, 1)
    with office.database.write() as connection:
        connection.execute(shifts.table.update().where(shifts.table.c.slot == 2).values(row_version=9))
    undone = office.run("datasets.undo", job=view.id)
    assert undone.result == {"rows": 4, "removed": 1, "restored": 2, "kept": 1, "job": view.id}
    assert [row for row in stored(office, shifts) if row[2] == 1] == [row for row in before if row[2] == 1]
    book = openpyxl.load_workbook(office.file(undone, "report"))
    (kept,) = book.active.iter_rows(values_only=True, min_row=2)
    book.close()
    assert (kept[0], kept[1].date(), *kept[2:4]) == ("007", dt.date(2024, 3, 5), 2, "updated")


def test_one_file_in_the_folder_of_datasets_is_enough(tmp_path):
    (tmp_path / "things.py").write_text(
        "from tabular.schema import Field, TableSchema\n"
        "from worker.datasets.dataset import Dataset\n"
        "Dataset(TableSchema('things', {'zh_CN': '物品', 'en': 'Things'}, ('no',),"
        " (Field('no', 'text', {'zh_CN': '号', 'en': 'No.'}, required=True),)))\n"
    )
    script = (
        "import sys, worker.datasets as package\n"
        "package.__path__.append(sys.argv[1])\n"
        "from worker.engine import kinds\n"
        "from worker.datasets import tables\n"
        "assert 'things' in tables().tables\n"
        "print(*[k.titles['zh_CN'] for n, k in kinds.load().items() if n in ('things.import', 'things.export')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], cwd=Path(__file__).parents[3], capture_output=True, text=True,
        env={"PYTHONIOENCODING": "utf-8"}, check=False,
    )  # fmt: skip
    assert (done.stdout.strip(), done.returncode) == ("导入物品 导出物品", 0), done.stderr
