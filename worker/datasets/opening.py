"""An import's file, opened and mapped: by what was given for it, by what is remembered of such files, by guesses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from worker.datasets import remembered
from worker.datasets.look import LookOptions
from worker.datasets.mapping import known, with_options
from worker.datasets.remembered import Decision, Kept

if TYPE_CHECKING:
    from tabular.mapper import Mapping
    from tabular.source import ReadOptions
    from worker.datasets.dataset import Dataset
    from worker.datasets.parameters import ImportParams
    from worker.engine.context import JobContext
    from worker.reading.part import Reading


Read: TypeAlias = "Callable[[ReadOptions], AbstractContextManager[Reading]]"
"""Opens the file of an import with some options."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file ready to be read.

    Attributes:
        reading: the file.
        mapping: its columns' fields, its constants and replaced values.
        found: what is worth knowing about it, as JSON: for the job's result, and so that a later attempt reads the
            file in the same way whatever is remembered by then.
    """

    reading: Reading
    mapping: Mapping
    found: dict[str, Any]


@contextmanager
def opened(
    job: JobContext, dataset: Dataset, params: ImportParams, path: Path, read: Read, found: dict[str, Any]
) -> Iterator[Opened]:
    """Open and map the file of an import.

    Args:
        path: of the file.
        read: opens it; once, but where what is remembered of such files says that another part of it is meant.
        found: `Opened.found` of an earlier attempt; empty at the first.

    Raises:
        TableError: the file cannot be read, or no mapping can be made for it.
    """
    from tabular.mapper import Mapping

    if "columns" in found:
        with read(_read_options(LookOptions(**found["options"]), dataset)) as reading:
            headers = reading.opened.info.headers
            mapping = Mapping(dataset.schema, headers, found["columns"], found["constants"], found["value_map"])
            yield Opened(reading, mapping, found)
        return
    with ExitStack() as stack:
        reading, options, kept = _known(job, dataset, params, path, read, stack)
        headers, schema = reading.opened.info.headers, dataset.schema
        needed = schema.needed(params.mode)
        if params.mapping is not None:
            mapping = Mapping.explicit(headers, params.mapping, params.constants, params.value_map, schema, needed)
        else:
            before = kept.to_tabular() if kept is not None else None
            samples = reading.opened.samples
            mapping = Mapping.recognised(headers, samples, schema, before, params.constants, params.value_map, needed)
        yield Opened(reading, mapping, _found(reading, mapping, options, kept))


def _given(params: ImportParams) -> LookOptions:
    return LookOptions(params.sheet, params.header_row, params.encoding, params.delimiter)


def _read_options(options: LookOptions, dataset: Dataset) -> ReadOptions:
    from tabular.source import ReadOptions

    return ReadOptions(**asdict(options), schema=dataset.schema)


def _known(
    job: JobContext, dataset: Dataset, params: ImportParams, path: Path, read: Read, stack: ExitStack
) -> tuple[Reading, LookOptions, Kept | None]:
    """The file (kept open by the stack), how it is read, and what is remembered of such files where no mapping was
    given for this one.
    """
    from tabular.error_workbook import job_of
    from tabular.errors import TableError

    given = _given(params)
    reading = stack.enter_context(read(_read_options(given, dataset)))
    if params.mapping is not None:
        return reading, given, None
    info = reading.opened.info
    parent = job_of(path) if info.format == "xlsx" else None
    kept = known(job.database, job.actor, dataset, info.headers, parent)
    if kept is None or kept.alike:
        return reading, given, kept
    chosen = with_options(given, kept.decision.options, info.sheets)
    if chosen != given:
        stack.close()
        try:
            reading = stack.enter_context(read(_read_options(chosen, dataset)))
        except TableError:
            # What was chosen for that file does not do for this one.
            chosen = given
            reading = stack.enter_context(read(_read_options(given, dataset)))
    if reading.opened.info.fingerprint == kept.fingerprint:
        return reading, chosen, kept
    if chosen != given:
        stack.close()
        reading = stack.enter_context(read(_read_options(given, dataset)))
    return reading, given, None


def _found(reading: Reading, mapping: Mapping, options: LookOptions, kept: Kept | None) -> dict[str, Any]:
    from tabular.names import is_added, reference

    info, samples = reading.opened.info, reading.opened.samples
    headers = info.headers
    left = [i for i in range(len(headers)) if i not in set(mapping.columns.values()) and not is_added(headers, i)]
    if any(not headers[i] for i in left):
        # A column without a name is worth a word only if it holds something.
        left = [i for i in left if headers[i] or any(i < len(row) and row[i] not in (None, "") for row in samples)]
    return {
        "format": info.format,
        "encoding": info.encoding,
        "delimiter": info.delimiter,
        "sheets": list(info.reading),
        "header_row": info.header_row,
        "headers": list(headers),
        # What was found out about a text is not guessed again.
        "options": asdict(options) | {"encoding": info.encoding, "delimiter": info.delimiter},
        "mapping": mapping.to_json(),
        "columns": dict(mapping.columns),
        "constants": dict(mapping.constants),
        "value_map": mapping.value_map,
        "not_imported": [reference(headers, i) for i in left],
        "mapped_by": None if kept is None else {"username": kept.username, "mine": kept.mine},
    }


def remember(job: JobContext, dataset: Dataset, params: ImportParams, read: Read, found: dict[str, Any]) -> None:
    """Remember how this file was mapped for its owner, if a person has said so, so that the next of the same shape maps
    itself. A mapping that its owner shares stays shared.

    Args:
        read: opens the file.
        found: `Opened.found`.
    """
    from tabular.names import fingerprint

    given = _given(params)
    if params.mapping is None and not params.constants and not params.value_map:
        return
    headers = found["headers"]
    left = dict.fromkeys(found["not_imported"])
    decision = Decision(
        mapping=found["mapping"] | left,
        constants=found["constants"],
        value_map=found["value_map"],
        options=given,
        headers=headers,
    )
    shape = fingerprint(headers)
    with job.chunk() as chunk:
        remembered.put(
            chunk.connection, job.actor, dataset, shape, decision,
            seen_as=shape if given == LookOptions() else _seen_as(read, dataset) or shape,
        )  # fmt: skip


def _seen_as(read: Read, dataset: Dataset) -> str | None:
    """Fingerprint of the header that is found without being told where to look; None where none is."""
    from tabular.errors import TableError

    try:
        with read(_read_options(LookOptions(), dataset)) as reading:
            return reading.opened.info.fingerprint
    except TableError:
        return None
