"""What a text means for a field of few values: the value itself, a word for it, or a usual form of it (`A级` for A)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from tabular.names import compact
from tabular.schema import Field

AFFIXES = frozenset({
    "级", "等", "类", "档", "型", "级别", "等级", "客户", "级客户", "类客户", "等客户", "级用户", "级会员",
    "level", "grade", "class", "rank", "rating", "type", "category", "tier",
})  # fmt: skip
"""Words beside a value that say only what kind of thing it is."""


_BETWEEN = str.maketrans(dict.fromkeys(":()[]【】", " "))  # not + and -: A- is no A


def folded(text: str) -> str:
    """A text as it is compared: without case, full-width forms and spaces at its ends."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def reader(f: Field) -> Callable[[str], str | None]:
    """The function that tells which of a field's choices a text means for certain; None: none of them."""
    known = {folded(word): value for value, words in f.choice_words.items() for word in words}
    known |= {folded(value): value for value in f.choices}
    titles = {compact(t) for t in (*f.titles.values(), *f.synonyms)}

    def read(text: str) -> str | None:
        plain = folded(text)
        value = known.get(plain)
        if value is None:
            forms = {known[word] for word in known if _is_form(plain, word, titles)}
            value = forms.pop() if len(forms) == 1 else None
        return value

    return read


def _is_form(text: str, word: str, titles: set[str]) -> bool:
    """Whether a text is the word with others around it that add nothing: `A级`, `Level A`, `A (VIP)` is none."""
    at = text.find(word)
    while at >= 0:
        before, after = text[:at], text[at + len(word) :]
        # A longer English word that merely holds the letter is no form of it: `grade a`, but not `grada`.
        joined = _joined(before[-1:], word[0]) or _joined(word[-1], after[:1])
        if not joined and all(part in ("", *AFFIXES) or part in titles for part in (_bare(before), _bare(after))):
            return True
        at = text.find(word, at + 1)
    return False


def _joined(left: str, right: str) -> bool:
    return left.isascii() and left.isalnum() and right.isascii() and right.isalnum()


def _bare(text: str) -> str:
    return "".join(text.translate(_BETWEEN).split())
