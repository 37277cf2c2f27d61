"""Segments: distances as shapely has_segments them."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.index.segment import distance, micrometres, segments_of

only_points = st.tuples(st.integers(-9, 9), st.integers(-9, 9))


@settings(deadline=None)
@given(only_points, only_points, only_points, st.sampled_from([0.0, 4_488_300.25]))
def test_distance_is_shapelys(spot, one, other, away):
    line = shapely.LineString(np.array([one, other]) + away)
    expected = shapely.Point(np.array(spot) + away).distance(line)
    found = distance(*(np.array([*spot, *one, *other]) + away))
    assert found == pytest.approx(expected, abs=1e-12)
    assert micrometres(found) == round(expected * 1e6)


def test_holes_parts_and_multiples_are_all_there():
    ring = shapely.box(0, 0, 9, 9).difference(shapely.box(3, 3, 6, 6))
    areas = shapely.MultiPolygon([ring, shapely.box(20, 0, 21, 1)])
    dots, loop = shapely.MultiPoint([(0, 0), (1, 1)]), shapely.LinearRing([(0, 0), (1, 0), (1, 1)])
    shapes = np.array([areas, None, dots, loop])
    segments = segments_of(shapes)
    assert np.bincount(segments.owner, minlength=4).tolist() == [12, 0, 2, 3]
    length = np.hypot(*(segments.ends[:, 2:] - segments.ends[:, :2]).T)
    assert np.bincount(segments.owner, length, 4) == pytest.approx(np.nan_to_num(shapely.length(shapes)))
