"""PowerPoint (pptx, pptm, ppsx): text of all shapes, tables, notes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from worker.documents import package
from worker.documents.document import Document, Text, Unreadable, shown

_DEEPEST = 20


def read(path: Path) -> Document:
    """Read a presentation.

    Raises:
        Unreadable: `broken`.
    """
    from lxml import etree
    from pptx.exc import PythonPptxError
    from pptx.package import Package

    document = Document("pptx")
    package.properties(path, document)
    text = Text()
    try:
        slides = list(Package.open(str(path)).presentation_part.presentation.slides)
        document.pages = len(slides)
        for number, slide in enumerate(slides, 1):
            _slide(slide, number, text, document)
            if text.full:
                break
    except (PythonPptxError, etree.XMLSyntaxError, KeyError, ValueError, AttributeError, TypeError) as error:
        raise Unreadable("broken", "document_broken") from error
    text.give(document)
    if all(line.startswith("--- ") for line in document.text.splitlines()):
        package.pictures(path, document)
    return document


def _slide(slide: Any, number: int, text: Text, document: Document) -> None:
    text.line(f"--- {number} ---")
    for shape in _shapes(slide.shapes, 0):
        if getattr(shape, "has_text_frame", False) and shape.text_frame.text.strip():
            text.line(shape.text_frame.text.replace("\v", "\n"))
        elif getattr(shape, "has_table", False):
            rows: list[list[Any]] = [[cell.text for cell in row.cells] for row in shape.table.rows]
            document.add_table(str(number), rows)
            for row in rows:
                text.line("\t".join(map(shown, row)))
        elif getattr(shape, "has_chart", False):
            _chart(shape, text)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        if notes:
            text.line(notes)


def _shapes(shapes: Any, depth: int) -> Iterator[Any]:
    for shape in shapes:
        if hasattr(shape, "shapes") and depth < _DEEPEST:
            yield from _shapes(shape.shapes, depth + 1)
        else:
            yield shape


def _chart(shape: Any, text: Text) -> None:
    """Title and series of a chart; charts of newer sorts have no such parts."""
    try:
        chart = shape.chart
        if chart.has_title and chart.chart_title.has_text_frame:
            text.line(chart.chart_title.text_frame.text)
        for plot in chart.plots:
            text.line("\t".join(str(category) for category in plot.categories))
            for series in plot.series:
                text.line("\t".join([str(series.name), *(shown(value) for value in series.values)]))
    except (KeyError, ValueError, AttributeError, NotImplementedError):
        return
