"""`tests/system/requirements`: walk through the five source documents against a real running system."""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests

from tests.support_s3 import s3_server
from tests.support_services import RedisServer, new_database, postgresql_cluster
from tests.support_smtp import PostOffice, post_office
from tests.support_system import PASSWORD, embedded_system, office
from tests.system.walk import document_000, document_001, document_002, document_003, document_004
from tests.system.walk.steps import Walk

DOCUMENTS: dict[str, Callable[[Walk], None]] = {
    "000": document_000.walk,
    "001": document_001.walk,
    "002": document_002.walk,
    "003": document_003.walk,
    "004": document_004.walk,
}
_BAD = re.compile(r"\b(ERROR|CRITICAL)\b|Traceback")


def _smtp(post: PostOffice) -> dict[str, str]:
    return {name.upper(): str(value) for name, value in post.settings.items()} | {"ACCESS_TOKEN_SECONDS": "7200"}


def _operator(url: str, admin: str) -> str:
    """The access token of a new operator, `anna`."""
    body = {"username": "anna", "password": PASSWORD, "role": "operator", "email": "anna@kanzlei.example"}
    answer = requests.post(
        f"{url}/api/v1/users", json=body, headers={"Authorization": f"Bearer {admin}"}, timeout=30
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    form = {"username": "anna", "password": PASSWORD}
    answer = requests.post(f"{url}/api/v1/auth/login", data=form, timeout=30)
    return str(answer.json()["access_token"])


@contextlib.contextmanager
def embedded(folder: Path) -> Iterator[Walk]:
    """`tasktray up`."""
    with post_office() as post, embedded_system(folder, **_smtp(post)) as system:
        operator = _operator(system.url, system.token)
        yield Walk(system.url, system.token, operator, post, folder, system.env, system.run)


@contextlib.contextmanager
def bucket(folder: Path) -> Iterator[Walk]:
    """Processes on Redis and PostgreSQL, with files in a bucket of a real S3 server."""
    with s3_server() as s3:
        named = {name.upper(): value for name, value in s3.settings().items()}
        with server(folder, **named) as walk:
            yield walk


@contextlib.contextmanager
def server(folder: Path, **settings: str) -> Iterator[Walk]:
    """Processes on Redis and PostgreSQL."""
    with contextlib.ExitStack() as stack:
        database_url = new_database(stack.enter_context(postgresql_cluster()))
        redis = RedisServer(folder)
        redis.start()
        stack.callback(redis.stop)
        post = stack.enter_context(post_office())
        running = stack.enter_context(office(folder, database_url, redis.url, **_smtp(post), **settings))

        def tasktray(*arguments: str) -> Any:
            if arguments[0] == "diagnose":
                return running.run(*arguments)
            return running.run(*arguments, "--server", running.url, "--token", running.token)

        worker = next(program for program in running.programs if program.name == "worker-1")
        operator = _operator(running.url, running.token)
        yield Walk(running.url, running.token, operator, post, folder, running.env, tasktray, worker, redis.url)


SYSTEMS = {"embedded": embedded, "server": server, "bucket": bucket}


def walk(system: str, folder: Path, documents: list[str]) -> list[str]:
    """Walk the documents on a system; gives the steps that failed, and what logs say of errors."""
    print(f"\n{system}: {SYSTEMS[system].__doc__}", flush=True)
    folder.mkdir()
    failed = [f"{system} did not come to its end"]
    done = 0
    try:
        with SYSTEMS[system](folder) as w:
            for document in documents:
                w.document = document
                with w.step("the walk through the document"):
                    DOCUMENTS[document](w)
            done, failed = w.done, w.failed
    except BaseException as error:  # also pytest's Failed, which is no Exception
        failed.append(f"{type(error).__name__}: {error}")
        if isinstance(error, KeyboardInterrupt):
            raise
    for log in sorted(folder.rglob("*.log")):
        lines = log.read_text("utf-8", errors="replace").splitlines()
        bad = [number for number, line in enumerate(lines) if _BAD.search(line)]
        if bad:
            failed.append(f"{log.name}: " + " | ".join(lines[bad[0] : bad[0] + 10]))
    print(f"{system}: {done} steps went well, {len(failed)} did not", flush=True)
    return [f"{system}: {one}" for one in failed]


def main() -> int:
    """Walk; the exit status is 0 when every step went well and no log tells of an error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("systems", nargs="*", choices=[*SYSTEMS, []], help="default: all")
    parser.add_argument("--document", action="append", choices=list(DOCUMENTS), help="only these; default: all")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tasktray-walk-"))
    failed = []
    for system in arguments.systems or list(SYSTEMS):
        failed += walk(system, folder / system, arguments.document or list(DOCUMENTS))
    for one in failed:
        print(f"FAILED: {one}")
    if failed:
        print(f"{len(failed)} did not go well; logs: {folder}")
        return 1
    print("All that the five documents describe was found to work.")
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
