"""Which kinds of jobs files fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from desktop.client import models

TABLES = (".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".tsv", ".txt")


def taken(kind: models.Kind, paths: Sequence[Path]) -> list[Path]:
    """Those of the files that the kind can work on, by their endings; none where they are more than it takes."""
    found = [path for path in paths if fits(kind, [path])]
    return found if kind.uploads.maximum == 1 or len(found) <= kind.uploads.maximum else []


def taking(kinds: Sequence[models.Kind], paths: Sequence[Path]) -> tuple[list[models.Kind], models.Kind | None]:
    """The kinds that take some of the files, and the first of those that take most; None: none takes any."""
    found = [(kind, len(taken(kind, paths))) for kind in kinds]
    best = max(found, key=lambda one: one[1], default=None)
    return [kind for kind, count in found if count], best[0] if best and best[1] else None


def fits(kind: models.Kind, paths: Sequence[Path]) -> bool:
    """The kind can work on these files, by their endings; any kind fits no files."""
    needs = kind.uploads
    return not paths or (
        needs.maximum > 0
        and all(not needs.suffixes or path.suffix.lower() in needs.suffixes for path in paths)
    )  # fmt: skip


def reads_table(kind: models.Kind | None, paths: Sequence[Path]) -> bool:
    """The kind reads the files as tables of a dataset, so that there are columns to look at."""
    return (
        kind is not None and kind.dataset is not None and kind.uploads.maximum > 0 and bool(paths)
        and paths[0].suffix.lower() in TABLES and fits(kind, paths)
    )  # fmt: skip
