"""Places on streets: the nearest point of the nearest street, or none within the distance."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.reach.snappedplaces import SnappedPlaces, points_of
from stcloud.paas.reach.streetpieces import StreetPieces
from stcloud.testing.examples import examples

PLACE = st.tuples(st.integers(0, 60), st.integers(0, 60))


def shapes_of(made):
    shapes = np.empty(len(made), object)
    shapes[:] = made
    return shapes


def pieces_of(lines):
    count, shapes = len(lines), shapes_of(lines)
    ends, is_open = shapely.length(shapes), np.ones(count, np.bool_)
    zero = np.zeros(count)
    return StreetPieces(np.arange(count), zero.astype(np.int64), ends, zero, ends, is_open, is_open, shapes)


@settings(max_examples=examples(200))
@given(
    st.lists(st.tuples(PLACE, PLACE).filter(lambda ends: ends[0] != ends[1]), min_size=1, max_size=6),
    st.lists(PLACE, max_size=6),
    st.sampled_from([0.0, 5.0, 20.0]),
)
def test_law_of_snapping(drawn, places, most_m):
    lines, points = (
        [shapely.LineString(ends) for ends in drawn],
        shapes_of([shapely.Point(at) for at in places]),
    )
    snapped = SnappedPlaces.of(points, pieces_of(lines), most_m)
    for place, point in enumerate(points):
        far = [round(line.distance(point), 7) for line in lines]
        assert np.isclose(snapped.distance_m[place], min(far), atol=1e-6)
        if min(far) > most_m:
            assert snapped.piece[place] == -1
            continue
        assert snapped.piece[place] == far.index(min(far))  # the first of several
        street = lines[snapped.piece[place]]
        assert np.isclose(street.interpolate(snapped.at_m[place]).distance(point), min(far), atol=1e-6)


def test_what_has_no_place_has_no_street():
    snapped = SnappedPlaces.of(
        shapes_of([None, shapely.Point(1, 0)]), pieces_of([shapely.LineString([(0, 0), (9, 0)])]), 5
    )
    assert snapped.placed.tolist() == [False, True]
    assert np.isnan(snapped.distance_m[0])


@pytest.mark.parametrize("most_m", [0.0, 5.0])
def test_without_streets_nothing_is_placed(most_m):
    snapped = SnappedPlaces.of(shapes_of([shapely.Point(1, 0)]), pieces_of([]), most_m)
    assert not snapped.placed.any()


def test_a_point_stands_for_each_shape():
    ell = shapely.Polygon([(0, 0), (9, 0), (9, 1), (1, 1), (1, 9), (0, 9)])
    shapes = shapes_of([
        shapely.Point(3, 4, 5), ell, shapely.LineString([(0, 0), (10, 0)]), None, shapely.Point(),
        shapely.MultiPoint([(1, 1), (2, 2)]),
    ])  # fmt: skip
    points = points_of(shapes)
    assert points[0].equals(shapely.Point(3, 4))
    assert not points[0].has_z
    assert ell.contains(points[1])
    assert points[2].equals(shapely.Point(5, 0))
    assert points[3] is points[4] is None
    assert points[5].intersects(shapes[5])
