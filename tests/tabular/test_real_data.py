"""The Northwind files map by themselves and go in completely."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from tabular.mapper import propose
from tabular.source import open_source
from tests.tabular.schemas import BILLS, CUSTOMERS_SCHEMA, DATA, check_all


def test_northwind_customers_map_by_themselves_and_leave_title_and_fax_alone() -> None:
    with open_source(DATA / "northwind-customers.csv") as source:
        proposals = propose(source.info.headers, source.samples(), CUSTOMERS_SCHEMA)
    assert {p.header: p.field for p in proposals if p.confidence >= 0.9} == {
        "customerID": "customer_no", "companyName": "name", "contactName": "contact", "address": "address",
        "city": "city", "region": "province", "postalCode": "postal_code", "country": "country", "phone": "phone",
    }  # fmt: skip
    assert {p.header for p in proposals if p.field is None} == {"contactTitle", "fax"}


def test_all_91_customers_go_in_with_addresses_whose_comma_was_not_quoted() -> None:
    good, rejected = check_all(DATA / "northwind-customers.csv", CUSTOMERS_SCHEMA)
    assert not rejected
    assert len(good) == 91
    by_key = {row[0]: row for row in good}
    names = [f.name for f in CUSTOMERS_SCHEMA.fields]
    blondel = dict(zip(names, by_key["BLONP"], strict=True))
    assert (blondel["address"], blondel["city"], blondel["province"]) == ("24, place Kléber", "Strasbourg", None)
    assert by_key["ANATR"][names.index("phone")] == "(5) 555-4729"
    assert by_key["ANATR"][names.index("postal_code")] == "05021"


def test_all_830_orders_go_in_as_bills() -> None:
    good, rejected = check_all(DATA / "northwind-orders.csv", BILLS)
    assert not rejected
    assert len(good) == 830
    first = dict(zip([f.name for f in BILLS.fields], good[0], strict=True))
    assert first == {
        "bill_no": "10248", "customer_no": "VINET", "amount": Decimal("32.38"), "currency": None,
        "issued_on": dt.date(1996, 7, 4), "due_on": dt.date(1996, 8, 1), "status": None,
        "paid_on": dt.date(1996, 7, 16), "note": None,
    }  # fmt: skip
