"""The set of a file's keys tells duplicates exactly, in memory and on disk."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from worker.datasets.keyset import KeySet


def _first_rows(batches):
    first, duplicates, number = {}, [], 0
    for batch in batches:
        for key in batch:
            number += 1
            if first.setdefault(key, number) != number:
                duplicates.append((number, first[key]))
    return duplicates


def _claim_all(keyset, batches):
    found, number = [], 0
    for batch in batches:
        numbers = list(range(number + 1, number + 1 + len(batch)))
        found += [(numbers[i], first) for i, first in sorted(keyset.claim(batch, numbers).items())]
        number += len(batch)
    return found


@given(st.lists(st.lists(st.text("ab'\"\\客\n", max_size=3), max_size=12), max_size=8), st.integers(0, 20))
def test_each_duplicate_names_its_first_row_whether_keys_are_in_memory_or_on_disk(tmp_path_factory, batches, limit):
    with KeySet(tmp_path_factory.mktemp("keys"), limit) as keyset:
        assert _claim_all(keyset, batches) == _first_rows(batches)


def test_keys_of_several_fields_are_told_apart(tmp_path):
    day = datetime.date(2024, 3, 5)
    batches = [[("1", day, "a"), ("1", day, "b")], [("1", day, "a"), ("1, 2024", day, "a")]]
    for limit in (0, 100):
        with KeySet(tmp_path, limit) as keyset:
            assert _claim_all(keyset, batches) == [(3, 1)]


def test_the_file_of_a_long_set_goes_with_it(tmp_path):
    with KeySet(tmp_path, 10) as keyset:
        keyset.claim([str(n) for n in range(100)], list(range(100)))
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())
