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


for _dataset in datasets.load().values():
    _titles = _dataset.schema.titles
    register(
        Kind(
            name=f"{_dataset.name}.export",
            titles={"zh_CN": f"导出{_titles['zh_CN']}", "en": f"Export {_titles['en'].lower()}"},
            params=export_params(_dataset),
            run=partial(_run, _dataset),
            lane="export",
            dataset=_dataset.name,
            order=20,
        )
    )
