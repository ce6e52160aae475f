"""The client of this computer's own system, which may be started again while a command waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from desktop.client import connection
from desktop.client.client import Client
from desktop.client.errors import Offline, SignInNeeded
from desktop.client.transport import Sessions


class EmbeddedClient(Client):
    """As `Client`; goes on with the address and credential of the system's new life, which its file tells.

    Args:
        found: the system as it runs now.
        folder: its data folder; None: the usual one.
        language: of the server's words.
    """

    def __init__(self, found: connection.Connection, folder: Path | None, language: str) -> None:
        super().__init__(found.url, found.access_token, language=language)
        self._found = found
        self._folder = folder

    def request(self, *args: Any, **kwargs: Any) -> Any:
        """As `Conversation.request`; Offline also while the system is being started."""
        try:
            return super().request(*args, **kwargs)
        except Offline:
            self._look_again()
            raise
        except SignInNeeded:
            if connection.find(self._folder) is None:  # it answers already, but has not told how to sign in
                raise Offline("server_unreachable", server=self.base_url) from None
            if not self._look_again():
                raise
        return super().request(*args, **kwargs)

    def _look_again(self) -> bool:
        """Take over what the file says; False when that is nothing new."""
        found = connection.find(self._folder)
        if found is None or (found.url, found.access_token) == (self._found.url, self._found.access_token):
            return False
        with self._tokens_lock:
            if found.url != self._found.url:
                self._sessions.close()
                self.base_url = found.url
                self._sessions = Sessions(found.url, None)
            self._token = found.access_token
            self._found = found
        return True
