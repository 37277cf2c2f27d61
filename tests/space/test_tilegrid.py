"""The tile grid of web maps, beside pyproj."""

import pyproj
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.space import Level
from stcloud.space.tilegrid import FINEST_ZOOM, HALF_SIDE_M, Tile, cell_of_zoom
from stcloud.testing.examples import examples

MERCATOR = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:3857", always_xy=True)


@settings(max_examples=examples(60), deadline=None)
@example(lon=179.99999999999997, lat=0.0, z=0)
@given(lon=st.floats(-180, 180), lat=st.floats(-85.05, 85.05), z=st.integers(0, 20))
def test_a_place_lies_within_the_bounds_of_its_tile(lon, lat, z):
    tile = Tile.at(lon, lat, z)
    west, south, east, north = tile.bounds_lonlat
    assert west <= lon + 1e-9
    assert lon < east + 1e-9 or lon == 180
    assert south - 1e-9 <= lat <= north + 1e-9
    corners = MERCATOR.transform([west, east], [south, north])
    assert [*corners[0], *corners[1]] == pytest.approx([tile.bounds_m[i] for i in (0, 2, 1, 3)], abs=1e-5)


@settings(max_examples=examples(40), deadline=None)
@given(st.floats(-180, 179.9), st.floats(-85, 85), st.integers(0, FINEST_ZOOM - 1))
def test_a_tile_is_four_of_the_next_zoom(lon, lat, z):
    tile, finer = Tile.at(lon, lat, z), Tile.at(lon, lat, z + 1)
    assert (finer.x // 2, finer.y // 2) == (tile.x, tile.y)
    assert finer.side_m * 2 == tile.side_m


def test_the_grid_is_a_square_that_begins_in_the_north_west():
    assert Tile(0, 0, 0).bounds_m == (-HALF_SIDE_M, -HALF_SIDE_M, HALF_SIDE_M, HALF_SIDE_M)
    west, south, east, north = Tile(2, 0, 3).bounds_m
    assert (west, south, north) == pytest.approx((-HALF_SIDE_M, -HALF_SIDE_M, -HALF_SIDE_M / 2))
    assert east == pytest.approx(-HALF_SIDE_M / 2)


@pytest.mark.parametrize("address", [(-1, 0, 0), (25, 0, 0), (1, 2, 0), (1, 0, -1), (3, 0, 8), (0.5, 0, 0)])
def test_a_tile_that_is_not_there_is_refused(address):
    with pytest.raises(InvalidInput) as refused:
        Tile(*address)
    assert refused.value.kind == "unknown-tile"


@pytest.mark.parametrize("place", [(181, 0), (0, 86), (0, 90), (0, -89), (float("nan"), 0)])
def test_a_place_beyond_the_grid_is_refused(place):
    with pytest.raises(InvalidInput) as refused:
        Tile.at(*place, 3)
    assert refused.value.kind == "outside-tiles"


def test_cells_of_zooms_become_smaller_and_a_tile_has_no_more_than_some_ten_thousand():
    sides = [cell_of_zoom(z).side_m for z in range(FINEST_ZOOM + 1)]
    assert sides == sorted(sides, reverse=True)
    for z, side in enumerate(sides):
        across = Tile(z, 0, 0).side_m / side
        assert 16 <= across < 170 or cell_of_zoom(z) in (Level.M10, Level.KM1000)
