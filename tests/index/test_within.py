"""Areas that held events and shapes that were near them, as shapely and plain comparisons of instants say."""

import math

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.index.bins import Frame
from stcloud.index.timeslice import TimeSlice, runs_of
from stcloud.index.within import (
    ROUNDING_M,
    areas_at,
    box_of,
    box_square,
    find_within,
    find_within_distance,
)
from stcloud.testing.examples import examples

SIDE = 8
corners = st.tuples(st.integers(0, SIDE), st.integers(0, SIDE))


@st.composite
def areas(draw):
    (x1, y1), (x2, y2) = draw(corners), draw(corners)
    hull = shapely.MultiPoint(draw(st.lists(corners, min_size=3, max_size=5))).convex_hull
    box = shapely.box(min(x1, x2), min(y1, y2), max(x1, x2) + 1, max(y1, y2) + 1)
    return hull if hull.geom_type == "Polygon" and draw(st.booleans()) else box


shapes = st.one_of(
    areas(), corners.map(shapely.Point), st.lists(corners, min_size=2, max_size=3).map(shapely.LineString)
)
spans = st.tuples(st.integers(0, 3), st.integers(3, 9))
places = st.one_of(st.integers(-2, 2 * SIDE + 4).map(lambda n: n / 2), st.just(math.nan))
events = st.lists(st.tuples(places, places, st.integers(-1, 9)), min_size=8, max_size=25)


def histories(of):
    """Features, each with one shape for a while."""
    return st.lists(st.tuples(st.one_of(of, st.none()), spans), min_size=4, max_size=9)


def ready(history):
    geometries = np.array([shape for shape, _ in history], object)
    start, length = np.array([span for _, span in history], np.int64).T
    runs = runs_of(np.arange(len(history)), start, start + length, geometries)
    return TimeSlice(runs, geometries), start, start + length


def columns(happened):
    x, y, at = zip(*happened, strict=True) if happened else ((), (), ())
    return np.array(x, float), np.array(y, float), np.array(at, np.int64)


def grouped(counts, *values):
    """What was found, a list for each event."""
    cuts = np.cumsum(counts)[:-1]
    return [[part.tolist() for part in np.split(column[: counts.sum()], cuts)] for column in values]


@settings(max_examples=examples(60))
@given(histories(areas()), events, st.booleans())
def test_the_areas_that_held_an_event_at_its_instant(history, happened, is_first):
    part, start, end = ready(history)
    x, y, at = columns(happened)
    counts, rows = find_within(x, y, at, True, is_first, part.areas(), part.runs, part.runs.periods)
    expected = [
        [
            row
            for row, (shape, _) in enumerate(history)
            if shape is not None and not math.isnan(px + py) and start[row] <= instant < end[row]
            and shape.covers(shapely.Point(px, py))
        ]
        for px, py, instant in zip(x, y, at, strict=True)
    ]  # fmt: skip
    expected = [some[:1] if is_first else some for some in expected]
    assert counts.tolist() == [len(some) for some in expected]
    assert rows[: counts.sum()].tolist() == [row for some in expected for row in some]


@settings(max_examples=examples(60))
@given(histories(shapes), events, st.sampled_from([0.0, 0.5, 1.0, math.sqrt(2), 3.0, 40.0]))
def test_the_shapes_that_were_so_near_an_event_at_its_instant(history, happened, metres):
    part, start, end = ready(history)
    x, y, at = columns(happened)
    counts, rows, far = find_within_distance(x, y, at, metres, part.areas(), part.buckets(), part.runs)
    expected = []
    for px, py, instant in zip(x, y, at, strict=True):
        away = [
            math.nan if shape is None or math.isnan(px + py) else shape.distance(shapely.Point(px, py))
            for shape, _ in history
        ]
        near = [
            (round(m * 1e6), row)
            for row, m in enumerate(away)
            if not math.isnan(m) and start[row] <= instant < end[row]
        ]
        expected.append(sorted(pair for pair in near if pair[0] <= round(metres * 1e6)))
    matches = list(
        zip(
            np.round(far[: counts.sum()] * 1e6).astype(int).tolist(),
            rows[: counts.sum()].tolist(),
            strict=True,
        )
    )
    assert counts.tolist() == [len(some) for some in expected]
    assert matches == [pair for some in expected for pair in some]


@settings(max_examples=examples(60))
@given(histories(areas()), places, places)
def test_the_areas_at_a_place_whenever_they_were(history, x, y):
    part, _, _ = ready(history)
    bins, strips = part.areas()
    count, rows = (
        areas_at(x, y, *bins, *strips, np.empty(1, np.int32)) if len(strips.heights) else (0, np.empty(0))
    )
    expected = [
        row
        for row, (shape, _) in enumerate(history)
        if shape is not None and not math.isnan(x + y) and shape.covers(shapely.Point(x, y))
    ]
    assert rows[:count].tolist() == expected


@given(st.floats(-30, 60), st.floats(-30, 60), st.floats(0, 40))
def test_the_box_of_a_distance_has_every_square_that_is_so_near(x, y, metres):
    frame = Frame(0.0, 10.0, 28.0, 34.0, 0.25, 7, 8)
    low_j, high_j, low_i, high_i = box_of(x, y, metres, frame)
    frame_box = shapely.box(0, 10, 28, 34)
    for j in range(frame.rows):
        for i in range(frame.columns):
            square = shapely.box(4 * i, 10 + 4 * j, 4 * i + 4, 14 + 4 * j).intersection(frame_box)
            if square.distance(shapely.Point(x, y)) <= metres - 1e-9:
                assert low_j <= j <= high_j
                assert low_i <= i <= high_i


def test_nowhere_has_no_box():
    frame = Frame(0.0, 0.0, 10.0, 10.0, 1.0, 11, 11)
    for x, y, metres in ((math.nan, 0.0, 5.0), (0.0, math.inf, math.inf), (99.0, 0.0, 5.0)):
        low_j, high_j, _, _ = box_of(x, y, metres, frame)
        assert high_j < low_j


@given(st.tuples(*[st.integers(-9, 9)] * 4), st.floats(-20, 20), st.floats(-20, 20))
def test_a_box_is_never_farther_than_its_segment(ends, x, y):
    x1, y1, x2, y2 = ends
    (x1, y1), (x2, y2) = sorted([(x1, y1), (x2, y2)])
    square = box_square(x, y, np.array([[x1, y1, x2, y2]], float), 0)
    point = shapely.Point(x, y)
    box = shapely.box(x1, min(y1, y2), x2, max(y1, y2))
    assert math.sqrt(square) <= shapely.LineString([(x1, y1), (x2, y2)]).distance(point) + ROUNDING_M
    assert abs(math.sqrt(square) - box.distance(point)) < 1e-9
