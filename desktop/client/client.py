"""The REST client: one object a server and user, safe to use from several threads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from desktop.client import models
from desktop.client.administration import Administration
from desktop.client.answers import flag, items
from desktop.client.errors import Offline
from desktop.client.parsing import parse, parse_all
from desktop.client.value_models import Values


class Client(Administration):
    """The calls of the REST API; sign-in, errors and arguments as in `Conversation`."""

    # ------------------------------------------------------------ what can be done

    def ready(self) -> dict[str, Any]:
        """The server's own report of its health; raises `Offline` when it is not ready."""
        answer = self.json("GET", "/readyz", authenticate=False, again=False)
        if not isinstance(answer, dict):
            raise Offline("not_tasktray", server=self.base_url)
        return answer

    def kinds(self) -> list[models.Kind]:
        """The kinds that this user may submit."""
        return parse_all(models.Kind, self.json("GET", "kinds"), "kinds")

    def datasets(self) -> list[dict[str, Any]]:
        """The datasets, each in the form that `tabular.schema.TableSchema.from_json` reads."""
        return items(self.json("GET", "datasets"), "datasets")

    def dataset(self, name: str) -> dict[str, Any]:
        """One dataset with its fields and rules."""
        answer: dict[str, Any] = self.json("GET", _dataset(name))
        return answer

    def template(self, dataset: str) -> bytes:
        """A workbook to fill in, in this user's language."""
        return self.request("GET", _dataset(dataset, "/template")).content

    def values(self, dataset: str, label: str | None = None) -> Values:
        """The different values of the first field of a dataset's key; `label`: a field that says what each is."""
        return parse(Values, self.json("GET", _dataset(dataset, "/values"), params={"label": label}))

    # ------------------------------------------------------------ mappings of imports

    def propose_mapping(
        self,
        dataset: str,
        headers: Sequence[str] = (),
        samples: Sequence[Sequence[Any]] = (),
        *,
        sha256: str | None = None,
        parent_id: str | None = None,
        upload: str | None = None,
        options: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Which field each column of a file seems to be, what is remembered of such files, who imported it before.

        Args:
            headers, samples: column names and some rows, JSON values; or else `upload`, the id of an upload.
            sha256: of the file, to learn whether it was imported before.
            parent_id: the import whose error workbook the file is.
            options: `sheet`, `header_row`, `encoding`, `delimiter`, where known better than the server guesses; for an
                upload only.

        Returns:
            `{fingerprint, proposals, mapping, constants, value_map, missing, values, remembered, imports, source}`.
        """
        body: dict[str, Any] = {name: value for name, value in (options or {}).items() if value is not None}
        if upload is not None:
            body["upload"] = upload
        else:
            body |= {"headers": list(headers), "samples": [list(row) for row in samples]}
            body |= {name: value for name, value in (("sha256", sha256), ("parent_id", parent_id)) if value}
        answer: dict[str, Any] = self.json("POST", _dataset(dataset, "/mapping"), json=body, again=True)
        return answer

    def mappings(self, dataset: str) -> list[dict[str, Any]]:
        """The remembered mappings: own ones first, then those that others share."""
        return items(self.json("GET", _dataset(dataset, "/mappings")), "mappings")

    def keep_mapping(self, dataset: str, fingerprint: str, body: dict[str, Any]) -> dict[str, Any]:
        """Remember a mapping as one's own.

        Args:
            body: `{mapping, constants?, value_map?, sheet?, header_row?, encoding?, delimiter?, headers?, shared?}`.
        """
        path = _dataset(dataset, f"/mappings/{quote(fingerprint, safe='')}")
        answer: dict[str, Any] = self.json("PUT", path, json=body, again=True)
        return answer

    def forget_mapping(self, dataset: str, fingerprint: str, owner: str | None = None) -> None:
        """Forget a mapping: one's own; an admin also another's (`owner`: user name or id)."""
        path = _dataset(dataset, f"/mappings/{quote(fingerprint, safe='')}")
        self.request("DELETE", path, params={"owner": owner})

    def imports_of(self, dataset: str, sha256: str) -> list[dict[str, Any]]:
        """Earlier imports of this very file, whoever did them, the newest first:
        `{job or None, by, by_name, at, state, mode, counts, undone, undone_at}` each.
        """
        return items(self.json("GET", _dataset(dataset, "/imports"), params={"sha256": sha256}), "imports")

    # ------------------------------------------------------------ jobs

    def submit(
        self,
        kind: str,
        params: dict[str, Any] | None = None,
        uploads: Sequence[str] = (),
        *,
        key: str,
        priority: str = "normal",
        title: str | None = None,
        run_at: datetime | None = None,
    ) -> models.Job:
        """Hand in a job.

        Args:
            key: the Idempotency-Key: sent again with the same body it gives the same job, never a second one.
            uploads: ids of finished uploads, or of files that the user may read.
            run_at: not before this moment.
        """
        body = _submission(kind, params, uploads, priority, title, run_at)
        return parse(models.Job, self.json("POST", "jobs", json=body, headers={"Idempotency-Key": key}))

    def estimate(
        self,
        kind: str,
        params: dict[str, Any] | None = None,
        uploads: Sequence[str] = (),
        *,
        priority: str = "normal",
    ) -> models.Estimate:
        """When such a job would start and how long it would take, asked before it is handed in."""
        body = _submission(kind, params, uploads, priority, None, None)
        return parse(models.Estimate, self.json("POST", "jobs/estimate", json=body, again=True))

    def jobs(
        self,
        *,
        states: Sequence[str] = (),
        kinds: Sequence[str] = (),
        owner: str | None = None,
        text: str | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        scheduled: bool | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> models.JobPage:
        """A page of jobs, newest first."""
        params: dict[str, Any] = {
            "state": list(states) or None,
            "kind": list(kinds) or None,
            "owner": owner,
            "text": text,
            "from": created_from.isoformat() if created_from else None,
            "to": created_to.isoformat() if created_to else None,
            "scheduled": flag(scheduled),
            "cursor": cursor,
            "limit": limit,
        }
        return parse(models.JobPage, self.json("GET", "jobs", params=params))

    def changes(
        self,
        since: str | None = None,
        etag: str | None = None,
        *,
        limit: int | None = None,
        scheduled: bool | None = None,
    ) -> models.Changes | None:
        """What changed since a cursor.

        Args:
            since: `cursor` of the answer before, or of the list; None: only the present cursor is wanted.
            etag: `Changes.etag` of the answer before.
            scheduled: with the jobs of schedules.

        Returns:
            None when nothing changed since `etag`.

        Raises:
            Gone: the cursor is too old or the user's role changed: read the list anew.
        """
        response = self.request(
            "GET",
            "jobs/changes",
            params={"since": since, "limit": limit, "scheduled": flag(scheduled)},
            headers={"If-None-Match": etag} if etag else None,
            again=False,  # the poll itself comes again
        )
        if response.status_code == 304:
            return None
        try:
            changes = parse(models.Changes, response.json())
        except ValueError as error:
            raise Offline("not_tasktray", server=self.base_url) from error
        changes.etag = response.headers.get("ETag")
        return changes

    def job(self, job_id: str) -> models.Job:
        """One job."""
        return parse(models.Job, self.json("GET", _job(job_id)))

    def events(self, job_id: str) -> list[models.Event]:
        """A job's story, oldest first."""
        return parse_all(models.Event, self.json("GET", _job(job_id, "/events")), "events")

    def files(self, job_id: str) -> list[models.JobFile]:
        """A job's files."""
        return parse_all(models.JobFile, self.json("GET", _job(job_id, "/files")), "files")

    def cancel(self, job_id: str) -> models.Job:
        """Ask a job to stop."""
        return parse(models.Job, self.json("POST", _job(job_id, "/cancel"), again=True))

    def retry(self, job_id: str) -> models.Job:
        """Run a failed or cancelled job again."""
        return parse(models.Job, self.json("POST", _job(job_id, "/retry")))

    def patch(self, job_id: str, *, priority: str | None = None, title: str | None = None) -> models.Job:
        """Change a job's priority or title."""
        body = {name: value for name, value in (("priority", priority), ("title", title)) if value is not None}
        return parse(models.Job, self.json("PATCH", _job(job_id), json=body, again=True))

    def undo_preview(self, job_id: str) -> models.UndoPreview:
        """What taking an import back would do now."""
        return parse(models.UndoPreview, self.json("GET", _job(job_id, "/undo")))

    def undo(self, job_id: str, *, key: str) -> models.Job:
        """Take an import back; gives the job that does it.

        Args:
            key: idempotency key: the same one gives the same job.
        """
        return parse(models.Job, self.json("POST", _job(job_id, "/undo"), headers={"Idempotency-Key": key}))

    def delete(self, job_id: str) -> None:
        """Remove an ended job from the list."""
        self.request("DELETE", _job(job_id))


def _dataset(name: str, rest: str = "") -> str:
    return f"datasets/{quote(name, safe='')}{rest}"


def _job(job_id: str, rest: str = "") -> str:
    return f"jobs/{quote(job_id, safe='')}{rest}"


def _submission(
    kind: str,
    params: dict[str, Any] | None,
    uploads: Sequence[str],
    priority: str,
    title: str | None,
    run_at: datetime | None,
) -> dict[str, Any]:
    body: dict[str, Any] = {"kind": kind, "params": params or {}, "uploads": list(uploads), "priority": priority}
    if title:
        body["title"] = title
    if run_at:
        body["run_at"] = run_at.isoformat()
    return body
