"""Users, for admins."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import AdminDep, AuthenticatorDep, DatabaseDep
from api.routes.auth import UserView, view
from api.routing import v1_router
from worker.accounts import users

router = v1_router("/users", "users")


class NewUser(BaseModel):
    """Body of a new user. `language` is that of texts which the server writes for this person."""

    model_config = ConfigDict(extra="forbid")

    username: str = Field(max_length=64)
    password: str = Field(max_length=1000)
    role: Literal["operator", "admin"]
    display_name: str | None = Field(None, max_length=128)
    email: str | None = Field(None, max_length=254)
    language: Literal["zh_CN", "en"] = "zh_CN"


class UserChanges(BaseModel):
    """What to change about a user; what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["operator", "admin"] | None = None
    password: str | None = Field(None, max_length=1000)
    display_name: str | None = Field(None, max_length=128)
    email: str | None = Field(None, max_length=254)
    language: Literal["zh_CN", "en"] | None = None
    disabled: bool | None = None


class UserList(BaseModel):
    """A page of users by name; `next` is the cursor of the next page, null on the last."""

    users: list[UserView]
    next: str | None


@router.get("")
def list_users(
    admin: AdminDep,
    database: DatabaseDep,
    text: Annotated[str | None, Query(max_length=100)] = None,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> UserList:
    """All users by name."""
    page = users.page(database, admin, text=text, cursor=cursor, limit=limit)
    return UserList(users=[view(u) for u in page.users], next=page.next)


@router.post("", status_code=201)
def create_user(body: NewUser, admin: AdminDep, database: DatabaseDep, response: Response) -> UserView:
    """Add a user."""
    user = users.create(database, admin, **body.model_dump())
    response.headers["Location"] = f"/api/v1/users/{user.id}"
    return view(user)


@router.get("/{user_id}")
def get_user(user_id: str, admin: AdminDep, database: DatabaseDep) -> UserView:
    """One user."""
    return view(users.get(database, admin, user_id))


@router.patch("/{user_id}")
def change_user(
    user_id: str, body: UserChanges, admin: AdminDep, database: DatabaseDep, authenticator: AuthenticatorDep
) -> UserView:
    """Change a user. A new role, password or `disabled` ends the user's access tokens at once."""
    user = users.change(database, admin, user_id, body.model_dump(exclude_unset=True))
    authenticator.forget()
    return view(user)


@router.delete("/{user_id}", status_code=204)
def delete_user(user_id: str, admin: AdminDep, database: DatabaseDep, authenticator: AuthenticatorDep) -> None:
    """Delete a user who owns no jobs and files (409 `user_has_jobs` otherwise: disable instead)."""
    users.remove(database, admin, user_id)
    authenticator.forget()
