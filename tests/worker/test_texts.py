"""Every code that the server side can say has words: once, in both languages, with the same values; and none is left
over. Tables' own codes are held by `tests/tabular/test_texts.py`, the command line's by `tests/tasktray`.
"""

from __future__ import annotations

import ast
import string
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import tabular.texts
from worker.texts import catalogue

ROOT = Path(__file__).parents[2]
_SOURCES = ("worker", "api")
# The functions and classes that take a code, and at which position it stands.
_TAKES = {
    "Refused": 0, "NotFound": 0, "Conflict": 0, "Forbidden": 0, "Transient": 0, "Unfit": 0, "TableError": 0,
    "Deferred": 0, "PydanticCustomError": 0, "_unauthenticated": 0, "_bad_field": 1, "problem": 2,
}  # fmt: skip
_KEYWORDS = ("code", "stage", "error_code")


def _files() -> Iterator[Path]:
    for folder in _SOURCES:
        yield from (path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _constants(node: ast.expr | None) -> Iterator[str]:
    """The texts that an expression may be: itself, or either side of a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)


def _used(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            place = _TAKES.get(_name(node))
            if place is not None and len(node.args) > place:
                yield from _constants(node.args[place])
            for keyword in node.keywords:
                if keyword.arg in _KEYWORDS:
                    yield from _constants(keyword.value)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in _KEYWORDS:
                    yield from _constants(value)
        elif isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "code" for t in node.targets):
            yield from _constants(node.value)


def _literals(tree: ast.Module) -> Iterator[str]:
    yield from (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def test_every_code_in_the_code_has_words() -> None:
    known = set(catalogue()) | set(tabular.texts.catalogue())
    found: dict[str, str] = {}
    for path in _files():
        for code in _used(ast.parse(path.read_text("utf-8"))):
            # Reasons of a state and steps of a story have a prefix, added where they become words.
            if not {code, f"why_{code}", f"event_{code}"} & known:
                found[code] = path.relative_to(ROOT).as_posix()
    assert found == {}


def test_the_search_finds_codes() -> None:
    used = {code for path in _files() for code in _used(ast.parse(path.read_text("utf-8")))}
    assert len(used) > 80
    assert {"unknown_job", "refresh_reused", "username_form", "field_too_deep", "filter_bad_value"} <= used


def test_each_code_stands_in_one_file() -> None:
    # The command line shows the server's words and its own: one code must not mean two things.
    others = (ROOT / "tabular" / "texts.toml", *(ROOT / "tasktray").glob("texts*.toml"))
    files = [*(ROOT / "worker" / "texts").glob("*.toml"), *others]
    assert len(files) > 6
    codes = Counter(code for file in files for code in tomllib.loads(file.read_text("utf-8")))
    assert [code for code, count in codes.items() if count > 1] == []


def test_both_languages_name_the_same_values() -> None:
    def placeholders(template: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name}

    for code, words in catalogue().items():
        assert set(words) == {"en", "zh_CN"}, code
        assert all(words.values()), code
        assert placeholders(words["en"]) == placeholders(words["zh_CN"]), code


def test_no_words_are_left_without_a_use() -> None:
    trees = [ast.parse(path.read_text("utf-8")) for path in _files()]
    named = {literal for tree in trees for literal in _literals(tree)}
    # Some are put together: what stands before the part that varies is a literal that ends with an underscore.
    beginnings = tuple(literal for literal in named if literal.endswith("_") and len(literal) > 1)
    varied = {code for code in catalogue() if code.startswith(beginnings) and not code.startswith(("why_", "event_"))}
    plain = set(catalogue()) - varied
    assert {
        code for code in plain if not {code, code.removeprefix("why_"), code.removeprefix("event_")} & named
    } == set()
