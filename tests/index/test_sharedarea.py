"""Areas share what GEOS says they share, whichever way it is computed."""

import numpy as np
import pytest
import shapely

from stcloud.index import sharedarea
from stcloud.index.sharedarea import Areas, areal, shared_areas


@pytest.fixture(params=[True, False], ids=["compiled", "GEOS"])
def way(request, monkeypatch):
    monkeypatch.setattr(sharedarea, "clipping_pays", lambda _: request.param)


def test_every_pair_of_unlike_areas(way):
    ring = shapely.box(0, 0, 10, 10).difference(shapely.box(3, 3, 6, 6))
    bent = shapely.Polygon([(0, 0), (10, 0), (2, 2), (0, 10)])
    many = shapely.MultiPolygon([shapely.box(0, 0, 2, 2), shapely.box(8, 8, 12, 12)])
    shapes = np.array(
        [ring, bent, many, shapely.box(1, 1, 9, 9), shapely.box(4, 4, 5, 5), shapely.box(50, 0, 60, 9)]
    )
    left, right = (rows.ravel() for rows in np.meshgrid(np.arange(6), np.arange(6), indexing="ij"))
    areas = Areas.of(shapes)
    shared = shared_areas(areas, areas, left, right)
    expected = shapely.intersection(shapes[left], shapes[right])
    assert shared.area_m2 == pytest.approx(shapely.area(expected))
    rows = np.flatnonzero(shared.area_m2)[::-1]
    assert shapely.area(shapely.from_wkb(shared.wkb(rows).to_numpy(zero_copy_only=False))) == pytest.approx(
        shapely.area(expected[rows])
    )


def test_only_what_has_an_area_is_kept():
    touching = shapely.GeometryCollection(
        [shapely.LineString([(0, 0), (1, 1)]), shapely.box(0, 0, 1, 1), shapely.box(3, 0, 4, 1)]
    )
    kept = areal(np.array([touching, shapely.LineString([(0, 0), (1, 1)]), shapely.Polygon()], object))
    assert [shape is None for shape in kept] == [False, True, True]
    assert (kept[0].geom_type, kept[0].area) == ("MultiPolygon", 2.0)
