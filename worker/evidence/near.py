"""Near duplicates: texts that share most of their shingles, found by MinHash and locality-sensitive hashing.

MinHash: Broder 1997; banding: Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, chapter 3.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations

PERMUTATIONS = 128
"""The standard error of an estimate s is √(s(1-s)/128): 4 % at a half, 3 % at 90 %."""
_SEED = 20260101
_SHINGLE = 4  # words, or Chinese characters
_FEWEST = 12  # shingles; shorter texts are alike by chance
_MOST_TOKENS = 400_000
_LARGEST_BUCKET = 200
_TOKEN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af]|[^\W_]+")


def shingles(text: str) -> set[str]:
    """Runs of four tokens; a token is a Chinese (Japanese, Korean) character, or a word of other scripts."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    tokens = [found[0] for found, _ in zip(_TOKEN.finditer(folded), range(_MOST_TOKENS), strict=False)]
    return {" ".join(tokens[i : i + _SHINGLE]) for i in range(len(tokens) - _SHINGLE + 1)}


def signature(text: str) -> list[int] | None:
    """The MinHash signature of a text, `PERMUTATIONS` numbers; None for one that is too short."""
    found = shingles(text)
    if len(found) < _FEWEST:
        return None
    from rensa import RMinHash

    minhash = RMinHash(PERMUTATIONS, _SEED)
    minhash.update(sorted(found))
    return list(minhash.digest())


def similarity(a: Sequence[int], b: Sequence[int]) -> float:
    """The estimated share of shingles that two texts have in common, 0 to 1."""
    return sum(1 for x, y in zip(a, b, strict=True) if x == y) / len(a)


def pairs(signatures: Mapping[int, Sequence[int]], threshold: float) -> list[tuple[int, int, float]]:
    """`(a, b, similarity)` of all pairs at or above the threshold, the most similar first.

    With bands of `r` of 128 rows, a pair as similar as the threshold is looked at with a probability above 99 %.
    """
    rows = 8 if threshold >= 0.9 else 4 if threshold >= 0.7 else 2
    candidates: set[tuple[int, int]] = set()
    for start in range(0, PERMUTATIONS, rows):
        buckets: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
        for key, numbers in signatures.items():
            buckets[tuple(numbers[start : start + rows])].append(key)
        for keys in buckets.values():
            # A thousand copies of one form: enough are compared to name them all.
            candidates.update(combinations(keys[:_LARGEST_BUCKET], 2))
    scored = ((a, b, similarity(signatures[a], signatures[b])) for a, b in candidates)
    return sorted(((a, b, s) for a, b, s in scored if s >= threshold), key=lambda pair: (-pair[2], pair[:2]))
