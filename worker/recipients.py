"""To whom operators may write e-mails: people who are known here, and domains that an administrator has allowed.

A mail server trusts what this system sends, so a typing error, or an idea, must not reach the whole world in the
office's name. Admins and schedules, which admins make, write to anybody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import func, select

from worker.datasets import load
from worker.db.database import Database
from worker.db.schema import users
from worker.settings import Settings

_SEPARATORS = re.compile(r"[,;，；\s]+")


def allowed_domains(settings: Settings) -> list[str]:
    """The domains of `TASKTRAY_MAIL_DOMAINS` in lower case: `example.com`, `*.example.com` or `*`."""
    return [part.lower().removeprefix("@") for part in _SEPARATORS.split(settings.mail_domains) if part]


def strangers(database: Database, settings: Settings, addresses: Sequence[str]) -> list[str]:
    """Those of `addresses` to which an operator may not write.

    Known are the accounts of users who can sign in, and what the fields for e-mail addresses of all datasets hold;
    upper and lower case are one. Datasets are read through once where an address is neither of an allowed domain nor of
    a user: an index would cost every import of a million customers more than this costs a letter.
    """
    domains = allowed_domains(settings)
    left = {a.lower() for a in addresses if not any(_matches(a.rpartition("@")[2].lower(), d) for d in domains)}
    columns = [(users.c.email, users.c.disabled_at.is_(None))]
    for dataset in load().values():
        mails = (dataset.table.c[f.name] for f in dataset.schema.fields if f.format == "email")
        columns += [(column, column.is_not(None)) for column in mails]
    for column, wanted in columns:
        if left:
            found = select(func.lower(column)).where(wanted, func.lower(column).in_(sorted(left))).distinct()
            with database.read() as connection:
                left -= set(connection.execute(found).scalars())
    return [address for address in addresses if address.lower() in left]


def _matches(domain: str, allowed: str) -> bool:
    if allowed.startswith("*."):
        return domain.endswith(allowed[1:])
    return allowed in ("*", domain)
