"""Areas in squares: what shapely's intersection of each polygon with each square says."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.index.coverage import box_areas
from stcloud.testing.examples import examples

corners = st.tuples(st.integers(0, 40), st.integers(0, 40))


@st.composite
def areas(draw):
    hull = shapely.MultiPoint(draw(st.lists(corners, min_size=3, max_size=6))).convex_hull
    hole = shapely.MultiPoint(draw(st.lists(corners, min_size=3, max_size=4))).convex_hull
    far = shapely.transform(hull, lambda xy: xy + 60)
    shapes = [hull, hull.difference(hole), hull.union(far), hull.reverse()]
    return draw(
        st.sampled_from(
            [shape for shape in shapes if shape.geom_type in {"Polygon", "MultiPolygon"}]
            or [shapely.box(0, 0, 7, 7)]
        )
    )


def by_shapely(polygons, origin, side):
    """The area of each polygon in each square, one intersection after the other."""
    areas = {}
    for row, polygon in enumerate(polygons):
        if polygon.is_empty:
            continue
        first = np.floor((np.array(polygon.bounds[:2]) - origin) / side).astype(int)
        last = np.floor((np.array(polygon.bounds[2:]) - origin) / side).astype(int)
        for i in range(first[0], last[0] + 1):
            for j in range(first[1], last[1] + 1):
                west, south = origin[0] + i * side, origin[1] + j * side
                area = polygon.intersection(shapely.box(west, south, west + side, south + side)).area
                if area > 1e-9:
                    areas[row, west + side / 2, south + side / 2] = area
    return areas


@settings(max_examples=examples(60))
@given(
    st.lists(areas(), max_size=4),
    st.tuples(st.integers(-20, 20), st.integers(-20, 20)),
    st.sampled_from([3, 10, 64]),
)
def test_areas_in_squares_are_those_of_intersections(polygons, origin, side):
    row, x, y, area = box_areas(np.array(polygons, object), origin, side)
    assert (np.diff(row) >= 0).all()
    kept = area > 1e-9
    measured = dict(
        zip(
            zip(row[kept].tolist(), x[kept].tolist(), y[kept].tolist(), strict=True),
            area[kept].tolist(),
            strict=True,
        )
    )
    assert measured == pytest.approx(by_shapely(polygons, origin, side), abs=1e-9)
    if polygons:
        assert np.bincount(row, area, len(polygons)) == pytest.approx(shapely.area(polygons))


def test_an_empty_polygon_has_area_nowhere():
    empty, square = shapely.Polygon(), shapely.box(0, 0, 10, 10)
    assert [len(values) for values in box_areas(np.array([empty]), (0, 0), 10)] == [0, 0, 0, 0]
    row, x, y, area = box_areas(np.array([empty, square, empty]), (0, 0), 10)
    assert (row.tolist(), x.tolist(), y.tolist(), area.tolist()) == ([1], [5.0], [5.0], [100.0])


def test_areas_far_from_the_origin_lose_nothing():
    cell = shapely.box(38_571_250, 4_488_250, 38_571_350, 4_488_310)
    _, x, y, area = box_areas(np.array([cell]), (38_000_000, 4_000_000), 100)
    squares = zip(x.tolist(), y.tolist(), area.tolist(), strict=True)
    assert sorted(squares) == [
        (38_571_250.0, 4_488_250.0, 2500.0), (38_571_250.0, 4_488_350.0, 500.0),
        (38_571_350.0, 4_488_250.0, 2500.0), (38_571_350.0, 4_488_350.0, 500.0),
    ]  # fmt: skip


def test_too_many_squares_are_refused():
    with pytest.raises(InvalidInput) as caught:
        box_areas(np.array([shapely.box(0, 0, 1e6, 1e6)]), (0, 0), 10)
    assert caught.value.kind == "too-many-cells"
