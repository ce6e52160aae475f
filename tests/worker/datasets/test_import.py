"""An import from upload to result, through the real engine, on both databases."""

import datetime
import os
import signal
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from tests.support import examples
from tests.worker.datasets.office import CUSTOMERS, check_counts
from worker.datasets.loader import MODES
from worker.db.schema import import_journal
from worker.db.schema import jobs as jobs_table
from worker.db.types import db_now
from worker.engine import claim, control, events, outcome
from worker.engine.routing import LANES
from worker.errors import ProcessDied, Refused
from worker.reading.process import ReaderProcess

NORTHWIND = Path(__file__).parents[2] / "data" / "northwind-customers.csv"
HEADER = ["customer_no", "name", "level", "credit_limit", "note"]


def customer(number, **values):
    return {"customer_no": f"K{number:05}", "name": f"Customer {number}", "level": "A", **values}


def counts(view):
    return {
        name: view.result[name]
        for name in ("inserted", "updated", "unchanged", "skipped", "rejected")
        if view.result[name]
    }


def problems(office, view):
    """Of each row of the error workbook: source row, reasons, and its own cells."""
    book = openpyxl.load_workbook(office.file(view, "errors"))
    rows = list(book.active.iter_rows(values_only=True))
    book.close()
    return rows[0], rows[1:]


def test_the_91_customers_of_northwind_go_in_by_themselves(office):
    view = office.imports(NORTHWIND)
    assert view.state == "succeeded", view.error
    assert (view.result["rows"], view.result["inserted"], view.result["rejected"]) == (91, 91, 0)
    row = office.rows()["ANATR"]
    assert (row["name"], row["province"], row["postal_code"], row["phone"]) == (
        "Ana Trujillo Emparedados y helados", None, "05021", "(5) 555-4729",
    )  # fmt: skip
    assert view.result["mapping"]["customerID"] == "customer_no"
    assert view.result["imported_before"] is None


def test_the_same_file_again_changes_nothing_and_says_who_imported_it_before(office):
    first = office.imports(NORTHWIND)
    again = office.imports(NORTHWIND)
    assert counts(again) == {"unchanged": 91}
    before = again.result["imported_before"]
    assert (before["job"], before["by"], before["counts"]["inserted"]) == (first.id, "ann", 91)
    other = office.imports(NORTHWIND, by=office.lin)
    assert (other.result["imported_before"]["job"], other.result["imported_before"]["by"]) == (None, "ann")


def test_a_dry_run_was_no_import_before(office):
    office.imports(NORTHWIND, dry_run=True)
    assert office.imports(NORTHWIND).result["imported_before"] is None


def test_a_dry_run_classifies_every_row_against_the_table_and_changes_nothing(office):
    office.imports(office.table("a.csv", [customer(1, credit_limit="10"), customer(2)]))
    before = office.rows()
    rows = [customer(1, credit_limit="20.5"), customer(2, credit_limit=""), customer(3), customer(4, level="X")]
    view = office.imports(office.table("b.csv", rows, HEADER), dry_run=True)
    assert counts(view) == {"inserted": 1, "updated": 1, "unchanged": 1, "rejected": 1}
    assert office.rows() == before
    assert view.result["changes"] == [
        {
            "row": 2,
            "key": {"customer_no": "K00001"},
            "action": "update",
            "changes": {"credit_limit": ["10.00", "20.50"]},
        },
        {"row": 4, "key": {"customer_no": "K00003"}, "action": "insert"},
    ]
    assert [row[0] for row in problems(office, view)[1]] == [5]


def test_fields_that_the_file_does_not_have_keep_their_values(office):
    office.imports(office.table("a.csv", [customer(1, note="keep me", credit_limit="5")]))
    view = office.imports(office.table("b.csv", [{"customer_no": "K00001", "name": "New name"}]))
    assert counts(view) == {"updated": 1}
    row = office.rows()["K00001"]
    assert (row["name"], row["note"], row["level"], row["credit_limit"]) == ("New name", "keep me", "A", Decimal(5))


def test_an_empty_cell_of_a_mapped_column_empties_the_field(office):
    office.imports(office.table("a.csv", [customer(1, note="old")]))
    assert counts(office.imports(office.table("b.csv", [customer(1, note="")]))) == {"updated": 1}
    assert office.rows()["K00001"]["note"] is None


def test_insert_rejects_keys_that_exist_and_update_those_that_do_not(office):
    office.imports(office.table("a.csv", [customer(1)]))
    rows = [customer(1, level="B"), customer(2)]
    view = office.imports(office.table("b.csv", rows), mode="update")
    assert (counts(view), view.result["reasons"]) == ({"updated": 1, "rejected": 1}, {"key_missing": 1})
    view = office.imports(office.table("c.csv", rows), mode="insert")
    assert (counts(view), view.result["reasons"]) == ({"inserted": 1, "rejected": 1}, {"key_exists": 1})
    header, bad = problems(office, view)
    assert header[3:] == ("customer_no", "name", "level")
    assert bad[0][0] == 2
    assert bad[0][3:] == ("K00001", "Customer 1", "B")
    assert "K00001" in bad[0][2]
    assert "exists" in bad[0][2]


def test_of_rows_with_the_same_key_the_first_good_one_goes_in(office):
    rows = [customer(1, level="X"), customer(1, level="B"), customer(2), customer(1, level="C"), customer(2)]
    view = office.imports(office.table("a.csv", rows))
    assert counts(view) == {"inserted": 2, "rejected": 3}
    assert view.result["reasons"] == {"not_a_choice": 1, "duplicate_in_file": 2}
    assert office.rows()["K00001"]["level"] == "B"
    bad = problems(office, view)[1]
    assert [row[0] for row in bad] == [2, 5, 6]
    assert "3" in bad[1][2]
    assert "4" in bad[2][2]


def test_a_corrected_error_workbook_is_imported_as_it_is(office, tmp_path):
    rows = [customer(1), customer(2, level="X", note="007"), customer(3, credit_limit="much")]
    view = office.imports(office.table("branch.csv", rows, HEADER))
    assert counts(view) == {"inserted": 1, "rejected": 2}
    path = office.file(view, "errors")
    assert path.name.endswith("branch-errors.xlsx")
    book = openpyxl.load_workbook(path)
    for row in book.active.iter_rows(min_row=2):
        for cell in row:
            cell.value = {"X": "B", "much": 12.5}.get(cell.value, cell.value)
    book.save(tmp_path / "corrected.xlsx")
    again = office.imports(tmp_path / "corrected.xlsx")
    assert again.parent_id == view.id
    assert again.state == "succeeded", again.error
    assert counts(again) == {"inserted": 2}
    stored = office.rows()
    assert (stored["K00002"]["level"], stored["K00002"]["note"]) == ("B", "007")
    assert stored["K00003"]["credit_limit"] == Decimal("12.50")


def test_the_error_workbook_speaks_the_owners_language(office):
    path = office.table("客户.csv", [customer(1, level="X")])
    view = office.run("customers.import", path, by=office.lin)
    assert [f.name for f in view.files if f.role == "errors"] == ["客户-错误行.xlsx"]
    header, bad = problems(office, view)
    assert header[0] == "原行号"
    assert "客户等级" in bad[0][2]


def test_all_or_nothing_loads_nothing_when_a_row_is_rejected(office):
    rows = [customer(n) for n in range(3000)]
    rows[2500] = customer(2500, level="X")
    view = office.run("customers.import", office.table("a.csv", rows), all_or_nothing=True)
    assert (view.state, view.error.code) == ("failed", "nothing_imported")
    assert (view.error.values["rows"], view.error.values["rejected"]) == (3000, 1)
    assert office.rows() == {}
    assert [row[0] for row in problems(office, view)[1]] == [2502]
    rows[2500]["level"] = "B"
    assert counts(office.imports(office.table("a.csv", rows), all_or_nothing=True)) == {"inserted": 3000}
    assert len(office.rows()) == 3000


def test_all_or_nothing_sees_keys_that_exist_before_it_loads_anything(office):
    office.imports(office.table("a.csv", [customer(5)]))
    view = office.run(
        "customers.import", office.table("b.csv", [customer(n) for n in range(9)]), mode="insert", all_or_nothing=True
    )
    assert view.error.code == "nothing_imported"
    assert list(office.rows()) == ["K00005"]


@pytest.mark.parametrize("chunk_rows", [1, 2500, 100_000])
def test_an_import_stops_at_the_last_allowed_error_wherever_its_chunks_end(office, monkeypatch, chunk_rows):
    monkeypatch.setattr("worker.datasets.pace._FIRST_ROWS", {"sqlite": chunk_rows, "postgresql": chunk_rows})
    monkeypatch.setattr("worker.datasets.importer._PART_ROWS", 100 if chunk_rows == 1 else 1000)
    rows = [customer(n) for n in range(3000)]
    rows[10] = customer(10, level="X")
    rows[20] = customer(19)
    rows[1500] = rows[1510] = customer(1, level="Y")
    view = office.run("customers.import", office.table("a.csv", rows), max_errors=3)
    assert (view.state, view.error.code) == ("failed", "too_many_errors")
    values = view.error.values
    assert (values["rows"], values["inserted"], values["rejected"], values["limit"]) == (1501, 1498, 3, 3)
    assert len(office.rows()) == 1498
    assert [row[0] for row in problems(office, view)[1]] == [12, 22, 1502]
    assert office.rejects_kept() == 0


def test_a_required_field_that_no_column_holds_is_named(office):
    view = office.run("customers.import", office.write("a.csv", "foo,bar\n1,2\n3,4\n"))
    assert (view.state, view.error.code) == ("failed", "mapping_required")
    assert view.error.values["fields"] == ["customer_no", "name"]
    assert view.error.message != "mapping_required"


def test_an_update_needs_the_key_alone_and_keeps_what_the_file_does_not_have(office):
    office.imports(office.table("a.csv", [customer(1)]))
    emails = [{"customer_no": "K00001", "email": "anna@example.com"}, {"customer_no": "K2", "email": "b@example.com"}]
    assert counts(office.imports(office.table("b.csv", emails), mode="update")) == {"updated": 1, "rejected": 1}
    row = office.rows()["K00001"]
    assert (row["name"], row["email"]) == ("Customer 1", "anna@example.com")
    view = office.run("customers.import", office.table("c.csv", [{"email": "c@example.com"}]), mode="update")
    assert view.error.values["fields"] == ["customer_no"]


def test_a_given_mapping_constants_and_values_are_used(office):
    view = office.imports(
        office.write("a.csv", "foo,bar,kind\n1,One,VIP\n2,Two,C\n"),
        mapping={"foo": "customer_no", "bar": "name", "kind": "level"},
        constants={"country": "China"},
        value_map={"level": {"VIP": "A"}},
    )
    assert counts(view) == {"inserted": 2}
    rows = office.rows()
    assert [(r["name"], r["level"], r["country"]) for r in rows.values()] == [
        ("One", "A", "China"),
        ("Two", "C", "China"),
    ]


def test_chinese_excels_csv_goes_in(office):
    content = "客户编号,客户名称,客户等级,签约日期\n0001,北京测试有限公司,A,2024年3月5日\n0002,上海示例,B,2024/3/6\n"
    view = office.imports(office.write("客户.csv", content.encode("gb18030")))
    assert counts(view) == {"inserted": 2}
    assert view.result["encoding"].lower().replace("-", "") in ("gb18030", "gbk")
    row = office.rows()["0001"]
    assert (row["name"], row["signed_on"]) == ("北京测试有限公司", datetime.date(2024, 3, 5))


def test_sheets_with_the_same_header_are_read_one_after_the_other(office, tmp_path):
    book = openpyxl.Workbook()
    for number, sheet in enumerate((book.active, book.create_sheet("Second"))):
        sheet.append(["Customer no.", "Name", "Level"])
        for n in range(3):
            sheet.append([f"S{number}{n}", "name", "A"])
    book.worksheets[1].append(["S00", "again", "A"])
    book.save(tmp_path / "two.xlsx")
    view = office.imports(tmp_path / "two.xlsx")
    assert counts(view) == {"inserted": 6, "rejected": 1}
    assert view.result["sheets"] == ["Sheet", "Second"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsx", b"this is no workbook", "not_a_workbook"),
        ("a.xls", b"<html><body><table><tr><td>customer_no</td></tr></table>", "web_page_not_workbook"),
        ("a.csv", b"", "empty_file"),
        ("a.csv", b"customer_no,name\n", "no_rows"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_as_its_owner_knows_it(office, name, content, code):
    view = office.run("customers.import", office.write(name, content))
    assert (view.state, view.error.code) == ("failed", code)
    assert view.error.values["file"] == name
    assert name in view.error.message


def test_unknown_fields_and_values_are_refused_at_submission(office):
    upload = office.upload(office.table("a.csv", [customer(1)]))
    for params in ({"mode": "replace"}, {"mapping": {"a": "no_such_field"}}, {"max_errors": 0}, {"sheets": "x"}):
        with pytest.raises(Refused) as refused:
            office.submit("customers.import", [upload], **params)
        assert refused.value.code == "invalid_params"


values = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["One", "Two", "客户", ""]),
        "level": st.sampled_from(["A", "B", "", "X"]),
        "credit_limit": st.sampled_from(["", "1", "2.50", "lots"]),
    }
)
file_rows = st.lists(st.tuples(st.sampled_from(["K1", "K2", "K3", "K4", ""]), values), min_size=1, max_size=8)


def model(table, mode, rows):
    """What an import is to do, in plain Python: gives the counts, changes `table`."""
    counted = dict.fromkeys(("inserted", "updated", "unchanged", "skipped", "rejected"), 0)
    seen = set()
    for key, row in rows:
        good = key and row["name"] and row["level"] != "X" and row["credit_limit"] != "lots"
        if not good or key in seen:
            counted["rejected"] += 1
            continue
        seen.add(key)
        new = (row["name"], row["level"] or None, Decimal(row["credit_limit"]) if row["credit_limit"] else None)
        if key in table:
            what = {"insert": "rejected", "skip": "skipped"}.get(mode) or (
                "unchanged" if table[key] == new else "updated"
            )
        else:
            what = "rejected" if mode == "update" else "inserted"
        counted[what] += 1
        if what in ("inserted", "updated"):
            table[key] = new
    return counted


@settings(max_examples=examples(6), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(MODES), file_rows), min_size=1, max_size=4))
def test_any_sequence_of_files_and_modes_does_what_plain_python_would(office, sequence):
    with office.database.write() as connection:
        connection.execute(CUSTOMERS.table.delete())
    table = {}
    for mode, rows in sequence:
        records = [{"customer_no": key, **row, "country": "-"} for key, row in rows]
        if not any(key or any(row.values()) for key, row in rows):
            continue  # nothing but blank rows
        path = office.table("a.csv", [{**r, "country": "China"} for r in records])
        view = office.imports(path, mode=mode)
        assert view.state == "succeeded", view.error
        expected = model(table, mode, rows)
        assert {name: view.result[name] for name in expected} == expected
        stored = {k: (r["name"], r["level"], r["credit_limit"]) for k, r in office.rows().items()}
        assert stored == table


def bad_file(office, rows=2600):
    """Some thousand rows: new ones, known ones, bad ones, duplicates."""
    records = [customer(n, note=str(n)) for n in range(rows)]
    for n in range(0, rows, 50):
        records[n]["level"] = "X"
    for n in range(25, rows, 100):
        records[n] = customer(n - 10)
    return office.table("big.csv", records)


def test_killed_at_any_chunk_it_resumes_and_ends_with_the_same_table_and_report(office, monkeypatch):
    monkeypatch.setattr("worker.datasets.importer._PART_ROWS", 300)
    monkeypatch.setattr("worker.datasets.pace._FIRST_ROWS", {"sqlite": 700, "postgresql": 700})
    monkeypatch.setattr("worker.datasets.pace._MOST_ROWS", {"sqlite": 700, "postgresql": 700})
    known = office.table("known.csv", [customer(n, note="old") for n in range(0, 2600, 3)])
    path = bad_file(office)

    def fresh():
        with office.database.write() as connection:
            connection.execute(CUSTOMERS.table.delete())
        office.imports(known)

    fresh()
    undisturbed = office.imports(path)
    expected, report = office.rows(), problems(office, undisturbed)
    expected_counts = counts(undisturbed)
    for chunks in range(9):
        fresh()
        office.submit("customers.import", [office.upload(path)])
        view = office.attempt(stop_after_chunks=chunks)
        attempts = 1
        while view.state == "pending":
            view = office.attempt(stop_after_chunks=chunks + 2 if attempts == 1 else None)
            attempts += 1
        assert view.state == "succeeded", view.error
        check_counts(view)
        assert counts(view) == expected_counts
        assert office.rows() == expected
        assert problems(office, view) == report
        assert office.rejects_kept() == 0


def test_read_by_a_process_beside_it_an_import_does_the_same(office, monkeypatch):
    monkeypatch.setattr("worker.datasets.pace._FIRST_ROWS", {"sqlite": 700, "postgresql": 700})
    path = bad_file(office)
    results = {}
    for apart in (0, 1 << 40):
        monkeypatch.setattr("worker.datasets.importer._APART_FROM_BYTES", apart)
        with office.database.write() as connection:
            connection.execute(CUSTOMERS.table.delete())
        views = [office.imports(path), office.imports(path, mode="insert"), office.imports(path, dry_run=True)]
        office.submit("customers.import", [office.upload(path)], mode="skip", all_or_nothing=True)
        views.append(office.attempt())
        results[apart] = [
            [(view.state, view.result and {**view.result, "imported_before": None}) for view in views],
            [problems(office, view) for view in views],
            office.rows(),
        ]
    assert results[0] == results[1 << 40]


def test_a_reading_process_that_is_killed_costs_the_attempt_and_nothing_else(office, monkeypatch):
    monkeypatch.setattr("worker.datasets.importer._APART_FROM_BYTES", 0)
    monkeypatch.setattr("worker.datasets.importer._PART_ROWS", 20)
    path = bad_file(office)
    parts = ReaderProcess.parts

    def killed_on_the_way(reading, order):
        for number, part in enumerate(parts(reading, order)):
            yield part
            if number == 3:
                os.kill(reading.pid, signal.SIGKILL)

    monkeypatch.setattr(ReaderProcess, "parts", killed_on_the_way)
    with pytest.raises(ProcessDied):
        office.imports(path)
    assert len(office.rows()) < 2000


def test_rows_that_were_taken_for_new_and_are_not_are_looked_up(office, monkeypatch):
    for name in ("_FIRST_ROWS", "_MOST_ROWS"):
        monkeypatch.setattr(f"worker.datasets.pace.{name}", {"sqlite": 1000, "postgresql": 1000})
    known = [customer(n, note="old") for n in (2500, 4999)]
    office.imports(office.table("known.csv", known))
    rows = [customer(n, note="new") for n in range(5000)]
    rows[2600] = customer(2600, level="X")
    view = office.imports(office.table("a.csv", rows))
    assert counts(view) == {"inserted": 4997, "updated": 2, "rejected": 1}
    assert {row["note"] for row in office.rows().values()} == {"new"}
    with office.database.read() as connection:
        noted = connection.execute(select(import_journal.c.position).order_by(import_journal.c.position)).scalars()
        assert list(noted) == [2500, 4999]


def test_who_created_and_changed_a_row_is_known_after_an_import(office):
    first = office.imports(office.table("a.csv", [customer(1), customer(2)]))
    second = office.imports(office.table("b.csv", [customer(1, level="B"), customer(2)]))
    with office.database.read() as connection:
        rows = connection.execute(select(CUSTOMERS.table).order_by(text("customer_no"))).mappings().all()
    assert [(r["created_job"], r["updated_job"], r["row_version"]) for r in rows] == [
        (first.id, second.id, 2), (first.id, None, 1),
    ]  # fmt: skip


def test_another_ones_error_workbook_goes_in_without_a_link(office):
    view = office.imports(office.table("a.csv", [customer(1), customer(2, level="X")], HEADER))
    path = office.file(view, "errors")
    assert office.imports(path, by=office.lin).parent_id is None
    assert office.imports(path).parent_id == view.id


def test_a_cancelled_import_keeps_what_was_loaded_and_says_so(office, monkeypatch):
    monkeypatch.setattr("worker.datasets.pace._FIRST_ROWS", {"sqlite": 1000, "postgresql": 1000})
    monkeypatch.setattr("worker.datasets.pace._MOST_ROWS", {"sqlite": 1000, "postgresql": 1000})
    office.submit("customers.import", [office.upload(bad_file(office, 5000))])
    view = office.attempt(cancel_after_chunks=2)
    assert view.state == "cancelled"
    check_counts(view)
    assert 0 < view.result["rows"] < 5000
    assert view.rows_done == view.result["rows"]  # not those that were read ahead for a chunk that never came
    assert len(office.rows()) == view.result["inserted"]


@pytest.mark.parametrize("asked", ["before the worker's death", "while it waits for another"])
def test_a_cancelled_import_whose_worker_has_died_says_what_was_loaded(office, monkeypatch, asked):
    monkeypatch.setattr("worker.datasets.pace._FIRST_ROWS", {"sqlite": 1000, "postgresql": 1000})
    monkeypatch.setattr("worker.datasets.pace._MOST_ROWS", {"sqlite": 1000, "postgresql": 1000})
    office.submit("customers.import", [office.upload(bad_file(office, 5000))])
    waiting = office.attempt(stop_after_chunks=2)
    if asked == "before the worker's death":
        taken = claim.claim(office.database, office.settings, "test", LANES)
        control.cancel(office.database, office.ann, taken.job_id, settings=office.settings)
        assert outcome.crashed(office.database, office.settings, taken.job_id, taken.lease_token) == "cancelled"
    else:
        control.cancel(office.database, office.ann, waiting.id, settings=office.settings)
    view = office.view(waiting.id)
    assert view.state == "cancelled"
    check_counts(view)
    assert 0 < view.result["rows"] == view.rows_done < 5000
    assert len(office.rows()) == view.result["inserted"]
    with office.database.read() as connection:
        last = events.read(connection, office.ann, view.id, "en")[-1]
    assert (last.type, last.values["rows_done"]) == ("cancelled", view.rows_done)
    assert view.can_undo


def interrupted_while_loading(office, monkeypatch, path, **params):
    """An all-or-nothing import that has checked all rows, loaded some chunks and died."""
    for name in ("_FIRST_ROWS", "_MOST_ROWS"):
        monkeypatch.setattr(f"worker.datasets.pace.{name}", {"sqlite": 1000, "postgresql": 1000})
    office.submit("customers.import", [office.upload(path)], all_or_nothing=True, **params)
    while True:
        view = office.attempt(stop_after_chunks=1)
        assert view.state == "pending"
        with office.database.read() as connection:
            saved = connection.execute(select(jobs_table.c.checkpoint).where(jobs_table.c.id == view.id)).scalar_one()
        if saved["phase"] == "load" and saved["position"]:
            return


def everything(office):
    with office.database.read() as connection:
        return connection.execute(select(CUSTOMERS.table).order_by(text("customer_no"))).mappings().all()


def test_all_or_nothing_updates_are_taken_back_when_a_late_row_no_longer_fits(office, monkeypatch):
    table = CUSTOMERS.table
    old = [customer(n, credit_limit="1.50", signed_on="2024-03-05") for n in range(4000)]
    office.imports(office.table("old.csv", old))
    before = office.rows()
    new = [{**row, "level": "B", "credit_limit": "2", "signed_on": ""} for row in old]
    interrupted_while_loading(office, monkeypatch, office.table("new.csv", new), mode="update")
    assert any(row["level"] == "B" for row in office.rows().values())
    with office.database.write() as connection:
        connection.execute(table.delete().where(table.c.customer_no == "K03999"))
        connection.execute(
            table.update().where(table.c.customer_no == "K00000").values(note="theirs", updated_job="another")
        )
    view = office.attempt()
    assert (view.state, view.error.code) == ("failed", "changed_meanwhile")
    assert view.error.values["kept"] == 1
    after = office.rows()
    assert after.pop("K00000")["note"] == "theirs"
    del before["K00000"], before["K03999"]
    assert after == before
    with office.database.read() as connection:
        assert connection.execute(select(import_journal.c.position)).first() is None


def test_all_or_nothing_inserts_are_taken_back_when_a_late_row_no_longer_fits(office, monkeypatch):
    path = office.table("new.csv", [customer(n) for n in range(4000)])
    interrupted_while_loading(office, monkeypatch, path, mode="insert")
    assert len(office.rows()) > 0
    with office.database.write() as connection:
        connection.execute(CUSTOMERS.table.insert().values(customer_no="K03999", name="theirs", updated_at=db_now()))
    view = office.attempt()
    assert (view.state, view.error.code, view.error.values["kept"]) == ("failed", "changed_meanwhile", 0)
    assert [row["name"] for row in everything(office)] == ["theirs"]


@pytest.mark.parametrize("text", ["a\x07b", "\x1b[31m", "a\ufffeb", "😀" * 3, "a\u2028b"])
def test_no_character_of_a_cell_breaks_the_import_or_its_report(office, text):
    rows = [customer(1, note=text), customer(2, note=text, level="X"), customer(3)]
    view = office.imports(office.table("a.csv", rows, HEADER))
    assert view.state == "succeeded", view.error
    assert view.result["rejected"] in (1, 2)
    assert "K00003" in office.rows()
    assert len(problems(office, view)[1]) == view.result["rejected"]


def test_a_zero_byte_far_down_a_text_file_is_named(office):
    rows = [customer(n, note="x" * 400) for n in range(3000)]
    rows[2900]["note"] = "a\x00b"
    view = office.run("customers.import", office.table("a.csv", rows, HEADER))
    assert view.state == "succeeded", view.error
    assert (view.result["inserted"], view.result["rejected"]) == (2999, 1)
    assert problems(office, view)[1][0][0] == 2902
