"""Polygons and rasters to be weighed: with holes, of several parts, partly outside, within one pixel."""

import shapely
from hypothesis import strategies as st

SHAPE = (6, 7)
TRANSFORMS = [
    (10.0, 0.0, 0.0, 0.0, -10.0, 60.0), (10.0, 0.0, 3.0, 0.0, 10.0, -7.0), (-12.5, 0.0, 70.0, 0.0, -8.0, 51.0),
]  # fmt: skip

whole = st.integers(-15, 85).map(float)
corners = st.tuples(*(st.one_of(whole, st.floats(-15, 85).map(lambda value: round(value, 3))) for _ in "xy"))


@st.composite
def polygons(draw):
    """A valid Polygon or MultiPolygon with an inside."""
    hull = shapely.MultiPoint(draw(st.lists(corners, min_size=3, max_size=7))).convex_hull
    hole = shapely.MultiPoint(draw(st.lists(corners, min_size=3, max_size=4))).convex_hull
    x, y = draw(corners)
    tiny = shapely.Polygon([(x, y), (x + 0.5, y + 0.125), (x + 0.25, y + 0.75)])
    far = shapely.transform(hull, lambda xy: xy * 0.25 + 60)
    shapes = [
        hull,
        hull.difference(hole),
        hull.union(far),
        hull.reverse(),
        tiny,
        hull.symmetric_difference(hole),
    ]
    areas = [each for each in shapes if each.geom_type in {"Polygon", "MultiPolygon"} and each.area > 1e-3]
    return draw(st.sampled_from(areas or [shapely.box(3, 3, 17, 19)]))
