"""`finance.send_bill_reminders`: an e-mail to each customer about due bills, never twice for a bill and day."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from worker.engine.context import JobContext
from worker.engine.form import words
from worker.engine.kinds import Params, kind

_LANGUAGES = {
    "auto": ("按客户所在国家", "By the customer's country"),
    "zh_CN": ("简体中文", "简体中文"),
    "en": ("English", "English"),
}


class ReminderParams(Params):
    """Whom to remind.

    Attributes:
        days_before: bills that are due within so many days, too.
        customer_nos: only these customers; None or empty: all.
        language: of the e-mails; auto: by the customer's country.
    """

    days_before: int = Field(
        0,
        ge=0,
        le=365,
        json_schema_extra=words(
            "提前天数",
            "Days before",
            "同时提醒将在此天数内到期的账单。",
            "Also remind of bills due within so many days.",
        ),
    )
    customer_nos: list[str] | None = Field(
        None,
        max_length=10_000,
        json_schema_extra=words(
            "客户编号",
            "Customers",
            "每行一个。不填表示全部客户。",
            "One number a line. Empty: all.",
            pick=("customers", "name"),
        ),
    )
    language: Literal["auto", "zh_CN", "en"] = Field(
        "auto", json_schema_extra=words("邮件语言", "Language of the e-mails", enum=_LANGUAGES)
    )


@kind(
    "finance.send_bill_reminders",
    {"zh_CN": "发送账单提醒", "en": "Send bill reminders"},
    ReminderParams,
    lane="email",
    order=51,
    result_titles={
        "mails": ("已发邮件", "E-mails sent"),
        "bills": ("提醒的账单", "Bills reminded of"),
        "refused": ("被拒收", "Refused"),
        "unknown": ("结果未知，请与客户确认", "Outcome unknown, ask them"),
        "no_email": ("没有邮箱的客户", "Without an e-mail address"),
        "without_customer": ("没有客户编号的账单", "Bills without a customer"),
        "day": ("日期", "Day"),
        "file": ("文件", "File"),
    },
    soft_limit_seconds=4 * 3600,
    hard_limit_seconds=4 * 3600 + 300,
)
def send_bill_reminders(job: JobContext, params: ReminderParams) -> dict[str, Any]:
    """Send them; see `worker.finance.reminding`."""
    from worker.finance import reminding

    return reminding.run(job, params.days_before, params.customer_nos, params.language)
