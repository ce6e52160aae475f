"""Word documents (docx, docm, dotx): all text in its order, also where python-docx's paragraphs do not reach (text
boxes, content controls, tracked insertions), without what was deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from worker.documents import package
from worker.documents.document import Document, Text, Unreadable, shown

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
# Parts beside the body, by the end of their relation's type.
_BESIDE = ("header", "footer", "footnotes", "endnotes", "comments")
_DEEPEST = 40


def read(path: Path) -> Document:
    """Read a document.

    Raises:
        Unreadable: `broken`.
    """
    from docx.opc.exceptions import PackageNotFoundError
    from docx.oxml.parser import parse_xml
    from docx.package import Package
    from lxml import etree

    document = Document("docx")
    package.properties(path, document)
    text = Text()
    try:
        # By the end of the relation's type: files of the strict standard have another beginning there.
        relations = Package.open(str(path)).rels.values()
        main = next(r.target_part for r in relations if r.reltype.endswith("/officeDocument"))
        body = parse_xml(main.blob)
        _blocks(body, text, document, 0)
        for relation in main.rels.values():
            kind = relation.reltype.rpartition("/")[2]
            if kind in _BESIDE and not relation.is_external:
                _blocks(parse_xml(relation.target_part.blob), text, document, 0)
    except (PackageNotFoundError, etree.XMLSyntaxError, KeyError, ValueError, AttributeError, StopIteration) as error:
        raise Unreadable("broken", "document_broken") from error
    text.give(document)
    if not document.text.strip():
        package.pictures(path, document)
    pages = next((value for name, value in document.metadata if name == "pages"), "")
    document.pages = int(pages) if pages.isascii() and pages.isdigit() and len(pages) < 7 else None
    return document


def _local(element: Any) -> str:
    """The name of a Word element, empty for others."""
    tag = element.tag
    if isinstance(tag, str):
        for space in (_W, _STRICT):
            if tag.startswith(space):
                return tag[len(space) :]
    return ""


def _blocks(parent: Any, text: Text, document: Document, depth: int) -> None:
    """Paragraphs and tables below `parent`, wherever they stand."""
    if depth > _DEEPEST:
        return
    for child in parent:
        match _local(child):
            case "p":
                line = _paragraph(child)
                if line and not text.line(line):
                    return
                for box in _boxes(child):
                    _blocks(box, text, document, depth + 1)
            case "tbl":
                _table(child, text, document, depth)
            case _ if not isinstance(child.tag, str) or child.tag == f"{_MC}Fallback":
                continue
            case _:
                _blocks(child, text, document, depth + 1)


def _paragraph(element: Any) -> str:
    pieces: list[str] = []
    for node in _inline(element):
        match _local(node):
            case "t":
                pieces.append(node.text or "")
            case "tab":
                pieces.append("\t")
            case "br" | "cr":
                pieces.append("\n")
            case "noBreakHyphen":
                pieces.append("-")
    return "".join(pieces).strip("\n")


def _inline(element: Any) -> Iterator[Any]:
    """The nodes of a paragraph in their order, but for text boxes in it, deletions and properties."""
    stack = list(reversed(element))
    while stack:
        node = stack.pop()
        if not isinstance(node.tag, str) or node.tag == f"{_MC}Fallback":
            continue
        if _local(node) in ("txbxContent", "del", "moveFrom", "pPr", "rPr"):
            continue
        yield node
        stack.extend(reversed(node))


def _boxes(element: Any) -> Iterator[Any]:
    """The text boxes of a paragraph; the copies for old programs are left out."""
    for node in _inline(element):
        for child in node:
            if _local(child) == "txbxContent":
                yield child


def _table(element: Any, text: Text, document: Document, depth: int) -> None:
    rows: list[list[Any]] = []
    for row in element.iter(f"{_W}tr", f"{_STRICT}tr"):
        if next(row.iterancestors(f"{_W}tbl", f"{_STRICT}tbl"), None) is not element:
            continue  # of a table within a cell, whose text is in that cell
        cells = [c for c in row.iter(f"{_W}tc", f"{_STRICT}tc") if _row_of(c) is row]
        values: list[Any] = ["\n".join(filter(None, map(_paragraph, c.iter(f"{_W}p", f"{_STRICT}p")))) for c in cells]
        rows.append(values)
        text.line("\t".join(map(shown, values)))
    if rows:
        document.add_table("", rows)


def _row_of(cell: Any) -> Any:
    return next(cell.iterancestors(f"{_W}tr", f"{_STRICT}tr"), None)
