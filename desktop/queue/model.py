"""The queue table's model: sorts and filters inside, and tells views as little as possible about each change."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from desktop.language import translate
from desktop.queue.columns import BY_NAME, COLUMNS
from desktop.queue.rows import JobRow

RowRole = Qt.ItemDataRole.UserRole
MAX_SIGNALS = 50  # a poll brings at most about so many signals of one sort

_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
_CONTENT_ROLES = [Qt.ItemDataRole.DisplayRole, RowRole, Qt.ItemDataRole.ToolTipRole]
_LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
_RIGHT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)


def merge_ranges(positions: Sequence[int], limit: int = MAX_SIGNALS) -> list[tuple[int, int]]:
    """Sorted row numbers as at most `limit` ranges `(first, last)`; small gaps are bridged when there are too many."""
    gap = 1
    while True:
        ranges: list[tuple[int, int]] = []
        first = last = -1
        for position in positions:
            if last >= 0 and position - last <= gap:
                last = position
                continue
            if last >= 0:
                ranges.append((first, last))
            first = last = position
        if last >= 0:
            ranges.append((first, last))
        if len(ranges) <= limit:
            return ranges
        gap *= 4


class QueueModel(QAbstractTableModel):
    """All known jobs, of which the rows that pass the filter are shown in the chosen order.

    The shown rows are kept in ascending order, also when the view shows them descending, so that a row is found by
    bisection over its key; `_view_row` turns a place in that list into a row of the view.

    Signals:
        counts_changed: `dict[str, int]`, how many jobs are in each group of `rows.GROUPS`, whatever the filter.
    """

    counts_changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: dict[str, JobRow] = {}
        self._rows: list[JobRow] = []
        self._column = BY_NAME["submitted"]
        self._descending = True
        self._group = "all"
        self._words: tuple[str, ...] = ()
        self._counts: Counter[str] = Counter()

    # What views ask for

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[index.column()].text(self._at(index.row()))
        if role == RowRole:
            return self._at(index.row())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if COLUMNS[index.column()].right else _LEFT
        if role == Qt.ItemDataRole.ToolTipRole:
            tip = COLUMNS[index.column()].tip
            return tip(self._at(index.row())) if tip else None
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return translate("Columns", COLUMNS[section].title)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if COLUMNS[section].right else _LEFT
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        descending = order == Qt.SortOrder.DescendingOrder
        if not 0 <= column < len(COLUMNS) or (column, descending) == (self._column, self._descending):
            return
        rows = self._rows if column == self._column else sorted(self._rows, key=_key(column))
        self._reorder(rows, column, descending)

    # What the window asks for

    @property
    def counts(self) -> dict[str, int]:
        """How many jobs are in each group, `all` included."""
        return {**self._counts, "all": len(self._all)}

    def job(self, job_id: str) -> JobRow | None:
        """The row of that id, shown or not."""
        return self._all.get(job_id)

    def ids(self) -> Iterable[str]:
        """Ids of all rows, shown or not."""
        return self._all.keys()

    def all_rows(self) -> list[JobRow]:
        """All rows, shown or not, in no order."""
        return list(self._all.values())

    def shown(self) -> list[JobRow]:
        """The rows as the view shows them, top to bottom."""
        return self._rows[::-1] if self._descending else list(self._rows)

    def index_of(self, job_id: str, column: int = 0) -> QModelIndex:
        """Where a job is shown; invalid when it is not."""
        row = self._all.get(job_id)
        if row is None or not self._accepts(row):
            return QModelIndex()
        return self.index(self._view_row(self._find(row)), column)

    @property
    def any_running(self) -> bool:
        """Something is under way, so that the server is worth asking often."""
        return bool(self._counts["running"] or self._counts["pending"])

    # Changes

    def set_filter(self, group: str = "all", text: str = "") -> None:
        """Show only one group and rows that contain all words of `text`."""
        words = tuple(text.casefold().split())
        if (group, words) == (self._group, self._words):
            return
        self._group, self._words = group, words
        self._show(sorted((r for r in self._all.values() if self._accepts(r)), key=_key(self._column)))

    def apply(self, changed: Iterable[JobRow], removed: Iterable[str] = ()) -> None:
        """Bring in what a poll brought: new and changed rows, and ids that are gone."""
        changes = {row.id: row for row in changed}
        gone = [self._all[i] for i in dict.fromkeys(removed) if i in self._all and i not in changes]
        gone_shown = [row for row in gone if self._accepts(row)]
        inserted: list[JobRow] = []
        moved: list[tuple[JobRow, JobRow]] = []
        updated: list[tuple[JobRow, JobRow]] = []
        before = self.counts
        key = _key(self._column)
        for row in changes.values():
            old = self._all.get(row.id)
            if old == row:
                continue
            self._counts[row.group] += 1
            if old is not None:
                self._counts[old.group] -= 1
            was, now = old is not None and self._accepts(old), self._accepts(row)
            if was and now and old is not None:
                (updated if key(old) == key(row) else moved).append((old, row))
            elif was and old is not None:
                gone_shown.append(old)
            elif now:
                inserted.append(row)
        self._update(updated)
        inserted.sort(key=key)
        runs = self._runs(inserted)
        bulk = len(gone_shown) + len(moved) + len(runs) > MAX_SIGNALS
        for row in gone:
            del self._all[row.id]
            self._counts[row.group] -= 1
        self._all.update(changes)
        if bulk:
            self._rearrange(gone_shown, moved, inserted)
        else:
            self._remove(gone_shown)
            self._move(moved)
            self._insert(inserted)
        after = self.counts
        if after != before:
            self.counts_changed.emit(after)

    # How a change is told to the views

    def _at(self, view_row: int) -> JobRow:
        return self._rows[-1 - view_row] if self._descending else self._rows[view_row]

    def _view_row(self, place: int) -> int:
        return len(self._rows) - 1 - place if self._descending else place

    def _accepts(self, row: JobRow) -> bool:
        if self._group != "all" and row.group != self._group:
            return False
        return all(word in row.needle for word in self._words)

    def _find(self, row: JobRow) -> int:
        key = _key(self._column)
        return bisect_left(self._rows, key(row), key=key)

    def _update(self, updated: Sequence[tuple[JobRow, JobRow]]) -> None:
        """Exchange rows that stay where they are; one signal a range, only for the columns that changed."""
        positions: list[int] = []
        first, last = len(COLUMNS), -1
        for old, row in updated:
            place = self._find(old)
            self._rows[place] = row
            low, high = _changed_columns(old, row)
            if high >= 0:
                first, last = min(first, low), max(last, high)
            positions.append(self._view_row(place))
        if positions and last < 0:  # nothing that a column shows; delegates may still show it
            first, last = 0, len(COLUMNS) - 1
        for top, bottom in merge_ranges(sorted(positions)):
            self.dataChanged.emit(self.index(top, first), self.index(bottom, last), _CONTENT_ROLES)

    def _runs(self, inserted: Sequence[JobRow]) -> list[tuple[int, int]]:
        """`(place, number)` for each run of sorted new rows that goes between the same two shown rows."""
        runs: list[tuple[int, int]] = []
        if inserted and self._find(inserted[0]) == self._find(inserted[-1]):
            return [(self._find(inserted[0]), len(inserted))]  # a page of older or newer jobs
        for row in inserted:
            place = self._find(row)
            if runs and runs[-1][0] == place:
                runs[-1] = (place, runs[-1][1] + 1)
            else:
                runs.append((place, 1))
        return runs

    def _remove(self, rows: Sequence[JobRow]) -> None:
        for row in rows:
            place = self._find(row)
            at = self._view_row(place)
            self.beginRemoveRows(QModelIndex(), at, at)
            del self._rows[place]
            self.endRemoveRows()

    def _move(self, moved: Sequence[tuple[JobRow, JobRow]]) -> None:
        key = _key(self._column)
        total = len(self._rows)
        for old, row in moved:
            place = self._find(old)
            source = self._view_row(place)
            target_key = key(row)
            target = bisect_left(self._rows, target_key, key=key)
            if target > place:
                target -= 1  # its old self stands before it
            goal = total - 1 - target if self._descending else target
            if goal != source:
                self.beginMoveRows(QModelIndex(), source, source, QModelIndex(), goal if goal < source else goal + 1)
                del self._rows[place]
                self._rows.insert(target, row)
                self.endMoveRows()
            else:
                self._rows[place] = row
            self.dataChanged.emit(self.index(goal, 0), self.index(goal, len(COLUMNS) - 1), _CONTENT_ROLES)

    def _insert(self, inserted: Sequence[JobRow]) -> None:
        start = 0
        for _, number in self._runs(inserted):
            # Asked again for each run: the runs before it have shifted the list.
            place = self._find(inserted[start])
            at = len(self._rows) - place if self._descending else place
            self.beginInsertRows(QModelIndex(), at, at + number - 1)
            self._rows[place:place] = inserted[start : start + number]
            self.endInsertRows()
            start += number

    def _rearrange(
        self, gone: Sequence[JobRow], moved: Sequence[tuple[JobRow, JobRow]], inserted: Sequence[JobRow]
    ) -> None:
        """Bring in many changes by three signals: rows that leave are moved to the end and taken out there, new ones
        are put to the end, then all are sorted in.
        """
        if gone:
            ids = {row.id for row in gone}
            kept = [row for row in self.shown() if row.id not in ids]
            self._reorder_view([*kept, *gone])
            self.beginRemoveRows(QModelIndex(), len(kept), len(kept) + len(gone) - 1)
            self._set_view(kept)
            self.endRemoveRows()
        key = _key(self._column)
        ids = {row.id for row, _ in moved}
        rows = [row for row in self._rows if row.id not in ids]
        new = [*(row for _, row in moved), *inserted]
        if len(new) * 30 < len(rows):
            for row in new:  # finding the few places costs less than computing all keys again
                rows.insert(bisect_left(rows, key(row), key=key), row)
        else:
            rows.extend(new)
            rows.sort(key=key)
        if inserted:
            count = len(self._rows)
            self.beginInsertRows(QModelIndex(), count, count + len(inserted) - 1)
            self._set_view([*self.shown(), *inserted])
            self.endInsertRows()
        self._reorder(rows, self._column, self._descending)

    def _show(self, rows: list[JobRow]) -> None:
        """Show exactly `rows` (ascending) in the way of `_rearrange`, for another filter."""
        wanted = {row.id: row for row in rows}
        current = self.shown()
        kept = [wanted[row.id] for row in current if row.id in wanted]
        if len(kept) < len(current):
            leaving = [row for row in current if row.id not in wanted]
            self._reorder_view(kept + leaving)
            self.beginRemoveRows(QModelIndex(), len(kept), len(current) - 1)
            self._set_view(kept)
            self.endRemoveRows()
        if len(kept) < len(rows):
            known = {row.id for row in kept}
            self.beginInsertRows(QModelIndex(), len(kept), len(rows) - 1)
            self._set_view(kept + [row for row in rows if row.id not in known])
            self.endInsertRows()
        self._reorder(rows, self._column, self._descending)

    def _set_view(self, order: list[JobRow]) -> None:
        self._rows = order[::-1] if self._descending else order

    def _reorder_view(self, order: list[JobRow]) -> None:
        self._reorder(order[::-1] if self._descending else order, self._column, self._descending)

    def _reorder(self, rows: list[JobRow], column: int, descending: bool) -> None:
        """Show the same jobs in another order (`rows` ascending)."""
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        ids = [self._at(index.row()).id for index in old]
        self._rows, self._column, self._descending = rows, column, descending
        if old:
            wanted = set(ids)
            places = {row.id: place for place, row in enumerate(rows) if row.id in wanted}
            new = [
                self.index(self._view_row(places[job_id]), index.column()) if job_id in places else QModelIndex()
                for job_id, index in zip(ids, old, strict=True)
            ]
            self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()


def _key(column: int) -> Any:
    """The key of a total order: the column's, then the id."""
    key = COLUMNS[column].key
    return lambda row: (key(row), row.id)


_SHOWN_FIELDS = tuple(dict.fromkeys(name for column in COLUMNS for name in column.fields))
_shown_values = attrgetter(*_SHOWN_FIELDS)
# For each field the first and the last column that shows it.
_COLUMNS_OF = [
    (min(found), max(found))
    for found in ([n for n, column in enumerate(COLUMNS) if name in column.fields] for name in _SHOWN_FIELDS)
]


def _changed_columns(old: JobRow, row: JobRow) -> tuple[int, int]:
    """First and last column that shows a difference; `(n, -1)` when none does."""
    first, last = len(COLUMNS), -1
    for before, now, (low, high) in zip(_shown_values(old), _shown_values(row), _COLUMNS_OF, strict=True):
        if before is not now and before != now:
            first, last = min(first, low), max(last, high)
    return first, last
