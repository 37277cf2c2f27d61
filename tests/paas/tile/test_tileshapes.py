"""Shapes on tiles, beside shapely and pyproj: valid, wound rightly, and within a unit or two of where they are."""

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.tile.encoding import encode_layer
from stcloud.paas.tile.tags import tags_of
from stcloud.paas.tile.tileshapes import BUFFER, shapes_on_tile
from stcloud.space.tilegrid import EXTENT, HALF_SIDE_M, Tile
from stcloud.space.tilepixels import TilePixels
from stcloud.testing.examples import examples
from stcloud.testing.vectortiles import area_of, read_tile

CRS, LON, LAT = "EPSG:2193", 174.8, -41.3
EAST, NORTH = pyproj.Transformer.from_crs("OGC:CRS84", CRS, always_xy=True).transform(LON, LAT)
FORWARD = pyproj.Transformer.from_crs(CRS, "EPSG:3857", always_xy=True)
FRAME = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)


def laid(shapes, z, lon=LON, lat=LAT):
    """Return the features of a tile by the number of their shape, read back, and how many are invisible."""
    made = shapes_on_tile(np.array(shapes, object), TilePixels(CRS, Tile.at(lon, lat, z)))
    tags = tags_of({"row": pa.array(made.rows, pa.int64())}, len(made.rows))
    features = read_tile(encode_layer("a", made.commands, tags))["a"].features if len(made.rows) else []
    return {feature.attributes["row"]: feature for feature in features}, made.invisible


def oracle(shape, z):
    """Return a shape in units of the tile, its edges divided where they bend."""
    tile = Tile.at(LON, LAT, z)

    def forward(places):
        east, north = FORWARD.transform(*places.T)
        scale = (1 << z) * EXTENT / (2 * HALF_SIDE_M)
        across, down = (east + HALF_SIDE_M) * scale, (HALF_SIDE_M - north) * scale
        return np.stack([across - tile.x * EXTENT, down - tile.y * EXTENT], axis=1)

    dense = shapely.segmentize(shape, max(1.0, shapely.length(shape) / 2_000))
    return shapely.make_valid(shapely.transform(dense, forward))


@st.composite
def polygons(draw):
    """Stars, some with a hole, from metres to tens of kilometres, about the city."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = 10.0 ** draw(st.floats(0, 4.5))
    angles = np.sort(chance.uniform(0, 2 * np.pi, draw(st.integers(5, 40))))
    reach = size * chance.uniform(0.3, 1, len(angles))
    x, y = EAST + chance.uniform(-1, 1) * size, NORTH + chance.uniform(-1, 1) * size
    star = shapely.Polygon(np.stack([x + reach * np.cos(angles), y + reach * np.sin(angles)], axis=1))
    hole = shapely.Point(x, y).buffer(size * 0.2)
    shape = shapely.make_valid(star)
    return shape.difference(hole) if draw(st.booleans()) else shape


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(polygons(), min_size=1, max_size=4), st.sampled_from([6, 9, 11, 12, 14, 16, 19]))
def test_polygons_are_valid_wound_rightly_and_within_half_a_pixel(shapes, z):
    features, invisible = laid(shapes, z)
    met = 0
    for at, shape in enumerate(shapes):
        exact = shapely.intersection(oracle(shape, z), FRAME)
        feature = features.get(at)
        if feature is None:
            assert exact.buffer(-2.1).is_empty  # smaller or thinner than can be seen
            met += not exact.is_empty
            continue
        assert feature.kind == 3
        assert area_of(feature.paths[0]) > 0
        assert all(area_of(ring) != 0 for ring in feature.paths)
        drawn = feature.shape()
        assert drawn.is_valid
        assert shapely.covers(FRAME, drawn)
        # Half of a pixel of a tile of 512 pixels is 4 units.
        assert shapely.difference(drawn, exact.buffer(2.1)).area < 1e-6
        assert shapely.difference(exact.buffer(-2.1), drawn).area < 1e-6
    assert invisible <= met


@settings(max_examples=examples(40), deadline=None)
@given(st.integers(0, 2**32), st.floats(1, 4), st.sampled_from([6, 10, 12, 14, 17]))
def test_lines_are_within_half_a_pixel(seed, size, z):
    chance = np.random.default_rng(seed)
    places = np.array([EAST, NORTH]) + chance.uniform(-(10**size), 10**size, (12, 2))
    shape = shapely.LineString(places)
    features, invisible = laid([shape], z)
    exact = shapely.intersection(oracle(shape, z), FRAME)
    if not features:
        assert invisible == int(not exact.is_empty)
        assert exact.is_empty or exact.length < 12
        return
    drawn = features[0].shape()
    assert features[0].kind == 2
    assert shapely.covers(FRAME, drawn)
    assert shapely.hausdorff_distance(shapely.segmentize(drawn, 1), shapely.segmentize(exact, 1)) < 3


def test_points_lie_on_one_tile_and_lines_on_both_that_they_meet():
    tile = Tile.at(LON, LAT, 15)
    back = pyproj.Transformer.from_crs("EPSG:3857", CRS, always_xy=True)
    _, south, east, north = tile.bounds_m
    edge = shapely.Point(back.transform(east + 1, (south + north) / 2))
    beside = shapely.Point(back.transform(east - 1, (south + north) / 2))
    both = shapely.MultiPoint([edge, beside])
    line = shapely.LineString([edge, beside])
    features, invisible = laid([edge, beside, both, line, None, shapely.Point()], 15)
    assert (sorted(features), invisible) == ([1, 2, 3], 0)
    assert len(features[2].points) == 1
    neighbour = Tile(15, tile.x + 1, tile.y)
    west, low, right, high = neighbour.bounds_lonlat
    features, _ = laid([edge, beside, both, line], 15, (west + right) / 2, (low + high) / 2)
    assert sorted(features) == [0, 2, 3]


def test_a_collection_is_a_feature_of_each_kind_and_what_cannot_be_seen_is_counted():
    point = shapely.Point(EAST, NORTH)
    mixed = shapely.GeometryCollection([point, shapely.box(EAST, NORTH, EAST + 300, NORTH + 300)])
    tiny, far = point.buffer(0.5), shapely.box(EAST + 1e5, NORTH, EAST + 2e5, NORTH + 1e5)
    made = shapes_on_tile(np.array([mixed, tiny, far], object), TilePixels(CRS, Tile.at(LON, LAT, 10)))
    assert made.rows.tolist() == [0, 0]
    assert made.commands.kinds.tolist() == [1, 3]
    assert made.invisible == 1


def test_parts_that_come_together_on_whole_units_are_one():
    east, north = EAST, NORTH
    gap = 0.4 * 2 * HALF_SIDE_M / (1 << 14) / EXTENT
    parts = shapely.MultiPolygon([
        shapely.box(east, north, east + 100, north + 100),
        shapely.box(east + 100 + gap, north, east + 200, north + 100),
    ])  # fmt: skip
    features, _ = laid([parts], 14)
    assert features[0].shape().is_valid


@pytest.mark.parametrize("z", [0, 3])
def test_a_polygon_that_covers_the_tile_fills_it_and_its_buffer(z):
    around = shapely.box(EAST - 3e5, NORTH - 3e5, EAST + 3e5, NORTH + 3e5)
    features, _ = laid([around], 16)
    assert features[0].shape().equals(FRAME)
    features, _ = laid([around], z)
    assert features[0].shape().is_valid
