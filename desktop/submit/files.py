"""The files of one submission: what is in each of them, which have the same header, which were imported before."""

from __future__ import annotations

import hashlib
import importlib
import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop import language
from desktop.client.client import Client
from desktop.client.errors import ClientError, TransferCancelled
from desktop.controller import Controller
from desktop.language import translate
from desktop.submit.decision import Decision
from desktop.submit.history import worth_telling
from desktop.submit.look import Look, Looker, Question
from tabular.schema import TableSchema

log = logging.getLogger(__name__)

FILE_OPTIONS = ("sheet", "header_row", "encoding", "delimiter")
_BITE = 1 << 20


@dataclass(slots=True)
class FileState:
    """One file.

    Attributes:
        path: where it is.
        options: what the user knows better about it: sheet, header_row, encoding, delimiter.
        look: what was found in it; None: not looked at yet, or the look came to no end.
        looked: a look has ended, well or not.
        seen_as: the header's fingerprint as it is found without `options`.
        wanted: it is to be submitted; None: by itself, if nothing speaks against it.
        sha256: once it is known.
        imports: earlier imports of this very file that changed something, as the API tells them, the newest first.
    """

    path: Path
    options: dict[str, Any] = field(default_factory=dict)
    look: Look | None = None
    looked: bool = False
    seen_as: str = ""
    wanted: bool | None = None
    sha256: str = ""
    imports: list[dict[str, Any]] = field(default_factory=list)

    @property
    def shape(self) -> str:
        """The header's fingerprint; empty while it is not known."""
        return str(self.look.info.get("fingerprint") or "") if self.look else ""

    @property
    def error(self) -> str:
        """Why it cannot be read, in words."""
        return self.look.error if self.look else ""


class FileSet(QObject):
    """Looks at files off the GUI thread, the one that is shown first.

    Attributes:
        files: in the order in which they were chosen.
        current: the one that is shown; None: there is none.
        tables: they are read as tables.

    Signals:
        looked: a `FileState` that was looked at.
        changed: something else is known or decided now, about any of them.
        fitting: name of what `find_fitting` found; empty when nothing was.
    """

    looked = Signal(object)
    changed = Signal()
    fitting = Signal(str)

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._looker = Looker()
        self._dataset: str | None = None
        self._schema: dict[str, Any] | None = None
        self._table: TableSchema | None = None
        self._before: Mapping[str, Any] | None = None
        self._decisions: dict[str, Decision] = {}
        self._mode: str | None = None
        self._keys: set[str] = set()
        self.files: list[FileState] = []
        self.current: FileState | None = None
        self.tables = True
        controller.catalogue.mappings_changed.connect(self._mappings_changed)

    # ------------------------------------------------------------ what is shown

    def show(
        self,
        paths: Sequence[Path],
        dataset: str | None,
        schema: dict[str, Any] | None,
        before: Mapping[str, Any] | None = None,
        *,
        tables: bool = True,
    ) -> None:
        """Look at these files.

        Args:
            dataset, schema: what they go into; None: not known.
            tables: they are read as tables; others are not looked at.
            before: parameters of an earlier job with them: how to read them, and what was decided.
        """
        self.stop()
        self._dataset, self._schema, self._before = dataset, schema, before
        self._table = TableSchema.from_json(schema) if schema else None
        self._decisions.clear()
        options = {name: before[name] for name in FILE_OPTIONS if before.get(name)} if before else {}
        self.files = [FileState(path, dict(options)) for path in paths]
        self.current = self.files[0] if self.files else None
        self.tables = tables
        for state in self.files:
            if tables:
                self._look(state)
            else:
                state.looked = True
        if dataset and schema and self.files:
            self._controller.catalogue.read_mappings(dataset)
            for state in self.files:
                self._ask_history(state)
        self.changed.emit()

    def choose(self, state: FileState) -> None:
        """Show this file."""
        if state is not self.current:
            self.current = state
            self.changed.emit()

    def set_options(self, options: Mapping[str, Any]) -> None:
        """Read the file that is shown, and those like it, in this way."""
        current = self.current
        kept = {name: value for name, value in options.items() if value not in (None, "")}
        if current is None or kept == current.options:
            return
        alike = [s for s in self.files if s is current or (s.shape and s.shape == current.shape)]
        alike = [s for s in alike if s.options == current.options]
        for state in [current, *(s for s in alike if s is not current)]:
            state.options = dict(kept)
            self._look(state)

    def set_mode(self, mode: str | None) -> None:
        """The files are to be imported in this mode."""
        self._mode = mode
        for decision in self._decisions.values():
            decision.set_mode(mode)

    def take(self, params: Mapping[str, Any]) -> None:
        """Take over what was decided before for the file that is shown; once it is looked at, if that is to come."""
        self._before = params
        decision = self.decision()
        if decision is not None:
            decision.take(params)

    def stop(self) -> None:
        """Stop all looks."""
        for key in self._keys:
            self._controller.operations.cancel(key)
        self._keys.clear()

    def close(self) -> None:
        """Stop, and end the process that looks."""
        self.stop()
        self._looker.close()

    # ------------------------------------------------------------ what is known

    def decision(self, state: FileState | None = None) -> Decision | None:
        """What is decided about the columns of a file, by default of the one that is shown."""
        state = state or self.current
        return self._decisions.get(state.shape) if state else None

    def main_shape(self) -> str:
        """The header that most of the files have."""
        counted = Counter(state.shape for state in self.files if state.shape)
        return counted.most_common(1)[0][0] if counted else ""

    def alike(self, state: FileState) -> int:
        """How many files have this file's header, itself among them."""
        return sum(other.shape == state.shape for other in self.files) if state.shape else 1

    def problem(self, state: FileState) -> str:
        """Why a file cannot be submitted as it stands, in words; empty when nothing is known against it."""
        if state.error:
            return state.error
        decision = self.decision(state)
        missing = decision.missing() if decision else []
        if not missing:
            return ""
        return translate(
            "Preview", "Required, but no column goes into {fields}. Choose one below, or give a fixed value."
        ).format(fields=translate("Preview", ", ").join(missing))

    def wanted(self, state: FileState) -> bool:
        """Whether a file is to be submitted. One of several that cannot be is left out unless it is asked for."""
        if state.wanted is not None:
            return state.wanted
        return len(self.files) == 1 or not self.problem(state)

    def want(self, state: FileState, wanted: bool) -> None:
        """Submit a file, or leave it out."""
        state.wanted = wanted
        self.changed.emit()

    def chosen(self) -> list[FileState]:
        """The files that are to be submitted."""
        return [state for state in self.files if self.wanted(state)]

    def params(self, state: FileState) -> dict[str, Any]:
        """What has to be said about a file in the parameters of its import."""
        decision = self.decision(state)
        return state.options | (decision.params() if decision else {})

    def obstacle(self, chosen: Sequence[FileState]) -> str:
        """Why these of the files cannot be submitted, in words; empty when nothing is known against them."""
        if self.files and not chosen:
            return translate("Submit", "No file is ticked.")
        for state in chosen:
            problem = self.problem(state)
            if problem:
                return problem if len(self.files) == 1 else f"{state.path.name}: {problem}"
        return ""

    def same(self, state: FileState) -> list[FileState]:
        """Other files of the list with the same content."""
        return [s for s in self.files if s is not state and s.sha256 and s.sha256 == state.sha256]

    # ------------------------------------------------------------ looking

    def _start(self, what: str, state: FileState, work: Callable[[threading.Event], Any], done: Any, lane: str) -> None:
        key = f"{what}:{id(self)}:{id(state)}"
        self._keys.add(key)
        self._controller.operations.start(key, work, done, lambda error: self._failed(what, state, error), lane=lane)

    def _failed(self, what: str, state: FileState, error: BaseException) -> None:
        if isinstance(error, TransferCancelled):
            return
        if what == "fit":
            log.error("it was not found out what a file goes into", exc_info=error)
            self.fitting.emit("")
        elif what == "look":
            log.error("a file could not be looked at", exc_info=error)
            self._seen(state, None)
        elif not isinstance(error, ClientError | OSError):  # the server is away, or the file gone: told elsewhere
            log.error("it is not known whether a file was imported before", exc_info=error)

    def _look(self, state: FileState) -> None:
        looker, client, online = self._looker, self._controller.client, self._controller.online
        remembered = self._controller.catalogue.mappings(self._dataset)
        question = Question(state.path, self._schema, dict(state.options), language.current(), remembered)

        def work(cancelled: threading.Event) -> Look | None:
            for name in ("rapidfuzz.fuzz", "tabular.value_map"):
                importlib.import_module(name)  # the proposals of values need them; so the GUI thread finds them loaded
            found = looker.look(question, cancelled)
            if found is None or not found.parent or client is None or not online:
                return found
            before = _mapped_before(client, found)
            if before is None:
                return found
            return looker.look(replace(question, remembered=[before, *remembered]), cancelled) or found

        state.looked = False
        self._start("look", state, work, lambda found: self._seen(state, found), "files")

    def _seen(self, state: FileState, found: Look | None) -> None:
        state.look, state.looked = found, True
        if not state.options and state.shape:
            state.seen_as = state.shape
        if found is not None and found.info and self._table is not None:
            self._decide(state, found, self._table)
        self.looked.emit(state)
        self.changed.emit()

    def _decide(self, state: FileState, found: Look, table: TableSchema) -> None:
        decision = self._decisions.get(state.shape)
        if decision is None:
            decision = self._decisions[state.shape] = Decision(
                table, found, self._controller.catalogue.replaced_values(self._dataset)
            )
            decision.set_mode(self._mode)
            decision.changed.connect(self.changed)
            if self._before and state is self.current:
                decision.take(self._before)
                self._before = None
        decision.see(id(state), found)

    def _mappings_changed(self, dataset: str) -> None:
        """Others are remembered now: look again, where nobody has decided anything yet."""
        if dataset != self._dataset or any(decision.touched for decision in self._decisions.values()):
            return
        self._decisions.clear()
        for state in self.files:
            self._look(state)

    def find_fitting(self, paths: Sequence[Path], schemas: Mapping[str, dict[str, Any] | None]) -> None:
        """Take files, and find out what the first of them goes into best: `fitting` names it, or nothing.

        Args:
            schemas: name -> the dataset's schema.
        """
        self.stop()
        self.files = [FileState(path) for path in paths]
        state = self.current = self.files[0]
        looker, speech = self._looker, language.current()
        questions = {name: Question(state.path, schema, {}, speech) for name, schema in schemas.items() if schema}

        def work(cancelled: threading.Event) -> str:
            best, most = "", (False, 0)
            for name, question in questions.items():
                found = looker.look(question, cancelled)
                if found is None or not found.info:
                    return ""
                table = TableSchema.from_json(question.schema or {})
                whole = all(f.name in found.columns for f in table.fields if f.required)
                if (whole, len(found.columns)) > most:
                    best, most = name, (whole, len(found.columns))
            return best

        self._start("fit", state, work, self.fitting.emit, "files")
        self.changed.emit()

    def _ask_history(self, state: FileState) -> None:
        client, dataset, path = self._controller.client, self._dataset or "", state.path
        online = self._controller.online

        def work(cancelled: threading.Event) -> tuple[str, list[dict[str, Any]]]:
            digest = hashlib.sha256()
            with path.open("rb") as file:
                while bite := file.read(_BITE):
                    if cancelled.is_set():
                        raise TransferCancelled
                    digest.update(bite)
            name = digest.hexdigest()
            return name, client.imports_of(dataset, name) if client is not None and online else []

        def done(found: tuple[str, list[dict[str, Any]]]) -> None:
            state.sha256, state.imports = found[0], worth_telling(found[1])
            self.changed.emit()

        self._start("history", state, work, done, "hashing")


def _mapped_before(client: Client, found: Look) -> dict[str, Any] | None:
    """How the import was mapped whose error workbook this is, in the form of a remembered mapping; None when that is
    not known. Called in a thread.
    """
    try:
        job = client.job(found.parent or "")
    except ClientError:  # another's job, or deleted; then the file maps itself
        return None
    told = job.result or {}
    mapping = told.get("mapping") or job.params.get("mapping")
    if not mapping:
        return None
    shape = found.info.get("fingerprint")
    return {
        "fingerprint": shape, "seen_as": shape, "mine": True, "shared": False, "parent": True,
        "headers": told.get("headers") or [],
        "mapping": mapping | dict.fromkeys(told.get("not_imported") or []),
        "constants": told.get("constants") or job.params.get("constants") or {},
        "value_map": told.get("value_map") or job.params.get("value_map") or {},
    }  # fmt: skip
