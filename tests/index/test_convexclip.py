"""Convex polygons are clipped as GEOS intersects them."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.index.convexclip import ConvexPolygons, clip_convex
from stcloud.index.kernel import plainly
from stcloud.testing.examples import examples

CORNER = np.array([500_000.0, 3_520_000.0])
POINTS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=3, max_size=9)


def hull(points):
    return shapely.transform(shapely.MultiPoint(points).convex_hull, lambda at: at + CORNER)


def clipped(one, other):
    polygons = [ConvexPolygons.of(np.array([shape], object)) for shape in (one, other)]
    place = np.array([0])
    shapes, areas = plainly(clip_convex, *polygons, place, place)
    return shapes[0], areas[0]


@given(POINTS, POINTS)
@settings(max_examples=examples(300))
def test_convex_polygons_share_what_geos_finds(first, second):
    one, other = hull(first), hull(second)
    if one.geom_type != "Polygon" or other.geom_type != "Polygon":
        return
    shape, area = clipped(one, other)
    expected = shapely.intersection(one, other).area
    assert abs(area - expected) < 1e-6
    if expected > 1e-6:
        assert abs(shape.area - area) < 1e-6
        assert (
            shapely.symmetric_difference(shapely.make_valid(shape), shapely.intersection(one, other)).area
            < 1e-6
        )


def test_what_is_convex_is_known():
    square, bent = shapely.box(0, 0, 4, 4), shapely.Polygon([(0, 0), (4, 0), (1, 1), (0, 4)])
    holed = shapely.Polygon(square.exterior.coords, [[(1, 1), (2, 1), (2, 2)]])
    clockwise = shapely.Polygon([(0, 0), (0, 4), (4, 4), (4, 0)])
    straight = shapely.Polygon([(0, 0), (2, 0), (4, 0), (4, 4), (0, 4)])
    shapes = np.array(
        [bent, square, holed, shapely.Point(1, 1), clockwise, straight, shapely.MultiPolygon([square])],
        object,
    )
    polygons = ConvexPolygons.of(shapes)
    assert polygons.convex.tolist() == [False, True, False, False, True, True, False]
    assert np.diff(polygons.start).tolist() == [0, 4, 0, 0, 4, 5, 0]


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
