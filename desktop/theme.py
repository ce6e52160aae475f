"""How the window looks: one light and one dark set of colours, a palette and a small style sheet made from them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory


@dataclass(frozen=True, slots=True)
class Colors:
    """Colours by their task; `#rrggbb`."""

    window: str
    base: str
    raised: str
    text: str
    muted: str
    border: str
    accent: str
    accent_text: str
    selection: str
    hover: str
    track: str
    handle: str
    running: str
    pending: str
    succeeded: str
    failed: str
    cancelled: str
    outbox: str

    def state(self, state: str) -> str:
        """The colour of a job's state."""
        return str(getattr(self, {"sending": "outbox", "refused": "failed"}.get(state, state), self.muted))


LIGHT = Colors(
    window="#f4f5f7", base="#ffffff", raised="#fafbfc", text="#1d2430", muted="#596475", border="#dfe3ea",
    accent="#2459c8", accent_text="#ffffff", selection="#e0eafd", hover="#eef2f8", track="#e4e9f1",
    handle="#858f9f",
    running="#2459c8", pending="#8a5a00", succeeded="#16734a", failed="#b9292f", cancelled="#5e6879",
    outbox="#6b3fb5",
)  # fmt: skip
DARK = Colors(
    window="#191c21", base="#1f232a", raised="#252a32", text="#e3e7ee", muted="#a3adbd", border="#353c47",
    accent="#7aa7ff", accent_text="#10131a", selection="#283a5b", hover="#282e38", track="#343b47",
    handle="#6f7a8b",
    running="#7aa7ff", pending="#e2b45c", succeeded="#5fcb93", failed="#f88e94", cancelled="#a0aabb",
    outbox="#bda0f3",
)  # fmt: skip

_SHEET = """
QToolTip {{ color: {text}; background: {raised}; border: 1px solid {border}; padding: 3px 5px; }}
QWidget#topBar {{ background: {base}; border-bottom: 1px solid {border}; }}
QWidget#statusLine {{ background: {base}; border-top: 1px solid {border}; }}
QLabel[role="muted"] {{ color: {muted}; }}
QLabel[role="error"] {{ color: {failed}; }}
QLabel[role="heading"] {{ font-size: 15px; font-weight: 600; }}
QLabel[role="section"] {{ color: {muted}; font-weight: 600; }}
QLabel#emptyTitle {{ font-size: 18px; font-weight: 600; }}
QFrame#card {{ background: {raised}; border: 1px solid {border}; border-radius: 6px; }}
QFrame#errorBox {{ background: {raised}; border: 1px solid {failed}; border-radius: 6px; }}
QFrame#noteBox {{ background: {selection}; border: none; border-radius: 6px; }}
QFrame#banner {{ background: {selection}; border: none; border-radius: 6px; }}
QFrame#banner[kind="error"] {{ background: {raised}; border: 1px solid {failed}; }}
QListView#sideBar {{ background: {window}; border: none; outline: none; }}
QTableView {{ border: none; gridline-color: transparent; outline: none; }}
QTableView#previewTable, QTableView#mappingTable, QTableView#valuesTable, QTableView#constantsTable,
QTableView#filesTable {{ border: 1px solid {border}; gridline-color: {border}; }}
QTableView#previewTable::item, QTableView#mappingTable::item, QTableView#valuesTable::item,
QTableView#constantsTable::item, QTableView#filesTable::item {{ padding: 0 5px; }}
QHeaderView {{ background: {base}; }}
QHeaderView::section {{ background: {base}; color: {muted}; border: none; border-bottom: 1px solid {border};
    padding: 4px 8px; }}
QPushButton[primary="true"] {{ background: {accent}; color: {accent_text}; border: 1px solid {accent};
    border-radius: 4px; padding: 5px 14px; font-weight: 600; }}
QPushButton[primary="true"]:disabled {{ background: {track}; color: {muted}; border-color: {track}; }}
QPushButton[primary="true"]:focus {{ border: 1px solid {text}; }}
QToolButton {{ border: 1px solid transparent; border-radius: 4px; padding: 4px; }}
QToolButton:hover, QToolButton:open {{ background: {hover}; }}
QToolButton:focus {{ border-color: {accent}; }}
QSplitter::handle {{ background: {border}; }}
QFrame#rule {{ background: {border}; border: none; }}
QFrame#notificationPanel {{ background: {base}; border: 1px solid {border}; }}
QWidget#emptyPage {{ background: {base}; }}
QCheckBox::indicator, QAbstractItemView::indicator {{ border: 1px solid {muted}; border-radius: 2px;
    background: {base}; width: 12px; height: 12px; }}
QCheckBox::indicator:checked, QAbstractItemView::indicator:checked {{ border-color: {accent}; background: {accent};
    image: url("{check}"); }}
QCheckBox::indicator:hover, QCheckBox::indicator:focus {{ border-color: {accent}; }}
QCheckBox::indicator:unchecked:disabled {{ border-color: {handle}; background: {window}; }}
QCheckBox::indicator:checked:disabled {{ border-color: {handle}; background: {handle}; }}
QLineEdit, QPlainTextEdit, QListWidget {{ border: 1px solid {handle}; border-radius: 3px; background: {base}; }}
QLineEdit {{ padding: 2px 3px; }}
QLineEdit:focus, QPlainTextEdit:focus, QListWidget:focus {{ border-color: {accent}; }}
QLineEdit:disabled, QPlainTextEdit:disabled {{ border-color: {border}; background: {window}; color: {muted}; }}
QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: none; padding: 0; background: transparent; }}
QAbstractItemView QLineEdit {{ border-radius: 0; padding: 0 2px; }}
QDialogButtonBox {{ button-layout: 3; }}
QScrollBar:vertical {{ background: transparent; width: 11px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 11px; margin: 0; }}
QScrollBar::handle {{ background: {handle}; border-radius: 4px; margin: 2px; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::handle:hover {{ background: {muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
"""


class Theme(QObject):
    """The application's look. Follows the system's setting unless light or dark is chosen.

    Signals:
        changed: other colours hold from now on.
    """

    changed = Signal()

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._choice = "system"
        self.colors = LIGHT
        application.setStyle(QStyleFactory.create("Fusion"))
        application.styleHints().colorSchemeChanged.connect(self._follow)

    @property
    def dark(self) -> bool:
        """The dark colours hold."""
        return self.colors is DARK

    def choose(self, choice: str) -> None:
        """`system`, `light` or `dark`."""
        self._choice = choice
        self._follow()

    def _follow(self) -> None:
        hints = self._application.styleHints()
        dark = self._choice == "dark" or (self._choice == "system" and hints.colorScheme() == Qt.ColorScheme.Dark)
        self.colors = DARK if dark else LIGHT
        self._application.setPalette(palette(self.colors))
        self._application.setStyleSheet(sheet(self.colors))
        self.changed.emit()


def sheet(colors: Colors) -> str:
    """The style sheet in these colours."""
    check = files("desktop") / "resources" / f"check-{'dark' if colors is DARK else 'light'}.png"
    return _SHEET.format(
        check=Path(str(check)).as_posix(), **{name: getattr(colors, name) for name in Colors.__slots__}
    )


def palette(colors: Colors) -> QPalette:
    """The palette in these colours."""
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    result = QPalette()
    for target, value in {
        role.Window: colors.window,
        role.WindowText: colors.text,
        role.Base: colors.base,
        role.AlternateBase: colors.raised,
        role.Text: colors.text,
        role.PlaceholderText: colors.muted,
        role.Button: colors.raised,
        role.ButtonText: colors.text,
        role.BrightText: colors.failed,
        role.Highlight: colors.selection,
        role.HighlightedText: colors.text,
        role.Link: colors.accent,
        role.LinkVisited: colors.accent,
        role.ToolTipBase: colors.raised,
        role.ToolTipText: colors.text,
        role.Accent: colors.accent,
        role.Light: colors.base,
        role.Midlight: colors.raised,
        role.Mid: colors.border,
        role.Dark: colors.border,
        role.Shadow: colors.border,
    }.items():
        result.setColor(target, QColor(value))
    for target in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        result.setColor(group.Disabled, target, QColor(colors.muted))
    result.setColor(group.Disabled, role.Base, QColor(colors.window))
    return result


def current() -> Colors:
    """The colours that hold now; the light ones before a theme was made."""
    application = QApplication.instance()
    theme = application.findChild(Theme) if application else None
    return theme.colors if theme else LIGHT


def theme() -> Theme:
    """The application's theme, made on first use."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        raise TypeError("there is no QApplication yet")
    return application.findChild(Theme) or Theme(application)
