"""Grids of rasters against odc-geo, and what is no grid."""

import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from stcloud.errors import InvalidInput
from stcloud.space.rastergrid import RasterGrid

GRID = RasterGrid("EPSG:32618", (30.0, 0.0, 500_000.0, 0.0, -30.0, 4_100_000.0), (20, 30))


def test_bounds_and_resolution_are_those_of_odc_geo():
    box = GeoBox(GRID.shape, Affine(*GRID.transform), GRID.crs)
    assert GRID.bounds == tuple(box.boundingbox)
    assert GRID.resolution == (box.resolution.x, -box.resolution.y)


def test_a_window_is_that_of_odc_geo():
    box = GeoBox(GRID.shape, Affine(*GRID.transform), GRID.crs)[3:10, 5:25]
    window = GRID.window(3, 5, 7, 20)
    assert window.transform == tuple(box.affine)[:6]
    assert window.shape == box.shape


def test_the_digest_is_that_of_equal_grids():
    assert GRID.digest() == RasterGrid(GRID.crs, GRID.transform, GRID.shape).digest()
    moved = (30.0, 0.0, 500_000.0 + 1e-9, 0.0, -30.0, 4_100_000.0)
    assert GRID.digest() != RasterGrid(GRID.crs, moved, GRID.shape).digest()


@pytest.mark.parametrize(
    ("transform", "shape"),
    [
        ((30.0, 0.0, 0.0, 0.0, 30.0, 0.0), (2, 2)),
        ((30.0, 1.0, 0.0, 0.0, -30.0, 0.0), (2, 2)),
        ((float("nan"), 0.0, 0.0, 0.0, -30.0, 0.0), (2, 2)),
        ((30.0, 0.0, 0.0, 0.0, -30.0, 0.0), (0, 2)),
    ],
)
def test_what_is_no_grid_is_refused(transform, shape):
    with pytest.raises(InvalidInput) as refused:
        RasterGrid("EPSG:32618", transform, shape)
    assert refused.value.kind == "no-grid"
