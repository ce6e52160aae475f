"""`evidence.analyze`: what a set of files is, what is found in them, and whether they are still what they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints

from worker.engine.context import JobContext
from worker.engine.kinds import Params, UploadNeeds, kind

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from worker.actor import Actor
    from worker.settings import Settings

KIND = "evidence.analyze"
Keyword = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class EvidenceParams(Params):
    """What to look for, and what to compare with.

    Attributes:
        keywords: words or phrases.
        near_duplicates: per cent of common passages from which two texts are near duplicates.
        compare_with: id of an earlier analysis; None: of the manifest among the files, if there is one.
    """

    keywords: list[Keyword] = Field(
        default_factory=list,
        max_length=200,
        title="Keywords",
        json_schema_extra={
            "titles": {"zh_CN": "关键词", "en": "Keywords"},
            "descriptions": {
                "zh_CN": "每行一个；报告列出每处及其上下文。",
                "en": "One a line; the report lists each place with its context.",
            },
        },
    )
    compare_with: str | None = Field(
        None,
        max_length=64,
        title="Compare with",
        json_schema_extra={
            "titles": {"zh_CN": "与此前的分析比对", "en": "Compare with an earlier analysis"},
            "descriptions": {
                "zh_CN": "此前的任务或其编号，用于证明文件未被改动；也可把当时的 manifest.json 一并选入文件。",
                "en": "The earlier job or its id, to prove that the files are unchanged; or choose its manifest.json "
                "among the files.",
            },
            "widget": "job",
        },
    )
    near_duplicates: int = Field(
        80,
        ge=50,
        le=100,
        title="Near duplicates from (%)",
        json_schema_extra={
            "titles": {"zh_CN": "近似重复的下限（%）", "en": "Near duplicates from (%)"},
            "descriptions": {
                "zh_CN": "两份文本的相同片段达到此比例即视为近似重复。",
                "en": "Share of common passages from which two texts are near duplicates.",
            },
            "advanced": True,
        },
    )


def _accept(
    connection: Connection, settings: Settings, actor: Actor, job_id: str, params: EvidenceParams
) -> Sequence[str]:
    """Refuse a comparison with a job that is not there while the person still sees the form."""
    from worker.evidence import manifest

    if params.compare_with:
        manifest.check_job(connection, actor, params.compare_with, KIND)
    return ()


@kind(
    KIND,
    {"zh_CN": "分析证据", "en": "Analyze evidence"},
    EvidenceParams,
    lane="evidence",
    uploads=UploadNeeds(1, 1000),
    order=41,
    soft_limit_seconds=4 * 3600,
    hard_limit_seconds=4.5 * 3600,
    accept=_accept,
    result_titles={
        "proved": ("逐字节未改动", "Unchanged, byte for byte"),
        "unchanged": ("未改动的文件", "Files unchanged"),
        "renamed": ("已改名的文件", "Files renamed"),
        "changed": ("已改动的文件", "Files changed"),
        "missing": ("缺失的文件", "Files missing"),
        "added": ("新增的文件", "Files added"),
        "differing": ("不一致的文件", "Files that differ"),
        "files": ("文件", "Files"),
        "read": ("已读取", "Read"),
        "scanned": ("无文本（扫描件）", "Without text (scans)"),
        "encrypted": ("已加密", "Encrypted"),
        "broken": ("已损坏", "Damaged"),
        "unsupported": ("不支持", "Not supported"),
        "stopped": ("已停止", "Stopped"),
        "wrong_endings": ("扩展名不符", "Wrong endings"),
        "altered": ("在服务器上被改动", "Altered on the server"),
        "duplicates": ("完全相同的副本", "Exact copies"),
        "near_duplicates": ("近似重复（对）", "Near duplicates (pairs)"),
        "dates": ("日期", "Dates"),
        "amounts": ("金额", "Amounts"),
        "phones": ("电话号码", "Phone numbers"),
        "emails": ("电子邮箱", "E-mail addresses"),
        "id_numbers": ("身份证号", "ID numbers"),
        "company_codes": ("统一社会信用代码", "Organisation codes"),
        "bank_cards": ("银行卡号", "Bank cards"),
        "companies": ("公司", "Firms"),
        "people": ("人名", "People"),
        "events": ("时间线条目", "Timeline entries"),
        "keyword_hits": ("关键词命中", "Keyword hits"),
        "file": ("报告", "Report"),
    },
)
def analyze(job: JobContext, params: EvidenceParams) -> dict[str, Any]:
    """Examine all files of any type and write report and manifest."""
    from worker.evidence import analyzer

    return analyzer.run(
        job,
        keywords=list(dict.fromkeys(params.keywords)),
        near=params.near_duplicates / 100,
        compare_with=params.compare_with,
    )
