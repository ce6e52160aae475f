"""Words with a number in them, in the right number. `%Ln` is the number as the language writes it.

Methods of one class, because lupdate knows of plural forms only in `self.tr` with a plain name as its number.
"""

from __future__ import annotations

from PySide6.QtCore import QObject


class Plurals(QObject):
    """All of them."""

    def rows(self, n: int) -> str:
        """How many rows."""
        return self.tr("%Ln row(s)", "", n)

    def rows_done(self, n: int) -> str:
        """How many rows were done."""
        return self.tr("%Ln row(s) done", "", n)

    def rejected(self, n: int) -> str:
        """How many rows were rejected, after `rows_done`."""
        return self.tr(", %Ln rejected", "", n)

    def delete(self, n: int) -> str:
        """Whether so many entries are to be deleted."""
        return self.tr("Delete %Ln entry(ies) from the list?", "", n)

    def unsent(self, n: int) -> str:
        """How many of the entries to be deleted were not sent."""
        return self.tr("%Ln of them was not sent yet and will not be.", "", n)

    def undo_removed(self, n: int) -> str:
        """How many rows taking an import back removes."""
        return self.tr("%Ln row(s) that it created will be removed.", "", n)

    def undo_restored(self, n: int) -> str:
        """How many rows taking an import back restores."""
        return self.tr("%Ln row(s) that it changed will be restored.", "", n)

    def undo_kept(self, n: int) -> str:
        """How many rows taking an import back keeps."""
        return self.tr("%Ln row(s) changed since will be kept as they are, and listed.", "", n)

    def files(self, n: int) -> str:
        """How many files."""
        return self.tr("%Ln file(s)", "", n)

    def left_out(self, n: int) -> str:
        """How many files of a folder the chosen kind does not take."""
        return self.tr("%Ln other file(s) found there cannot be used for this and is (are) left out.", "", n)

    def mapped(self, n: int) -> str:
        """For how many files the columns that were chosen hold."""
        return self.tr("The columns chosen here hold for all %Ln file(s) with this header.", "", n)

    def imported_before(self, n: int) -> str:
        """How many other files of a submission were imported before."""
        return self.tr("%Ln other file(s) of the list was (were) imported before.", "", n)

    def submit(self, n: int) -> str:
        """The button that submits so many jobs."""
        return self.tr("Submit %Ln job(s)", "", n)

    def unread(self, n: int) -> str:
        """How many notifications are unread."""
        return self.tr("%Ln unread notification(s)", "", n)

    def workers_online(self, n: int) -> str:
        """How many workers are there."""
        return self.tr("%Ln worker(s) online", "", n)

    def every_days(self, n: int) -> str:
        """An interval."""
        return self.tr("Every %Ln day(s)", "", n)

    def every_hours(self, n: int) -> str:
        """An interval."""
        return self.tr("Every %Ln hour(s)", "", n)

    def every_minutes(self, n: int) -> str:
        """An interval."""
        return self.tr("Every %Ln minute(s)", "", n)

    def every_seconds(self, n: int) -> str:
        """An interval."""
        return self.tr("Every %Ln second(s)", "", n)


plurals = Plurals()
