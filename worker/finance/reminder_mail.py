"""The words of a reminder: one template a language, filled with the customer's due bills."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from email.utils import parseaddr

from worker.finance.reminders import Bill, Customer
from worker.mail.message import Mail, one_line
from worker.settings import Settings
from worker.texts import text

_LINES = 200
# What the country of a customer is called who reads Chinese; compared without case, spaces and points.
_CHINESE = frozenset((
    "中国", "中华人民共和国", "中国大陆", "中国香港", "香港", "中国澳门", "澳门", "中国台湾", "台湾", "china", "prc",
    "prchina", "mainlandchina", "cn", "chn", "peoplesrepublicofchina", "hongkong", "macau", "macao", "taiwan",
    "zhongguo",
))  # fmt: skip


def language_of(customer: Customer, wanted: str, settings: Settings) -> str:
    """`wanted`, or for `auto` that of the customer's country; without a country the installation's."""
    if wanted != "auto":
        return wanted
    country = "".join(c for c in (customer.country or "").casefold() if c.isalnum())
    if not country:
        return settings.language
    return "zh_CN" if country in _CHINESE else "en"


def money(amount: Decimal, currency: str | None) -> str:
    """`1,234.50 CNY`."""
    return f"{amount:,.2f} {one_line(currency or '')}".rstrip()


def reminder(
    customer: Customer, email: str, bills: Sequence[Bill], day: dt.date, language: str, mail_id: str, settings: Settings
) -> Mail:
    """The e-mail to one customer about all of its bills that are due on `day`."""
    name, address = parseaddr(settings.smtp_from)
    lines, totals = [], dict[str, Decimal]()
    for bill in bills:
        late = (day - bill.due_on).days
        code = "mail_reminder_overdue" if late > 0 else "mail_reminder_due"
        amount = money(bill.amount, bill.currency)
        lines.append(text(code, language, bill_no=one_line(bill.bill_no), amount=amount, due_on=bill.due_on, days=late))
        currency = bill.currency or ""
        totals[currency] = totals.get(currency, Decimal(0)) + bill.amount
    if len(lines) > _LINES:
        lines[_LINES:] = [text("mail_reminder_more", language, count=len(lines) - _LINES)]
    sums = "; ".join(money(amount, currency) for currency, amount in sorted(totals.items()))
    values = {
        "name": one_line(customer.name or customer.customer_no), "customer_no": one_line(customer.customer_no),
        "count": len(bills), "day": day, "lines": "\n".join(lines), "total": sums, "sender": one_line(name or address),
    }  # fmt: skip
    subject = one_line(text("mail_reminder_subject", language, **values))
    return Mail(email, subject, text("mail_reminder_body", language, **values), language, mail_id)
