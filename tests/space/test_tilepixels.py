"""Places on tiles, beside pyproj: every place lies on exactly one tile of a zoom, and within the tile's box."""

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.space import LONLAT, inside_area_of_use, project
from stcloud.space.tilegrid import EXTENT, HALF_SIDE_M, Tile
from stcloud.space.tilepixels import OFF_TILE, TilePixels
from stcloud.testing.examples import examples

CITIES = {"EPSG:4548": (117.05, 31.9), "EPSG:2193": (174.8, -41.3), "EPSG:32618": (-74.0, 40.7)}


@settings(max_examples=examples(30), deadline=None)
@given(st.sampled_from(sorted(CITIES)), st.integers(0, 22), st.integers(0, 2**32), st.floats(1, 5_000))
def test_every_place_lies_on_one_tile_in_the_unit_that_pyproj_says(crs, z, seed, reach_m):
    chance = np.random.default_rng(seed)
    middle = project(*CITIES[crs], LONLAT, crs)
    x, y = (float(axis) + chance.uniform(-reach_m, reach_m, 20) for axis in middle)
    east, north = pyproj.Transformer.from_crs(crs, "EPSG:3857", always_xy=True).transform(x, y)
    scale = (1 << z) * EXTENT / (2 * HALF_SIDE_M)
    across, down = np.floor((east + HALF_SIDE_M) * scale), np.floor((HALF_SIDE_M - north) * scale)
    tiles = {(int(column), int(row)) for column, row in zip(across // EXTENT, down // EXTENT, strict=True)}
    held = np.zeros(20, int)
    for column, row in tiles:
        units = TilePixels(crs, Tile(z, column, row)).units(x, y)
        on_tile = units[0] != OFF_TILE
        held += on_tile
        assert (units[0][on_tile] == (across - column * EXTENT)[on_tile]).mean() > 0.9  # but for rounding
        assert np.abs(units[1][on_tile] - (down - row * EXTENT)[on_tile]).max(initial=0) <= 1
    assert held.tolist() == [1] * 20


@pytest.mark.parametrize("z", [1, 4, 6, 8, 11, 15, 20])
@pytest.mark.parametrize(("crs", "lon"), [("EPSG:4548", None), ("EPSG:2193", None), ("EPSG:2193", -179.99)])
def test_the_box_holds_all_of_the_tile_that_the_crs_is_used_for(crs, lon, z):
    place = CITIES[crs]
    tile = Tile.at(lon or place[0], place[1], z)
    west, south, east, north = tile.bounds_lonlat
    chance = np.random.default_rng(z)
    lons, lats = chance.uniform(west, east, 3_000), chance.uniform(south, north, 3_000)
    used = inside_area_of_use(lons, lats, crs)
    x, y = project(lons[used], lats[used], LONLAT, crs)
    box = TilePixels(crs, tile).box
    assert box is not None
    assert ((x >= box[0]) & (x <= box[2]) & (y >= box[1]) & (y <= box[3])).all()


def test_a_tile_far_from_the_city_holds_nothing_and_is_known_to():
    pixels = TilePixels("EPSG:4548", Tile.at(-60, -30, 6))
    assert pixels.box == (1.0, 1.0, 0.0, 0.0)
    assert pixels.units(np.array([500_000.0]), np.array([3_500_000.0]))[0].tolist() == [OFF_TILE]


@pytest.mark.parametrize("z", [9, 14, 20])
@pytest.mark.parametrize("crs", sorted(CITIES))
def test_places_at_the_edges_of_tiles_lie_on_one(crs, z):
    tile = Tile.at(*CITIES[crs], z)
    west, south, east, north = tile.bounds_m
    chance, unit = np.random.default_rng(z), tile.side_m / EXTENT
    off = np.concatenate([[0.0], chance.uniform(-4, 4, 60), chance.uniform(-1e-6, 1e-6, 39)]) * unit
    along = chance.uniform(west, east, 100), chance.uniform(south, north, 100)
    edges = [(np.full(100, x) + off, along[1]) for x in (west, east)]
    edges += [(along[0], np.full(100, y) + off) for y in (south, north)]
    back = pyproj.Transformer.from_crs("EPSG:3857", crs, always_xy=True)
    x, y = back.transform(*(np.concatenate(axis) for axis in zip(*edges, strict=True)))
    held = np.zeros(len(x), int)
    for i, j in np.ndindex(3, 3):
        units = TilePixels(crs, Tile(z, tile.x + i - 1, tile.y + j - 1)).units(x, y)
        on_tile = units[0] != OFF_TILE
        held += on_tile
        assert all(((axis[on_tile] >= 0) & (axis[on_tile] < EXTENT)).all() for axis in units)
    assert held.tolist() == [1] * len(x)


def test_what_has_no_place_lies_on_no_tile():
    pixels = TilePixels("EPSG:4548", Tile.at(117, 31.6, 12))
    assert pixels.units(np.array([np.nan]), np.array([3_500_000.0]))[0].tolist() == [OFF_TILE]


@pytest.mark.parametrize("z", [1, 5, 12])
def test_a_place_on_the_meridian_of_180_degrees_lies_on_one_tile(z):
    x, y = project([180.0, -180.0], [-44.0, -44.0], LONLAT, "EPSG:2193")
    row = Tile.at(0, -44, z).y
    tiles = [TilePixels("EPSG:2193", Tile(z, column, row)) for column in (0, (1 << z) - 1)]
    assert sum((tile.units(x, y)[0] != OFF_TILE).astype(int) for tile in tiles).tolist() == [1, 1]
