"""Grids that are wanted, against odc-geo."""

import pytest
from odc.geo.geobox import GeoBox
from odc.geo.geom import BoundingBox

from stcloud.errors import InvalidInput
from stcloud.paas.scene.target import target_grid
from stcloud.space.rastergrid import RasterGrid

A = RasterGrid("EPSG:32618", (30.0, 0.0, 500_010.0, 0.0, -30.0, 4_100_010.0), (20, 30))
B = A.window(-5, 40, 10, 10)


def test_grids_of_one_lattice_are_joined():
    grid = target_grid([A, B], None, None, None)
    assert grid == A.window(-5, 0, 25, 50)
    assert target_grid([A], None, "EPSG:32618", None) == A


@pytest.mark.parametrize("resolution", [7.0, 30.0, 100.0])
def test_a_resolution_makes_the_grid_of_odc_geo(resolution):
    grid = target_grid([A], None, None, resolution)
    box = GeoBox.from_bbox(
        BoundingBox(*A.bounds, crs="EPSG:32618"), resolution=resolution, tight=False, anchor="edge"
    )
    assert grid.transform == pytest.approx(tuple(box.affine)[:6])
    assert grid.shape == box.shape


def test_another_crs_covers_the_whole_box():
    grid = target_grid([A], None, "EPSG:3857", 30)
    west, south, east, north = grid.bounds
    from stcloud.space import project

    x, y = project([A.bounds[0], A.bounds[2]], [A.bounds[1], A.bounds[3]], A.crs, "EPSG:3857")
    assert west <= min(x)
    assert east >= max(x)
    assert south <= min(y)
    assert north >= max(y)


def test_a_box_that_no_scene_reaches_into_is_refused():
    west, south, east, north = -75.01, 36.9, -74.9, 37.1
    assert target_grid([A], (west, south, east, north), None, None).shape[0] > 100
    with pytest.raises(InvalidInput, match="no scene") as refused:
        target_grid([A], (0, 0, 1, 1), None, None)
    assert refused.value.kind == "outside-scenes"
