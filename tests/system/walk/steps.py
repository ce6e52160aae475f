"""The steps of a walk through the source documents: each is said with its result, a failed one ends nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.support import wait_until
from tests.support_smtp import PostOffice
from tests.support_system import Program

SECONDS = 120.0
"""How long a task may take."""


@dataclass
class Walk:
    """A running system and what was found there.

    Attributes:
        url: of the API.
        admin, operator: access tokens; the operator is `anna`, with an e-mail address.
        post: where the system's e-mails arrive.
        folder: for files.
        env: of processes that belong to the system.
        tasktray: run the command against the system; gives exit status and output.
        worker: the system's own worker where it may be stopped, else None.
        broker_url: for Flower; empty where the broker is the system's own affair.
        failed: the steps that failed.
    """

    url: str
    admin: str
    operator: str
    post: PostOffice
    folder: Path
    env: dict[str, str]
    tasktray: Callable[..., Any]
    worker: Program | None = None
    broker_url: str = ""
    failed: list[str] = field(default_factory=list)
    done: int = 0
    document: str = ""

    @contextlib.contextmanager
    def step(self, words: str) -> Iterator[None]:
        """Say what is tried and what came of it."""
        began = time.monotonic()
        try:
            yield
        except BaseException as error:  # also pytest's Failed, which is no Exception
            said = f"{type(error).__name__}: {error}"
            self.failed.append(f"{self.document} {words}: {said}")
            print(f"  FAILED  {self.document}  {words}: {said}", flush=True)
            if isinstance(error, KeyboardInterrupt):
                raise
        else:
            self.done += 1
            print(f"  ok      {self.document}  {words}  ({time.monotonic() - began:.1f} s)", flush=True)

    def call(self, method: str, path: str, token: str | None = None, *, status: int = 0, **options: Any) -> Any:
        """A call as the documents show it, by the operator unless told otherwise; the JSON of its answer.

        Args:
            status: wanted; 0: any good one.
        """
        headers = {"Authorization": f"Bearer {self.operator if token is None else token}", "Accept-Language": "en"}
        headers |= options.pop("headers", {})
        answer = requests.request(
            method, self.url + path, timeout=60, allow_redirects=False, headers=headers, **options,
        )  # fmt: skip
        right = answer.status_code == status if status else 200 <= answer.status_code < 300
        assert right, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.content and "json" in answer.headers.get("Content-Type", "") else answer

    def until(self, path: str, states: tuple[str, ...], token: str | None = None) -> Any:
        """Ask for the status at `path` until it is one of `states`."""
        last: list[Any] = []

        def there() -> bool:
            last[:] = [self.call("GET", path, token)]
            return last[0]["status"] in states

        try:
            wait_until(there, SECONDS, f"{path} {states}")
        except BaseException as error:
            raise AssertionError(f"{path} is {last}, not one of {states}") from error
        return last[0]

    def upload(self, name: str, content: bytes) -> str:
        """Keep a file; gives its id for `uploads`."""
        from desktop.client import uploads
        from desktop.client.client import Client

        path = self.folder / name
        path.write_bytes(content)
        with Client(self.url, self.operator, language="en") as client:
            return uploads.upload(client, path)

    def job(self, kind: str, params: dict[str, Any], *uploads: str, token: str | None = None) -> Any:
        """Submit a job by our own call and wait for its end."""
        body = {"kind": kind, "params": params, "uploads": list(uploads)}
        job_id = self.call("POST", "/api/v1/jobs", token, json=body)["id"]
        wait_until(
            lambda: self.call("GET", f"/api/v1/jobs/{job_id}", token)["state"] not in ("pending", "running"),
            SECONDS, f"the end of {kind}",
        )  # fmt: skip
        return self.call("GET", f"/api/v1/jobs/{job_id}", token)
