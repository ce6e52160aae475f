"""Real files of real programs: each gives its text, or a clear reason; other libraries are the referees."""

from __future__ import annotations

import tomllib
import unicodedata
from collections import Counter

import pytest

from tests.worker.documents.reading import DATA, Found

EXPECTED = tomllib.loads((DATA / "expected.toml").read_text("utf-8"))
PDFS = sorted(name for name, what in EXPECTED.items() if what["type"] == "pdf" and what["state"] == "read")


def test_the_set_is_as_large_and_as_small_as_it_should_be() -> None:
    files = [path for path in DATA.glob("*/*") if path.is_file()]
    assert {path.relative_to(DATA).as_posix() for path in files} == set(EXPECTED)
    types = Counter(what["type"] for what in EXPECTED.values())
    assert sum(types[name] for name in ("pdf", "docx", "xlsx", "pptx", "eml", "xls", "ods")) >= 50
    assert sum(path.stat().st_size for path in files) < 2_000_000


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_real_file_gives_its_text_or_a_reason(real: dict[str, Found], name: str) -> None:
    expected, found = EXPECTED[name], real[name]
    assert (found.summary["type"], found.state, found.code) == (
        expected["type"], expected["state"], expected.get("code", ""),
    )  # fmt: skip
    assert found.summary["pages"] == expected.get("pages")
    assert found.summary["tables"] == expected.get("tables", 0) == len(found.tables)
    assert found.summary["language"] == expected.get("language", "")
    assert expected.get("text", "") in found.text
    for fact in ("taken", "camera_model", "gps", "author", "subject", "created"):
        if fact in expected:
            assert found.metadata[fact] == expected[fact]


def _characters(text: str) -> Counter[str]:
    """Spaces and line ends are a matter of taste, and `ﬁ` may be one character or two."""
    return Counter(c for c in unicodedata.normalize("NFKC", text) if c.isalnum())


@pytest.mark.parametrize("name", PDFS)
def test_another_reader_of_pdf_finds_nothing_that_we_have_not(real: dict[str, Found], name: str) -> None:
    from pdfminer.high_level import extract_text

    theirs, ours = _characters(extract_text(DATA / name)), _characters(real[name].text)
    assert (theirs - ours).total() <= 0.02 * theirs.total()


@pytest.mark.parametrize("name", [n for n in EXPECTED if n.endswith(".docx") and "strict" not in n])
def test_python_docx_finds_no_paragraph_that_we_have_not(real: dict[str, Found], name: str) -> None:
    import docx

    document = docx.Document(str(DATA / name))
    cells = [cell for table in document.tables for row in table.rows for cell in row.cells]
    paragraphs = [*document.paragraphs, *(p for cell in cells for p in cell.paragraphs)]
    for paragraph in paragraphs:
        assert paragraph.text.strip().split("\n")[0] in real[name].text


@pytest.mark.parametrize(
    "name", [n for n in EXPECTED if n.endswith(".xlsx") and "text" in EXPECTED[n] and "139" not in n]
)
def test_openpyxl_finds_no_text_that_we_have_not(real: dict[str, Found], name: str) -> None:
    import openpyxl

    book = openpyxl.load_workbook(DATA / name, data_only=True)
    for sheet in book.worksheets:
        for row in sheet.iter_rows(values_only=True):
            for value in row:
                if isinstance(value, str | int):
                    assert str(value) in real[name].text


def test_tables_of_a_pdf_have_their_cells(real: dict[str, Found]) -> None:
    first = real["pdfplumber/issue-466-example.pdf"].tables[0]
    assert first["rows"][0] == ["T0-C0", "T0-C1", "T0-C2"]
    assert first["rows"][-1] == ["T0-20-last", "T0-21-last", "T0-22-last"]
    assert first["place"] == "1"


def test_a_mail_tells_of_its_attachments_and_reads_them(real: dict[str, Found]) -> None:
    found = real["cpython/msg_04.eml"]
    assert found.metadata["attachments"] == "2"
    assert found.metadata["attachment"].startswith("msg.txt (48 bytes, SHA-256 ")
    assert found.text.count("a simple kind of mirror") == 2
