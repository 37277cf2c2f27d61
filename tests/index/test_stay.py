"""Stays: runs near their first fix; compiled loops give what plain ones give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.index.stay import find_stays, stays
from stcloud.testing.examples import examples
from stcloud.testing.movers import SECOND, fixes_of, runs_of_stops, tracks_of, worlds


def of(fixes, within_m, least_us, gap_us):
    first, last = stays(fixes.starts, fixes.time_us, fixes.x, fixes.y, within_m, least_us, gap_us)
    return list(zip(first.tolist(), last.tolist(), strict=True))


@settings(max_examples=examples(300))
@given(worlds(20), st.sampled_from([1.0, 50.0, 100.0, 150.0]), st.integers(1, 30), st.integers(1, 20))
def test_stops_are_runs_near_their_first_fix(rows, within_m, least, gap):
    """Law of stops: a run within the distance of its first fix, as long as it goes, that lasts long enough."""
    fixes = fixes_of(rows)
    expected = [
        (start + first, start + last)
        for start, track in zip(fixes.starts.tolist(), tracks_of(rows).values(), strict=False)
        for first, last in runs_of_stops(track, within_m, least * 10 * SECOND, gap * 20 * SECOND)
    ]
    assert of(fixes, within_m, least * 10 * SECOND, gap * 20 * SECOND) == expected


def test_the_distance_and_the_time_are_inclusive():
    fixes = fixes_of([("a", 0, 0.1, 0.0), ("a", 10 * SECOND, 50.1, 0.0)])
    assert of(fixes, 50.0, 10 * SECOND, 10 * SECOND) == [(0, 1)]
    assert of(fixes, 49.999999, 10 * SECOND, 10 * SECOND) == []
    assert of(fixes, 50.0, 10 * SECOND + 1, 10 * SECOND) == []
    assert of(fixes, 50.0, 10 * SECOND, 10 * SECOND - 1) == []


@pytest.mark.costly
def test_compiled_loops_find_what_plain_ones_do():
    random = np.random.default_rng(1)
    count = 3_000
    x, y = (random.normal(0, 10, count).cumsum() for _ in range(2))
    arrays = np.array([0, 1_000, count]), np.arange(count) * SECOND, x, y
    rule = (50.0, 20 * SECOND, 5 * SECOND)
    plain, compiled = (function(*arrays, *rule) for function in (find_stays.py_func, find_stays.compiled))
    assert plain[2] == compiled[2] > 10
    for one, other in zip(plain[:2], compiled[:2], strict=True):
        assert np.array_equal(one[: plain[2]], other[: plain[2]])
