"""Plain text in any encoding, and web pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tabular.encoding import detect
from tabular.errors import TableError
from worker.documents import sheets
from worker.documents.document import MAX_TEXT, Document, Text, Unreadable

_META = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.I)
_TABLES = (".csv", ".tsv")
_BLOCKS = frozenset(
    (
        "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset", "figure", "footer",
        "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section",
        "table", "tr", "ul", "title", "option",
    )
)  # fmt: skip
_SILENT = frozenset(("script", "style", "template", "noscript"))


def read(path: Path, name: str, type_: str = "text") -> Document:
    """Read a text; of a csv or tsv also the table.

    Raises:
        Unreadable: `broken`, when no encoding fits.
    """
    document = Document(type_)
    try:
        encoding = detect(path).encoding
    except TableError as error:
        raise Unreadable("broken", "document_no_text") from error
    with path.open(encoding=encoding, newline="") as file:
        content = file.read(MAX_TEXT + 1)
    text = Text()
    text.add(content)
    text.give(document)
    document.add_metadata("encoding", encoding)
    if name.lower().endswith(_TABLES):
        sheets.read_text_table(path, document)
    return document


def read_html(path: Path) -> Document:
    """Read a web page.

    Raises:
        Unreadable: `broken`.
    """
    content = path.read_bytes()
    said = _META.search(content[:4096])
    encoding = said[1].decode("ascii", "replace") if said else None
    if encoding is None:
        try:
            encoding = detect(path).encoding
        except TableError as error:
            raise Unreadable("broken", "document_no_text") from error
    document = Document("html")
    text = Text()
    text.add(html_text(decoded(content, encoding), document))
    text.give(document)
    return document


def decoded(content: bytes, encoding: str | None) -> str:
    """Bytes as text; a name of GB 2312 stands for its superset, as writers mean it; a wrong name is corrected."""
    names = [_superset(encoding)] if encoding else []
    for name in (*names, "utf-8", "gb18030"):
        try:
            return content.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    try:
        return content.decode(names[0] if names else "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _superset(encoding: str) -> str:
    name = encoding.strip().strip("\"'").lower().replace("_", "-")
    return "gb18030" if name in ("gb2312", "gbk", "gb-2312", "x-gbk", "cp936", "euc-cn", "hz-gb-2312") else name


def html_text(content: str, document: Document | None = None) -> str:
    """What a person reads of a web page, a block a line; the title goes into the document's metadata."""
    from lxml import etree, html

    if not content.strip():
        return ""
    try:
        # Bytes: lxml refuses a text that declares an encoding.
        root = html.document_fromstring(
            content.encode("utf-8", "replace"),
            parser=html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True),
        )
    except (etree.ParserError, ValueError):
        return ""
    pieces: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        _piece(event, element, pieces)
    if document is not None:
        title = root.findtext(".//title")
        document.add_metadata("title", re.sub(r"\s+", " ", title or ""))
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _piece(event: str, element: Any, pieces: list[str]) -> None:
    tag = element.tag if isinstance(element.tag, str) else ""
    silent = tag in _SILENT or tag == ""
    if event == "start":
        if tag in _BLOCKS:
            pieces.append("\n")
        elif tag in ("td", "th"):
            pieces.append("\t")
        if element.text and not silent:
            pieces.append(re.sub(r"\s+", " ", element.text) if tag != "pre" else element.text)
    else:
        if tag in _BLOCKS:
            pieces.append("\n")
        if element.tail:
            pieces.append(re.sub(r"\s+", " ", element.tail))
