"""How a file is read: sheet, header row, encoding, delimiter, each found automatically or chosen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QWidget

from desktop.language import translate
from desktop.submit.choices import delimiters, encodings
from desktop.submit.look import Look

_TEXT = ("encoding", "delimiter")
# Why a file cannot be read as it is found, where another choice may do.
_CHOICES_MEND = (
    "wrong_encoding",
    "unknown_encoding",
    "bad_delimiter",
    "sheet_not_found",
    "header_row_beyond_end",
    "no_rows",
)
_ROWS = 60  # header rows to choose from; further down nobody puts one


class ReadingBar(QWidget):
    """A box for each of them, which also says what was found automatically.

    Signals:
        changed: something was chosen.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("readingBar")
        self._boxes: dict[str, QComboBox] = {}
        self._labels: dict[str, QLabel] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for name, words in (
            ("sheet", translate("Reading", "Sheet")),
            ("header_row", translate("Reading", "Header row")),
            ("encoding", translate("Reading", "Encoding")),
            ("delimiter", translate("Reading", "Delimiter")),
        ):
            box = QComboBox(self)
            box.setObjectName(f"reading-{name}")
            box.setAccessibleName(words)
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            box.setMinimumContentsLength(8)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            label = QLabel(words, self)
            label.setProperty("role", "muted")
            label.setBuddy(box)
            row.addWidget(label)
            row.addWidget(box, 2 if name == "header_row" else 3)
            self._boxes[name], self._labels[name] = box, label
        self._boxes["header_row"].setMaxVisibleItems(14)
        for box in self._boxes.values():
            box.activated.connect(lambda _: self.changed.emit())

    def show_file(self, path: Path, look: Look | None, options: Mapping[str, Any]) -> None:
        """Offer what fits the file; `options` are those that were chosen."""
        info = look.info if look else {}
        text = info["format"] == "csv" if info else path.suffix.lower() in (".csv", ".tsv", ".txt")
        if look is not None and look.error and not options:
            self.setVisible(look.code in _CHOICES_MEND)
        else:
            self.setVisible(look is not None)
        for name, box in self._boxes.items():
            seen = (name == "header_row") or (name in _TEXT) == text
            box.setVisible(seen)
            self._labels[name].setVisible(seen)
        sheets = [(sheet, sheet) for sheet in info.get("sheets", [])]
        reading = translate("Reading", ", ").join(info.get("reading", []))
        names = dict(encodings())
        encoding = info.get("encoding") or ""
        signs = dict(delimiters())
        self._fill("sheet", sheets, reading, options.get("sheet"))
        rows = [(number, str(number)) for number in range(1, _ROWS + 1)]
        self._fill("header_row", rows, str(info.get("header_row") or ""), options.get("header_row"))
        self._fill("encoding", encodings(), names.get(encoding, encoding.upper()), options.get("encoding"))
        delimiter = info.get("delimiter") or ""
        self._fill("delimiter", delimiters(), signs.get(delimiter, delimiter), options.get("delimiter"))

    def _fill(self, name: str, options: list[tuple[Any, str]], found: str, chosen: Any) -> None:
        box = self._boxes[name]
        box.blockSignals(True)
        box.clear()
        automatic = translate("Reading", "{found} (automatic)").format(found=found) if found and chosen is None else ""
        box.addItem(automatic or translate("Reading", "automatic"), None)
        for value, words in options:
            box.addItem(words, value)
        place = 0 if chosen is None else box.findData(chosen)
        if place < 0:
            box.addItem(str(chosen), chosen)
            place = box.count() - 1
        box.setCurrentIndex(place)
        box.setToolTip(box.currentText())
        box.blockSignals(False)

    def options(self) -> dict[str, Any]:
        """What was chosen: name -> value, without what is found automatically or does not concern such a file."""
        return {
            name: box.currentData()
            for name, box in self._boxes.items()
            if box.currentData() is not None and not box.isHidden()
        }
