"""The set of a file's keys tells duplicates exactly, in memory and on disk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.reading.keyset import KeySet


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


@given(
    st.lists(st.lists(st.text("ab'\"\\客\n", max_size=3), max_size=12), max_size=8),
    st.sampled_from([0, 1 << 13]),
)
def test_each_duplicate_names_its_first_row_whether_the_table_is_in_memory_or_mapped(tmp_path_factory, batches, slots):
    with KeySet(tmp_path_factory.mktemp("keys"), memory_slots=slots) as keyset:
        assert _claim_all(keyset, batches) == _first_rows(batches)


@pytest.mark.parametrize("slots", [1 << 13, 1 << 22])
def test_many_keys_make_the_table_grow_and_all_are_found_again(tmp_path, slots):
    keys = [f"K{n:06}" for n in range(20_000)]
    with KeySet(tmp_path, memory_slots=slots) as keyset:
        batches = [keys[n : n + 999] for n in range(0, len(keys), 999)]
        assert _claim_all(keyset, batches) == []
        assert _claim_all_at(keyset, keys[::-1], len(keys)) == {i: len(keys) - i for i in range(len(keys))}


def _claim_all_at(keyset, keys, number):
    return keyset.claim(keys, list(range(number + 1, number + 1 + len(keys))))


def test_keys_with_the_same_hash_are_told_apart(tmp_path):
    with KeySet(tmp_path) as keyset:
        assert hash(-1) == hash(-2)
        assert keyset.claim([-1, -2, -1, -2], [1, 2, 3, 4]) == {2: 1, 3: 2}


def test_keys_of_several_fields_are_told_apart(tmp_path):
    day = "2024-03-05"
    batches = [[("1", day, "a"), ("1", day, "b")], [("1", day, "a"), ("1, 2024", day, "a")]]
    with KeySet(tmp_path) as keyset:
        assert _claim_all(keyset, batches) == [(3, 1)]


def test_nothing_is_left_of_a_set(tmp_path):
    with KeySet(tmp_path, memory_slots=0) as keyset:
        keyset.claim([str(n) * 200 for n in range(10_000)], list(range(10_000)))
    assert not list(tmp_path.iterdir())
