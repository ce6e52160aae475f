"""Jobs on their way from a submit dialog to the server: which are in the outbox, which were accepted or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop.client import models
from desktop.controller import Controller
from desktop.outbox import Entry


@dataclass(frozen=True, slots=True)
class Order:
    """One job to be submitted.

    Attributes:
        paths, params, title: of the job.
        replaces: id of a refused entry that it is the corrected form of.
        stored: path -> id of a file that the server has already.
    """

    paths: Sequence[Path]
    params: dict[str, Any]
    title: str | None = None
    replaces: str | None = None
    stored: dict[Path, str] = field(default_factory=dict)


def make_orders(
    needs: models.UploadNeeds,
    paths: Sequence[Path],
    params: Sequence[dict[str, Any]],
    *,
    title: str,
    replaces: Mapping[Path | None, str],
    stored: Mapping[Path, str],
) -> list[Order]:
    """One job for all files, or a job a file where the kind takes one.

    Args:
        needs: of the kind.
        paths, params: of each file; of a kind without files one set of parameters.
        title: as typed in; a job a file bears its file's name instead.
        replaces: path -> refused entry that its job is the corrected form of.
        stored: path -> id of a file that the server has already.
    """
    known = dict(stored)
    if needs.maximum == 1 and paths:
        return [
            Order([path], own, title if title and len(paths) == 1 else path.name, replaces.get(path), known)
            for path, own in zip(paths, params, strict=True)
        ]
    files = list(paths) if needs.maximum else []
    name = title or (files[0].name if len(files) == 1 else None)
    return [Order(files, params[0], name, next(iter(replaces.values()), None), known)]


class Sending(QObject):
    """Follows the jobs that a dialog has submitted.

    Signals:
        finished: all of them are accepted, or safe in the outbox while the server is away.
        failed: `(words, list[Order])`: these could not be put into the outbox; all others are on their way.
        refused: `list[Entry]`: the server has answered all, and refused these.
    """

    finished = Signal()
    failed = Signal(str, object)
    refused = Signal(object)

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self.tickets: dict[int, Order] = {}
        self._not_kept: list[Order] = []
        self._reason = ""
        self._entries: set[str] = set()
        self._refused: list[Entry] = []
        self.under_way = False
        outgoing = controller.outgoing
        outgoing.added.connect(self._added)
        outgoing.not_added.connect(self._not_added)
        outgoing.accepted.connect(self._accepted)
        outgoing.refused.connect(self._said_no)

    def start(self, kind: str, orders: Sequence[Order], priority: str) -> set[int]:
        """Submit these jobs; gives their tickets."""
        self.under_way = True
        self._entries.clear()
        self._refused, self._not_kept = [], []
        self.tickets = {
            self._controller.outgoing.submit(
                kind, order.params, order.paths, title=order.title, priority=priority, replaces=order.replaces,
                stored=order.stored,
            ): order
            for order in orders
        }  # fmt: skip
        return set(self.tickets)

    def awaits(self, entry_id: str) -> bool:
        """The server's answer to that entry is waited for here."""
        return entry_id in self._entries or any(entry.id == entry_id for entry in self._refused)

    def _added(self, ticket: int, entry: Entry) -> None:
        if self.tickets.pop(ticket, None) is not None:
            self._entries.add(entry.id)
            self._look()

    def _not_added(self, ticket: int, words: str) -> None:
        order = self.tickets.pop(ticket, None)
        if order is not None:
            self._not_kept.append(order)
            self._reason = words
            self._look()

    def _accepted(self, entry_id: str, job: models.Job) -> None:
        if entry_id in self._entries:
            self._entries.discard(entry_id)
            self._look()

    def _said_no(self, entry: Entry) -> None:
        if entry.id in self._entries:
            self._entries.discard(entry.id)
            self._refused.append(entry)
            self._look()

    def _look(self) -> None:
        """Tell how it ended, once nothing more is to be waited for; while the server is away, its answers are not."""
        if self.tickets or not self.under_way:
            return
        if self._not_kept:
            self.under_way = False
            self.failed.emit(self._reason, self._not_kept)
        elif self._entries and self._controller.online:
            return
        elif self._refused:
            self.under_way = False
            refused, self._refused = self._refused, []
            self.refused.emit(refused)
        else:
            self._end()

    def _end(self) -> None:
        self.under_way = False
        self.finished.emit()
