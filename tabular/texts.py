"""The words of this room: file errors, row problems, headers of the files it writes; 简体中文 and English."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """All texts: code -> language -> template with `{placeholders}`."""
    return tomllib.loads(files("tabular").joinpath("texts.toml").read_text("utf-8"))


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def text(code: str, language: str, **values: Any) -> str:
    """The words for `code` in `language` (`zh_CN` or `en`); an unknown code comes back as it is, a missing value as
    `?`, a list as its members with commas. `titles` ({name of a value: {language: what is shown instead}}) lets a value
    stay a stable name for programs and be a title for people.
    """
    by_language = catalogue().get(code)
    if by_language is None:
        return code
    template = by_language.get(language) or by_language["en"]
    titles = values.get("titles")
    if isinstance(titles, dict):
        values |= {k: by.get(language) or by["en"] for k, by in titles.items()}
    comma = "、" if language == "zh_CN" else ", "
    shown = {k: comma.join(map(str, v)) if isinstance(v, (list, tuple)) else v for k, v in values.items()}
    return template.format_map(_Lenient(shown))
