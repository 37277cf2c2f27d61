"""Outlines: the edges of polygons' rings, as shapely lists them."""

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.index.outline import outlines_of

corners = st.tuples(st.integers(0, 9), st.integers(0, 9))
rings = st.lists(corners, min_size=3, max_size=6)
polygons = st.builds(shapely.Polygon, rings, st.lists(rings, max_size=2))
cells = st.one_of(
    polygons,
    st.lists(polygons, min_size=1, max_size=3).map(shapely.MultiPolygon),
    st.sampled_from([None, shapely.Polygon(), shapely.MultiPolygon()]),
)


def edges_by_shapely(cell):
    """Both ends of each edge of all rings, in order."""
    for part in getattr(cell, "geoms", [cell] if cell is not None else []):
        for ring in [part.exterior, *part.interiors] if not part.is_empty else []:
            at = np.asarray(ring.coords)[:, :2].tolist()
            yield from itertools.pairwise(at)


@given(st.lists(cells, max_size=5))
def test_the_edges_of_each_cell_are_those_of_its_rings(shapes):
    outlines = outlines_of(np.array(shapes, object))
    assert len(outlines.cells) == len(shapes) + 1
    for row, shape in enumerate(shapes):
        starts = outlines.first[outlines.cells[row] : outlines.cells[row + 1]]
        edges = list(zip(outlines.xy[starts].tolist(), outlines.xy[starts + 1].tolist(), strict=True))
        assert edges == list(edges_by_shapely(shape))


def test_heights_of_vertices_are_dropped():
    tall = shapely.from_wkt("POLYGON Z ((0 0 5, 1 0 6, 1 1 7, 0 0 5))")
    assert outlines_of(np.array([tall])).xy.tolist() == [[0, 0], [1, 0], [1, 1], [0, 0]]


def test_the_digest_follows_vertices_and_their_order():
    low, high = shapely.box(0, 0, 1, 1), shapely.box(0, 0, 1, 2)
    shapes = [[low, high], [high, low], [low], [low, None], [None, low], [low.reverse()]]
    digests = [outlines_of(np.array(cells, object)).digest for cells in shapes]
    assert len(set(digests)) == len(shapes)
    assert digests == [outlines_of(np.array(cells, object)).digest for cells in shapes]


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        (shapely.Point(0, 0), "not-an-area"),
        (shapely.LineString([(0, 0), (1, 1)]), "not-an-area"),
        (shapely.GeometryCollection([shapely.box(0, 0, 1, 1)]), "not-an-area"),
        (shapely.Polygon([(0, 0), (1, np.inf), (1, 0)]), "not-finite"),
    ],
)
def test_what_has_no_outline_is_refused(cell, kind):
    with pytest.raises(InvalidInput) as caught:
        outlines_of(np.array([shapely.box(0, 0, 1, 1), cell]))
    assert caught.value.kind == kind
    assert "1" in str(caught.value)
