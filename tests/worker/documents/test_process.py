"""`documents.process` as a job: counts that add up, one bad file that stops nobody, resumed where it was killed."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.worker.datasets.office import Office
from tests.worker.documents import hostile
from tests.worker.documents.reading import DATA
from worker.db.database import Database
from worker.documents import files as reading_files
from worker.engine import parts
from worker.engine.helper import Helper, HelperStopped
from worker.texts import text

STATES = reading_files.STATES


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    return Office(database, tmp_path)


@pytest.fixture
def sqlite_office(sqlite_url: str, tmp_path: Path):
    database = Database(sqlite_url)
    yield Office(database, tmp_path)
    database.dispose()


def _set(office: Office) -> list[Path]:
    """Nine files, five of them readable."""
    folder = office.folder / "in"
    folder.mkdir()
    (folder / "=1+1.txt").write_text("=cmd|' /C calc'!A0\n第二行", "utf-8")
    (folder / "leer.pdf").write_bytes(b"")
    (folder / "old.doc").write_bytes((DATA / "python-calamine" / "base.xls").read_bytes()[:1024])
    return [
        folder / "=1+1.txt", DATA / "python-mammoth" / "tables.docx", folder / "leer.pdf",
        DATA / "pdfminer.six" / "aes-128.pdf", DATA / "pdfminer.six" / "pdf-with-jbig2.pdf",
        DATA / "python-calamine" / "table-multiple.xlsx", folder / "old.doc",
        DATA / "pdfplumber" / "issue-466-example.pdf", hostile.chinese_mail(folder / "邮件.eml"),
    ]  # fmt: skip


def _sheets(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(path)
    found = {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}
    book.close()
    return found


def _check(office: Office, view: Any) -> None:
    result = view.result
    assert sum(result[state] for state in STATES) == result["files"] == 9
    assert (result["read"], result["encrypted"], result["scanned"], result["broken"], result["unsupported"]) == (
        5, 1, 1, 1, 1,
    )  # fmt: skip
    assert result["tables"] == 1 + 3 + 2 + 1
    assert list(parts.stream(office.database, view.id)) == []


def test_nine_files_in_one_job(office: Office) -> None:
    uploads = [office.upload(path) for path in _set(office)]
    office.submit("documents.process", uploads)
    view = office.attempt()
    assert view.state == "succeeded", view.error
    _check(office, view)
    sheets = _sheets(office.file(view, "report"))
    overview = sheets["Overview"]
    assert [row[1] for row in overview[1:]][:3] == ["=1+1.txt", "tables.docx", "leer.pdf"]
    assert [row[2] for row in overview[1:]] == [
        "read", "read", "damaged", "encrypted", "no text", "read", "not supported", "read", "read",
    ]  # fmt: skip
    assert overview[3][3].startswith("The file has 0 bytes")
    assert overview[9][9] == "关于合同编号镕１２的通知"
    assert ("tables.docx", "author", "Michael Williamson") in sheets["Metadata"]
    tables = sheets["Tables"]
    assert ("table-multiple.xlsx", "Sheet3", 10, 2, "T4") in tables
    assert sheets["T4"][1] == (1, 1000)
    with zipfile.ZipFile(office.file(view, "export")) as archive:
        assert archive.namelist() == [
            "=1+1.txt.txt", "tables.docx.txt", "table-multiple.xlsx.txt", "issue-466-example.pdf.txt", "邮件.eml.txt",
        ]  # fmt: skip
        assert archive.read("=1+1.txt.txt").decode("utf-8-sig") == "=cmd|' /C calc'!A0\n第二行"


def test_no_text_of_a_file_becomes_a_formula(sqlite_office: Office) -> None:
    uploads = [sqlite_office.upload(path) for path in _set(sqlite_office)]
    sqlite_office.submit("documents.process", uploads)
    book = openpyxl.load_workbook(sqlite_office.file(sqlite_office.attempt(), "report"))
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}


def test_results_speak_chinese_to_a_chinese_user(sqlite_office: Office) -> None:
    office = sqlite_office
    uploads = [office.upload(path, by=office.lin) for path in _set(office)]
    office.submit("documents.process", uploads, by=office.lin, tables=False)
    view = office.attempt()
    assert view.result["tables"] == 1 + 3 + 1
    assert {f.name for f in view.files if f.role != "upload"} == {"文档处理结果.xlsx", "提取的文本.zip"}
    sheets = _sheets(office.file(view, "report"))
    assert list(sheets)[:3] == ["概览", "元数据", "表格"]
    assert sheets["概览"][4][2:4] == ("已加密", "文件已加密。请取消密码保护后另存，再重新提交。")
    assert sheets["概览"][9][6] == "中文（简体）"


def test_a_job_that_dies_goes_on_at_its_file(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads = [office.upload(path) for path in _set(office)]
    job_id = office.submit("documents.process", uploads)
    read: list[str] = []
    call = Helper.call

    def counting(self: Helper, function: str, seconds: float, /, **arguments: Any) -> dict[str, Any]:
        if function.endswith(":read_file"):
            read.append(arguments["name"])
        return call(self, function, seconds, **arguments)

    monkeypatch.setattr(Helper, "call", counting)
    assert office.attempt(stop_after_chunks=4).state == "pending"
    assert len(parts.summaries(office.database, job_id)) == 4
    assert office.attempt(stop_after_chunks=2).state == "pending"
    view = office.attempt()
    assert view.state == "succeeded"
    _check(office, view)
    # Each attempt died while the part of its last file was about to be committed; that file is read again.
    names = [office.view(job_id).files[n].name for n in range(9)]
    assert read == names[:5] + names[4:7] + names[6:]


@pytest.mark.parametrize("chunks", [9, 11, 12])
def test_a_job_that_dies_at_its_end_has_its_results_once(sqlite_office: Office, chunks: int) -> None:
    uploads = [sqlite_office.upload(path) for path in _set(sqlite_office)]
    sqlite_office.submit("documents.process", uploads)
    assert sqlite_office.attempt(stop_after_chunks=chunks).state == "pending"
    view = sqlite_office.attempt()
    _check(sqlite_office, view)
    assert [f.role for f in view.files if f.role != "upload"] == ["report", "export"]
    assert len(_sheets(sqlite_office.file(view, "report"))["Overview"]) == 10


def test_a_cancelled_job_says_what_was_done(sqlite_office: Office) -> None:
    uploads = [sqlite_office.upload(path) for path in _set(sqlite_office)]
    sqlite_office.submit("documents.process", uploads)
    view = sqlite_office.attempt(cancel_after_chunks=3)
    assert view.state == "cancelled"
    assert view.result["files"] == 4 == sum(view.result[state] for state in STATES)


@pytest.mark.parametrize(
    ("fault", "state", "code"),
    [("time", "stopped", "document_time"), ("memory", "stopped", "document_memory"),
     ("crash", "stopped", "document_crash"), ("failed", "broken", "document_broken")],
)  # fmt: skip
def test_a_file_that_ends_its_helper_is_listed_and_the_others_are_read(
    sqlite_office: Office, monkeypatch: pytest.MonkeyPatch, fault: str, state: str, code: str
) -> None:
    """That helpers end so is proved in `test_helper.py`; here, what becomes of the job."""
    call = Helper.call

    def ending(self: Helper, function: str, seconds: float, /, **arguments: Any) -> dict[str, Any]:
        if arguments.get("name") == "tables.docx":
            raise HelperStopped(fault)
        return call(self, function, seconds, **arguments)

    monkeypatch.setattr(Helper, "call", ending)
    uploads = [sqlite_office.upload(path) for path in _set(sqlite_office)[:2]]
    sqlite_office.submit("documents.process", uploads)
    view = sqlite_office.attempt()
    assert (view.state, view.result["read"], view.result[state]) == ("succeeded", 1, 1)
    row = _sheets(sqlite_office.file(view, "report"))["Overview"][2]
    assert row[4] == "DOCX"
    assert row[3] == text(code, "en", seconds=120, megabytes=800)
