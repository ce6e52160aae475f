"""`data.export`: export any dataset, named by a parameter."""

from __future__ import annotations

from typing import Any

from worker import datasets
from worker.datasets.parameters import any_export_params
from worker.engine.context import JobContext
from worker.engine.kinds import Kind, register


def _run(job: JobContext, params: Any) -> dict[str, Any]:
    from worker.datasets import exporter

    return exporter.run(job, datasets.load()[params.dataset], params)


register(
    Kind(
        name="data.export",
        titles={"zh_CN": "导出任一数据集", "en": "Export any dataset"},
        params=any_export_params(datasets.load()),
        run=_run,
        lane="export",
        order=25,
    )
)
