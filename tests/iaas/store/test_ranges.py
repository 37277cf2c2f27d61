"""Ranges that are read together are each what they would be alone."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.iaas.store.ranges import coalesced, cut, within

RANGES = st.lists(st.tuples(st.integers(0, 70), st.integers(0, 30)), max_size=8)


@given(RANGES, st.binary(max_size=60), st.integers(0, 6), st.integers(1, 50))
def test_each_range_is_what_it_would_be_alone(ranges, data, gap_bytes, longest_bytes):
    requests = coalesced(ranges, gap_bytes=gap_bytes, longest_bytes=longest_bytes)
    bodies = [data[start : start + length] for start, length in within(requests, len(data))]
    assert cut(ranges, requests, bodies) == [data[start : start + length] for start, length in ranges]


@given(RANGES, st.integers(0, 6), st.integers(1, 50))
def test_requests_hold_no_more_than_gaps_beside_what_is_wanted(ranges, gap_bytes, longest_bytes):
    wanted = {byte for start, length in ranges for byte in range(start, start + length)}
    requests = coalesced(ranges, gap_bytes=gap_bytes, longest_bytes=longest_bytes)
    read = [byte for start, length in requests for byte in range(start, start + length)]
    assert wanted <= set(read)
    for start, length in requests:
        inside = sorted(byte for byte in wanted if start <= byte < start + length)
        assert (inside[0], inside[-1]) == (start, start + length - 1)
        assert all(after - before - 1 <= gap_bytes for before, after in itertools.pairwise(inside))


def test_neighbours_are_one_request_and_distant_ones_run_in_parallel():
    kib = 1024
    assert coalesced([(0, 10), (200 * kib, 10)]) == [(0, 200 * kib + 10)]
    assert coalesced([(0, 10), (900 * kib, 10)]) == [(0, 10), (900 * kib, 10)]
    assert coalesced([(0, 0), (5, 0)]) == []
    long = 20 * kib * kib
    assert coalesced([(0, long), (long, long)]) == [(0, long), (long, long)]


def test_a_negative_range_is_refused():
    with pytest.raises(InvalidInput) as refused:
        coalesced([(0, 1), (-1, 2)])
    assert refused.value.kind == "bad-range"
