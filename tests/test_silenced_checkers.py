"""A checker is silenced only with the reason beside it."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

ROOT = Path(__file__).parent.parent
_SILENCED = re.compile(r"#\s*(noqa|type:\s*ignore)\b")
_WITH_REASON = re.compile(r"# (noqa: [A-Z0-9]+(, [A-Z0-9]+)* - |type: ignore\[[a-z-]+(, [a-z-]+)*\]  # )\S")


def test_silenced_checkers_have_their_reason_beside_them() -> None:
    bare, seen = [], 0
    for room in ("worker", "api"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
                if token.type == tokenize.COMMENT and _SILENCED.search(token.string):
                    seen += 1
                    if not _WITH_REASON.search(token.string):
                        bare.append(f"{path.relative_to(ROOT).as_posix()}:{token.start[0]} {token.string}")
    assert seen > 20, "the search finds none"
    assert bare == []
