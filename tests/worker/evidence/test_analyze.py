"""`evidence.analyze` as a job, on a case of a dozen files."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import insert

from tests.worker.datasets.office import Office
from tests.worker.documents import hostile
from tests.worker.documents.reading import DATA
from worker.db.database import Database
from worker.db.schema import uploads
from worker.db.types import db_now
from worker.documents.files import STATES
from worker.engine import kinds, parts
from worker.errors import Refused

CONTRACT = (
    "房屋租赁合同\n甲方：北京华信科技有限公司（以下简称甲方）\n乙方：上海宏图贸易股份有限公司\n联系人：张三\n"
    "电话：010-62781234，手机 13800138000，邮箱 zhang@example.com.cn\n身份证：11010519491231002X\n"
    "签订日期：2024年3月5日\n租金为人民币壹万贰仟元整（￥12,000.00），押金 3.5万元，账号 6222 0200 0000 0000 000。\n"
    "租赁期限自二〇二四年四月一日起，至2027年3月31日止。逾期付款的，每日按应付金额的万分之五支付违约金。\n"
    "双方应当遵守本合同的各项约定，任何一方违约的，应当赔偿对方因此遭受的全部损失，并承担相应的法律责任。\n"
)


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path):
    database = Database(sqlite_url)
    yield Office(database, tmp_path)
    database.dispose()


def _case(folder: Path) -> list[Path]:
    folder.mkdir()
    (folder / "合同.txt").write_text(CONTRACT, "utf-8")
    (folder / "合同-副本.txt").write_text(CONTRACT, "utf-8")
    (folder / "合同-改.txt").write_text(CONTRACT.replace("3.5万元", "3.8万元"), "gb18030")
    shutil.copy(DATA / "pdfminer.six" / "base.pdf", folder / "照片.jpg")
    shutil.copy(DATA / "exif-py" / "DSCN0010.jpg", folder / "DSCN0010.jpg")
    shutil.copy(DATA / "pdfminer.six" / "aes-128.pdf", folder / "geheim.pdf")
    (folder / "leer.bin").write_bytes(b"")
    (folder / "movie.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + b"\0" * 100)
    hostile.chinese_mail(folder / "邮件.eml")
    return sorted(folder.iterdir())


def _upload(office: Office, path: Path, modified: str | None = None, by: Any = None) -> str:
    file_id = office.upload(path, by=by)
    with office.database.write() as connection:
        connection.execute(
            insert(uploads).values(
                id=file_id, owner_id=(by or office.ann).user_id, name=path.name, size=path.stat().st_size,
                offset=path.stat().st_size, file_id=file_id, created_at=db_now(), expires_at=db_now(1000),
                metadata={"filename": path.name} | ({"modified": modified} if modified else {}),
            )
        )  # fmt: skip
    return file_id


def _run(office: Office, files: list[Path], by: Any = None, modified: str | None = None, **params: Any) -> Any:
    ids = [_upload(office, path, modified, by) for path in files]
    office.submit("evidence.analyze", ids, by, **params)
    return office.attempt()


def _sheets(office: Office, view: Any) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(office.file(view, "report"))
    found = {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    book.close()
    return found


def _export(office: Office, view: Any, name: str) -> Path:
    with office.database.read() as connection:
        from worker.files import results

        (row,) = [f for f in results.of_job(connection, [view.id])[view.id] if f.name == name and f.role == "export"]
    return Path(office.storage.local_path(row.storage_key))


def test_a_case_of_nine_files(office: Office, tmp_path: Path) -> None:
    files = _case(tmp_path / "case")
    view = _run(office, files, modified="2024-03-06T08:00:00+08:00", keywords=["违约金", "SECRET"])
    assert view.state == "succeeded", view.error
    result = view.result
    assert sum(result[state] for state in STATES) == result["files"] == 9
    assert (result["read"], result["encrypted"], result["broken"], result["unsupported"]) == (6, 1, 1, 1)
    assert (result["duplicates"], result["near_duplicates"], result["wrong_endings"], result["altered"]) == (1, 1, 1, 0)
    assert result["keyword_hits"] == 4
    assert (result["id_numbers"], result["bank_cards"], result["phones"], result["people"]) == (3, 3, 6, 3)
    sheets = _sheets(office, view)
    manifest = {row[1]: row for row in sheets["Manifest"][1:]}
    for path in files:
        assert manifest[path.name][3] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert manifest[path.name][6] == "2024-03-06 08:00:00"
    assert manifest["照片.jpg"][4:6] == ("PDF", "does not fit the content")
    assert manifest["合同.txt"][5] is None
    assert [row[2] for row in sheets["Exact duplicates"][1:]] == ["合同-副本.txt", "合同.txt"]
    near = sheets["Near duplicates"][1]
    assert {near[1], near[2]} == {"合同-副本.txt", "合同-改.txt"}
    assert ("CNY 12000.00", "￥12,000.00", "合同.txt") in [row[:3] for row in sheets["Amounts"]]
    assert any("每日按应付金额的万分之五支付违约金" in row[2] for row in sheets["Keywords"][1:])
    links = {row[1]: row[2] for row in sheets["In several files"][1:]}
    assert links["北京华信科技有限公司"] == 3
    times = [row[0] for row in sheets["Timeline"][1:]]
    assert times == sorted(times)
    assert result["events"] == len(times)
    sources = {(row[0], row[1], row[2]) for row in sheets["Timeline"][1:]}
    assert ("2024-03-05", "合同.txt", "text") in sources
    assert ("2024-03-06 08:00:00", "leer.bin", "modified (sender's computer)") in sources
    assert ("2008-10-22 16:28:39", "DSCN0010.jpg", "taken") in sources
    assert ("2024-03-05 09:15:00", "邮件.eml", "date") in sources
    assert list(parts.stream(office.database, view.id)) == []


def test_a_second_analysis_proves_that_nothing_changed_or_names_what_did(office: Office, tmp_path: Path) -> None:
    files = _case(tmp_path / "case")
    first = _run(office, files)
    again = _run(office, files, compare_with=first.id)
    assert again.result["proved"] is True
    assert [again.result[how] for how in ("unchanged", "renamed", "changed", "missing", "added")] == [9, 0, 0, 0, 0]
    overview = dict(row[:2] for row in _sheets(office, again)["Overview"])
    assert overview["Result of the comparison"] == "All 9 files of the earlier manifest are unchanged, byte for byte."

    (tmp_path / "case" / "合同.txt").write_text(CONTRACT + " ", "utf-8")
    (tmp_path / "case" / "geheim.pdf").rename(tmp_path / "case" / "offen.pdf")
    (tmp_path / "case" / "movie.mp4").unlink()
    (tmp_path / "case" / "neu.txt").write_text("neu")
    third = _run(office, sorted((tmp_path / "case").iterdir()), compare_with=first.id)
    result = third.result
    assert result["proved"] is False
    assert [result[how] for how in ("unchanged", "renamed", "changed", "missing", "added")] == [6, 1, 1, 1, 1]
    assert {(d["name"], d["how"]) for d in result["differing"]} == {
        ("合同.txt", "changed"), ("geheim.pdf", "renamed"), ("movie.mp4", "missing"), ("neu.txt", "added"),
    }  # fmt: skip
    sheets = _sheets(office, third)
    assert sheets["Comparison"][1][:3] == ("changed", "合同.txt", "合同.txt")
    assert "2 of 9 files" in dict(row[:2] for row in sheets["Overview"])["Result of the comparison"]


def test_the_manifest_among_the_files_does_the_same(office: Office, tmp_path: Path) -> None:
    files = _case(tmp_path / "case")
    first = _run(office, files)
    kept = tmp_path / "kept" / "manifest.json"
    kept.parent.mkdir()
    shutil.copy(_export(office, first, "manifest.json"), kept)
    assert len(json.loads(kept.read_text("utf-8"))["files"]) == 9
    again = _run(office, [kept, *files])
    assert again.result["proved"] is True
    assert again.result["files"] == again.result["unchanged"] == 9


def test_the_sums_are_those_that_other_programs_check(office: Office, tmp_path: Path) -> None:
    files = _case(tmp_path / "case")
    view = _run(office, files)
    sums = _export(office, view, "SHA256SUMS.txt")
    checked = subprocess.run(["sha256sum", "--check", "--strict", sums], cwd=tmp_path / "case", check=False)
    assert checked.returncode == 0


def test_times_that_nobody_told_are_unknown(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("2024年3月5日")
    office.submit("evidence.analyze", [office.upload(path, by=office.lin)], office.lin)
    view = office.attempt()
    assert view.state == "succeeded"
    sheets = _sheets(office, view)
    assert sheets["文件清单"][1][6] == "未知"
    assert sheets["时间线"][1][:3] == ("2024-03-05", "a.txt", "正文")
    assert {f.name for f in view.files if f.role == "report"} == {"证据分析报告.xlsx"}


@pytest.mark.parametrize("chunks", [1, 3, 5])
def test_killed_anywhere_the_result_is_the_same(office: Office, tmp_path: Path, chunks: int) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text(f"{CONTRACT}{number}")
    files = sorted(folder.iterdir())
    whole = _run(office, files).result
    ids = [_upload(office, path) for path in files]
    office.submit("evidence.analyze", ids)
    assert office.attempt(stop_after_chunks=chunks).state == "pending"
    view = office.attempt()
    assert view.result == whole
    assert len([f for f in view.files if f.role != "upload"]) == 3


def test_a_comparison_with_a_job_that_is_not_there_is_refused_at_once(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x")
    mine = _run(office, [path])
    for job, by in (("nonsense", office.ann), (mine.id, office.lin)):
        with pytest.raises(Refused) as refused:
            office.submit("evidence.analyze", [_upload(office, path, by=by)], by, compare_with=job)
        assert refused.value.code == "evidence_no_such_job"
    office.submit("documents.process", [_upload(office, path)])
    other = office.attempt()
    with pytest.raises(Refused, match="evidence_no_such_job"):
        office.submit("evidence.analyze", [_upload(office, path)], compare_with=other.id)


def test_a_file_that_was_altered_in_the_storage_is_named(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    upload = _upload(office, path)
    stored = Path(office.storage.local_path(upload))
    stored.chmod(0o600)
    stored.write_text("two")
    office.submit("evidence.analyze", [upload])
    view = office.attempt()
    assert view.result["altered"] == 1
    assert "not what was received" in _sheets(office, view)["Manifest"][1][13]


def test_its_parameters_have_words_in_both_languages() -> None:
    for name in ("evidence.analyze", "documents.process"):
        kind = kinds.get(name)
        assert kind is not None
        for prop in kind.params.model_json_schema()["properties"].values():
            assert set(prop["titles"]) == set(prop["descriptions"]) == {"zh_CN", "en"}
