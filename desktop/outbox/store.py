"""The desktop's own list of jobs that the server has not accepted yet, on disk.

Why on disk, and in this form:

- The server may be away for days, the desktop may crash, the power may fail. What was submitted stays submitted: SQLite
  with `synchronous=FULL`, one transaction a step.
- An entry's id is its `Idempotency-Key`: sent twice, it still becomes one job.
- The files are copied beside the list as soon as possible (`keep`). Until then size and time of change tell whether a
  file is still what was picked; if not, the entry says so instead of sending something else.
- Each entry's folder holds a small manifest, so that a damaged list can be rebuilt. A damaged list is set aside, never
  a reason for the application not to start.

`sender.py` sends the entries. All methods may be called from any thread; none of them is fast enough for the
GUI thread (a commit waits for the disk).
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sqlite3
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from desktop.client.errors import FileProblem
from desktop.client.uploads import fingerprint
from desktop.outbox.copies import copy_file, is_full
from desktop.outbox.entry import Entry, EntryGone, HeldFile
from desktop.outbox.journal import Journal

log = logging.getLogger(__name__)

ACCEPTED_DAYS = 7  # accepted entries stay listed so long, as an answer to "did it go?"


class Outbox:
    """The list and its folder.

    Args:
        folder: made if it is not there.

    Attributes:
        recovered: number of entries that were found again by their manifests after the list was damaged or lost.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.recovered = 0
        self._held = folder / "files"
        self._held.mkdir(parents=True, exist_ok=True)
        self._copying = threading.Lock()
        self._journal = Journal(folder / "outbox.db", self._recover)
        self._journal.open()
        if self._journal.set_aside is None:
            if self._journal.fresh:
                self._recover()
            else:
                self._tidy()

    @property
    def set_aside(self) -> Path | None:
        """Where a damaged list was moved to, to be told to the user; None when it was in order."""
        return self._journal.set_aside

    def close(self) -> None:
        """Close the list; nothing is lost by not doing so."""
        self._journal.close()

    def _recover(self) -> None:
        for manifest in sorted(self._held.glob("*/entry.json")):
            try:
                data = json.loads(manifest.read_text("utf-8"))
                files = [
                    HeldFile(Path(f["path"]), f["name"], f["size"], f["mtime_ns"], kept=_found(manifest.parent, n, f))
                    for n, f in enumerate(data["files"])
                ]
                entry = Entry(
                    **{name: data[name] for name in ("id", "kind", "params", "title", "priority", "server", "user")},
                    created_at=data["created_at"],
                    files=files,
                )
                self._insert(entry)
                self.recovered += 1
            except (OSError, ValueError, KeyError, TypeError, FileProblem):
                log.exception("an entry of the outbox could not be read: %s", manifest)

    def _tidy(self) -> None:
        """Drop old accepted entries, and folders whose entry is not listed: it was never acknowledged, or is done."""
        before = time.time() - ACCEPTED_DAYS * 86400

        def work(db: sqlite3.Connection) -> set[str]:
            db.execute("DELETE FROM entries WHERE state = 'accepted' AND created_at < ?", (before,))
            return {row["id"] for row in db.execute("SELECT id FROM entries WHERE state <> 'accepted'")}

        listed = self._journal.do(work)
        for folder in self._held.iterdir():
            if folder.name not in listed:
                shutil.rmtree(folder, ignore_errors=True)

    # ------------------------------------------------------------ entries

    def add(
        self,
        kind: str,
        params: dict[str, Any],
        paths: Sequence[Path],
        *,
        server: str,
        user: str,
        title: str | None = None,
        priority: str = "normal",
        stored: Mapping[Path, str] | None = None,
    ) -> Entry:
        """Submit a job: from here on it is not lost. Call `keep` afterwards, in the background.

        Args:
            stored: path -> id of a file that the server has already; only when it has lost it, it is sent again.

        Raises:
            FileProblem: `file_vanished`, `file_not_opened`, `disk_full`, `file_not_written`.
        """
        files = []
        for path in paths:
            known = (stored or {}).get(path)
            path = path.absolute()
            mark = fingerprint(path)
            files.append(
                HeldFile(path, path.name, mark.size, mark.mtime_ns, upload_id=known, offset=mark.size if known else 0)
            )
        entry = Entry(
            id=str(uuid.uuid4()), kind=kind, params=params, title=title, priority=priority,
            server=server, user=user, created_at=time.time(), files=files,
        )  # fmt: skip
        self._write_manifest(entry)
        try:
            self._insert(entry)
        except BaseException:
            shutil.rmtree(self._held / entry.id, ignore_errors=True)
            raise
        return entry

    def _write_manifest(self, entry: Entry) -> None:
        data = {
            "id": entry.id, "kind": entry.kind, "params": entry.params, "title": entry.title,
            "priority": entry.priority, "server": entry.server, "user": entry.user, "created_at": entry.created_at,
            "files": [
                {"path": str(f.path), "name": f.name, "size": f.size, "mtime_ns": f.mtime_ns} for f in entry.files
            ],
        }  # fmt: skip
        folder = self._held / entry.id
        try:
            folder.mkdir(parents=True)
            with (folder / "entry.json").open("w", encoding="utf-8") as file:
                json.dump(data, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            if is_full(error):
                raise FileProblem("disk_full", path=str(folder)) from error
            raise FileProblem(
                "file_not_written", name="entry.json", path=str(folder), reason=error.strerror or str(error)
            ) from error

    def _insert(self, entry: Entry) -> None:
        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO entries (id, kind, params, title, priority, server, user, state, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', ?) ON CONFLICT (id) DO NOTHING",
                (
                    entry.id, entry.kind, json.dumps(entry.params), entry.title, entry.priority,
                    entry.server, entry.user, entry.created_at,
                ),
            )  # fmt: skip
            db.executemany(
                "INSERT INTO files (entry, position, path, name, size, mtime_ns, sha256, kept, upload_id, offset)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (entry, position) DO NOTHING",
                [
                    (
                        entry.id,
                        n,
                        str(f.path),
                        f.name,
                        f.size,
                        f.mtime_ns,
                        f.sha256,
                        f.kept.name if f.kept else None,
                        f.upload_id,
                        f.offset,
                    )
                    for n, f in enumerate(entry.files)
                ],
            )

        self._journal.do(work)

    def entries(self, server: str | None = None, user: str | None = None) -> list[Entry]:
        """All entries, oldest first; of one server and user only, where these are given."""
        return self._journal.do(
            lambda db: [
                self._read(db, row)
                for row in db.execute(
                    "SELECT * FROM entries WHERE ifnull(?1, server) = server AND ifnull(?2, user) = user"
                    " ORDER BY created_at, id",
                    (server, user),
                )
            ]
        )

    def get(self, entry_id: str) -> Entry:
        """One entry.

        Raises:
            EntryGone.
        """

        def work(db: sqlite3.Connection) -> Entry:
            row = db.execute("SELECT * FROM entries WHERE id = ?", (entry_id,)).fetchone()
            if row is None:
                raise EntryGone(entry_id)
            return self._read(db, row)

        return self._journal.do(work)

    def _read(self, db: sqlite3.Connection, row: sqlite3.Row) -> Entry:
        values = dict(row)
        values["params"] = json.loads(values["params"])
        values["error_values"] = json.loads(values["error_values"]) if values["error_values"] else {}
        entry = Entry(**values)
        for file in db.execute("SELECT * FROM files WHERE entry = ? ORDER BY position", (entry.id,)):
            entry.files.append(
                HeldFile(
                    Path(file["path"]), file["name"], file["size"], file["mtime_ns"], file["sha256"],
                    self._held / entry.id / file["kept"] if file["kept"] else None, file["upload_id"], file["offset"],
                )
            )  # fmt: skip
        return entry

    def due(self, server: str, user: str, now: float | None = None) -> list[Entry]:
        """What may be sent now to this server for this user, oldest first."""
        now = time.time() if now is None else now
        return [
            entry
            for entry in self.entries(server, user)
            if entry.state in ("waiting", "uploading", "submitting")
            # A time far ahead comes from a clock that was wrong.
            and not now < entry.next_try_at < now + 3600
        ]

    def wake(self) -> None:
        """The server is back: try all waiting entries at once."""
        self._journal.do(lambda db: db.execute("UPDATE entries SET next_try_at = 0"))

    def again(self, entry_id: str, *, take_changed: bool = False) -> Entry:
        """Send a refused entry after all; for one that ended as `submission_uncertain` this is the person's decision.

        Args:
            take_changed: take its files as they are now (after `file_changed`).

        Raises:
            EntryGone; FileProblem: a file is missing.
        """
        entry = self.get(entry_id)
        if entry.state == "refused":
            for n, file in enumerate(entry.files):
                if take_changed and file.kept is None:
                    mark = fingerprint(file.path)
                    self.update_file(entry_id, n, size=mark.size, mtime_ns=mark.mtime_ns, upload_id=None, offset=0)
            self.update(
                entry_id, state="waiting", error_code=None, error_values=None, error_message=None, attempts=0,
                next_try_at=0.0, submitted_at=None,
            )  # fmt: skip
        return self.get(entry_id)

    def remove(self, entry_id: str, *, force: bool = False) -> bool:
        """Take an entry out, with our copies of its files.

        Returns:
            False: it is being handed over just now, or the server may have it already; then nothing was removed unless
            `force` is set.
        """

        def work(db: sqlite3.Connection) -> bool:
            sure = "DELETE FROM entries WHERE id = ? AND state <> 'submitting'"
            return db.execute("DELETE FROM entries WHERE id = ?" if force else sure, (entry_id,)).rowcount > 0

        removed = self._journal.do(work)
        if removed:
            self.drop_copies(entry_id)
        return removed

    def update(self, entry_id: str, **values: Any) -> None:
        """Set columns of an entry.

        Raises:
            EntryGone.
        """
        if isinstance(values.get("error_values"), dict):
            values["error_values"] = json.dumps(values["error_values"], default=str)
        self._set("entries", "id = ?", (entry_id,), values)

    def update_file(self, entry_id: str, position: int, **values: Any) -> None:
        """Set columns of an entry's file.

        Raises:
            EntryGone.
        """
        self._set("files", "entry = ? AND position = ?", (entry_id, position), values)

    def _set(self, table: str, where: str, key: tuple[Any, ...], values: dict[str, Any]) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        statement = f"UPDATE {table} SET {columns} WHERE {where}"  # noqa: S608 - names of our own

        def work(db: sqlite3.Connection) -> None:
            if db.execute(statement, (*values.values(), *key)).rowcount == 0:
                raise EntryGone(key[0])

        self._journal.do(work)

    # ------------------------------------------------------------ files

    def keep(self, entry_id: str, cancel: threading.Event | None = None) -> Entry:
        """Copy an entry's files beside the list, those that are not copied yet; then the originals may change or go.

        A file that changed or vanished before makes the entry `refused` with `file_changed` or `file_vanished`.

        Raises:
            EntryGone; FileProblem: `disk_full`, `file_not_written`, `file_not_opened`; TransferCancelled.
        """
        with self._copying:
            entry = self.get(entry_id)
            if entry.state in ("accepted", "refused"):
                return entry
            for n, file in enumerate(entry.files):
                if file.kept is not None and file.kept.exists() and file.kept.stat().st_size == file.size:
                    continue
                target = self._held / entry_id / _kept_name(n, file.name)
                try:
                    digest = copy_file(file.path, target, file.size, file.mtime_ns, cancel)
                except FileProblem as error:
                    self.get(entry_id)  # removed meanwhile, with the folder of its copies: that is the reason then
                    if error.code not in ("file_changed", "file_vanished"):
                        raise
                    self.update(entry_id, state="refused", error_code=error.code, error_values=error.values)
                    break
                self.update_file(entry_id, n, sha256=digest, kept=target.name)
            return self.get(entry_id)

    def drop_copies(self, entry_id: str) -> None:
        """Remove our copies of an entry's files."""
        shutil.rmtree(self._held / entry_id, ignore_errors=True)


def _kept_name(position: int, name: str) -> str:
    # Only the ending is taken over: the name itself may be too long or impossible beside our number.
    suffix = "".join(c for c in Path(name).suffix if c.isalnum() or c == ".")[:16]
    return f"{position}{suffix}"


def _found(folder: Path, position: int, data: dict[str, Any]) -> Path | None:
    """The copy that was made before the list was lost; whole, because it got its name only then."""
    path = folder / _kept_name(position, data["name"])
    return path if path.exists() and path.stat().st_size == data["size"] else None
