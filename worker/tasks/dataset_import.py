"""`<dataset>.import` for every dataset: a workbook or text table goes into its table."""

from __future__ import annotations

from functools import partial
from typing import Any

from worker import datasets
from worker.datasets.dataset import Dataset
from worker.datasets.parameters import ImportParams, import_params
from worker.engine.context import JobContext
from worker.engine.kinds import Kind, UploadNeeds, register

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".tsv", ".txt")


def _run(dataset: Dataset, job: JobContext, params: ImportParams) -> dict[str, Any]:
    from worker.datasets import importer

    return importer.run(job, dataset, params)


for _dataset in datasets.load().values():
    _titles = _dataset.schema.titles
    register(
        Kind(
            name=f"{_dataset.name}.import",
            titles={"zh_CN": f"导入{_titles['zh_CN']}", "en": f"Import {_titles['en'].lower()}"},
            params=import_params(_dataset),
            run=partial(_run, _dataset),
            uploads=UploadNeeds(1, 1, SUFFIXES),
            dataset=_dataset.name,
            order=10,
        )
    )
