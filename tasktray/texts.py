"""The command line's own words, in the language of the terminal."""

from __future__ import annotations

import os
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

_FILES = ("texts.toml", "texts_jobs.toml")


@cache
def language() -> str:
    """`zh_CN` for a Chinese environment (`$LC_ALL`, `$LC_MESSAGES`, `$LANG`, in this order), else `en`.

    `TASKTRAY_LANG` overrules them. On Windows, which sets none of these, the user's display language counts.
    """
    for name in ("TASKTRAY_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "zh_CN" if value.lower().startswith("zh") else "en"
    if os.name == "nt":
        import locale

        return "zh_CN" if (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"
    return "en"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """All words: code -> language -> template with `{placeholders}`."""
    words: dict[str, dict[str, str]] = {}
    for name in _FILES:
        words |= tomllib.loads((files(__package__) / name).read_text("utf-8"))
    return words


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def t(code: str, /, **values: Any) -> str:
    """The words for `code` in the terminal's language; an unknown code comes back as it is."""
    words = catalogue().get(code)
    return words[language()].format_map(_Lenient(values)) if words else code


def known(code: str) -> bool:
    """Whether there are words for `code`."""
    return code in catalogue()
