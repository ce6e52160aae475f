"""Sends what is in the outbox: each entry becomes one job on the server, whatever is killed between two steps.

The steps, each written down before the next begins: copy the files; create an upload, remember its id; send the bytes,
remembering how many the server has; note that the job is being handed in; hand it in under the entry's key; note the
job's id; drop the copies. Started again anywhere, the same steps find what is done:

- an upload goes on at the server's offset;
- a job that was handed in is handed in again with the same key and the same body, and the server gives its first
  answer. The uploads are not looked at before: a finished job's uploads may be gone already.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from desktop.client import uploads
from desktop.client.client import Client
from desktop.client.errors import (
    ClientError,
    FileProblem,
    Gone,
    Missing,
    Offline,
    Problem,
    SignInNeeded,
    TransferCancelled,
)
from desktop.outbox.entry import Entry, EntryGone, HeldFile
from desktop.outbox.store import Outbox

log = logging.getLogger(__name__)

# The server forgets a key after 30 days; handed in once and not answered, nobody can tell after that.
KEY_DAYS = 29
_LONGEST_WAIT = 300.0  # seconds between two tries
# The server has lost what we sent it, and has not made a job of it: send the files again.
_SEND_AGAIN = ("unknown_upload", "upload_incomplete")

Progress = Callable[[int, int], None]


class Sender:
    """Sends the entries of one user to one server.

    Args:
        outbox: the list.
        client: signed in as `user`.
        server, user: as they stand in the entries.
    """

    def __init__(self, outbox: Outbox, client: Client, *, server: str, user: str) -> None:
        self.outbox = outbox
        self.client = client
        self.server = server
        self.user = user
        self._busy = threading.Lock()

    def run_due(
        self,
        *,
        cancel: threading.Event | None = None,
        progress: Callable[[str, int, int], None] | None = None,
        changed: Callable[[Entry], None] | None = None,
    ) -> list[Entry]:
        """Send all entries that are due, one after the other, and give them as they are now.

        Args:
            progress: called with (entry id, bytes sent, bytes in all).
            changed: called after each entry.

        Raises:
            Offline, SignInNeeded: nothing more can be sent now; the entries wait.
            TransferCancelled.
        """
        done = []
        for entry in self.outbox.due(self.server, self.user):
            report = (lambda sent, total, key=entry.id: progress(key, sent, total)) if progress else None
            try:
                entry = self.send_once(entry.id, cancel=cancel, progress=report)
            except EntryGone:
                continue
            done.append(entry)
            if changed:
                changed(entry)
        return done

    def send_once(
        self, entry_id: str, *, cancel: threading.Event | None = None, progress: Progress | None = None
    ) -> Entry:
        """Try to send one entry and give it as it is afterwards: accepted, refused, or waiting with the reason.

        Raises:
            Offline: the server cannot be reached; the entry waits, its time of the next try is set.
            SignInNeeded: the entry waits.
            TransferCancelled: the entry waits.
            EntryGone: it was removed meanwhile; nothing of it reached the queue.
            FileProblem: the outbox itself cannot be written any more.
        """
        with self._busy:
            entry = self.outbox.get(entry_id)
            if entry.state in ("accepted", "refused") or (entry.server, entry.user) != (self.server, self.user):
                return entry
            try:
                return self._send(entry, cancel or threading.Event(), progress)
            except (Offline, SignInNeeded) as error:
                self._wait(entry_id, error, error.retry_after if isinstance(error, Offline) else None)
                raise
            except TransferCancelled:
                self._back(entry_id)
                raise
            except Problem as error:
                return self._said_no(entry_id, error)
            except FileProblem as error:
                # Our own disk or the original; a person has to do something, and can then say "again".
                self._refuse(entry_id, error)
                return self.outbox.get(entry_id)

    def _send(self, entry: Entry, cancel: threading.Event, progress: Progress | None) -> Entry:
        if entry.state != "submitting":
            try:
                entry = self.outbox.keep(entry.id, cancel)
            except FileProblem as error:
                if error.code not in ("disk_full", "file_not_written"):
                    raise
                # No room for copies: the originals are there, and are sent as long as they are what was picked.
                log.warning("entry %s is sent without a copy of its files: %r", entry.id, error)
            if entry.state == "refused":
                return entry
            self._upload(entry, cancel, progress)
            self.outbox.update(entry.id, state="submitting")
            entry = self.outbox.get(entry.id)
        return self._submit(entry)

    def _upload(self, entry: Entry, cancel: threading.Event, progress: Progress | None) -> None:
        self.outbox.update(entry.id, state="uploading")
        total, before = entry.size, 0
        for n, file in enumerate(entry.files):
            if file.upload_id and file.size and file.offset == file.size:
                before += file.size  # the server has all of it; should it have lost it, it says so at the hand-over
                continue
            source = _source(file)

            def report(sent: int, _size: int, before: int = before) -> None:
                if progress:
                    progress(before + sent, total)

            def created(upload_id: str, n: int = n) -> None:
                self.outbox.update_file(entry.id, n, upload_id=upload_id, offset=0)

            def stored(offset: int, n: int = n) -> None:
                self.outbox.update_file(entry.id, n, offset=offset)

            uploads.upload(
                self.client, source, name=file.name, upload_id=file.upload_id, modified_ns=file.mtime_ns,
                progress=report, cancel=cancel, on_created=created, on_stored=stored,
            )  # fmt: skip
            self.outbox.update_file(entry.id, n, offset=file.size)
            before += file.size

    def _submit(self, entry: Entry) -> Entry:
        now = time.time()
        if entry.submitted_at is None:
            self.outbox.update(entry.id, submitted_at=now)
        elif now - entry.submitted_at > KEY_DAYS * 86400:
            self._refuse(entry.id, ClientError("submission_uncertain"))
            return self.outbox.get(entry.id)
        try:
            job = self.client.submit(
                entry.kind,
                entry.params,
                [file.upload_id for file in entry.files if file.upload_id],
                key=entry.id,
                priority=entry.priority,
                title=entry.title,
            )
            job_id: str | None = job.id
        except Problem as error:
            if error.code != "idempotency_key_reused":
                raise
            # The key is ours alone: this entry became a job before the list was damaged and rebuilt.
            log.info("entry %s had been accepted before", entry.id)
            job_id = None
        self.outbox.update(
            entry.id, state="accepted", job_id=job_id, error_code=None, error_values=None, error_message=None
        )
        self.outbox.drop_copies(entry.id)
        return self.outbox.get(entry.id)

    # ------------------------------------------------------------ when it does not go

    def _said_no(self, entry_id: str, error: Problem) -> Entry:
        entry = self.outbox.get(entry_id)
        lost = error.code in _SEND_AGAIN or (isinstance(error, Missing | Gone) and entry.state == "uploading")
        if lost and entry.attempts < 5:
            for n in range(len(entry.files)):
                self.outbox.update_file(entry_id, n, upload_id=None, offset=0)
            self._wait(entry_id, error, 0.0)
        elif error.status >= 500 or error.status in (408, 423, 425, 429):
            # It may go later, and a job that was handed in keeps its state: the answer to it is still to come.
            self._wait(entry_id, error, error.retry_after, state=entry.state)
        else:
            self._refuse(entry_id, error)
        return self.outbox.get(entry_id)

    def _wait(self, entry_id: str, error: ClientError, after: float | None, state: str | None = None) -> None:
        entry = self.outbox.get(entry_id)
        if state is None:
            # Only the server's own "I do not know these uploads" takes an entry back behind the hand-over.
            state = "submitting" if entry.state == "submitting" and not isinstance(error, Problem) else "waiting"
        wait = min(_LONGEST_WAIT, 2.0**entry.attempts) if after is None else after
        self.outbox.update(
            entry_id,
            state=state,
            attempts=entry.attempts + 1,
            next_try_at=time.time() + wait * random.uniform(0.8, 1.2),  # noqa: S311 - spreads many desktops
            error_code=error.code,
            error_values=error.values,
            error_message=error.detail if isinstance(error, Problem) else None,
        )

    def _back(self, entry_id: str) -> None:
        if self.outbox.get(entry_id).state == "uploading":
            self.outbox.update(entry_id, state="waiting")

    def _refuse(self, entry_id: str, error: ClientError) -> None:
        values = dict(error.values)
        if isinstance(error, Problem) and error.errors:
            values["errors"] = error.errors
        self.outbox.update(
            entry_id,
            state="refused",
            error_code=error.code,
            error_values=values,
            error_message=error.detail if isinstance(error, Problem) else None,
        )


def _source(file: HeldFile) -> Path:
    """What to send for a file: our copy, or the original while it is what was picked."""
    if file.kept is not None and file.kept.exists():
        return file.kept
    if uploads.fingerprint(file.path) != uploads.Fingerprint(file.size, file.mtime_ns):
        raise FileProblem("file_changed", name=file.name, path=str(file.path))
    return file.path
