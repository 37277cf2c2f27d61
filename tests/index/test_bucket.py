"""Buckets: each square lists the segments that pass it, as shapely says, and hardly another."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.index.bucket import MARGIN, buckets_of, place_in
from stcloud.index.segment import Segments, segments_of
from stcloud.testing.examples import examples

ends = st.tuples(st.integers(-20, 20), st.integers(-20, 20))
segments = st.lists(st.tuples(ends, ends), min_size=1, max_size=12)


def of_pairs(pairs):
    """Segments, a shape each, further west end first."""
    at = np.array([[*first, *last] for first, last in map(sorted, pairs)], np.float64).reshape(-1, 4)
    return Segments(at, np.arange(len(at), dtype=np.int32))


def squares_of(frame):
    """Every square as a shapely box, by its place."""
    side = 1 / frame.per_m
    for place in range(frame.rows * frame.columns):
        row, column = divmod(place, frame.columns)
        west, south = frame.west + column * side, frame.south + row * side
        yield place, shapely.box(west, south, west + side, south + side)


@settings(max_examples=examples(60))
@given(segments)
def test_a_square_lists_the_segments_that_pass_it(pairs):
    given_ = of_pairs(pairs)
    buckets = buckets_of(given_, np.zeros((len(pairs), 2), np.int64))
    lines = shapely.linestrings(given_.ends.reshape(-1, 2, 2))
    lines[shapely.length(lines) == 0] = shapely.points(given_.ends[shapely.length(lines) == 0, :2])
    side = 1 / buckets.frame.per_m
    for place, square in squares_of(buckets.frame):
        listed = buckets.owner[buckets.starts[place] : buckets.starts[place + 1]].tolist()
        assert listed == sorted(set(listed))
        far = shapely.distance(square, lines) / side
        passing = np.flatnonzero(shapely.distance(square.buffer(-1e-9 * side), lines) == 0)
        assert set(passing.tolist()) <= set(listed)
        assert (far[listed] <= 3 * MARGIN).all()


@given(segments)
def test_what_a_square_lists_is_what_was_given(pairs):
    given_ = of_pairs(pairs)
    periods = np.arange(2 * len(pairs)).reshape(-1, 2) * 10
    buckets = buckets_of(given_, periods)
    assert set(buckets.owner.tolist()) == set(range(len(pairs)))
    assert buckets.ends.tolist() == given_.ends[buckets.owner].tolist()
    assert buckets.periods.tolist() == periods[buckets.owner].tolist()
    assert buckets.starts[-1] == len(buckets.owner)


def test_without_segments_there_is_one_empty_square():
    buckets = buckets_of(segments_of(np.array([None])), np.zeros((1, 2), np.int64))
    assert buckets.starts.tolist() == [0, 0]
    assert len(buckets.ends) == 0


def test_a_segment_far_off_does_not_crowd_the_others_into_few_squares():
    chance = np.random.default_rng(1)
    at = np.vstack([chance.uniform(0, 1000, (5000, 2)), [[5000.0, 5000.0]]])
    buckets = buckets_of(segments_of(shapely.points(at)), np.zeros((len(at), 2), np.int64))
    sizes = np.diff(buckets.starts)
    assert sizes[sizes > 0].mean() < 8
    assert buckets.frame.rows * buckets.frame.columns <= 16 * 5001


@given(st.floats(-100, 100), st.integers(1, 20))
def test_a_place_is_a_whole_number_of_squares_inside_the_frame(metres, count):
    assert place_in(metres, count) == min(max(int(np.floor(metres)), 0), count - 1)
