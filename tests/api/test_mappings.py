"""Remembered mappings and earlier imports over the REST API: whose they are, who may change them."""

from tabular.names import fingerprint
from tests.api.test_jobs import _keep

HEADERS = ["No", "Firma", "Klasse"]
SHAPE = fingerprint(HEADERS)
BODY = {
    "mapping": {"No": "customer_no", "Firma": "name", "Klasse": None},
    "constants": {"country": "DE"},
    "value_map": {"level": {"VIP": "A"}},
    "delimiter": ";",
    "headers": HEADERS,
}
PATH = f"datasets/customers/mappings/{SHAPE}"


def test_a_mapping_is_kept_read_listed_shared_and_forgotten_by_its_owner_or_an_admin(api, admin, operator):
    api.add_user("olga")
    assert api.get(PATH, operator).json()["code"] == "unknown_mapping"
    kept = api.call("PUT", PATH, operator, json=BODY)
    assert kept.status_code == 200, kept.text
    view = kept.json()
    assert {name: view[name] for name in BODY} == BODY
    assert (view["shared"], view["mine"], view["owner"]["username"]) == (False, True, operator)
    assert api.get(PATH, operator).json() == view

    # Another sees nothing of it until it is shared, and then uses it, but does not change it.
    assert api.get(PATH, "olga").status_code == 404
    assert api.get("datasets/customers/mappings", "olga").json() == {"mappings": []}
    assert api.call("PUT", PATH, operator, json=BODY | {"shared": True}).json()["shared"] is True
    assert api.call("PUT", PATH, operator, json=BODY).json()["shared"] is True
    theirs = api.get(PATH, "olga").json()
    assert (theirs["mine"], theirs["owner"]["username"]) == (False, operator)
    assert api.call("DELETE", PATH, "olga").json()["code"] == "mapping_of_another"
    assert api.call("PUT", PATH, "olga", json=BODY, params={"owner": operator}).status_code == 403

    # An own one goes before the shared one.
    assert api.call("PUT", PATH, "olga", json=BODY | {"constants": {}}).json()["mine"] is True
    listed = api.get("datasets/customers/mappings", "olga").json()["mappings"]
    assert [m["owner"]["username"] for m in listed] == ["olga", operator]
    assert api.get(PATH, "olga").json()["constants"] == {}
    assert api.get(PATH, "olga", params={"owner": operator}).json()["constants"] == {"country": "DE"}
    assert len(api.get("datasets/customers/mappings", operator).json()["mappings"]) == 1

    # An admin changes and removes it.
    changed = api.call("PUT", PATH, admin, json=BODY | {"constants": {"city": "X"}}, params={"owner": operator})
    assert (changed.json()["owner"]["username"], changed.json()["constants"]) == (operator, {"city": "X"})
    assert api.call("DELETE", PATH, "olga").status_code == 204
    assert api.get(PATH, "olga").json()["owner"]["username"] == operator
    assert api.call("DELETE", PATH, admin, params={"owner": operator}).status_code == 204
    assert api.get(PATH, operator).status_code == 404
    actions = [e["action"] for e in api.get("audit", admin, params={"action": "mapping."}).json()["entries"]]
    assert actions.count("mapping.delete") == 2


def test_a_mapping_that_cannot_be_is_refused_with_its_reason(api, operator):
    for change, code in (
        ({"mapping": {"No": "colour"}}, "mapping_unknown_field"),
        ({"mapping": {"No": "name", "Firma": "name"}}, "mapping_field_twice"),
        ({"headers": ["something", "else"]}, "mapping_wrong_fingerprint"),
        ({"constants": {"colour": 1}}, "mapping_unknown_field"),
        ({"delimiter": ";;"}, "invalid_request"),
    ):
        answer = api.call("PUT", PATH, operator, json=BODY | change)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert answer.json()["detail"] != code
    assert api.call("PUT", "datasets/customers/mappings/nonsense", operator, json=BODY).status_code == 422
    assert api.get(f"datasets/none/mappings/{SHAPE}", operator).json()["code"] == "unknown_dataset"
    assert api.get("datasets/customers/mappings", operator).json() == {"mappings": []}


def test_what_is_remembered_comes_first_with_its_reason_also_from_another_who_shares_it(api, operator):
    api.add_user("olga")
    samples = [["C1", "Meier", "VIP"], ["C2", "Schulz", "B级"], ["C3", "Kunz", "A"]]
    ask = {"headers": ["klasse", "NO", "firma"], "samples": [[c, a, b] for a, b, c in samples]}
    before = api.post("datasets/customers/mapping", operator, json=ask).json()
    assert (before["remembered"], before["imports"]) == (None, [])
    api.call("PUT", PATH, operator, json=BODY | {"shared": True, "mapping": BODY["mapping"] | {"Klasse": "level"}})
    found = api.post("datasets/customers/mapping", operator, json=ask).json()
    assert [(p["field"], p["confidence"], p["reason"]) for p in found["proposals"]] == [
        ("level", 1.0, "remembered"), ("customer_no", 1.0, "remembered"), ("name", 1.0, "remembered"),
    ]  # fmt: skip
    assert found["constants"] == {"country": "DE"}
    assert (found["missing"], found["remembered"]["delimiter"]) == ([], ";")
    assert (found["value_map"], found["values"]) == ({"level": {"VIP": "A"}}, [])
    # For another shape of file the same value is a suggestion only.
    other = {"headers": ["编号", "名称", "等级"], "samples": [*samples, ["C4", "Ott", "甲"], ["C5", "Uhl", "Gold"]]}
    asked = api.post("datasets/customers/mapping", operator, json=other).json()
    assert [(v["value"], v["target"], v["reason"]) for v in asked["values"]] == [
        ("VIP", "A", "remembered"), ("甲", "A", "order"), ("Gold", None, "none"),
    ]  # fmt: skip
    assert asked["value_map"] == {}
    assert all(v["confidence"] < 0.9 for v in asked["values"])
    hers = api.post("datasets/customers/mapping", "olga", json=ask).json()
    assert {(p["confidence"], p["reason"]) for p in hers["proposals"]} == {(0.97, "shared")}
    assert hers["remembered"]["owner"]["username"] == operator


def test_an_upload_is_read_as_it_was_chosen_for_such_files_before(api, operator):
    content = b"city;phone;mail\nNo;Firma;Klasse\nC1;Meier;VIP\nC2;Schulz;A\n"
    upload = _keep(api, operator, "a.csv", content)
    first = api.post("datasets/customers/mapping", operator, json={"upload": upload, "header_row": 2}).json()
    assert first["source"]["headers"] == HEADERS
    assert first["missing"]
    guessed = api.post("datasets/customers/mapping", operator, json={"upload": upload}).json()
    assert guessed["source"]["headers"] != HEADERS
    api.call("PUT", PATH, operator, json=BODY | {"header_row": 2, "seen_as": guessed["fingerprint"]})
    for ask in ({"upload": upload}, {"upload": upload, "header_row": 2}):
        again = api.post("datasets/customers/mapping", operator, json=ask).json()
        assert {p["reason"] for p in again["proposals"]} == {"remembered"}
        assert (again["mapping"], again["source"]["header_row"]) == (BODY["mapping"], 2)
    # Whoever reads the file at home is told where to look.
    ask = {"headers": guessed["source"]["headers"]}
    told = api.post("datasets/customers/mapping", operator, json=ask).json()
    assert (told["remembered"]["fingerprint"], told["remembered"]["header_row"]) == (SHAPE, 2)
    assert told["fingerprint"] == guessed["fingerprint"]


def test_an_earlier_import_of_the_same_file_is_told_without_what_is_not_the_askers_to_see(api, operator):
    from sqlalchemy import update

    from worker.db.schema import jobs
    from worker.db.types import db_now

    api.add_user("olga")
    upload = _keep(api, operator, "a.csv", b"customer_no,name\nC1,Meier\n")
    sha256 = api.post("datasets/customers/mapping", operator, json={"upload": upload}).json()["sha256"]
    path = "datasets/customers/imports"
    assert api.get(path, operator, params={"sha256": sha256}).json() == {"imports": []}
    body = {"kind": "customers.import", "params": {"mode": "insert"}, "uploads": [upload]}
    job = api.post("jobs", operator, json=body).json()["id"]
    trial = {**body, "params": {"dry_run": True}}
    assert api.post("jobs", operator, json=trial).status_code == 202
    (waiting,) = api.get(path, operator, params={"sha256": sha256}).json()["imports"]
    assert (waiting["job"], waiting["state"], waiting["counts"]) == (job, "pending", {})
    result = {"rows": 1, "inserted": 1, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 0}
    with api.database.write() as connection:
        connection.execute(
            update(jobs).where(jobs.c.id == job).values(
                state="succeeded", result=result | {"mapping": {"secret": "name"}}, finished_at=db_now(),
            )
        )  # fmt: skip
    (mine,) = api.get(path, operator, params={"sha256": sha256.upper()}).json()["imports"]
    (seen,) = api.get(path, "olga", params={"sha256": sha256}).json()["imports"]
    assert mine["job"] == job
    assert seen == mine | {"job": None}
    assert (seen["by"], seen["mode"], seen["counts"], seen["undone"]) == (operator, "insert", result, False)
    again = _keep(api, "olga", "b.csv", b"customer_no,name\nC1,Meier\n")
    assert api.post("datasets/customers/mapping", "olga", json={"upload": again}).json()["imports"] == [seen]
    body = {"headers": ["no"], "sha256": sha256}
    assert api.post("datasets/customers/mapping", "olga", json=body).json()["imports"] == [seen]
    with api.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job).values(undone_at=db_now()))
    (undone,) = api.get(path, "olga", params={"sha256": sha256}).json()["imports"]
    assert undone["undone"]
    assert undone["undone_at"]
    assert api.get(path, operator, params={"sha256": "x"}).status_code == 422
