"""Shapes asked for: they bend as the curve does, and stay what they were."""

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.space import project_shape
from stcloud.testing.examples import examples

CITY = "EPSG:32618"
FORWARD = pyproj.Transformer.from_crs("OGC:CRS84", CITY, always_xy=True)
PLACES = st.tuples(st.floats(-74.3, -73.6), st.floats(40.4, 41.0))
SHAPES = st.one_of(
    PLACES.map(shapely.Point),
    st.lists(PLACES, min_size=1, max_size=4).map(shapely.MultiPoint),
    st.lists(PLACES, min_size=2, max_size=4, unique=True).map(shapely.LineString),
    st.lists(st.lists(PLACES, min_size=2, max_size=3, unique=True), min_size=1, max_size=3).map(
        shapely.MultiLineString
    ),
    st.tuples(PLACES, st.floats(0.01, 0.3)).map(
        lambda at: shapely.box(*at[0], at[0][0] + at[1], at[0][1] + at[1])
    ),
)


@settings(deadline=None, max_examples=examples(40))
@given(st.one_of(SHAPES, st.lists(SHAPES, min_size=1, max_size=3).map(shapely.GeometryCollection)))
def test_a_shape_lies_where_its_finely_divided_twin_does(shape):
    found = project_shape(shape, CITY)
    fine = shapely.transform(
        shapely.segmentize(shape, 1e-3), lambda at: np.stack(FORWARD.transform(at[:, 0], at[:, 1]), axis=-1)
    )
    assert found.geom_type == shape.geom_type
    assert shapely.hausdorff_distance(found, fine) < 150  # points lie at other places of the same line
    assert shapely.distance(shapely.points(shapely.get_coordinates(fine)), found).max() < 0.01


@given(SHAPES)
def test_a_shape_in_the_citys_own_crs_is_left_as_it_is(shape):
    moved = shapely.transform(shape, lambda at: at * 100)
    assert project_shape(moved, CITY, CITY).equals(moved)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (shapely.Point(40.7, -174.0), "lon-lat-out-of-range"),
        (shapely.LineString(), "empty-area"),
        (shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "invalid-area"),
        (shapely.Point(15, 0), "area-not-projectable"),
    ],
)
def test_what_cannot_be_shown_is_refused(shape, kind):
    with pytest.raises(InvalidInput) as told:
        project_shape(shape, CITY)
    assert told.value.kind == kind
