"""The one controller between network and widgets.

Widgets call its methods, which return at once, and listen to its signals; everything that may wait runs in the threads
of `Operations`. A newer operation of the same key cancels the one before it, and a stale outcome is never emitted.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from desktop import language, problems
from desktop.catalogue import Catalogue
from desktop.client import connection as embedded
from desktop.client import models
from desktop.client.client import Client
from desktop.client.errors import Missing, Offline, SignInNeeded
from desktop.connection import ConnectionState
from desktop.feed import Feed
from desktop.language import translate
from desktop.notifications.inbox import Inbox
from desktop.operations import Operations
from desktop.orders import Orders
from desktop.outgoing import Outgoing
from desktop.preferences.store import Cache, Preferences
from desktop.queue.rows import from_job
from desktop.signin import keys
from desktop.transfers import Transfers

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobDetails:
    """All that is known about one job."""

    job: models.Job
    events: list[models.Event]


class Controller(QObject):
    """What the window knows and can do.

    Attributes:
        operations, feed, catalogue, orders, outgoing, transfers, inbox: its parts.
        connection: how the connection stands.

    Signals:
        jobs_changed: `(list[JobRow], list[str])`, new and changed rows, and ids that are gone.
        jobs_loading: the list is being read.
        connection_changed: a `ConnectionState`.
        sign_in_wanted: why, in words; empty at the first start.
        signed_in: a `models.User`.
        kinds_changed: `list[models.Kind]`.
        details_changed: a `JobDetails`.
        details_loading: details of a job are being read.
        operation_failed: `(key, words)`.
        estimated: `(models.Estimate | None, list of field errors)`.
        language_changed: another language holds; windows have to be made anew.
    """

    jobs_changed = Signal(object, object)
    jobs_loading = Signal(bool)
    connection_changed = Signal(object)
    sign_in_wanted = Signal(str)
    signed_in = Signal(object)
    kinds_changed = Signal(object)
    details_changed = Signal(object)
    details_loading = Signal(bool)
    operation_failed = Signal(str, str)
    estimated = Signal(object, object)
    language_changed = Signal()

    def __init__(
        self, preferences: Preferences, embedded_folder: Path | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.preferences = preferences
        self.cache = Cache(preferences.data / "cache")
        self.operations = Operations(self)
        self.connection = ConnectionState()
        self._embedded_folder = embedded_folder
        self._embedded: embedded.Connection | None = None
        self._client: Client | None = None
        self._watch = QTimer(self)
        self._watch.setInterval(2000)
        self._watch.timeout.connect(self._look_for_embedded)
        self._remember = False
        self.feed = Feed(self.operations, self)
        self.feed.changed.connect(self.jobs_changed)
        self.feed.loading.connect(self.jobs_loading)
        self.feed.signed_in.connect(self.signed_in)
        self.feed.answered.connect(self._answered)
        self.feed.lost.connect(self._lost)
        self.catalogue = Catalogue(self)
        self.catalogue.kinds_changed.connect(self.kinds_changed)
        self.orders = Orders(self)
        self.outgoing = Outgoing(self)
        self.transfers = Transfers(self)
        self.inbox = Inbox(self)
        self.operations.busy_changed.connect(self._tell_busy)

    # ------------------------------------------------------------ connecting

    @property
    def client(self) -> Client | None:
        """The client of who is signed in."""
        return self._client

    @property
    def user(self) -> models.User | None:
        """Who is signed in; None before the server has said so."""
        return self.feed.user

    @property
    def kinds(self) -> list[models.Kind]:
        """What may be submitted, as last heard of, also while the server is away."""
        return self.catalogue.kinds

    @property
    def online(self) -> bool:
        """The server answered last."""
        return self.connection.kind == "online"

    def start(self) -> None:
        """Connect to the embedded system, or to the server that was used last; else ask for a sign-in."""
        self.outgoing.start()
        found = embedded.find(self._embedded_folder)
        server, username = self.preferences.server, self.preferences.username
        if found and not server:
            self._use_embedded(found)
        elif server:
            token = keys.read(server, username) if username else None
            if token:
                self._remember = True
                self._use(self._make_client(server, refresh_token=token))
            else:
                self._set_connection(ConnectionState(server=server))
                self.sign_in_wanted.emit("")
        elif self.kinds:
            # Used before, with this computer's own system: it will be back.
            reason = translate("Connection", "The system on this computer is not running.")
            self._set_connection(ConnectionState("offline", since=time.time(), reason=reason))
        else:
            self._set_connection(ConnectionState())
            self.sign_in_wanted.emit("")
        self._watch.start()

    def close(self) -> None:
        """Stop everything; called when the program ends."""
        self.feed.leave()
        self.inbox.leave()
        self._watch.stop()
        if self._client:
            self._client.close()
        self.operations.close()
        self.outgoing.close()
        self.preferences.sync()

    def use_embedded(self) -> bool:
        """Connect to the system that runs on this computer; False when none does."""
        found = embedded.find(self._embedded_folder)
        if found:
            self.preferences.server = ""
            self._use_embedded(found)
        return found is not None

    def embedded_available(self) -> bool:
        """Whether a system runs on this computer."""
        return embedded.find(self._embedded_folder) is not None

    def sign_in(self, server: str, username: str, password: str, ca_file: str = "", *, remember: bool = False) -> None:
        """Sign in by password; `signed_in`, or `operation_failed` with the key `sign_in`."""

        def work(_: object) -> tuple[Client, models.Tokens, bool]:
            client = self._make_client(server, ca_file=ca_file)
            try:
                tokens = client.sign_in(username, password)
            except BaseException:
                client.close()
                raise
            kept = bool(
                remember and tokens.refresh_token and keys.keep(client.base_url, username, tokens.refresh_token)
            )
            return client, tokens, kept

        def done(result: tuple[Client, models.Tokens, bool]) -> None:
            client, _, self._remember = result
            self._embedded = None
            self.preferences.server = client.base_url
            self.preferences.username = username
            self.preferences.ca_file = ca_file
            self._use(client)

        self.operations.start("sign_in", work, done, lambda e: self._failed("sign_in", e))

    def sign_out(self) -> None:
        """End the sign-in and forget what was remembered of it."""
        client = self._client
        server, username = self.preferences.server, self.preferences.username
        self.feed.follow(None)
        self.operations.cancel("details")
        self._client = None
        self._embedded = None
        self.preferences.server = ""
        self._set_connection(ConnectionState())
        if client:

            def work(_: object) -> None:
                client.sign_out()
                client.close()
                keys.forget(server, username)

            self.operations.start("sign_out", work)
        self.sign_in_wanted.emit("")

    def set_language(self, name: str) -> None:
        """Speak another language from now on; what the server said is asked for anew."""
        self.preferences.language = name
        language.choose(name)
        if self._client:
            self._client.language = language.current()
            self.catalogue.read(self._client)
            self.feed.read_anew()
        self.language_changed.emit()

    def _make_client(
        self, server: str, token: str | None = None, refresh_token: str | None = None, ca_file: str | None = None
    ) -> Client:
        ca = self.preferences.ca_file if ca_file is None else ca_file
        return Client(
            server, token, refresh_token, language=language.current(), ca_file=ca or None,
            on_tokens=self._keep_tokens, timeout=(4.0, 20.0),
        )  # fmt: skip

    def _keep_tokens(self, access: str, refresh: str | None) -> None:
        """Called in a network thread: the refresh token before it is spent, the new one is the only one valid."""
        del access
        if self._remember and refresh:
            keys.keep(self.preferences.server, self.preferences.username, refresh)

    def _use_embedded(self, found: embedded.Connection) -> None:
        self._embedded = found
        self._use(self._make_client(found.url, token=found.access_token, ca_file=""))

    def _use(self, client: Client) -> None:
        old, self._client = self._client, client
        if old:
            old.close()
        self.feed.follow(client)
        self.operations.cancel("details")
        self._set_connection(ConnectionState("connecting", client.base_url))
        self.feed.ask_now()

    def _set_connection(self, state: ConnectionState) -> None:
        if state != self.connection:
            self.connection = state
            self.connection_changed.emit(state)

    # ------------------------------------------------------------ the server answers, or does not

    def _answered(self, user: models.User) -> None:
        client = self._client
        if client is None:
            return
        was_online = self.online
        name = user.display_name or user.username
        self._set_connection(ConnectionState("online", client.base_url, name, updated=time.time()))
        if not was_online:
            self.catalogue.read(client)
            self.outgoing.wake()

    def _lost(self, error: BaseException) -> None:
        """A question to the server failed."""
        if isinstance(error, SignInNeeded):
            if self._renew_embedded():
                return
            self._client, client = None, self._client
            self.feed.leave()
            if client:
                client.close()
            self._set_connection(ConnectionState(server=self.connection.server))
            self.sign_in_wanted.emit(problems.words(error))
            return
        if self._renew_embedded():
            return
        wait = self.feed.retry(getattr(error, "retry_after", None))
        now = time.time()
        before = self.connection
        since = before.since if before.kind == "offline" and before.since else now
        self._set_connection(
            ConnectionState(
                "offline", before.server, before.user, before.updated, since, now + wait, problems.words(error)
            )
        )

    def _look_for_embedded(self) -> None:
        """This computer's own system may have been started (again) since; reading its small file costs nothing."""
        if self.online or self.preferences.server:
            return
        if self._client is None:
            found = embedded.find(self._embedded_folder)
            if found:
                self._use_embedded(found)
        else:
            self._renew_embedded()

    def _renew_embedded(self) -> bool:
        """The embedded system was started again, with another address or credential: use that."""
        if self._embedded is None:
            return False
        found = embedded.find(self._embedded_folder)
        if found is None or (found.url, found.access_token) == (self._embedded.url, self._embedded.access_token):
            return False
        self._use_embedded(found)
        return True

    # ------------------------------------------------------------ one job

    def show_details(self, job_id: str) -> None:
        """Read all about a job: `details_changed`."""
        client = self._client
        if client is None:
            return

        def work(_: object) -> JobDetails:
            return JobDetails(client.job(job_id), client.events(job_id))

        def failed(error: BaseException) -> None:
            if not isinstance(error, Offline | Missing):  # the connection's line tells the first, the list the second
                self._failed("details", error)

        self.operations.start("details", work, self.details_changed.emit, failed)

    def estimate(self, kind: str, params: dict[str, Any], priority: str) -> None:
        """How such a job would go, and what is wrong with its parameters: `estimated`."""
        client = self._client
        if client is None or not self.online:
            self.operations.cancel("estimate")
            return

        def failed(error: BaseException) -> None:
            self.estimated.emit(None, getattr(error, "errors", []))

        self.operations.start(
            "estimate", lambda _: client.estimate(kind, params, priority=priority),
            lambda estimate: self.estimated.emit(estimate, []), failed,
        )  # fmt: skip

    # ------------------------------------------------------------ told by its parts

    def _failed(self, key: str, error: BaseException) -> None:
        self.operation_failed.emit(key, problems.words(error))

    def report(self, key: str, error: BaseException) -> None:
        """A part of the controller failed at something."""
        self._failed(key, error)

    def accepted(self, job: models.Job) -> None:
        """The server took an entry of the outbox: show the job without waiting for the next poll."""
        self.feed.take([from_job(job)], [])
        self.feed.ask_now()

    def _tell_busy(self, key: str, busy: bool) -> None:
        if key == "details":
            self.details_loading.emit(busy)
