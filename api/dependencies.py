"""What routes ask for, as annotated parameters: `actor: ActorDep, database: DatabaseDep, …`.

They are `async` although they wait for nothing: the framework would run each plain function in a thread of its own,
which costs more than all the rest of an unchanged poll.
"""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from api.authentication import Authenticator
from worker.accounts.tokens import Session
from worker.actor import Actor
from worker.db.database import Database
from worker.errors import Forbidden
from worker.files.storage import Storage
from worker.files.uploads import Uploads
from worker.settings import Settings


async def get_settings(connection: HTTPConnection) -> Settings:
    """The installation's settings."""
    return cast(Settings, connection.app.state.settings)


async def get_database(connection: HTTPConnection) -> Database:
    """The application's database."""
    return cast(Database, connection.app.state.database)


async def get_session(connection: HTTPConnection) -> Session:
    """The valid access token's meaning; `authentication.Authentication` has put it there before any route runs."""
    return cast(Session, connection.state.session)


async def get_actor(connection: HTTPConnection) -> Actor:
    """The signed-in user; texts for them are in `actor.language`, which follows the request's Accept-Language."""
    return cast(Actor, connection.state.actor)


async def get_admin(connection: HTTPConnection) -> Actor:
    """The signed-in user, who must be an admin; raises Forbidden."""
    actor = await get_actor(connection)
    if not actor.is_admin:
        raise Forbidden()
    return actor


async def get_authenticator(connection: HTTPConnection) -> Authenticator:
    """What tells the meaning of tokens; whoever ends a token calls its `forget`."""
    return cast(Authenticator, connection.app.state.authenticator)


async def get_storage(connection: HTTPConnection) -> Storage:
    """Where the bytes of files live."""
    state = connection.app.state
    if not hasattr(state, "storage"):
        state.storage = Storage(state.settings)
    return cast(Storage, state.storage)


async def get_uploads(connection: HTTPConnection) -> Uploads:
    """The resumable uploads."""
    storage = await get_storage(connection)
    return Uploads(await get_database(connection), storage, await get_settings(connection))


SettingsDep = Annotated[Settings, Depends(get_settings)]
DatabaseDep = Annotated[Database, Depends(get_database)]
SessionDep = Annotated[Session, Depends(get_session)]
ActorDep = Annotated[Actor, Depends(get_actor)]
AuthenticatorDep = Annotated[Authenticator, Depends(get_authenticator)]
AdminDep = Annotated[Actor, Depends(get_admin)]
StorageDep = Annotated[Storage, Depends(get_storage)]
UploadsDep = Annotated[Uploads, Depends(get_uploads)]
