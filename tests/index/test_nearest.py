"""The nearest shapes of events at their instants, as sorting all distances that shapely measures says."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.index.bins import Frame
from stcloud.index.nearest import beyond, find_nearest, find_nearest_point, rings
from stcloud.index.timeslice import TimeSlice, runs_of
from stcloud.index.within import box_of
from stcloud.testing.examples import examples

SIDE = 8
corners = st.tuples(st.integers(0, SIDE), st.integers(0, SIDE))
points = corners.map(shapely.Point)
boxes = st.tuples(corners, corners).map(
    lambda pair: shapely.box(*np.minimum(*pair).tolist(), *(np.maximum(*pair) + 1).tolist())
)
shapes = st.one_of(points, boxes, st.lists(corners, min_size=2, max_size=3).map(shapely.LineString))
spans = st.tuples(st.integers(0, 5), st.integers(1, 4))
near_by = st.integers(0, 2 * SIDE).map(lambda n: n / 2)
places = st.one_of(near_by, near_by, near_by, st.integers(-20, 60).map(float), st.just(math.nan))
events = st.lists(st.tuples(places, places, st.integers(-1, 9)), min_size=1, max_size=20)
bounds = st.sampled_from([0.0, 1.0, math.sqrt(5), 6.0, 1e12])


def histories(of):
    """Features, each with one shape for a while."""
    return st.lists(st.tuples(st.one_of(of, of, of, st.none()), spans), min_size=1, max_size=9)


def ready(history):
    geometries = np.array([shape for shape, _ in history], object)
    start, length = np.array([span for _, span in history], np.int64).T
    return TimeSlice(runs_of(np.arange(len(history)), start, start + length, geometries), geometries)


def columns(happened):
    x, y, at = zip(*happened, strict=True) if happened else ((), (), ())
    return np.array(x, float), np.array(y, float), np.array(at, np.int64)


def nearest_by_shapely(history, happened, k, metres):
    """For each event its k nearest: micrometres and row, by sorting all."""
    nearest = []
    for x, y, at in happened:
        pairs = [
            (round(shape.distance(shapely.Point(x, y)) * 1e6), row)
            for row, (shape, (start, length)) in enumerate(history)
            if shape is not None and not math.isnan(x + y) and start <= at < start + length
        ]
        nearest.append(sorted(pair for pair in pairs if pair[0] <= round(metres * 1e6))[:k])
    return nearest


def split(counts, rows, far):
    pairs = list(
        zip(
            np.round(far[: counts.sum()] * 1e6).astype(int).tolist(),
            rows[: counts.sum()].tolist(),
            strict=True,
        )
    )
    stops = np.cumsum(counts).tolist()
    return [pairs[stop - count : stop] for count, stop in zip(counts.tolist(), stops, strict=True)]


@settings(max_examples=examples(100))
@given(histories(shapes), events, st.integers(1, 4), bounds)
def test_the_nearest_shapes_are_the_first_of_all(history, happened, k, metres):
    part, (x, y, at) = ready(history), columns(happened)
    matches = find_nearest(x, y, at, k, metres, part.areas(), part.buckets(), part.runs)
    assert split(*matches) == nearest_by_shapely(history, happened, k, metres)


@settings(max_examples=examples(100))
@given(histories(points), events, bounds)
def test_the_nearest_point_is_the_first_of_all(history, happened, metres):
    part, (x, y, at) = ready(history), columns(happened)
    matches = find_nearest_point(x, y, at, metres, part.buckets(), part.runs)
    assert split(*matches) == nearest_by_shapely(history, happened, 1, metres)


@pytest.mark.parametrize("k", [1, 3])
def test_in_a_crowd_rings_find_what_a_tree_finds(k):
    chance = np.random.default_rng(6)
    at = np.vstack([chance.uniform(0, 1000, (4000, 2)), chance.normal(500, 5, (1000, 2))])
    part = ready([(shape, (0, 9)) for shape in shapely.points(at)])
    x, y = chance.uniform(-200, 1200, (2, 500))
    matches = find_nearest(x, y, np.zeros(500, np.int64), k, 1e12, part.areas(), part.buckets(), part.runs)
    far = np.sort(np.hypot(x[:, None] - at[:, 0], y[:, None] - at[:, 1]), axis=1)[:, :k]
    assert matches[0].tolist() == [k] * 500
    assert matches[2][: 500 * k].reshape(500, k) == pytest.approx(far, abs=1e-6)
    if k == 1:
        alone = find_nearest_point(x, y, np.zeros(500, np.int64), 1e12, part.buckets(), part.runs)
        assert alone[1].tolist() == matches[1][:500].tolist()


def test_rings_add_to_the_best_that_are_there():
    part = ready([(shapely.Point(at, 0), (0, 9)) for at in range(5)])
    best, best_m = np.array([4, -1, -1], np.int32), np.array([0.5, 0.0, 0.0])
    count = rings(0.2, 0.0, 3, 1e12, *part.buckets(), best, best_m, 1)
    assert (count, best.tolist()) == (3, [0, 4, 1])
    assert best_m == pytest.approx([0.2, 0.5, 0.8])


@given(st.floats(-10, 40), st.floats(-10, 40), st.floats(1, 60), st.integers(0, 8))
def test_squares_beyond_a_ring_are_at_least_so_far(x, y, metres, ring):
    frame = Frame(0.0, 0.0, 28.0, 32.0, 0.25, 8, 7)
    box = low_j, high_j, low_i, high_i = box_of(x, y, metres, frame)
    mid_j, mid_i = (min(max(int(value // 4), 0), count - 1) for value, count in ((y, 8), (x, 7)))
    least = beyond(x, y, mid_j, mid_i, ring, box, frame)
    for j in range(low_j, high_j + 1):
        for i in range(low_i, high_i + 1):
            if max(abs(j - mid_j), abs(i - mid_i)) > ring:
                square = shapely.box(4 * i, 4 * j, 4 * i + 4, 4 * j + 4)
                assert square.distance(shapely.Point(x, y)) >= least - 1e-9


def test_of_points_as_far_as_each_other_the_first_is_nearest():
    """Whatever squares they are in, and in whatever order these are searched."""
    around = [(3, 4), (4, 3), (-3, 4), (-4, -3), (5, 0), (0, -5), (-5, 0), (0, 5)]
    for turn in range(len(around)):
        places = around[turn:] + around[:turn]
        part = ready([(shapely.Point(50 + x, 50 + y), (0, 9)) for x, y in places])
        x, at = np.array([50.0]), np.zeros(1, np.int64)
        counts, rows, far = find_nearest_point(x, x, at, 1e12, part.buckets(), part.runs)
        assert (counts[0], rows[0], far[0]) == (1, 0, 5.0)
        counts, rows, _ = find_nearest(x, x, at, 3, 1e12, part.areas(), part.buckets(), part.runs)
        assert rows[:3].tolist() == [0, 1, 2]
