"""Strips: whether a cell holds a point, as fractions say, whatever strip the point is in."""

import itertools
from fractions import Fraction

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.index.outline import outlines_of
from stcloud.index.strip import holds, strips_of
from stcloud.testing.examples import examples

SIDE = 6
corners = st.tuples(st.integers(0, SIDE), st.integers(0, SIDE))
rings = st.lists(corners, min_size=3, max_size=12)
cells = st.one_of(st.builds(shapely.Polygon, rings, st.lists(rings, max_size=1)), st.none())


def edges_of(cell):
    """Both ends of each edge, as fractions."""
    for ring in [cell.exterior, *cell.interiors] if cell is not None and not cell.is_empty else []:
        yield from itertools.pairwise([(Fraction(x), Fraction(y)) for x, y in ring.coords])


def held(cell, x, y, closed):
    """The even-odd rule for the place just east and north of the point; closed: the boundary counts too."""
    odd = touching = False
    for (x1, y1), (x2, y2) in edges_of(cell):
        if (y1 <= y) != (y2 <= y):
            odd ^= x1 + (y - y1) / (y2 - y1) * (x2 - x1) <= x
        on_line = (x2 - x1) * (y - y1) == (y2 - y1) * (x - x1)
        in_box = min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2)
        touching |= on_line and in_box
    return odd or (closed and touching)


@settings(max_examples=examples(60))
@given(st.lists(cells, min_size=1, max_size=3), st.booleans())
def test_a_cell_holds_what_fractions_say(shapes, closed):
    strips = strips_of(outlines_of(np.array(shapes, object)))
    halves = [Fraction(n, 2) for n in range(-1, 2 * SIDE + 2)]
    for row, shape in enumerate(shapes):
        for x, y in itertools.product(halves, halves):
            assert holds(float(x), float(y), row, closed, *strips) == held(shape, x, y, closed), (row, x, y)


def test_a_tall_outline_has_many_strips_and_few_edges_in_each():
    circle = shapely.Point(0, 0).buffer(100, quad_segs=500)
    strips = strips_of(outlines_of(np.array([circle])))
    sizes = np.diff(strips.starts)
    assert len(sizes) > 100
    assert sizes.max() < 100
    assert len(strips.edges) <= 3 * len(circle.exterior.coords)
    angle = np.linspace(0, 2 * np.pi, 997)
    for reach, expected in ((99.9, True), (100.1, False)):
        for x, y in zip((reach * np.cos(angle)).tolist(), (reach * np.sin(angle)).tolist(), strict=True):
            assert holds(x, y, 0, False, *strips) == expected


def test_strips_cannot_be_written():
    for part in strips_of(outlines_of(np.array([shapely.box(0, 0, 1, 1)]))):
        assert not part.flags.writeable
