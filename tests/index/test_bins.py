"""Bins: which cells cover a square, and which only meet it, as shapely says."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.index.bins import NOWHERE, Frame, bin_of, bins_of
from stcloud.index.outline import outlines_of
from stcloud.index.strip import strips_of
from stcloud.testing.examples import examples

SIDE = 6
corners = st.tuples(st.integers(0, SIDE), st.integers(0, SIDE))


@st.composite
def areas(draw):
    (x1, y1), (x2, y2) = draw(corners), draw(corners)
    box = shapely.box(min(x1, x2), min(y1, y2), max(x1, x2) + 1, max(y1, y2) + 1)
    hull = shapely.MultiPoint(draw(st.lists(corners, min_size=3, max_size=5))).convex_hull
    rest = box.difference(hull)
    return draw(
        st.sampled_from([part for part in (box, hull, rest) if part.geom_type in {"Polygon", "MultiPolygon"}])
    )


cells = st.lists(st.one_of(areas(), st.none()), min_size=1, max_size=5)


def built(shapes, bin_m):
    outlines = outlines_of(np.array(shapes, object))
    return bins_of(outlines, strips_of(outlines), bin_m)


def codes_of(bins, place):
    """The codes of a bin, whether it has a label or a list."""
    label = bins.labels[place]
    if label >= 0:
        return [2 * label + 1]
    return [] if label == NOWHERE else bins.codes[bins.starts[-2 - label] : bins.starts[-1 - label]].tolist()


@settings(max_examples=examples(60))
@given(cells, st.sampled_from([0.3, 1.0, 1.7, 20.0]))
def test_a_bin_knows_the_cells_that_cover_it_and_those_that_meet_it(shapes, bin_m):
    bins = built(shapes, bin_m)
    frame, side = bins.frame, 1 / bins.frame.per_m if bins.frame.per_m else 0
    for place in range(frame.rows * frame.columns if side else 0):
        row, column = divmod(place, frame.columns)
        west, south = frame.west + column * side, frame.south + row * side
        square = shapely.box(west, south, west + side, south + side)
        core, halo = square.buffer(-1e-6 * side), square.buffer(3e-3 * side)
        codes = codes_of(bins, place)
        assert codes == sorted(codes)
        for cell, shape in enumerate(shapes):
            if 2 * cell + 1 in codes:
                assert shape.covers(core), "the whole bin is in the cell"
            elif 2 * cell in codes:
                assert shape.boundary.intersects(halo), "an edge of the cell passes the bin"
            else:
                assert shape is None or not shape.intersects(core), "the cell is elsewhere"


def test_without_cells_there_are_no_bins_to_be_in():
    for shapes in ([], [None], [shapely.Polygon()]):
        bins = built(shapes, None)
        assert bins.labels.tolist() == [NOWHERE]
        assert bin_of(0.0, 0.0, bins.frame) == NOWHERE


@pytest.mark.thorough
def test_bins_are_an_eighth_of_a_middling_cell():
    west, south = (axis.ravel() for axis in np.meshgrid(np.arange(0, 800, 8), np.arange(0, 800, 8)))
    frame = built(shapely.box(west, south, west + 8, south + 8), None).frame
    assert (frame.per_m, frame.rows, frame.columns) == (1.0, 801, 801)


def test_neighbours_that_meet_the_same_cells_share_a_list():
    shapes = [shapely.box(0, 0, 100, 10), shapely.box(0, 0, 100, 10)]
    bins = built(shapes, 1.0)
    inner = bins.labels.reshape(bins.frame.rows, bins.frame.columns)[2:8, 2:98]
    assert len(bins.starts) - 1 < len(bins.labels) / 5
    assert len(set(inner[0].tolist())) == 1


@given(st.floats(-5, 25), st.floats(-5, 25))
def test_the_bin_of_a_point_is_found_by_division(x, y):
    frame = Frame(0.0, 10.0, 12.0, 20.0, 0.5, 6, 7)
    inside = 0 <= x <= 12 and 10 <= y <= 20
    expected = math.floor((y - 10) / 2) * 7 + math.floor(x / 2) if inside else NOWHERE
    assert bin_of(x, y, frame) == expected


def test_nan_is_in_no_bin():
    frame = Frame(0.0, 0.0, 1.0, 1.0, 1.0, 2, 2)
    assert {bin_of(x, y, frame) for x, y in ((math.nan, 0.0), (0.0, math.nan), (math.inf, 0.0))} == {NOWHERE}
