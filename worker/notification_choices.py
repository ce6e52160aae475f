"""Which notifications a person wants to get.

Only what is not everybody's business can be chosen: overdue bills. Unless they choose, admins are told of all of them
and an operator of those that the own imports brought in: whoever has put a bill into the system is the one to ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, case, func, select
from sqlalchemy.dialects import postgresql, sqlite

from worker.actor import Actor
from worker.db.database import Database
from worker.db.schema import notification_choices

BILL_OVERDUE = "bill_overdue"
Choice = Literal["all", "own", "none"]
"""All of them; those about what I have brought in; none."""
_c = notification_choices.c


def choice_of(connection: Connection, actor: Actor, category: str = BILL_OVERDUE) -> Choice:
    """What a person has chosen, or what holds until they do."""
    row = connection.execute(select(_c.choice).where(_c.user_id == actor.user_id, _c.category == category)).first()
    default: Choice = "all" if actor.is_admin else "own"
    return next(choice for choice in get_args(Choice) if choice == row.choice) if row else default


def choices(database: Database, actor: Actor) -> dict[str, Choice]:
    """The person's choices by category."""
    with database.read() as connection:
        return {BILL_OVERDUE: choice_of(connection, actor)}


def choose(database: Database, actor: Actor, chosen: Mapping[str, Choice]) -> dict[str, Choice]:
    """Choose for some categories; what is not named stays. Gives all choices."""
    with database.write() as connection:
        for category, choice in chosen.items():
            dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
            query = dialect.insert(notification_choices).values(user_id=actor.user_id, category=category, choice=choice)
            connection.execute(
                query.on_conflict_do_update(index_elements=[_c.user_id, _c.category], set_={"choice": choice})
            )
    return choices(database, actor)


def chosen_by(user: Any, category: str = BILL_OVERDUE) -> ColumnElement[str]:
    """SQL: the choice of a user (`users`, or an alias of it)."""
    mine = select(_c.choice).where(_c.user_id == user.c.id, _c.category == category).scalar_subquery()
    return func.coalesce(mine, case((user.c.role == "operator", "own"), else_="all"))
