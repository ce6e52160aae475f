"""A dataset's rows are read page by page, in the order of the key, and filtered."""

from datetime import UTC, date, datetime

import pytest

from tests.worker.datasets.office import CUSTOMERS
from tests.worker.datasets.test_export import fill, some
from worker.datasets import mapping, rows, values
from worker.datasets.work_logs import WORK_LOGS
from worker.errors import Refused


def test_all_pages_together_are_all_rows_once(office):
    fill(office, some(25))
    seen, cursor = [], None
    while True:
        page = rows.page(office.database, CUSTOMERS, None, cursor, 10)
        seen += [row["customer_no"] for row in page["rows"]]
        if cursor is None:
            assert page["total"] == 25
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [f"K{n:05}" for n in range(25)]


def test_a_page_holds_json_values(office):
    fill(office, some(3))
    page = rows.page(office.database, CUSTOMERS, {"customer_no": {"eq": "K00001"}})
    (row,) = page["rows"]
    assert (row["credit_limit"], row["signed_on"], row["note"]) == ("0.25", "2024-01-02", None)


def test_the_last_page_has_no_next_even_when_it_is_full(office):
    fill(office, some(10))
    assert rows.page(office.database, CUSTOMERS, None, None, 10)["next"] is None


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "eyJhIjoxfQ", "W251bGxd"])
def test_a_made_up_cursor_is_refused(office, cursor):
    with pytest.raises(Refused) as refused:
        rows.page(office.database, CUSTOMERS, None, cursor)
    assert refused.value.code == "invalid_cursor"


def test_bad_filters_are_each_named(office):
    with pytest.raises(Refused) as refused:
        rows.page(
            office.database, CUSTOMERS, {"x": {"eq": 1}, "name": {"like": "a"}, "credit_limit": {"contains": "1"}}
        )
    assert [e["code"] for e in refused.value.errors] == [
        "filter_unknown_field", "filter_unknown_operator", "filter_not_a_text",
    ]  # fmt: skip


def test_a_proposed_mapping_names_what_is_missing(office):
    answer = mapping.propose(office.database, office.ann, CUSTOMERS, ["客户编号", "whatever"], [])
    assert (answer["mapping"], answer["missing"]) == ({"客户编号": "customer_no"}, ["name"])
    assert [p["field"] for p in answer["proposals"]] == ["customer_no", None]


def test_the_different_values_of_the_first_key_are_each_told_once_in_order(office):
    assert values.first_keys(office.database, WORK_LOGS) == {"values": [], "more": False}
    with office.database.write() as connection:
        connection.execute(
            WORK_LOGS.table.insert(),
            [
                {
                    "employee_no": no,
                    "work_date": date(2026, 1, day),
                    "project": "p",
                    "employee_name": name,
                    "hours": 1,
                    "updated_at": datetime(2026, 1, 4, tzinfo=UTC),
                }
                for no, name in (("E2", "李四"), ("E1", "张三"), ("E10", None))
                for day in (1, 2, 3)
            ],
        )
    found = values.first_keys(office.database, WORK_LOGS, "employee_name")
    assert sorted((one["value"], one["label"]) for one in found["values"]) == [
        ("E1", "张三"),
        ("E10", None),
        ("E2", "李四"),
    ]
    few = values.first_keys(office.database, WORK_LOGS, limit=2)
    assert (len(few["values"]), few["more"]) == (2, True)
    with pytest.raises(Refused) as refused:
        values.first_keys(office.database, WORK_LOGS, "salary")
    assert refused.value.errors[0]["code"] == "field_unknown"
