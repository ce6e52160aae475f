"""`finance.calculate_monthly_revenue`: what has been paid, by month of payment, customer and currency."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import Field, field_validator

from worker.engine.context import JobContext
from worker.engine.form import not_before_start, words
from worker.engine.kinds import Params, kind


class RevenueParams(Params):
    """The payments that count: those of these days, both included; None: no bound."""

    start_date: dt.date | None = Field(
        None,
        json_schema_extra=words(
            "开始日期", "From", "按付款日期。不填表示不限。", "By day of payment. Empty: no bound."
        ),
    )
    end_date: dt.date | None = Field(None, json_schema_extra=words("结束日期", "To"))

    _in_order = field_validator("end_date")(not_before_start)


@kind(
    "finance.calculate_monthly_revenue",
    {"zh_CN": "计算月度收入", "en": "Calculate monthly revenue"},
    RevenueParams,
    lane="finance",
    order=52,
    result_titles={
        "bills": ("已付账单", "Bills paid"),
        "months": ("月份数", "Months"),
        "customers": ("客户数", "Customers"),
        "totals": ("合计", "Totals"),
        "file": ("文件", "File"),
    },
)
def calculate_monthly_revenue(job: JobContext, params: RevenueParams) -> dict[str, Any]:
    """Write the workbook; see `worker.finance.revenue`."""
    from worker.finance import revenue

    return revenue.run(job, params.start_date, params.end_date)
