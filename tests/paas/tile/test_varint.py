"""Varints of whole arrays, beside numbers written one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stcloud.paas.tile.varint import joined, sums_of, varint_sizes, varints, zigzag

WORDS = st.integers(0, 2**64 - 1) | st.integers(0, 2**15) | st.sampled_from([2**bits for bits in range(64)])


def written(number):
    """Return a varint, one byte after the other."""
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


@given(st.lists(WORDS, max_size=30))
def test_varints_are_those_of_numbers_written_one_by_one(numbers):
    words = np.array(numbers, np.uint64)
    assert varints(words) == b"".join(map(written, numbers))
    assert varint_sizes(words).tolist() == [len(written(number)) for number in numbers]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20))
def test_zigzag_folds_signed_numbers(numbers):
    folded = [2 * number if number >= 0 else -2 * number - 1 for number in numbers]
    assert zigzag(np.array(numbers, np.int64)).tolist() == folded


@given(st.lists(st.tuples(st.lists(st.integers(0, 9), max_size=3), st.integers(0, 9)), max_size=8))
def test_runs_are_joined_feature_by_feature(rows):
    counts = np.array([len(run) for run, _ in rows], np.int64)
    runs = np.array([number for run, _ in rows for number in run], np.uint64), counts
    single = np.array([number for _, number in rows], np.uint64)
    expected = [number for run, last in rows for number in (*run, last, *run)]
    assert joined([runs, single, runs]).tolist() == expected
    assert sums_of(runs[0].astype(np.int64), counts).tolist() == [sum(run) for run, _ in rows]
