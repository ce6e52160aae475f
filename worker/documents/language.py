"""The language of a text, told by its script and, in Latin script, by its commonest words.

The systems at hand (py3langid, lingua) bring 70 to 120 MB for one column of an overview.
"""

from __future__ import annotations

import re
from collections import Counter

_SAMPLE = 40_000
_HAN = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_SCRIPTS = (
    ("ko", re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
)
_LETTER = re.compile(r"[A-Za-zÀ-ɏ]")
_WORD = re.compile(r"[a-zà-ɏ]+")
# Characters that are written one way here and another way there, and are common.
_SIMPLIFIED = frozenset("这个们为来说时国对发会学书后两实开关与务东业严专义习买产亲从价优传体")
_TRADITIONAL = frozenset("這個們為來說時國對發會學書後兩實開關與務東業嚴專義習買產親從價優傳體")
_COMMON = {
    "en": "the of and to in is that for it with as was be on are this by at from or an which have not shall you we",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus wird",
    "fr": "de la le et les des en un du une que est pour qui dans par sur au plus pas ce il sont avec aux cette",
    "es": "de la que el en y los se del las un por con no una su para es al lo como más o sus este entre",
    "pt": "de a o que e do da em um para com não uma os no se na por mais as dos como mas ao das pelo são",
    "it": "di e il la che in un a per è una con non del si da i le della sono nel alla dei ha gli anche",
    "nl": "de van het een en in is dat op te zijn voor met die niet aan er om ook als dan maar bij uit wordt",
}
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}


def language_of(text: str) -> str:
    """`zh-Hans`, `zh-Hant`, `en`, `ja` …; `mixed` for Chinese with much English; empty when nothing can be told."""
    sample = text[:_SAMPLE]
    han, kana, latin = len(_HAN.findall(sample)), len(_KANA.findall(sample)), len(_LETTER.findall(sample))
    if kana > 5 and kana * 8 > han:
        return "ja"
    others = Counter({name: len(script.findall(sample)) for name, script in _SCRIPTS})
    name, count = others.most_common(1)[0]
    if count > 5 and count > han and count * 3 > latin:
        return name
    # A Chinese character says about as much as three letters.
    if han >= 4 and han * 3 >= latin // 4:
        if latin > han * 3:
            return "mixed"
        simplified = sum(1 for c in sample if c in _SIMPLIFIED)
        traditional = sum(1 for c in sample if c in _TRADITIONAL)
        return "zh-Hant" if traditional > simplified else "zh-Hans"
    if latin < 20:
        return ""
    words = _WORD.findall(sample.lower())
    hits = Counter({language: sum(1 for w in words if w in common) for language, common in _WORDS.items()})
    (best, most), (_, second) = hits.most_common(2)
    if len(_WORDS[best].intersection(words)) < 3:
        return ""
    # In prose an eighth of all words and more are among the commonest ones.
    return best if most > second * 1.2 and most * 8 >= len(words) else ""
