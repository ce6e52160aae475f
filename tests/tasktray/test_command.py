"""The command itself: help, ends, languages, and what needs no running system."""

from __future__ import annotations

import json
import os
import pty
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest

from tasktray import texts
from tasktray.words import result_lines
from tests.support import free_port
from tests.support_system import ROOT, environment
from tests.tasktray.conftest import Run

COMMANDS = (
    "up", "api", "worker", "scheduler", "desktop", "migrate", "create-admin", "diagnose", "import", "export",
    "list-tasks", "send-task", "task-status", "revoke-task", "test-task", "download", "undo", "worker-stats",
    "queue-stats", "task-stats", "history", "backup", "restore",
)  # fmt: skip


def test_help_names_every_command_and_the_exit_statuses(as_process: Run) -> None:
    done = as_process("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", done.stdout, re.MULTILINE), command
    assert "Exit status" in done.stdout


# Its words are chosen when the command is loaded, so another language takes another process: one for all commands.
_ALL_HELP = """
import contextlib, io, json, sys
from tasktray.cli import main
told = {}
for command in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            main([command, "--help"])
        except SystemExit as end:
            told[command] = [end.code, out.getvalue()]
print(json.dumps(told))
"""


@pytest.fixture(scope="session")
def chinese_help(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """How `--help` of each command ends in a Chinese terminal, and what it says."""
    folder = tmp_path_factory.mktemp("help")
    env = environment(folder, PORT=str(free_port())) | {"LANG": "zh_CN.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-c", _ALL_HELP, *COMMANDS], env=env, cwd=folder, capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


@pytest.mark.xdist_group("tests/tasktray: help")
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_in_both_languages(
    tasktray: Run, chinese_help: dict[str, tuple[int, str]], command: str
) -> None:
    english, (status, chinese) = tasktray(command, "--help"), chinese_help[command]
    assert english.returncode == status == 0
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert not re.search("[\u4e00-\u9fff]", english.stdout)


def test_help_loads_nothing_heavy() -> None:
    heavy = ("requests", "rich", "pydantic", "sqlalchemy", "celery", "fastapi", "PySide6", "worker", "api", "desktop")
    script = (
        "import sys\nfrom tasktray.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_a_part_of_the_embedded_system_loads_what_it_runs_and_no_more() -> None:
    """The broker and the window are parts, too: each would otherwise hold all that the others need."""
    script = (
        "import sys\nimport tasktray.part\n"
        "print([m for m in sys.modules if m.startswith(('sqlalchemy', 'pydantic', 'psutil', 'requests', 'celery'))])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_command_is_wrong_usage(as_process: Run) -> None:
    done = as_process("frobnicate")
    assert done.returncode == 2
    assert "frobnicate" in done.stderr


def test_the_version_is_told(as_process: Run) -> None:
    done = as_process("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"tasktray \d+\.\d+\.\d+\n", done.stdout)


def test_without_a_running_system_the_command_says_how_to_start_one(as_process: Run) -> None:
    done = as_process("list-tasks")
    assert done.returncode == 3
    assert "tasktray up" in done.stderr
    assert "Traceback" not in done.stderr
    assert "启动" in as_process("list-tasks", LANG="zh_CN.UTF-8").stderr


def test_a_token_is_needed_for_a_named_server(tasktray: Run) -> None:
    done = tasktray("list-tasks", "--server", "http://127.0.0.1:9")
    assert done.returncode == 2
    assert "--token" in done.stderr


def test_a_setting_that_cannot_be_read_is_named(tasktray: Run) -> None:
    done = tasktray("migrate", TASKTRAY_SLOTS="many")
    assert done.returncode == 5
    assert "slots" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_traceback_is_shown_only_when_asked_for(as_process: Run) -> None:
    settings = {"TASKTRAY_DATABASE_URL": "postgresql://nobody:geheim@127.0.0.1:9/none"}
    done = as_process("migrate", **settings)
    assert done.returncode == 5
    assert "Traceback" not in done.stderr
    assert "geheim" not in done.stderr
    assert "TASKTRAY_DATABASE_URL" in done.stderr
    assert "Traceback" in as_process("migrate", TASKTRAY_DEBUG="1", **settings).stderr


def test_a_closed_pipe_is_no_error(tasktray: Run, tmp_path: Path) -> None:
    command = f"{sys.executable} -m tasktray --help | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], env=environment(tmp_path), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr


# ---------------------------------------------------------------- migrate, create-admin


def test_migrate_can_be_run_again(as_process: Run) -> None:
    first, second = as_process("migrate"), as_process("migrate")
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout != second.stdout


def test_an_admin_is_made_from_a_pipe_or_the_environment(tasktray: Run) -> None:
    assert tasktray("create-admin", "anna", stdin="ein gutes Passwort\n").returncode == 0
    assert tasktray("create-admin", "bert", TASKTRAY_ADMIN_PASSWORD="ein gutes Passwort").returncode == 0
    again = tasktray("create-admin", "anna", stdin="ein gutes Passwort\n", LANG="zh_CN.UTF-8")
    assert again.returncode == 4
    assert "anna" in again.stderr
    assert re.search("[\u4e00-\u9fff]", again.stderr)


def test_an_admin_without_a_password_or_with_a_weak_one_is_not_made(tasktray: Run) -> None:
    assert tasktray("create-admin", "anna").returncode == 2
    weak = tasktray("create-admin", "anna", stdin="1\n")
    assert weak.returncode == 4
    assert weak.stderr.strip()


def typed(command: list[str], lines: list[str], folder: Path) -> tuple[int, str]:
    """Run a command in a terminal, answering each prompt that ends in a colon or question mark; status and screen."""
    near, far = pty.openpty()
    process = subprocess.Popen(
        command, env=environment(folder / "data"), cwd=folder, stdin=far, stdout=far, stderr=far,
        start_new_session=True, preexec_fn=_own_terminal,
    )  # fmt: skip
    os.close(far)
    screen, answered = b"", 0
    while True:
        try:
            block = os.read(near, 4096)
        except OSError:  # Linux: the last one closed the terminal
            break
        if not block:
            break
        screen += block
        if screen.count(b": ") > answered and answered < len(lines):
            os.write(near, lines[answered].encode() + b"\n")
            answered += 1
    os.close(near)
    return process.wait(20), screen.decode()


def _own_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_password_is_asked_for_twice_and_not_shown(tasktray: Run, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tasktray", "create-admin", "anna"]
    (tmp_path / "data").mkdir()
    status, screen = typed(command, ["ein gutes Passwort", "ein anderes Passwort"], tmp_path)
    assert status == 2
    assert "differ" in screen
    status, screen = typed(command, ["ein gutes Passwort", "ein gutes Passwort"], tmp_path)
    assert status == 0, screen
    assert "gutes" not in screen


# ---------------------------------------------------------------- words


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("code", sorted(texts.catalogue()))
def test_every_text_says_the_same_in_both_languages(code: str) -> None:
    words = texts.catalogue()[code]
    assert set(words) == {"en", "zh_CN"}
    assert placeholders(words["en"]) == placeholders(words["zh_CN"])


def test_every_text_that_is_asked_for_exists_and_gets_its_values() -> None:
    used = set()
    for path in (ROOT / "tasktray").rglob("*.py"):
        for code, values in re.findall(r"\bt\(\s*\"([a-z_]+)\"((?:,\s*\w+=)*)", path.read_text("utf-8")):
            used.add(code)
            assert code in texts.catalogue(), f"{path.name}: {code}"
            del values
    assert len(used) > 40


def test_every_error_of_the_client_has_words_that_its_values_fill() -> None:
    from desktop.client.errors import CODES

    for code, values in CODES.items():
        assert code in texts.catalogue(), code
        assert placeholders(texts.catalogue()[code]["en"]) <= set(values), code


def test_every_problem_that_diagnose_finds_has_advice() -> None:
    source = (ROOT / "tasktray" / "checks.py").read_text("utf-8")
    codes = re.findall(r"_bad\(\"\w+\", \"(\w+)\"", source)
    assert len(codes) >= 10
    for code in codes:
        assert texts.known(f"{code}_advice"), code
    for check in re.findall(r"_(?:bad|fine)\(\"(\w+)\"", source):
        assert texts.known(f"check_{check}"), check


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "zh_TW"}, "zh_CN"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "C", "TASKTRAY_LANG": "zh"}, "zh_CN"),
        ({}, "en"),
    ],
)
def test_the_language_is_the_terminals(
    environment: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TASKTRAY_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert texts.language.__wrapped__() == language


def test_a_result_whose_kind_names_it_is_told_with_its_lists() -> None:
    result = {"mails": 1234, "unknown": ["A", "B"], "totals": {"CNY": "1.20"}, "refused": [], "day": "2026-03-15",
              "gone": [{"customer_no": "C", "reply": "550 no"}]}  # fmt: skip
    titles = {"mails": "E-mails sent", "unknown": "Outcome unknown", "totals": "Totals", "refused": "Refused"}
    assert result_lines(result, titles) == [
        "  E-mails sent: 1,234", "  Outcome unknown: 2", "    A", "    B", "  Totals:", "    CNY: 1.20",
        "  day: 2026-03-15", "  gone: 1", "    C – 550 no",
    ]  # fmt: skip
    assert result_lines({"sum": 3, "list": [1]}) == ["  sum: 3"]
