"""`<dataset>.export` for every dataset: its rows, filtered, as a workbook or text table."""

from __future__ import annotations

from functools import partial
from typing import Any

from worker import datasets
from worker.datasets.dataset import Dataset
from worker.datasets.parameters import ExportParams, export_params
from worker.engine.context import JobContext
from worker.engine.kinds import Kind, register


def _run(dataset: Dataset, job: JobContext, params: ExportParams) -> dict[str, Any]:
    from worker.datasets import exporter

    return exporter.run(job, dataset, params)


def declare(dataset: Dataset) -> Kind:
    """Make the export of `dataset` a kind."""
    titles = dataset.schema.titles
    return register(
        Kind(
            name=f"{dataset.name}.export",
            titles={"zh_CN": f"导出{titles['zh_CN']}", "en": f"Export {titles['en'].lower()}"},
            params=export_params(dataset),
            run=partial(_run, dataset),
            lane="export",
            dataset=dataset.name,
            order=20,
        )
    )


for _dataset in datasets.load().values():
    declare(_dataset)
