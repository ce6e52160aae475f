"""Why rows are rejected, in a few words; `texts` has whole sentences, with the values."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """All of them: code -> language -> words."""
    return tomllib.loads(files("tabular").joinpath("reasons.toml").read_text("utf-8"))


def reason(code: str, language: str) -> str:
    """The words for `code` in `language` (`zh_CN` or `en`); an unknown code comes back as it is."""
    words = catalogue().get(code)
    return code if words is None else words.get(language) or words["en"]
