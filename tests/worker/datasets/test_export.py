"""An export from submission to file, through the real engine, on both databases."""

import csv
import datetime as dt
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from tests.support import examples
from tests.worker.datasets.office import CUSTOMERS, FIELDS
from worker.datasets import export_lines, exporter
from worker.engine.runner_context import RunnerContext
from worker.errors import Cancelled, Refused

NOW = dt.datetime(2024, 3, 5, tzinfo=dt.UTC)


def fill(office, rows):
    with office.database.write() as connection:
        connection.execute(CUSTOMERS.table.delete())
        if rows:
            connection.execute(
                insert(CUSTOMERS.table),
                [{**dict.fromkeys(FIELDS), "name": "N", "updated_at": NOW, **row} for row in rows],
            )


def some(count):
    return [
        {
            "customer_no": f"K{n:05}",
            "name": f"客户 {n}",
            "level": "ABCD"[n % 4],
            "credit_limit": Decimal(n) / 4,
            "signed_on": dt.date(2024, 1, 1) + dt.timedelta(days=n % 400),
            "postal_code": f"{n:06}",
            "id_number": f"{n:018}",
            "note": "=1+1" if n % 7 == 0 else None,
        }
        for n in range(count)
    ]


def csv_rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("format", ["xlsx", "csv"])
def test_an_exported_file_imports_again_without_an_error_and_without_a_change(office, format):
    rows = some(2500)
    fill(office, rows)
    before = office.rows()
    view = office.run("customers.export", format=format)
    assert view.state == "succeeded", view.error
    assert view.result["rows"] == 2500
    path = office.file(view, "export")
    assert path.name.endswith(view.result["file"])
    again = office.imports(path)
    assert again.state == "succeeded", again.error
    assert (again.result["rows"], again.result["unchanged"]) == (2500, 2500)
    assert office.rows() == before


def _as_kept(text):
    """What a checked text looks like: no white space around it, and something that does not stand for nothing."""
    text = " ".join(text.split())
    return "n" if text.upper() in {"", "NULL", "(NULL)", "N/A", "-", "--", "—", "——", "–", "－"} else text


names = st.text("aZ09客é'=+-@\",;. /\\#😀", min_size=1, max_size=8).map(_as_kept)
records = st.dictionaries(
    st.from_regex(r"[0-9A-Z客]{1,6}", fullmatch=True),
    st.fixed_dictionaries(
        {
            "name": names,
            "note": st.none() | names,
            "level": st.sampled_from(["A", "B", "C", "D", None]),
            "credit_limit": st.none() | st.decimals(0, 9_999_999_999_999, places=2),
            "signed_on": st.none() | st.dates(dt.date(1900, 3, 1), dt.date(2100, 1, 1)),
            "postal_code": st.none() | st.from_regex(r"[0-9]{1,20}", fullmatch=True),
            "id_number": st.none() | st.from_regex(r"[0-9]{18}", fullmatch=True),
        }
    ),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(records, st.sampled_from(["xlsx", "csv"]))
def test_any_table_comes_back_as_it_was(office, table, format):
    fill(office, [{"customer_no": key, **values} for key, values in table.items()])
    before = office.rows()
    path = office.file(office.run("customers.export", format=format), "export")
    again = office.imports(path)
    assert again.state == "succeeded", again.error
    assert again.result["unchanged"] == len(before), again.result
    fill(office, [])
    office.imports(path)
    assert office.rows() == before


def test_columns_are_written_as_chosen_with_titles_in_the_owners_language(office):
    fill(office, some(2))
    path = office.file(
        office.run("customers.export", by=office.lin, format="csv", columns=["name", "customer_no"]), "export"
    )
    assert csv_rows(path) == [["客户名称", "客户编号"], ["客户 0", "K00000"], ["客户 1", "K00001"]]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"level": {"eq": "A"}}, 25),
        ({"level": {"in": ["A", "B"]}}, 50),
        ({"note": {"in": [None]}}, 85),
        ({"name": {"contains": "户 9"}}, 11),
        ({"customer_no": {"contains": "k0009"}}, 10),
        ({"customer_no": {"contains": "%"}}, 0),
        ({"credit_limit": {"from": 10, "to": "12.5"}}, 11),
        ({"signed_on": {"from": "2024-01-02", "to": "2024-01-03"}}, 2),
        ({"level": {"eq": "A"}, "credit_limit": {"to": 4}}, 5),
        ({"level": {"eq": "A", "in": ["B"]}}, 0),
    ],
)
def test_filters_choose_the_rows(office, filters, count):
    fill(office, some(100))
    view = office.run("customers.export", format="csv", filters=filters)
    assert view.state == "succeeded", view.error
    assert view.result["rows"] == count
    assert len(csv_rows(office.file(view, "export"))) == count + 1


def test_a_filter_that_does_not_fit_its_field_is_named(office):
    view = office.run("customers.export", filters={"signed_on": {"from": "yesterday"}})
    assert (view.state, view.error.code) == ("failed", "invalid_filter")
    assert "yesterday" in view.error.message


def test_unknown_columns_and_filters_are_refused_at_submission(office):
    for params in (
        {"columns": ["nope"]}, {"columns": ["name", "name"]}, {"columns": []}, {"filters": {"nope": {"eq": 1}}},
        {"filters": {"name": {}}}, {"filters": {"name": {"eq": None}}}, {"filters": {"name": {"like": "x"}}},
        {"format": "pdf"},
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            office.submit("customers.export", **params)
        assert refused.value.code == "invalid_params"


@pytest.mark.parametrize("format", ["xlsx", "csv"])
def test_an_empty_table_exports_its_header(office, format):
    view = office.run("customers.export", format=format)
    assert (view.state, view.result["rows"]) == ("succeeded", 0)
    path = office.file(view, "export")
    if format == "csv":
        assert len(csv_rows(path)) == 1
    else:
        book = openpyxl.load_workbook(path)
        assert [cell.value for cell in book.active[1]][:2] == ["Customer no.", "Name"]
        book.close()


def test_cells_are_typed_and_formulas_are_texts(office):
    fill(office, some(1))
    path = office.file(office.run("customers.export"), "export")
    book = openpyxl.load_workbook(path)
    header, row = list(book.active.iter_rows())
    cells = {h.value: c for h, c in zip(header, row, strict=True)}
    book.close()
    assert (cells["Note"].value, cells["Note"].data_type) == ("=1+1", "s")
    assert cells["Credit limit"].value == 0
    assert cells["Signed on"].value == dt.datetime(2024, 1, 1)  # noqa: DTZ001 - as openpyxl reads it
    assert cells["ID number"].value == "0" * 18


def test_two_exports_in_the_same_second_have_different_names(office):
    names = {office.run("customers.export", format="csv").result["file"] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("customers_2") and name.endswith(".csv") for name in names)


def test_all_statements_of_an_export_see_the_same_state(office):
    fill(office, some(3))
    count = select(func.count()).select_from(CUSTOMERS.table)
    with exporter._snapshot(office.database) as connection:
        assert connection.execute(count).scalar_one() == 3
        with office.database.write() as other:
            other.execute(CUSTOMERS.table.delete())
        assert connection.execute(count).scalar_one() == 3


ODD = ["+86 138", "＝1+1", '-"x",y', "two\nlines", "a\rb", "'=x", ",", '"', "\x0b\x85\u2028", "0"]


@pytest.mark.parametrize("separator", ["", "\x1f"])
def test_a_csv_made_by_the_database_holds_every_text_as_it_is(office, separator):
    # A text that holds the mark between the values sends the export the slower way.
    rows = [{"customer_no": f"K{i}", "name": odd, "note": odd + separator} for i, odd in enumerate(ODD)]
    amounts = [
        Decimal("0.00"),
        Decimal("0.05"),
        Decimal("1.5"),
        Decimal("1234567.89"),
        Decimal("9999999999999.99"),
        None,
    ]
    rows += [{"customer_no": f"L{i}", "credit_limit": amount} for i, amount in enumerate(amounts)]
    fill(office, rows)
    path = office.file(office.run("customers.export", format="csv"), "export")
    found = {row[0]: dict(zip(FIELDS, row, strict=True)) for row in csv_rows(path)[1:]}
    guard = {"+86 138": "'+86 138", "＝1+1": "'＝1+1", '-"x",y': '\'-"x",y', "'=x": "''=x"}
    assert [found[f"K{i}"]["name"] for i in range(len(ODD))] == [guard.get(odd, odd) for odd in ODD]
    written = ["0.00", "0.05", "1.50", "1234567.89", "9999999999999.99", ""]
    assert [found[f"L{i}"]["credit_limit"] for i in range(len(amounts))] == written
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"").replace(b"two\nlines", b"")


def test_a_single_column_with_empty_cells_keeps_its_rows(office):
    fill(office, [{"customer_no": f"K{i}", "city": "x" if i % 2 else None} for i in range(6)])
    path = office.file(office.run("customers.export", format="csv", columns=["city"]), "export")
    assert csv_rows(path)[1:] == [[""], ["x"]] * 3


@pytest.mark.parametrize("format", ["xlsx", "csv"])
def test_an_export_can_be_cancelled_at_any_block_and_leaves_nothing(office, format, monkeypatch):
    fill(office, some(30))
    monkeypatch.setattr(exporter, "_ROWS", 10)
    monkeypatch.setattr(export_lines, "_ROWS", 10)
    seen = []
    progress = RunnerContext.progress

    def stop_late(self, stage, done=None, total=None, **values):
        seen.append(done)
        if done == 20:
            raise Cancelled
        progress(self, stage, done, total, **values)

    monkeypatch.setattr(RunnerContext, "progress", stop_late)
    view = office.run("customers.export", format=format)
    assert (view.state, view.files) == ("cancelled", [])
    assert seen == [0, 10, 20]
    monkeypatch.undo()
    assert office.run("customers.export", format=format).result["rows"] == 30
