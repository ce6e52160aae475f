"""Every code that this room can raise or report has words in both languages, with the values that it brings."""

from __future__ import annotations

import re
import string
from pathlib import Path

import tabular
from tabular import reasons
from tabular.texts import catalogue, text

ROOM = Path(tabular.__file__).parent
_RAISED = re.compile(
    r"(?:TableError|Suspect)\(\s*\"(\w+)\"|None, \"(too_many_cells|unclosed_quote)\"|\"(duplicate_in_file)\""
)


def _placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_every_code_has_words_in_both_languages() -> None:
    codes = {next(filter(None, m)) for path in ROOM.glob("*.py") for m in _RAISED.findall(path.read_text("utf-8"))}
    assert len(codes) > 25
    assert not codes - set(catalogue())


def test_every_problem_of_a_row_has_a_few_words_too() -> None:
    found = set()
    for path in ROOM.glob("*.py"):
        found |= set(re.findall(r"Suspect\(\s*\"(\w+)\"", path.read_text("utf-8")))
    assert found
    assert not found - set(reasons.catalogue())
    assert not set(reasons.catalogue()) - set(catalogue())
    assert all(set(words) == {"zh_CN", "en"} for words in reasons.catalogue().values())
    assert reasons.reason("key_exists", "zh_CN") == "已存在"
    assert reasons.reason("no_such_code", "en") == "no_such_code"


def test_both_languages_name_the_same_values() -> None:
    for code, languages in catalogue().items():
        assert set(languages) == {"zh_CN", "en"}, code
        assert _placeholders(languages["en"]) == _placeholders(languages["zh_CN"]), code


def test_a_list_is_joined_as_the_language_does_and_a_missing_value_is_a_question_mark() -> None:
    assert text("mapping_required", "zh_CN", fields=["name", "phone"]).count("name、phone") == 1
    assert text("mapping_required", "en", fields=["name", "phone"]).count("name, phone") == 1
    assert "?" in text("mapping_required", "en")
    assert text("no_such_code", "en") == "no_such_code"


def test_no_code_stands_in_two_rooms() -> None:
    from worker.texts import catalogue as server

    assert not set(server()) & set(catalogue())


def test_no_words_are_left_without_a_use() -> None:
    # Problems that only the table itself can tell are reported by those who load.
    rooms = (ROOM, ROOM.parent / "worker" / "datasets", ROOM.parent / "worker" / "reading")
    used = " ".join(path.read_text("utf-8") for room in rooms for path in room.glob("*.py"))
    built = {
        f"rule_{kind}" for kind in ("text", "integer", "decimal", "date", "boolean", "email", "phone", "id_number")
    }
    assert not {code for code in catalogue() if f'"{code}"' not in used} - built
