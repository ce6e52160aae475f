"""Sign in, refresh, sign out, who am I, a new password."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordRequestForm
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from api.dependencies import ActorDep, AuthenticatorDep, DatabaseDep, SessionDep, SettingsDep
from api.routing import v1_router
from worker.accounts import signin, tokens, users
from worker.accounts.tokens import TokenPair
from worker.accounts.users import User

router = v1_router("/auth", "auth")
# Hashing is slow on purpose: sign-ins have a few threads of their own, so that they never take those of other calls.
_THREADS = 4


class Tokens(BaseModel):
    """A pair of tokens. `expires_in`: seconds that the access token is good for; a refresh token works once."""

    model_config = ConfigDict(from_attributes=True)

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - no password but a word
    expires_in: int


class UserView(BaseModel):
    """A user. `disabled`: cannot sign in; `has_password`: False for the embedded system's local user."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    username: str
    role: Literal["operator", "admin"]
    display_name: str | None
    email: str | None
    language: str
    disabled: bool
    has_password: bool
    created_at: datetime


class RefreshBody(BaseModel):
    """Body of a refresh."""

    refresh_token: str = Field(max_length=200)


class LogoutBody(BaseModel):
    """Body of a sign-out; the access token's own sign-in ends in any case."""

    refresh_token: str | None = Field(None, max_length=200)


class PasswordBody(BaseModel):
    """Body of a change of one's own password."""

    current_password: str = Field(max_length=1000, validation_alias=AliasChoices("current_password", "old_password"))
    new_password: str = Field(max_length=1000)


def _limiter(request: Request) -> CapacityLimiter:
    state = request.app.state
    if not hasattr(state, "login_threads"):
        state.login_threads = CapacityLimiter(_THREADS)
    limiter: CapacityLimiter = state.login_threads
    return limiter


def _view(pair: TokenPair) -> Tokens:
    return Tokens.model_validate(pair)


@router.post("/login")
async def login(
    request: Request,
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    database: DatabaseDep,
    settings: SettingsDep,
) -> Tokens:
    """Sign in with the OAuth2 password form (`username`, `password`). After too many wrong ones: 429, Retry-After."""
    ip = request.client.host if request.client else None
    pair = await to_thread.run_sync(
        signin.sign_in, database, settings, form.username, form.password, ip, limiter=_limiter(request)
    )
    return _view(pair)


@router.post("/refresh")
def refresh(request: Request, body: RefreshBody, database: DatabaseDep, settings: SettingsDep) -> Tokens:
    """A new pair for a refresh token, which works once. Used a second time, it ends its whole sign-in; except within
    half a minute while the first answer is unused: it may have been lost.
    """
    ip = request.client.host if request.client else None
    return _view(tokens.rotate(database, settings, body.refresh_token, ip))


@router.post("/logout", status_code=204)
def logout(
    session: SessionDep, database: DatabaseDep, authenticator: AuthenticatorDep, body: LogoutBody | None = None
) -> None:
    """Sign out: the refresh token and the access token of this sign-in end."""
    signin.sign_out(database, session, body.refresh_token if body else None)
    authenticator.forget()


@router.get("/me")
def me(actor: ActorDep, database: DatabaseDep) -> UserView:
    """Who I am."""
    return view(users.get(database, actor, actor.user_id))


@router.post("/password")
async def password(
    request: Request,
    body: PasswordBody,
    actor: ActorDep,
    database: DatabaseDep,
    settings: SettingsDep,
    authenticator: AuthenticatorDep,
) -> Tokens:
    """Change my password. All my sign-ins end; the answer is a new one."""
    pair = await to_thread.run_sync(
        signin.change_password,
        database,
        settings,
        actor,
        body.current_password,
        body.new_password,
        limiter=_limiter(request),
    )
    authenticator.forget()
    return _view(pair)


def view(user: User) -> UserView:
    """A user as the API shows one."""
    return UserView.model_validate(user)
