"""Lookup: the cells that hold each point, as a test of every cell with every point says."""

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.index.bins import bins_of
from stcloud.index.lookup import find_cells, list_cells
from stcloud.index.outline import outlines_of
from stcloud.index.strip import holds, strips_of
from stcloud.testing.examples import examples

SIDE = 6
corners = st.tuples(st.integers(0, SIDE), st.integers(0, SIDE))
rings = st.lists(corners, min_size=3, max_size=6)
cells = st.lists(st.one_of(rings.map(shapely.Polygon), st.none()), min_size=1, max_size=5)


def built(shapes, bin_m=None):
    outlines = outlines_of(np.array(shapes, object))
    strips = strips_of(outlines)
    return bins_of(outlines, strips, bin_m), strips


def by_every_cell(x, y, closed, strips):
    """The rows of the cells that hold each point; no bins, no order."""
    rows = range(len(strips.cells) - 1)
    finite = np.isfinite(x) & np.isfinite(y)
    return [
        [row for row in rows if inside and holds(px, py, row, closed, *strips)]
        for px, py, inside in zip(x.tolist(), y.tolist(), finite.tolist(), strict=True)
    ]


def looked_up(x, y, closed, bins, strips):
    """The rows of each point, by both kernels; the first must be the least."""
    least, counts = np.empty(len(x), np.int32), np.empty(len(x), np.int32)
    find_cells(x, y, closed, bins, strips, least, counts)
    only = np.empty(len(x), np.int32)
    find_cells(x, y, closed, bins, strips, only, np.empty(0, np.int32))
    starts = np.concatenate([[0], np.cumsum(counts)])
    rows = np.empty(starts[-1], np.int32)
    list_cells(x, y, closed, bins, strips, least, starts, rows)
    listed = [rows[low:high].tolist() for low, high in itertools.pairwise(starts)]
    assert least.tolist() == only.tolist() == [min(some, default=-1) for some in listed]
    return listed


@settings(max_examples=examples(60))
@given(cells, st.sampled_from([None, 0.3, 2.0, 20.0]), st.booleans())
def test_each_point_is_in_the_cells_that_hold_it(shapes, bin_m, closed):
    bins, strips = built(shapes, bin_m)
    steps = np.arange(-1, SIDE + 1.5, 0.5)
    x, y = (axis.ravel() for axis in np.meshgrid(steps, steps))
    x, y = np.append(x, [math.nan, 1.0, math.inf]), np.append(y, [1.0, math.nan, -math.inf])
    assert looked_up(x, y, closed, bins, strips) == by_every_cell(x, y, closed, strips)


@pytest.mark.parametrize("is_sorted", [False, True])
def test_points_in_any_order_get_their_own_answers(jitter, is_sorted):
    """More points than tiles: those that come in no order are moved, tile by tile, and back."""
    chance = np.random.default_rng(5)
    cells = jitter(10, chance)
    bins, strips = built(cells)
    x, y = chance.uniform(571_250, 572_350, 20_000), chance.uniform(4_488_250, 4_489_350, 20_000)
    if is_sorted:
        order = np.lexsort([x, y])
        x, y = x[order], y[order]
    points, rows = shapely.STRtree(cells).query(shapely.points(x, y), predicate="within")
    expected = [[] for _ in x]
    for point, row in zip(points.tolist(), rows.tolist(), strict=True):
        expected[point].append(row)
    assert looked_up(x, y, False, bins, strips) == expected
