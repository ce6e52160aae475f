"""`<dataset>.import` for every dataset: a workbook or text table goes into its table."""

from __future__ import annotations

from functools import partial
from typing import Any

from worker import datasets
from worker.datasets import undo
from worker.datasets.dataset import Dataset
from worker.datasets.import_state import ImportState
from worker.datasets.parameters import ImportParams, import_params
from worker.engine.context import JobContext
from worker.engine.kinds import Kind, UploadNeeds, register

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".tsv", ".txt")


def _run(dataset: Dataset, job: JobContext, params: ImportParams) -> dict[str, Any]:
    from worker.datasets import importer

    return importer.run(job, dataset, params)


def _so_far(params: ImportParams, checkpoint: dict[str, Any]) -> tuple[dict[str, Any] | None, int | None]:
    """What was loaded until then stays; a check alone has changed nothing."""
    state = ImportState.of(checkpoint, params)
    return (None, None) if state.phase == "check" else (state.summary(params), state.position)


def declare(dataset: Dataset) -> Kind:
    """Make the import of `dataset` a kind."""
    titles = dataset.schema.titles
    return register(
        Kind(
            name=f"{dataset.name}.import",
            titles={"zh_CN": f"导入{titles['zh_CN']}", "en": f"Import {titles['en'].lower()}"},
            params=import_params(dataset),
            run=partial(_run, dataset),
            uploads=UploadNeeds(1, 1, SUFFIXES),
            dataset=dataset.name,
            order=10,
            so_far=_so_far,
            left_changes=undo.left_changes,
        )
    )


for _dataset in datasets.load().values():
    declare(_dataset)
