"""Polygons are clipped as GEOS intersects them."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.index.kernel import plainly
from stcloud.index.ringclip import RingPolygons, clip_rings
from stcloud.testing.examples import examples

CORNER = np.array([500_000.0, 3_520_000.0])
POINTS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=3, max_size=9)


def hull(points):
    return shapely.transform(shapely.MultiPoint(points).convex_hull, lambda at: at + CORNER)


def clipped(one, other):
    polygons = [RingPolygons.of(np.array([shape], object)) for shape in (one, other)]
    place = np.array([0])
    found = plainly(clip_rings, *polygons, place, place)
    if not found.whole[0]:
        return "pieces", None
    shape = shapely.from_wkb(found.wkb(place)[0].as_py()) if found.area_m2[0] else None
    if shape is not None:
        assert abs(shape.area - found.area_m2[0]) < 1e-6
        assert abs(shape.length - found.length_m[0]) < 1e-6
    return shape, found.area_m2[0]


def agrees(one, other):
    shape, area = clipped(one, other)
    expected = shapely.intersection(one, other)
    if isinstance(shape, str):
        return
    assert abs(area - expected.area) < 1e-6
    if expected.area > 1e-6:
        assert shapely.symmetric_difference(shapely.make_valid(shape), expected).area < 1e-6


@given(POINTS, POINTS)
@settings(max_examples=examples(300))
def test_convex_polygons_share_what_geos_finds(first, second):
    one, other = hull(first), hull(second)
    if one.geom_type == other.geom_type == "Polygon":
        assert not isinstance(clipped(one, other)[0], str)
        agrees(one, other)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=4, max_size=7, unique=True), POINTS
)
@settings(max_examples=examples(300))
def test_bent_polygons_are_clipped_or_left_to_others(first, second):
    one, other = shapely.transform(shapely.Polygon(first), lambda at: at + CORNER), hull(second)
    if one.is_valid and one.area and other.geom_type == "Polygon":
        agrees(one, other)
        agrees(other, one)


def test_what_falls_into_pieces_is_left_to_others():
    comb = shapely.Polygon([(0, 0), (10, 0), (10, 10), (7, 10), (7, 3), (3, 3), (3, 10), (0, 10)])
    assert clipped(comb, shapely.box(-1, 5, 11, 12)) == ("pieces", None)
    assert clipped(comb, shapely.box(-1, -1, 11, 2))[1] == 20.0


def test_what_is_convex_is_known():
    square, bent = shapely.box(0, 0, 4, 4), shapely.Polygon([(0, 0), (4, 0), (1, 1), (0, 4)])
    holed = shapely.Polygon(square.exterior.coords, [[(1, 1), (2, 1), (2, 2)]])
    clockwise = shapely.Polygon([(0, 0), (0, 4), (4, 4), (4, 0)])
    straight = shapely.Polygon([(0, 0), (2, 0), (4, 0), (4, 4), (0, 4)])
    shapes = np.array(
        [bent, square, holed, shapely.Point(1, 1), clockwise, straight, shapely.MultiPolygon([square])],
        object,
    )
    polygons = RingPolygons.of(shapes)
    assert polygons.convex.tolist() == [False, True, False, False, True, True, False]
    assert polygons.plain.tolist() == [True, True, False, False, True, True, False]
    assert np.diff(polygons.start).tolist() == [4, 4, 0, 0, 4, 5, 0]


def test_neighbours_share_nothing():
    square = shapely.box(0, 0, 4, 4)
    for other in (
        shapely.box(4, 0, 8, 4),
        shapely.box(4, 4, 8, 8),
        shapely.box(5, 5, 6, 6),
        shapely.box(4, 1, 8, 3),
    ):
        assert clipped(square, other) == (None, 0.0)
    assert clipped(square, square)[1] == 16.0
