"""The catalogue of texts that the server writes: one TOML file a room, each code with `en` and `zh_CN` side by side."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any

from tabular import texts as tabular_texts

LANGUAGES = ("zh_CN", "en")


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """All texts: code -> language -> template with `{placeholders}`.

    Raises:
        ValueError: the same code stands in two files.
    """
    texts: dict[str, dict[str, str]] = {}
    for entry in sorted(files(__name__).iterdir(), key=lambda e: e.name):
        if not entry.name.endswith(".toml"):
            continue
        for code, by_language in tomllib.loads(entry.read_text("utf-8")).items():
            if code in texts:
                raise ValueError(f"text {code!r} stands in two files, one of them {entry.name}")
            texts[code] = by_language
    return texts


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def text(code: str, language: str, /, **values: Any) -> str:
    """The words for `code` in `language`; an unknown code comes back as it is, a missing value as `?`.

    What tables say about themselves (a bad file, a missing column) has its words in `tabular`.
    """
    by_language = catalogue().get(code)
    if by_language is None:
        return tabular_texts.text(code, language, **values)
    template = by_language.get(language) or by_language["en"]
    return template.format_map(_Lenient(values))


def negotiate(accept_language: str | None, default: str) -> str:
    """The language that an `Accept-Language` header asks for, among ours; `default` when it asks for none."""
    best, best_quality = default, 0.0
    for part in (accept_language or "").split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        primary = tag.strip().lower().replace("_", "-").split("-")[0]
        language = {"zh": "zh_CN", "en": "en"}.get(primary)
        if language and quality > best_quality:
            best, best_quality = language, quality
    return best
