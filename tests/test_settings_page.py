"""The administrator's table of settings is the settings themselves.

After a change of `worker/settings.py`: `python -m tests.test_settings_page` writes the table anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from worker.settings import Settings

PAGE = Path(__file__).parent.parent / "docs" / "administrator.md"
HEAD = "| name | default | meaning |\n|---|---|---|\n"
_COMPUTED = {"data": "user data folder"}  # what the default is made from, where it is no constant


def _default(name: str, value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _COMPUTED.get(name) or ("–" if value in ("", []) else str(value))


def table() -> str:
    """All settings as a table, in their order."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = None if name in _COMPUTED else field.get_default(call_default_factory=True)
        rows.append(f"| `TASKTRAY_{name.upper()}` | {_default(name, default)} | {field.description} |\n")
    return HEAD + "".join(rows)


def _written() -> str:
    text = PAGE.read_text("utf-8")
    start = text.index(HEAD)
    return text[start : text.index("\n\n", start) + 1]


def test_the_table_of_settings_is_that_of_the_program() -> None:
    assert _written().splitlines() == table().splitlines()


def test_every_setting_says_what_it_is_for() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        assert "|" not in field.description, name


if __name__ == "__main__":
    PAGE.write_text(PAGE.read_text("utf-8").replace(_written(), table()), "utf-8")
