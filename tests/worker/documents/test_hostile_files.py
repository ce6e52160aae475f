"""Files that mean harm cost themselves, and nobody else."""

from __future__ import annotations

import random
import shutil
import zipfile
from pathlib import Path

import openpyxl
import pytest

from tests.worker.documents import hostile
from tests.worker.documents.reading import DATA, Found, Reading
from worker.engine.helper import HelperStopped


def test_an_entity_is_not_looked_up(reading: Reading, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the administrator's password")
    found = reading.read(hostile.xxe(tmp_path / "a.docx", secret))
    assert "password" not in found.text
    assert found.state in ("read", "broken")


def test_a_billion_laughs_are_not_laughed(reading: Reading, tmp_path: Path) -> None:
    found = reading.read(hostile.laughs(tmp_path / "a.docx"))
    assert len(found.text) < 1000


@pytest.mark.parametrize("make", [hostile.zip_bomb, hostile.lying_bomb])
def test_a_zip_bomb_is_not_unpacked(reading: Reading, tmp_path: Path, make) -> None:
    found = reading.read(make(tmp_path / "a.docx"))
    assert found.state == "broken"
    assert found.code in ("document_bomb", "document_broken")


def test_a_pdf_of_ten_thousand_pages_is_read_or_cut_with_a_note(reading: Reading, tmp_path: Path) -> None:
    path = hostile.pages_pdf(tmp_path / "a.pdf", 10_000)
    found = reading.read(path)
    assert found.summary["pages"] == 10_000
    assert "Page number 1\n" in found.text
    assert "Page number 10000" in found.text or "document_note_pages" in found.notes
    cut = reading.read(path, seconds=0.05)
    assert "document_note_pages" in cut.notes
    assert cut.state == "read"


@pytest.mark.parametrize("make", [hostile.cyclic_pdf, hostile.xref_loop_pdf])
def test_a_pdf_that_refers_to_itself_ends(reading: Reading, tmp_path: Path, make) -> None:
    found = reading.read(make(tmp_path / "a.pdf"))
    assert found.state in ("read", "scanned", "broken")


def test_a_pdf_that_draws_for_ever_is_ended(tmp_path: Path) -> None:
    reading = Reading(tmp_path)
    with reading.helper as helper:
        reading.read(DATA / "pdfminer.six" / "simple1.pdf")  # the process is there now
        path = hostile.nested_forms_pdf(tmp_path / "a.pdf", depth=12, width=30)
        with pytest.raises(HelperStopped) as stopped:
            helper.call(
                "worker.documents.reader:read_file", 3.0, path=str(path), name="a.pdf", folder=str(tmp_path),
                out=str(tmp_path / "out"), seconds=1.0,
            )  # fmt: skip
        assert stopped.value.code in ("time", "memory")  # whichever it comes to first
        assert reading.read(DATA / "pdfminer.six" / "simple1.pdf").state == "read"


def test_a_pdf_that_unpacks_to_more_than_the_memory_is_ended(tmp_path: Path) -> None:
    reading = Reading(tmp_path, memory_bytes=300_000_000)
    with reading.helper:
        assert reading.stopped(hostile.deflate_bomb_pdf(tmp_path / "a.pdf")) == "memory"
        assert reading.read(DATA / "pdfminer.six" / "simple1.pdf").state == "read"


@pytest.mark.parametrize("cut", [10, 300, 2000, 11_000])
def test_a_truncated_pdf_says_so(reading: Reading, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes((DATA / "pdfminer.six" / "base.pdf").read_bytes()[:cut])
    found = reading.read(path)
    assert found.state in ("broken", "scanned", "read")
    assert found.state != "read" or "Secret" in found.text


DAMAGED = (
    "python-docx/hdr-header-footer.docx", "python-pptx/test.pptx", "python-calamine/base.xlsx",
    "exif-py/Canon_40D.jpg", "python-calamine/base.xls",
)  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_anywhere_gives_text_or_a_reason(reading: Reading, tmp_path: Path, name: str) -> None:
    chance = random.Random(7)
    whole = (DATA / name).read_bytes()
    for attempt in range(12):
        content = bytearray(whole)
        for _ in range(20):
            content[chance.randrange(len(content))] = chance.randrange(256)
        if attempt % 3 == 0:
            content = content[: chance.randrange(1, len(content))]
        path = tmp_path / f"{attempt}{Path(name).suffix}"
        path.write_bytes(content)
        found = reading.read(path)
        assert found.state in ("read", "scanned", "encrypted", "broken", "unsupported")
        assert (found.state == "read") == (not found.code)


def test_no_bytes_and_no_text_at_all(reading: Reading, tmp_path: Path) -> None:
    (tmp_path / "nothing.pdf").write_bytes(b"")
    assert reading.read(tmp_path / "nothing.pdf").code == "document_empty"
    (tmp_path / "noise.txt").write_bytes(random.Random(1).randbytes(5000))
    found = reading.read(tmp_path / "noise.txt")
    assert (found.state, found.code) == ("unsupported", "document_unsupported")


def test_a_file_under_a_wrong_name_is_read_by_its_content(reading: Reading, tmp_path: Path) -> None:
    shutil.copy(DATA / "pdfminer.six" / "base.pdf", tmp_path / "a.docx")
    found = reading.read(tmp_path / "a.docx")
    assert (found.summary["type"], found.state, found.text.strip()) == ("pdf", "read", "Secret!")
    shutil.copy(DATA / "python-mammoth" / "tables.docx", tmp_path / "b.pdf")
    assert "Bottom right" in reading.read(tmp_path / "b.pdf").text


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16", "big5"])
def test_text_in_any_usual_encoding(reading: Reading, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    text = (
        "關於合同的通知，請於三月五日前回復，謝謝。\n"
        if encoding == "big5"
        else "关于合同的通知，请于三月五日前回复，谢谢。\n"
    )
    path.write_bytes((text * 5).encode(encoding))
    found = reading.read(path)
    assert found.text == (text * 5).strip()
    assert found.summary["language"] == ("zh-Hant" if encoding == "big5" else "zh-Hans")


def test_a_mail_in_gbk_with_mails_and_tables_within(reading: Reading, tmp_path: Path) -> None:
    found = reading.read(hostile.chinese_mail(tmp_path / "a.eml"))
    assert found.metadata["subject"] == "关于合同编号镕１２的通知"
    assert found.metadata["date"] == "2024-03-05T09:15:00+08:00"
    for words in ("朱镕基签收", "--- 报价单.xlsx ---", "甲-001\t1200", "内层邮件", "最里面的正文：金额 3,200 元"):
        assert words in found.text
    assert found.tables[0]["rows"] == [["编号", "金额"], ["甲-001", 1200]]


def test_what_is_deleted_in_word_is_not_told_and_what_is_inserted_is(reading: Reading, tmp_path: Path) -> None:
    body = (
        "<w:p><w:r><w:t>kept </w:t></w:r><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>inserted</w:t></w:r></w:ins></w:p>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>in a control</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    assert reading.read(hostile.docx(tmp_path / "a.docx", body)).text == "kept inserted\nin a control"


def test_a_document_without_text_but_with_pictures_says_so(reading: Reading, tmp_path: Path) -> None:
    path = hostile.docx(tmp_path / "a.docx", "<w:p/>")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("word/media/image1.png", b"x")
    found: Found = reading.read(path)
    assert (found.state, found.code) == ("scanned", "document_pictures")


def test_a_workbook_that_takes_too_long_is_cut_with_a_note(reading: Reading, tmp_path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("数据")
    for number in range(3000):
        sheet.append([number, "甲"])
    book.save(tmp_path / "a.xlsx")
    whole = reading.read(tmp_path / "a.xlsx")
    assert (whole.tables[0]["row_count"], whole.notes) == (3000, set())
    cut = reading.read(tmp_path / "a.xlsx", seconds=0.0)
    assert cut.state == "read"
    assert cut.notes == {"document_note_rows"}
    assert cut.tables[0]["rows"][0] == [0, "甲"]


def test_a_large_document_is_no_bomb_but_too_large(reading: Reading, tmp_path: Path) -> None:
    path = hostile.docx(tmp_path / "a.docx", hostile.paragraph("text"))
    film = random.Random(1).randbytes(1 << 20)
    with zipfile.ZipFile(path, "a") as archive:  # a directory that says so is enough
        for number in range(2):
            archive.writestr(f"word/media/{number}.mp4", film)
    hostile.claim_size(path, "word/media/", 300 << 20)
    found = reading.read(path)
    assert (found.state, found.code) == ("stopped", "document_large")
