"""What can be submitted, and how: kinds, datasets and remembered mappings, kept on disk for when the server is away."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from desktop.client import models
from desktop.client.client import Client
from desktop.client.errors import Missing
from desktop.client.parsing import parse

if TYPE_CHECKING:
    from desktop.controller import Controller


class Catalogue(QObject):
    """Reads the server's lists and remembers them.

    Attributes:
        kinds: what may be submitted, as last heard of, also while the server is away.

    Signals:
        kinds_changed: `list[models.Kind]`.
        mappings_changed: name of a dataset whose remembered mappings are other ones now.
    """

    kinds_changed = Signal(object)
    mappings_changed = Signal(str)

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._controller = controller
        self._cache = controller.cache
        self.kinds = [parse(models.Kind, kind) for kind in self._cache.read("kinds") or []]
        self._mappings: dict[str, list[dict[str, Any]]] = {}

    def read(self, client: Client) -> None:
        """Read kinds and datasets."""

        def work(_: object) -> list[models.Kind]:
            kinds = client.kinds()
            self._cache.write("kinds", [dataclasses.asdict(kind) for kind in kinds])
            for dataset in client.datasets():
                self._cache.write(f"dataset-{dataset['name']}", dataset)
            return kinds

        def done(kinds: list[models.Kind]) -> None:
            self.kinds = kinds
            self.kinds_changed.emit(kinds)

        controller = self._controller
        controller.operations.start("catalogue", work, done, lambda e: controller.report("catalogue", e))

    def offered_kinds(self) -> list[models.Kind]:
        """The kinds that menus offer to this user: those that only try out the system are for admins."""
        user = self._controller.user
        admin = user is not None and user.is_admin
        return [kind for kind in self.kinds if admin or not kind.technical]

    def schema(self, dataset: str | None) -> dict[str, Any] | None:
        """A dataset's fields and rules as the API serves them; None while they are not known."""
        found = self._cache.read(f"dataset-{dataset}") if dataset else None
        return found if isinstance(found, dict) else None

    # ------------------------------------------------------------ remembered mappings

    def mappings(self, dataset: str | None) -> list[dict[str, Any]]:
        """The remembered mappings that may be used for files of this user, the best first, as the API serves them."""
        if not dataset:
            return []
        if dataset not in self._mappings:
            found = self._cache.read(f"mappings-{dataset}")
            self._mappings[dataset] = found if isinstance(found, list) else []
        return self._mappings[dataset]

    def replaced_values(self, dataset: str | None) -> dict[str, dict[str, Any]]:
        """What values stood for in other files: field -> {value in the file: value instead}."""
        found: dict[str, dict[str, Any]] = {}
        for kept in reversed(self.mappings(dataset)):  # the best one's word counts
            for field, pairs in kept["value_map"].items():
                found.setdefault(field, {}).update(pairs)
        return found

    def read_mappings(self, dataset: str) -> None:
        """Ask for the remembered mappings again; `mappings_changed` when there are others."""
        client = self._controller.client
        if client is None or not self._controller.online:
            return

        def work(_: object) -> list[dict[str, Any]]:
            # An admin is told of all, but another's that is not shared is never used.
            found = [kept for kept in client.mappings(dataset) if kept["mine"] or kept["shared"]]
            self._cache.write(f"mappings-{dataset}", found)
            return found

        def done(found: list[dict[str, Any]]) -> None:
            before = self.mappings(dataset)
            self._mappings[dataset] = found
            if found != before:
                self.mappings_changed.emit(dataset)

        # Without them files are mapped by their names: nothing that a person has to be told about.
        self._controller.operations.start(f"mappings:{dataset}", work, done)

    def keep_mapping(self, dataset: str, fingerprint: str, body: dict[str, Any]) -> None:
        """Have the server remember a mapping, see `Client.keep_mapping`."""
        self._change(dataset, lambda client: client.keep_mapping(dataset, fingerprint, body))

    def forget_mapping(self, dataset: str, fingerprint: str) -> None:
        """Have the server forget one's own mapping."""

        def call(client: Client) -> None:
            try:
                client.forget_mapping(dataset, fingerprint)
            except Missing:  # so it is forgotten already
                return

        self._change(dataset, call)

    def _change(self, dataset: str, call: Callable[[Client], object]) -> None:
        controller, client = self._controller, self._controller.client
        if client is None:
            return
        controller.operations.start(
            f"mapping:{dataset}", lambda _: call(client), lambda _: self.read_mappings(dataset),
            lambda error: controller.report("mapping", error),
        )  # fmt: skip
