"""PostgreSQL's own programs, `pg_dump` and `psql`: finding those that fit the server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.engine import make_url

from worker.backup.manifest import Tell
from worker.errors import Refused

_PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian
    "/usr/pgsql-*/bin",  # Red Hat
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "C:/Program Files/PostgreSQL/*/bin",
)
_LOOK_SECONDS = 0.2
_GRACE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Clients:
    """The two programs, of one version."""

    pg_dump: Path
    psql: Path
    version: str


def find(server_version: str, folders: list[Path] | None = None) -> Clients:
    """The programs of the server's major version.

    An older `pg_dump` refuses a newer server, and what a newer one writes an older server may not read: so neither is
    taken.

    Args:
        server_version: e.g. 15.4.
        folders: where to look; None: on the PATH, then where systems install them.

    Raises:
        Refused: `pg_client_missing`, `pg_client_other_version`.
    """
    major = server_version.split(".", maxsplit=1)[0]
    others = []
    for folder in _folders() if folders is None else folders:
        dump, psql = (shutil.which(name, path=str(folder)) for name in ("pg_dump", "psql"))
        if not dump or not psql:
            continue
        version = _version(dump)
        if version.split(".", maxsplit=1)[0] == major:
            return Clients(Path(dump), Path(psql), version)
        others.append(version)
    if others:
        raise Refused("pg_client_other_version", major=major, found=", ".join(dict.fromkeys(others)))
    raise Refused("pg_client_missing", major=major)


def _folders() -> Iterator[Path]:
    yield from (Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder)
    for pattern in _PLACES:
        root = Path(pattern[:3] if pattern[1] == ":" else "/")
        if root.exists():
            yield from sorted(root.glob(pattern.removeprefix(root.as_posix()).lstrip("/")), reverse=True)


def _version(program: str) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
    found = re.search(r"(\d+(?:\.\d+)*)", said)
    return found.group(1) if found else "?"


def run(command: list[str], url: str, log: Path, tell: Tell, stage: str) -> None:
    """Run a program on the database of `url` to its end; the password goes by the environment, not the command line.

    Raises:
        Refused: `pg_client_failed`, with the last line that it said.
    """
    target = make_url(url)
    shown = URL.create(  # `set(password=None)` would leave it as it is
        "postgresql", target.username, None, target.host, target.port, target.database, target.query
    )
    env = dict(os.environ)
    if target.password is not None:
        env["PGPASSWORD"] = str(target.password)
    env |= {"PGCONNECT_TIMEOUT": "10", "LC_ALL": "C", "PGOPTIONS": "-c client_min_messages=warning"}
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*command, f"--dbname={shown.render_as_string()}", "--no-password"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=env,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0) if sys.platform == "win32" else 0,
        )
    try:
        while True:
            try:
                process.wait(_LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                tell(stage, None, None)
    finally:
        if process.poll() is None:
            process.terminate()
            _ended(process)
    if process.returncode:
        lines = log.read_text("utf-8", "replace").strip().splitlines() or ["?"]
        reason = next((line for line in lines if "ERROR" in line or "error:" in line), lines[-1])
        raise Refused("pg_client_failed", program=Path(command[0]).stem, reason=reason[:300])


def _ended(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _GRACE_SECONDS
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
        time.sleep(0.02)
