"""The loader does to the table what a plain dict would have happen to it, in each mode, on both databases."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tabular.forms import shaper
from tests.support import examples
from worker.datasets import load
from worker.datasets.loader import MODES, KeyExists, create_loader, hold, plan
from worker.reading.copy_text import encode
from worker.reading.part import Part

CUSTOMERS = load()["customers"]
NAMES = [f.name for f in CUSTOMERS.schema.fields]
FIELDS = ("name", "level", "credit_limit", "signed_on", "note")

values = st.fixed_dictionaries(
    {
        "name": st.text("aü客,\"'\\\n\t;", min_size=1, max_size=5),
        "level": st.sampled_from(["A", "B", None]),
        "credit_limit": st.none() | st.decimals(0, 9_999_999_999_999, places=2),
        "signed_on": st.none() | st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1)),
        "note": st.none() | st.text("x客\r\n\\.", min_size=1, max_size=4),
    }
)
files = st.dictionaries(st.text("A0客\"'%\\", min_size=1, max_size=2), values, max_size=8)


def as_part(loader, records):
    """The rows as the reading side hands them over."""
    shapes = {f.name: shaper(f, loader.form) for f in CUSTOMERS.schema.fields}
    rows = [{"customer_no": key, **fields} for key, fields in records.items()]
    columns = [
        [row[name] if row[name] is None or shapes[name] is None else shapes[name](row[name]) for row in rows]
        for name in loader.names
    ]
    copy = encode(columns) if loader.copies else b""
    return Part(0, len(rows), columns=[] if loader.copies else columns, copy=copy)


def run(database, mode, records, fields, job, new=False):
    """Load `records` as one chunk; gives the counts.

    Args:
        new: first take all rows for new ones.
    """
    loader = create_loader(database, CUSTOMERS, fields, job)
    rows = loader.rows([as_part(loader, records)])
    if new and mode != "update":
        try:
            with database.write() as connection:
                loader.insert_new(connection, rows)
        except KeyExists:
            pass
        else:
            return {"inserted": rows.count, "updated": 0, "unchanged": 0, "skipped": 0, "refused": 0}
    with database.write() as connection:
        existing = loader.existing(connection, rows, compare=mode in ("update", "upsert"))
        what = plan(mode, rows.count, existing)
        if what.insert:
            loader.insert(connection, rows, what.insert)
        if what.update:
            loader.update(connection, rows, what.update)
    counts = dict.fromkeys(("inserted", "updated", "unchanged", "skipped"), 0) | what.counts()
    return {**counts, "refused": len(what.refused)}


def table(database):
    with database.read() as connection:
        return {
            row["customer_no"]: {name: row[name] for name in FIELDS} | {"row_version": row["row_version"]}
            for row in connection.execute(select(CUSTOMERS.table)).mappings()
        }


def model_run(model, mode, records, fields):
    counts = dict.fromkeys(("inserted", "updated", "unchanged", "skipped", "refused"), 0)
    for key, new in records.items():
        old = model.get(key)
        mapped = {name: new[name] for name in fields}
        if old is None:
            if mode == "update":
                counts["refused"] += 1
            else:
                model[key] = {**dict.fromkeys(FIELDS), **mapped, "row_version": 1}
                counts["inserted"] += 1
        elif mode == "insert":
            counts["refused"] += 1
        elif mode == "skip":
            counts["skipped"] += 1
        elif all(old[name] == value for name, value in mapped.items()):
            counts["unchanged"] += 1
        else:
            old.update(mapped, row_version=old["row_version"] + 1)
            counts["updated"] += 1
    return counts


imports = st.tuples(
    st.sampled_from(MODES),
    files,
    st.sets(st.sampled_from(FIELDS[1:])).map(lambda chosen: ("name", *sorted(chosen))),
    st.booleans(),
)


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(imports, max_size=5))
def test_any_sequence_of_imports_leaves_what_a_dict_would_hold(database, sequence):
    with database.write() as connection:
        connection.execute(CUSTOMERS.table.delete())
    model = {}
    for number, (mode, records, fields, new) in enumerate(sequence):
        if not records:
            continue
        assert run(database, mode, records, fields, f"job-{number}", new) == model_run(model, mode, records, fields)
        assert table(database) == model


def test_a_row_knows_which_job_created_and_which_changed_it(database):
    record = {"K1": {"name": "a", "level": "A", "credit_limit": Decimal("1.50"), "signed_on": None, "note": "n"}}
    run(database, "upsert", record, FIELDS, "first")
    run(database, "upsert", record, FIELDS, "same again")
    record["K1"]["level"] = "B"
    run(database, "upsert", record, ("level",), "second")
    with database.read() as connection:
        row = connection.execute(select(CUSTOMERS.table)).mappings().one()
    assert (row["created_job"], row["updated_job"], row["row_version"]) == ("first", "second", 2)
    assert (row["note"], row["credit_limit"]) == ("n", Decimal("1.50"))


@pytest.mark.parametrize("mode", MODES)
def test_a_chunk_larger_than_a_statement_takes_variables_goes_in(database, mode):
    records = {
        f"K{n:06}": {"name": "n", "level": "A", "credit_limit": None, "signed_on": None, "note": None}
        for n in range(40_000)
    }
    counts = run(database, mode, records, FIELDS, "job")
    assert sum(counts.values()) == 40_000
    assert counts["refused" if mode == "update" else "inserted"] == 40_000
    assert run(database, mode, records, FIELDS, "job")["inserted"] == 0


@pytest.mark.parametrize("note", ["\n\\.\n", "a\r\n\\.\r\nb", "\\.", "\\N", '"', "a\rb", "NULL"])
def test_texts_that_mean_something_to_copy_are_only_texts(database, note):
    record = {"name": "a", "level": None, "credit_limit": None, "signed_on": None, "note": note}
    run(database, "upsert", {"K1": record, "K2": record}, FIELDS, "job")
    assert [row["note"] for row in table(database).values()] == [note, note]


@pytest.mark.parametrize("name", sorted(load()))
def test_each_row_is_looked_up_by_the_key_whatever_the_table_holds(database, name):
    dataset = load()[name]
    loader = create_loader(database, dataset, [f.name for f in dataset.schema.fields], "job")
    with database.write() as connection:
        if database.dialect == "sqlite":
            connection.exec_driver_sql("CREATE TEMP TABLE import_found (n INTEGER PRIMARY KEY, absent INTEGER)")
            keys, every = len(loader.key_names), len(loader.names)
            details = [
                [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (None,) * marks)]
                for statement, marks in (
                    (loader._compare, 1 + every),
                    (loader._find, 1 + keys),
                    (loader._update, every + 2),
                    (loader._journal, 2 + keys),
                )
            ]
            looked_up = f" sqlite_autoindex_{name}"
        else:
            hold(connection, dataset)
            connection.exec_driver_sql(loader._create)
            details = [
                [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}")]
                for statement in (loader._compare, loader._find)
            ]
            looked_up = f" on {name} c "
        if database.dialect == "sqlite":
            connection.exec_driver_sql("DROP TABLE temp.import_found")
    for lines in details:
        assert any(looked_up in line and "Index" in line.title() for line in lines), lines
        assert not any(line.strip().startswith((f"SCAN {name}", f"->  Seq Scan on {name}")) for line in lines), lines
