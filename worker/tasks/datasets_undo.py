"""`datasets.undo`: take back what an import did."""

from __future__ import annotations

from typing import Any

from worker.datasets import undo
from worker.datasets.undo import UndoParams
from worker.engine.context import JobContext
from worker.engine.kinds import Kind, register


def _run(job: JobContext, params: UndoParams) -> dict[str, Any]:
    from worker.datasets import undoer

    return undoer.run(job, params)


def _so_far(params: UndoParams, checkpoint: dict[str, Any]) -> tuple[dict[str, Any] | None, int | None]:
    return undo.result(params.job, checkpoint), None


register(
    Kind(
        name=undo.KIND,
        titles={"zh_CN": "撤销导入", "en": "Take back an import"},
        params=UndoParams,
        run=_run,
        order=15,
        hidden=True,  # it begins at the import that it takes back
        accept=undo.accept,
        so_far=_so_far,
    )
)
