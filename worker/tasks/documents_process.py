"""`documents.process`: text, metadata, pages, language and tables of documents; one workbook and the texts."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from worker.engine.context import JobContext
from worker.engine.kinds import Params, UploadNeeds, kind

SUFFIXES = (
    ".pdf", ".docx", ".docm", ".dotx", ".pptx", ".pptm", ".ppsx", ".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".tsv",
    ".txt", ".md", ".log", ".json", ".xml", ".html", ".htm", ".eml", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".gif",
    ".bmp", ".webp", ".doc", ".ppt",
)  # fmt: skip
"""The last two are told apart from the others and refused with a reason, file by file."""


class DocumentsParams(Params):
    """How documents are read."""

    tables: bool = Field(
        True,
        title="Tables of PDF",
        json_schema_extra={
            "titles": {"zh_CN": "提取 PDF 中的表格", "en": "Tables of PDF"},
            "descriptions": {
                "zh_CN": "查找有边框的表格；页数多时需要较长时间。",
                "en": "Look for tables with ruled lines; takes a while for many pages.",
            },
        },
    )


@kind(
    "documents.process",
    {"zh_CN": "处理文档", "en": "Process documents"},
    DocumentsParams,
    lane="document",
    uploads=UploadNeeds(1, 1000, SUFFIXES),
    order=40,
    soft_limit_seconds=4 * 3600,
    hard_limit_seconds=4.5 * 3600,
    result_titles={
        "files": ("文件", "Files"),
        "read": ("已读取", "Read"),
        "scanned": ("无文本（扫描件）", "Without text (scans)"),
        "encrypted": ("已加密", "Encrypted"),
        "broken": ("已损坏", "Damaged"),
        "unsupported": ("不支持", "Not supported"),
        "stopped": ("已停止", "Stopped"),
        "pages": ("页数", "Pages"),
        "tables": ("表格", "Tables"),
        "characters": ("字符", "Characters"),
        "file": ("结果工作簿", "Workbook"),
    },
)
def process(job: JobContext, params: DocumentsParams) -> dict[str, Any]:
    """Read all files; a bad one is listed with its reason and never stops the others."""
    from worker.documents import processor

    return processor.run(job, tables=params.tables)
