"""What a running job tells of its work, and the columns of its row that show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from worker.engine import events
from worker.engine.plain import plain


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """What a heartbeat tells of the work.

    Attributes:
        stage: a code of the texts, with the values that its words need.
        rows_done, rows_total: None where rows are not what the work consists of, or the total is not known.
        rate: rows per second, rolling.
        eta_seconds: remaining time.
        percent: 0 to 100; None derives it from the rows.
        new_stage: this stage has just begun; it becomes a line of the job's story.
    """

    stage: str | None = None
    stage_values: dict[str, Any] | None = None
    rows_done: int | None = None
    rows_total: int | None = None
    rate: float | None = None
    eta_seconds: float | None = None
    percent: float | None = None
    new_stage: bool = False

    def columns(self) -> dict[str, Any]:
        """The columns of `jobs` that this sets."""
        values: dict[str, Any] = {
            "stage": self.stage,
            "stage_values": plain(self.stage_values) or None,
            "rate": plain(self.rate),
            "eta_seconds": plain(self.eta_seconds),
        }
        return values | self.counts()

    def counts(self) -> dict[str, Any]:
        """Of these, the rows and the percentage that follows from them."""
        values: dict[str, Any] = {"rows_done": self.rows_done, "rows_total": self.rows_total}
        percent = self.percent
        if percent is None and self.rows_done is not None and self.rows_total:
            percent = 100.0 * self.rows_done / self.rows_total
        if percent is not None:
            values["progress"] = min(max(percent, 0.0), 100.0)
        return values

    def tell(self, connection: Connection, job_id: str) -> None:
        """Make the stage a line of the job's story."""
        if self.stage:
            events.add(connection, job_id, "stage", stage=self.stage, values=self.stage_values or {})
