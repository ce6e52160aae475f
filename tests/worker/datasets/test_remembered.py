"""What a person decided about a file is remembered, and the next of the same shape maps itself, on both databases."""

from tests.worker.datasets.test_import import counts
from worker.datasets import remembered

HEADER = "Nr,Firma,Klasse,Farbe"
MAPPING = {"Nr": "customer_no", "Firma": "name", "Klasse": "level"}


def _file(office, name, *rows, header=HEADER):
    return office.write(name, "\n".join([header, *rows, ""]))


def _kept(office, by=None):
    from tests.worker.datasets.office import CUSTOMERS

    with office.database.read() as connection:
        return remembered.listed(connection, by or office.ann, CUSTOMERS)


def test_the_next_file_of_the_same_shape_maps_itself(office):
    first = office.imports(_file(office, "a.csv", "1,Meier,A,rot"), mapping=MAPPING, constants={"country": "DE"})
    assert counts(first) == {"inserted": 1}
    assert (first.result["not_imported"], first.result["mapped_by"]) == (["Farbe"], None)
    # Other order, other spelling, another row.
    again = office.imports(_file(office, "b.csv", "blau,B,2,Schulz", header="FARBE,klasse,nr,Firma"))
    assert counts(again) == {"inserted": 1}
    assert again.result["mapped_by"] == {"username": "ann", "mine": True}
    assert again.result["not_imported"] == ["FARBE"]
    rows = office.rows()
    assert (rows["2"]["name"], rows["2"]["level"], rows["2"]["country"]) == ("Schulz", "B", "DE")
    (kept,) = _kept(office)
    assert kept.decision.mapping == MAPPING | {"Farbe": None}
    assert kept.decision.constants == {"country": "DE"}


def test_what_is_given_for_a_file_goes_before_what_is_remembered(office):
    office.imports(_file(office, "a.csv", "1,Meier,VIP,rot"), mapping=MAPPING, value_map={"level": {"VIP": "A"}},
                   constants={"country": "DE"})  # fmt: skip
    given = {"value_map": {"level": {"VIP": "B"}}, "constants": {"country": "AT"}}
    office.imports(_file(office, "b.csv", "2,Schulz,VIP,rot", "3,Kunz,A,"), **given)
    office.imports(_file(office, "c.csv", "4,Lang,VIP,rot"))
    rows = office.rows()
    assert [(rows[k]["level"], rows[k]["country"]) for k in "1234"] == [
        ("A", "DE"), ("B", "AT"), ("A", "AT"), ("B", "AT"),
    ]  # fmt: skip


def test_anothers_mapping_is_used_only_when_shared_and_an_own_one_goes_first(office):
    path = _file(office, "a.csv", "1,Meier,A,rot")
    office.imports(path, mapping=MAPPING)
    hers = office.imports(path, by=office.lin)
    assert (hers.state, hers.error.code) == ("failed", "mapping_required")
    (kept,) = _kept(office)
    from tests.worker.datasets.office import CUSTOMERS

    decision = remembered.Decision(kept.decision.mapping, {"city": "Ulm"}, {}, shared=True)
    with office.database.write() as connection:
        remembered.put(connection, office.ann, CUSTOMERS, kept.fingerprint, decision)
    hers = office.imports(path, by=office.lin)
    assert hers.result["mapped_by"] == {"username": "ann", "mine": False}
    assert office.rows()["1"]["city"] == "Ulm"
    office.imports(path, by=office.lin, mapping=MAPPING)
    assert office.imports(path, by=office.lin).result["mapped_by"] == {"username": "lin", "mine": True}
    # What its owner does next goes on being shared.
    office.imports(path, mapping=MAPPING)
    assert [k.decision.shared for k in _kept(office)] == [True]


def test_only_a_mapping_that_brought_rows_in_is_remembered(office):
    path = _file(office, "a.csv", "1,Meier,A,rot")
    office.imports(path, mapping=MAPPING, dry_run=True)
    bad = _file(office, "b.csv", "1,Meier,Z,rot")
    assert counts(office.imports(bad, mapping=MAPPING)) == {"rejected": 1}
    assert office.imports(bad, mapping=MAPPING, all_or_nothing=True).state == "failed"
    assert office.imports(path).error.code == "mapping_required"
    assert _kept(office) == []


def test_the_row_of_the_header_and_the_delimiter_that_were_chosen_are_remembered_too(office):
    text = "city;phone;mail;zip\nNr;Firma;Klasse;Farbe\n{}\n"
    first = office.write("a.csv", text.format("1;Meier;A;rot"))
    office.imports(first, mapping=MAPPING, header_row=2, delimiter=";")
    again = office.imports(office.write("b.csv", text.format("2;Schulz;B;blau")))
    assert counts(again) == {"inserted": 1}
    assert (again.result["header_row"], again.result["mapped_by"]["mine"]) == (2, True)


def test_a_mapping_for_fields_that_the_dataset_no_longer_has_still_serves_for_the_others(office):
    from sqlalchemy import update

    from worker.db.schema import mappings

    path = _file(office, "a.csv", "1,Meier,A,rot")
    office.imports(path, mapping=MAPPING, constants={"country": "DE"})
    with office.database.write() as connection:
        connection.execute(
            update(mappings).values(mapping=MAPPING | {"Farbe": "colour"}, constants={"country": "DE", "shape": "x"})
        )
    assert counts(office.imports(path)) == {"unchanged": 1}


def test_an_interrupted_import_goes_on_with_the_mapping_that_it_began_with(office):
    rows = [f"{i},Meier {i},VIP,rot" for i in range(30)]
    path = _file(office, "a.csv", *rows)
    office.imports(path, mapping=MAPPING, value_map={"level": {"VIP": "A"}})
    office.settings.import_chunk_rows = 10
    office.submit("customers.import", [office.upload(path)])
    office.attempt(stop_after_chunks=1)
    with office.database.write() as connection:
        from tests.worker.datasets.office import CUSTOMERS

        (kept,) = _kept(office)
        remembered.remove(connection, office.ann, CUSTOMERS, kept.fingerprint)
    view = office.attempt()
    assert view.state == "succeeded", view.error
    assert counts(view) == {"unchanged": 30}


def _corrected(office, view, change):
    """The error workbook of an import, with values replaced as a person would, and saved by openpyxl."""
    import openpyxl

    path = office.file(view, "errors")
    book = openpyxl.load_workbook(path)
    for row in book.active.iter_rows(min_row=2):
        for cell in row:
            cell.value = change.get(cell.value, cell.value)
    book.save(path)
    return path


def test_a_corrected_workbook_maps_as_its_parent_did_and_is_listed_there(office):
    from worker.engine import jobs

    header = "Nr,Firma,,Farbe"
    first = office.imports(
        _file(office, "a.csv", "1,Meier,Z,rot", "2,Lang,VIP,rot", header=header),
        mapping={"Nr": "customer_no", "Firma": "name", "C": "level"}, constants={"country": "DE"},
        value_map={"level": {"VIP": "Y"}},
    )  # fmt: skip
    assert counts(first) == {"rejected": 2}
    assert _kept(office) == []  # no row went in, so nothing was remembered
    again = office.imports(_corrected(office, first, {"Z": "B"}), value_map={"level": {"VIP": "A"}})
    assert counts(again) == {"inserted": 2}
    assert (again.parent_id, again.result["mapped_by"]["mine"]) == (first.id, True)
    assert [(r["level"], r["country"]) for r in office.rows().values()] == [("B", "DE"), ("A", "DE")]
    office.submit("datasets.undo", job=again.id)
    undo = office.attempt()
    assert undo.state == "succeeded", undo.error
    assert [(c.id, c.kind, c.state) for c in office.view(first.id).children] == [
        (again.id, "customers.import", "succeeded")
    ]
    assert [c.kind for c in office.view(again.id).children] == ["datasets.undo"]
    page = jobs.page(office.database, office.ann, "en", parent_id=first.id)
    assert ([v.id for v in page.jobs], page.total) == ([again.id], 1)
    # Another's correction of it is nobody's child, and an admin's is not the owner's to see.
    root = office.ann_or_owner(first.id)
    assert jobs.get(office.database, office.lin, office.imports(
        _corrected(office, first, {"Z": "C"}), by=office.lin, mapping={"Nr": "customer_no", "Firma": "name"}
    ).id, "en").parent_id is None  # fmt: skip
    assert [c.id for c in jobs.get(office.database, root, first.id, "en").children] == [again.id]


def test_the_mapping_of_a_stopped_import_holds_for_its_corrected_workbook(office):
    path = _file(office, "a.csv", "1,Meier,Z,rot", "2,Lang,A,rot")
    first = office.imports(path, mapping=MAPPING, max_errors=1)
    assert first.state == "failed"
    again = office.imports(_corrected(office, first, {"Z": "B"}))
    assert (counts(again), again.parent_id) == ({"inserted": 1}, first.id)


def test_a_header_with_a_column_more_is_mapped_as_the_one_that_it_is_much_like(office):
    wide = "Nr,Firma,Klasse,Ort,Farbe"
    mapping = {**MAPPING, "Ort": "city"}
    first = _file(office, "a.csv", "1,Meier,VIP,Ulm,rot", header=wide)
    office.imports(first, mapping=mapping, value_map={"level": {"VIP": "A"}})
    more = office.imports(
        _file(office, "b.csv", "2,x,Schulz,VIP,Bonn,13800138000", header="Nr,Neu,Firma,Klasse,Ort,手机")
    )
    assert counts(more) == {"inserted": 1}
    assert more.result["mapped_by"] == {"username": "ann", "mine": True}
    assert more.result["mapping"] == {
        "Nr": "customer_no",
        "Firma": "name",
        "Klasse": "level",
        "Ort": "city",
        "手机": "phone",
    }
    assert more.result["not_imported"] == ["Neu"]
    assert office.rows()["2"]["level"] == "A"
    assert len(_kept(office)) == 1  # nobody has decided anything about this header
    other = office.imports(_file(office, "c.csv", "3,Kunz,A,B,C,D,E", header="Nr,Firma,ka,kb,kc,kd,ke"))
    assert other.error.code == "mapping_required"
