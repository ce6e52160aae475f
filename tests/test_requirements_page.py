"""The page of the source documents' features names files and tests that there are, and leaves no row open."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "requirements.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| in the document"))
]


def test_every_row_says_where_and_by_what_it_is_proved():
    assert len(ROWS) > 90
    for feature, where, proof in ROWS:  # three cells each
        assert feature
        assert where
        assert "::" in proof or "CONTRIBUTING.md" in proof, feature


def test_every_test_and_file_that_it_names_is_there():
    functions: dict[str, set[str]] = {}
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
    assert len(named) > 120
    for file, name in named:
        if file not in functions:
            tree = ast.parse((ROOT / file).read_text("utf-8"))
            functions[file] = {
                node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }
        assert name in functions[file], f"{file} has no {name}"
    rooms = r"(?:desktop|api|worker|tabular|tasktray|installer|tests|docs)"
    for path in re.findall(rf"`({rooms}/[\w./-]*)`", TEXT):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"\]\(([\w./-]+)\)", TEXT):
        assert (ROOT / "docs" / path).exists(), path


def test_every_task_and_call_of_the_documents_is_on_it():
    from tests.api.test_documented_calls import ADDRESSES
    from worker.engine.documented import NAMES

    assert [name for name in NAMES if name not in TEXT] == []
    calls = TEXT + (ROOT / "docs" / "documented-calls.md").read_text("utf-8")
    shapes = {re.sub(r"/x(?=/|$)", "/{}", path) for _, path in ADDRESSES}
    told = re.sub(r"\{\w+\}|:id", "{}", calls)
    assert [shape for shape in sorted(shapes) if shape not in told] == []
