"""Imports are taken back: exactly what they did, and nothing that somebody else did since; on both databases."""

import dataclasses
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from tests.support import examples
from tests.worker.datasets.office import CUSTOMERS, FIELDS, check_counts
from worker.actor import Actor
from worker.datasets import journal, undo
from worker.datasets.loader import MODES
from worker.db.schema import audit, import_journal, job_events, jobs
from worker.db.types import db_now
from worker.engine import claim, control
from worker.engine import jobs as reading
from worker.engine.routing import LANES
from worker.errors import Conflict, NotFound

TABLE = CUSTOMERS.table


def customer(number, **values):
    return {"customer_no": f"K{number:05}", "name": f"Customer {number}", "level": "A", **values}


def ask(office, view, by=None, key=None):
    return undo.submit(office.database, office.settings, by or office.ann, view.id, key, publish=lambda q: None)


def take_back(office, view, **attempt):
    ask(office, view)
    return office.attempt(**attempt)


def preview(office, view, by=None):
    return undo.preview(office.database, office.settings, by or office.ann, view.id)


def numbers(found):
    found = found.result if hasattr(found, "result") else found.model_dump()
    assert found["rows"] == found["removed"] + found["restored"] + found["kept"]
    return found["removed"], found["restored"], found["kept"]


def edit(office, key, **values):
    """Somebody changes a row by hand."""
    with office.database.write() as connection:
        connection.execute(
            update(TABLE)
            .where(TABLE.c.customer_no == key)
            .values(row_version=TABLE.c.row_version + 1, updated_at=db_now(), **values)
        )


def whole(office):
    """The table with whose the rows are, but without the time of the last change."""
    names = [*FIELDS, "row_version", "created_job", "updated_job"]
    with office.database.read() as connection:
        found = connection.execute(select(*(TABLE.c[name] for name in names)).order_by(TABLE.c.customer_no))
        return [dict(row) for row in found.mappings()]


def entries(office):
    with office.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(import_journal))


def conflict(code, act, *args, **kwargs):
    with pytest.raises(Conflict) as told:
        act(*args, **kwargs)
    assert told.value.code == code
    return told.value


# ---------------------------------------------------------------- the rules


def test_created_rows_are_removed_and_updated_ones_restored_in_every_field(office):
    old = [
        customer(1, credit_limit="1234567890123.45", signed_on="2024-02-29", note="Müller, “客户”\n第二行"),
        customer(2, credit_limit="0.1", note='{"a": [1, null]}\\ \'"'),
        customer(3),
    ]
    office.imports(office.table("a.csv", old, list(old[0])))
    before = whole(office)
    new = [
        customer(1, credit_limit="", signed_on="", note="", level="B"),
        customer(2, credit_limit="7", signed_on="2025-01-01", note="new"),
        customer(3),
        customer(4),
        customer(5, level="?"),
    ]
    view = office.imports(office.table("b.csv", new, list(old[0])))
    assert view.can_undo
    assert numbers(preview(office, view)) == (1, 2, 0)
    undone = take_back(office, view)
    assert undone.state == "succeeded", undone.error
    assert numbers(undone) == (1, 2, 0)
    assert undone.files == []
    assert whole(office) == before
    marked = office.view(view.id)
    assert (marked.can_undo, marked.undone_by) == (False, undone.id)
    assert marked.undone_at is not None
    assert (undone.parent_id, undone.can_undo) == (view.id, False)


def test_rows_that_changed_since_are_kept_and_listed_with_the_reason(office):
    office.imports(office.table("a.csv", [customer(n) for n in range(1, 6)]))
    view = office.imports(office.table("b.csv", [customer(n, level="B") for n in range(1, 9)]))
    edit(office, "K00001", note="by hand")
    edit(office, "K00006", note="by hand")
    later = [customer(2, level="C"), customer(7, level="C"), customer(3, level="B")]
    office.imports(office.table("c.csv", later), by=office.lin)
    with office.database.write() as connection:
        connection.execute(TABLE.delete().where(TABLE.c.customer_no == "K00004"))
    assert numbers(preview(office, view)) == (1, 2, 5)
    undone = take_back(office, view)
    assert numbers(undone) == (1, 2, 5)
    levels = {key: row["level"] for key, row in office.rows().items()}
    assert levels == {"K00001": "B", "K00002": "C", "K00003": "A", "K00005": "A", "K00006": "B", "K00007": "C"}
    book = openpyxl.load_workbook(office.file(undone, "report"))
    rows = sorted(book.active.iter_rows(values_only=True, min_row=2))
    book.close()
    assert [row[:2] for row in rows] == [
        ("K00001", "updated"), ("K00002", "updated"), ("K00004", "updated"), ("K00006", "created"),
        ("K00007", "created"),
    ]  # fmt: skip
    assert "Changed since, on" in rows[0][2]
    assert "another import of lin" in rows[1][2]
    assert "no longer there" in rows[2][2]
    assert "another import of lin" in rows[4][2]


def test_imports_are_taken_back_one_after_the_other_to_the_empty_table(office):
    first = office.imports(office.table("a.csv", [customer(n) for n in range(20)]))
    second = office.imports(office.table("b.csv", [customer(n, level="B") for n in range(10, 30)]))
    third = office.imports(office.table("c.csv", [customer(n, level="C") for n in range(15, 40)]))
    assert numbers(take_back(office, third)) == (10, 15, 0)
    assert numbers(take_back(office, second)) == (10, 10, 0)
    assert numbers(take_back(office, first)) == (20, 0, 0)
    assert whole(office) == []


def test_a_row_taken_back_counts_as_changed_now(office):
    office.imports(office.table("a.csv", [customer(1)]))
    view = office.imports(office.table("b.csv", [customer(1, level="B")]))
    with office.database.read() as connection:
        at = connection.scalar(select(TABLE.c.updated_at))
    take_back(office, view)
    with office.database.read() as connection:
        assert connection.scalar(select(TABLE.c.updated_at)) > at


def test_a_file_whose_import_was_taken_back_was_not_imported_before(office):
    path = office.table("a.csv", [customer(1)])
    take_back(office, office.imports(path))
    assert office.imports(path).result["imported_before"] is None


# ---------------------------------------------------------------- when it can be


def test_an_import_is_taken_back_once_and_an_undo_not_at_all(office):
    view = office.imports(office.table("a.csv", [customer(1)]))
    asked = ask(office, view)
    assert not office.view(view.id).can_undo
    assert conflict("undo_running", preview, office, view).values["job"] == asked.id
    conflict("undo_running", ask, office, view)
    undone = office.attempt()
    assert conflict("already_undone", preview, office, view).values["job"] == undone.id
    conflict("already_undone", ask, office, view)
    conflict("nothing_to_undo", ask, office, undone)
    control.delete(office.database, office.ann, undone.id)
    conflict("already_undone", ask, office, view)


def test_what_changed_nothing_cannot_be_taken_back(office):
    path = office.table("a.csv", [customer(1)])
    dry = office.imports(path, dry_run=True)
    office.imports(path)
    again = office.imports(path)
    bad = office.table("b.csv", [customer(1, level="B"), customer(2, level="?")])
    refused = office.run("customers.import", bad, all_or_nothing=True)
    assert refused.error.code == "nothing_imported"
    export = office.run("customers.export", format="csv")
    for view in (dry, again, refused, export):
        assert not view.can_undo
        conflict("nothing_to_undo", preview, office, view)
        conflict("nothing_to_undo", ask, office, view)


def test_an_import_that_has_not_ended_cannot_be_taken_back(office):
    job_id = office.submit("customers.import", [office.upload(office.table("a.csv", [customer(1)]))])
    conflict("job_not_ended", preview, office, office.view(job_id))


def test_the_time_to_ask_ends(office):
    view = office.imports(office.table("a.csv", [customer(1)]))
    office.settings.undo_days = 0
    assert not office.view(view.id).can_undo
    assert conflict("undo_expired", preview, office, view).values["days"] == "0"
    conflict("undo_expired", ask, office, view)


def test_only_the_owner_and_an_admin_may(office):
    view = office.imports(office.table("a.csv", [customer(1)]))
    with pytest.raises(NotFound):
        preview(office, view, office.lin)
    with pytest.raises(NotFound):
        ask(office, view, office.lin)
    admin = Actor(office.lin.user_id, "lin", "admin", "zh_CN")
    assert ask(office, view, admin).title.startswith("撤销：")
    assert numbers(office.attempt()) == (1, 0, 0)
    with office.database.read() as connection:
        assert connection.scalar(select(audit.c.username).where(audit.c.action == "job.undo")) == "lin"
        story = connection.execute(select(job_events.c.type).where(job_events.c.job_id == view.id)).scalars().all()
    assert story[-2:] == ["undo_requested", "undone"]


def test_it_is_asked_for_as_any_job_too_by_the_same_rules(office):
    view = office.imports(office.table("a.csv", [customer(1)]))
    asked = office.view(office.submit("datasets.undo", job=view.id))
    assert asked.parent_id == view.id
    conflict("undo_running", office.submit, "datasets.undo", job=view.id)
    assert numbers(office.attempt()) == (1, 0, 0)


def test_the_same_key_gives_the_same_undo(office):
    view = office.imports(office.table("a.csv", [customer(1)]))
    first = ask(office, view, key="k")
    office.attempt()
    assert ask(office, view, key="k").id == first.id


# ---------------------------------------------------------------- interrupted


@pytest.mark.parametrize("chunks", [0, 1, 2, 3])
def test_an_undo_that_dies_between_chunks_goes_on(office, monkeypatch, chunks):
    monkeypatch.setattr(journal, "Pace", _Small)
    office.imports(office.table("a.csv", [customer(n) for n in range(1200)]))
    before = whole(office)
    view = office.imports(office.table("b.csv", [customer(n, level="B") for n in range(600, 2400)]))
    edit(office, "K00700", note="kept")
    edit(office, "K02000", note="kept")
    ask(office, view)
    stopped = office.attempt(stop_after_chunks=chunks)
    assert stopped.state == "pending"
    assert office.view(view.id).undone_at is None
    undone = office.attempt()
    assert numbers(undone) == (1199, 599, 2)
    mine = ("K00700", "K02000")
    assert [row for row in whole(office) if row["customer_no"] not in mine] == [
        row for row in before if row["customer_no"] not in mine
    ]


class _Small:
    """Chunks of some hundred rows, so that a small table has many."""

    rows = 250

    def __init__(self, dialect, most):
        pass

    def learn(self, rows, seconds):
        pass


def test_a_cancelled_undo_says_what_it_did_and_can_be_asked_for_again(office, monkeypatch):
    monkeypatch.setattr(journal, "Pace", _Small)
    view = office.imports(office.table("a.csv", [customer(n) for n in range(1000)]))
    stopped = take_back(office, view, cancel_after_chunks=2)
    assert stopped.state == "cancelled"
    removed = numbers(stopped)[0]
    assert 0 < removed < 1000
    assert len(office.rows()) == 1000 - removed
    assert office.view(view.id).can_undo
    assert numbers(preview(office, view)) == (1000 - removed, 0, 0)
    again = take_back(office, view)
    assert numbers(again) == (1000 - removed, 0, 0)
    assert office.rows() == {}
    control.retry(office.database, office.ann, stopped.id, settings=office.settings, publish=lambda q: None)
    assert office.attempt().error.code == "undo_replaced"


def test_a_cancelled_import_is_taken_back_and_not_retried_after(office):
    office.settings.import_chunk_rows = 500
    office.imports(office.table("a.csv", [customer(1)]))
    before = whole(office)
    rows = [customer(n, level="B") for n in range(4000)]
    office.submit("customers.import", [office.upload(office.table("b.csv", rows))])
    view = office.attempt(cancel_after_chunks=2)
    assert view.state == "cancelled"
    check_counts(view)
    assert 1 < len(office.rows()) < 4000
    assert view.can_undo
    undone = take_back(office, view)
    assert numbers(undone) == (view.result["inserted"], view.result["updated"], 0)
    assert whole(office) == before
    conflict("undone_not_retryable", control.retry, office.database, office.ann, view.id, settings=office.settings)


def test_a_failed_import_is_taken_back(office):
    rows = [customer(1), customer(2), customer(3, level="?"), customer(4)]
    view = office.run("customers.import", office.table("a.csv", rows), max_errors=1)
    assert (view.state, view.error.code) == ("failed", "too_many_errors")
    assert view.can_undo
    assert numbers(take_back(office, view)) == (2, 0, 0)
    assert office.rows() == {}


def test_an_all_or_nothing_import_is_taken_back(office):
    office.imports(office.table("a.csv", [customer(1)]))
    before = whole(office)
    rows = [customer(1, level="B"), customer(2)]
    view = office.imports(office.table("b.csv", rows), all_or_nothing=True)
    assert numbers(take_back(office, view)) == (1, 1, 0)
    assert whole(office) == before


# ---------------------------------------------------------------- the journal


def test_the_journal_is_kept_as_long_as_it_may_be_needed(office):
    def age(view, days):
        with office.database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.id == view.id).values(finished_at=db_now(-days * 86400)))

    def clean():
        return journal.clean(office.database, office.settings)

    office.imports(office.table("a.csv", [customer(n) for n in range(3000)]))
    views = [office.imports(office.table("b.csv", [customer(n, level=level) for n in range(3000)])) for level in "BCDA"]
    assert entries(office) == 12000
    assert clean() == 0
    control.delete(office.database, office.ann, views[0].id)
    assert clean() == 3000
    age(views[1], 30.5)
    assert clean() == 0
    age(views[1], 31.5)
    assert clean() == 3000
    ask(office, views[3])
    age(views[3], 31.5)
    assert clean() == 0
    taken = claim.claim(office.database, office.settings, "test", LANES)
    control.cancel(office.database, office.ann, taken.job_id, settings=office.settings)
    assert clean() == 0
    assert entries(office) == 6000


def test_rows_kept_by_an_undo_leave_no_entry_behind(office):
    office.imports(office.table("a.csv", [customer(1), customer(2)]))
    view = office.imports(office.table("b.csv", [customer(1, level="B"), customer(2, level="B")]))
    edit(office, "K00001", note="kept")
    take_back(office, view)
    assert entries(office) == 1
    assert journal.clean(office.database, office.settings) == 1


def test_a_list_tells_what_can_be_taken_back_for_all_its_jobs_alike(office):
    first = office.imports(office.table("a.csv", [customer(1)]))
    second = office.imports(office.table("b.csv", [customer(2)]))
    third = office.imports(office.table("c.csv", [customer(3)]))
    take_back(office, first)
    ask(office, second)
    page = reading.page(office.database, office.ann, "en", settings=office.settings)
    assert {job.id for job in page.jobs if job.can_undo} == {third.id}


# ---------------------------------------------------------------- any sequence


@dataclasses.dataclass
class Row:
    values: dict
    version: int = 1
    created: int | None = None
    updated: int | None = None


class Model:
    """The rules in plain Python."""

    def __init__(self):
        self.rows: dict[str, Row] = {}
        self.before: dict[int, dict[str, Row]] = {}
        self.undone: set[int] = set()

    def load(self, number, mode, fields, records):
        self.before[number] = {}
        for key, new in records.items():
            new = {name: new[name] for name in fields}
            row = self.rows.get(key)
            if row is None:
                if mode != "update":
                    self.rows[key] = Row({"note": None, "credit_limit": None, **new}, created=number)
            elif mode in ("update", "upsert") and any(row.values[name] != value for name, value in new.items()):
                self.before[number][key] = dataclasses.replace(row, values=dict(row.values))
                row.values.update(new)
                row.version, row.updated = row.version + 1, number

    def edit(self, key, note):
        if key in self.rows:
            self.rows[key].values["note"] = note
            self.rows[key].version += 1

    def take_back(self, number):
        removed = [k for k, row in self.rows.items() if row.created == number and row.version == 1]
        kept = sum(row.created == number for row in self.rows.values()) - len(removed)
        restored = 0
        for key, old in self.before[number].items():
            row = self.rows.get(key)
            if row is not None and row.updated == number and row.version == old.version + 1:
                self.rows[key] = old
                restored += 1
            else:
                kept += 1
        for key in removed:
            del self.rows[key]
        self.undone.add(number)
        return len(removed), restored, kept


keys = st.sampled_from(["A", "客"])
records = st.dictionaries(
    keys,
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["x", "y"]),
            "note": st.sampled_from([None, "n", "备注"]),
            "credit_limit": st.sampled_from([None, Decimal("0.10"), Decimal("2.00")]),
        }
    ),
    min_size=1,
)
steps = st.one_of(
    st.tuples(
        st.just("import"),
        st.sampled_from(MODES),
        st.sampled_from([("name",), ("name", "note"), ("name", "note", "credit_limit")]),
        records,
    ),
    st.tuples(st.just("edit"), keys, st.sampled_from(["e", None])),
    st.tuples(st.just("undo"), st.integers(0, 5)),
    st.tuples(st.just("undo"), st.integers(0, 5)),
)


@settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(steps, min_size=3, max_size=9))
def test_any_sequence_of_imports_edits_and_undos_does_what_the_rules_say(office, sequence):
    with office.database.write() as connection:
        connection.execute(TABLE.delete())
    model, views = Model(), []
    for step in sequence:
        match step:
            case "import", mode, fields, rows:
                table = [{"customer_no": key, **{n: row[n] for n in fields}} for key, row in rows.items()]
                model.load(len(views), mode, fields, rows)
                views.append(office.imports(office.table("a.csv", table), mode=mode))
            case "edit", key, note:
                model.edit(key, note)
                edit(office, key, note=note)
            case "undo", number if number < len(views):
                view = views[number]
                if number in model.undone:
                    conflict("already_undone", ask, office, view)
                elif not view.result["inserted"] + view.result["updated"]:
                    conflict("nothing_to_undo", ask, office, view)
                else:
                    expected = model.take_back(number)
                    if sum(expected):
                        assert numbers(preview(office, view)) == expected
                    undone = take_back(office, view)
                    assert numbers(undone) == expected
                    assert len(undone.files) == bool(expected[2])
        names = {view.id: number for number, view in enumerate(views)}
        assert {
            row["customer_no"]: Row(
                {name: row[name] for name in ("note", "credit_limit", "name")},
                row["row_version"], names[row["created_job"]], names.get(row["updated_job"]),
            )
            for row in whole(office)
        } == model.rows  # fmt: skip
