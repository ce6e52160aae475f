"""Near duplicates, manifests, times and types: the parts of an analysis, one by one."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import examples
from worker.documents.content import TYPES, lies
from worker.documents.language import language_of
from worker.evidence import manifest, near, timeline
from worker.evidence.manifest import Entry, Manifest
from worker.evidence.times import read_modified

CHINESE = (
    "根据合同约定，甲方应当在收到发票之日起三十日内向乙方支付全部货款，逾期付款的，每日按应付金额的万分之五支付违约金。"
)
ENGLISH = (
    "The buyer shall pay the whole price within thirty days of the invoice, and the seller delivers the goods at once. "
)


def _varied(text: str, share: float, seed: int) -> str:
    chance = random.Random(seed)
    return "".join("变" if chance.random() < share else c for c in text)


@pytest.mark.parametrize("base", [CHINESE, ENGLISH])
def test_nearly_the_same_texts_are_found_and_others_are_not(base: str) -> None:
    chance = random.Random(3)
    words = list(base) if base is CHINESE else base.split()
    glue = "" if base is CHINESE else " "
    text = glue.join(chance.choice(words) for _ in range(600))
    other = glue.join(chance.choice(words) for _ in range(600))
    changed = text.replace(words[0], "换", 3)
    signatures = {n: near.signature(t) for n, t in enumerate((text, changed, other, text.upper()))}
    assert all(signatures.values())
    pairs = near.pairs({n: s for n, s in signatures.items() if s}, 0.7)
    assert {(a, b) for a, b, _ in pairs} == {(0, 1), (0, 3), (1, 3)}
    assert {(a, b): s for a, b, s in pairs}[0, 3] == 1.0


def test_the_estimate_is_near_the_truth() -> None:
    text = CHINESE * 1 + "".join(chr(0x4E00 + n) for n in range(800))
    for seed, share in enumerate((0.01, 0.03, 0.08)):
        other = _varied(text, share, seed)
        a, b = near.shingles(text), near.shingles(other)
        truth = len(a & b) / len(a | b)
        one, two = near.signature(text), near.signature(other)
        assert one is not None
        assert two is not None
        assert abs(near.similarity(one, two) - truth) < 0.17  # four standard errors at a half


def test_short_texts_have_no_signature() -> None:
    assert near.signature("合同") is None
    assert near.signature("") is None


names = st.sampled_from("abcd")
entries = st.lists(
    st.builds(lambda n, h: Entry(n, 1, h, "text", None, None), names, st.sampled_from("1234")), max_size=8
)


@given(entries, entries)
@settings(max_examples=examples(100), deadline=None)
def test_a_comparison_accounts_for_each_file_once(before: list[Entry], now: list[Entry]) -> None:
    found = manifest.compare(before, now)
    assert sorted(e.name + e.sha256 for d in found if (e := d.before)) == sorted(e.name + e.sha256 for e in before)
    assert sorted(e.name + e.sha256 for d in found if (e := d.now)) == sorted(e.name + e.sha256 for e in now)
    hashes_before, hashes_now = sorted(e.sha256 for e in before), sorted(e.sha256 for e in now)
    lost = [h for h in set(hashes_before) if hashes_before.count(h) > hashes_now.count(h)]
    assert manifest.proved(found) == (not lost)
    for d in found:
        if d.how in ("unchanged", "renamed"):
            assert d.before
            assert d.now
            assert d.before.sha256 == d.now.sha256


def test_a_manifest_survives_its_file_and_others_are_none(tmp_path: Path) -> None:
    one = Manifest("job", "2024-03-05T00:00:00+00:00", (Entry("合同.pdf", 3, "ab" * 32, "pdf", None, "2024-03-05"),))
    path = tmp_path / "manifest.json"
    manifest.write(path, one)
    assert manifest.of_file(path, "manifest.json") == one
    assert manifest.of_file(path, "manifest.txt") is None
    for content in ("", "[]", "{}", '{"format": "tasktray.manifest"}', "[" * 100_000, json.dumps({"format": 1})):
        assert manifest.parse(content) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-03-05T09:15:00+08:00", "2024-03-05T01:15:00+00:00"),
        ("2024-03-05T01:15:00Z", "2024-03-05T01:15:00+00:00"),
        ("1709601300", "2024-03-05T01:15:00+00:00"), ("1709601300000", "2024-03-05T01:15:00+00:00"), ("", None),
        (None, None), ("gestern", None), ("nan", None), ("-5", None), ("9e99", None),
    ],
)  # fmt: skip
def test_what_a_sender_may_say_of_a_time(value: str | None, expected: str | None) -> None:
    assert read_modified(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-03-05T09:15:00+08:00", "2024-03-05 09:15:00"), ("2024-03-05T01:15:00Z", "2024-03-05 09:15:00"),
        ("2024-03-05", "2024-03-05"), ("2024-03", "2024-03"), ("2024-13", None), ("2024-02-30", None),
        ("D:2024", None),
        ("0000-00-00T00:00:00", None), ("2024-03-05T09:15:00.00Z", "2024-03-05 17:15:00"),
    ],
)  # fmt: skip
def test_moments_of_the_timeline(value: str, expected: str | None) -> None:
    assert timeline.moment(value, "Asia/Shanghai") == expected


@pytest.mark.parametrize(
    ("name", "type_", "lying"),
    [
        ("a.pdf", "pdf", False), ("a.PDF", "pdf", False), ("a.docx", "pdf", True), ("a.txt", "pdf", True),
        ("a.pdf", "exe", True), ("a.jpg", "png", True), ("a", "pdf", False), ("a.xyz", "pdf", False),
        ("a.csv", "text", False), ("a.pdf", "text", True), ("a.py", "text", False), ("a.doc", "rtf", False),
        ("a.xls", "html", False), ("a.docx", "office-encrypted", False), ("a.docx", "zip", True),
        ("a.eml", "eml", False),
        ("a.pdf", "unknown", False), (".pdf", "text", False),
    ],
)  # fmt: skip
def test_endings_that_lie(name: str, type_: str, lying: bool) -> None:
    assert lies(name, TYPES[type_]) == lying


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (CHINESE, "zh-Hans"), ("根據合約，甲方應當於收到發票後支付貨款。", "zh-Hant"), (ENGLISH, "en"),
        ("本契約は、甲と乙との間で締結される。", "ja"),
        ("본 계약은 갑과 을 사이에 체결된다.", "ko"), ("Стороны договорились о поставке.", "ru"), ("12 345", ""),
        ("", ""),
        ("Der Käufer zahlt den Preis, und der Verkäufer liefert die Ware nicht vor dem Termin.", "de"),
        ("付款条件 合同编号 " + ENGLISH, "mixed"), ("xyzzy qwert asdfg hjkl zxcvb", ""),
    ],
)  # fmt: skip
def test_languages(text: str, language: str) -> None:
    assert language_of(text) == language
