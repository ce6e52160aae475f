"""A dataset's rows are read page by page, in the order of the key, and filtered."""

import pytest

from tests.worker.datasets.office import CUSTOMERS
from tests.worker.datasets.test_export import fill, some
from worker.datasets import mapping, rows
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
