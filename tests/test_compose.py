"""The compose file and its image name what there is: settings, commands, folders, versions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tasktray.cli import app
from tests.test_settings_page import table

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "installer" / "compose"
COMPOSE = (FOLDER / "compose.yaml").read_text("utf-8")
DOCKERFILE = (FOLDER / "Dockerfile").read_text("utf-8")
EXAMPLE = (FOLDER / "example.env").read_text("utf-8")


def test_its_settings_and_commands_are_those_of_the_program() -> None:
    named = set(re.findall(r"\bTASKTRAY_\w+", COMPOSE + DOCKERFILE + EXAMPLE)) - {"TASKTRAY_PUBLISHED_PORT"}
    assert {"TASKTRAY_DATABASE_URL", "TASKTRAY_BROKER_URL", "TASKTRAY_DATA", "TASKTRAY_HOST"} <= named
    assert named <= set(re.findall(r"TASKTRAY_\w+", table()))
    commands = set(re.findall(r"command: \[(\w+)\]", COMPOSE))
    assert commands == {"migrate", "api", "worker", "scheduler"}
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert commands <= known


def test_the_image_gets_what_the_program_is_made_of() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    copied = dict(re.findall(r"^COPY (\w+) (\w+)$", DOCKERFILE, re.MULTILINE))
    assert set(copied) == {name.removesuffix("*") for name in packages}
    assert all(copied[name] == name and (ROOT / name).is_dir() for name in copied)
    allowed = (FOLDER / "Dockerfile.dockerignore").read_text().split()
    sources = re.findall(r"^COPY ([\w. -]+) \S+$", DOCKERFILE, re.MULTILINE)
    assert {f"!{name}" for line in sources for name in line.split()} == {line for line in allowed if line[0] == "!"}


def test_no_password_is_given_and_the_clients_are_as_new_as_the_server() -> None:
    assert re.search(r"^POSTGRES_PASSWORD=$", EXAMPLE, re.MULTILINE)
    assert COMPOSE.count("${POSTGRES_PASSWORD:?") == 2
    assert "0.0.0.0" not in COMPOSE  # published on loopback only
    server = re.search(r"image: postgres:(\d+)", COMPOSE)
    client = re.search(r"postgresql-client-(\d+)", DOCKERFILE)
    assert server is not None
    assert client is not None
    assert int(client[1]) >= int(server[1])


def test_the_servers_lock_has_the_versions_of_the_whole_one() -> None:
    whole, server = (
        set(re.findall(r"^[a-z][^ ]*==[^ ]+", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-server.lock")
    )
    assert server < whole
    assert not [line for line in server if line.startswith("pyside6")]
