"""Shapes: the batch reader agrees with a plain loop, and every refusal has its example."""

import struct

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
import shapely.geometry
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.daas.load.geometry import read_shapes, same_shape
from stcloud.errors import InvalidInput
from stcloud.space import Datum, from_wgs84
from stcloud.testing.examples import examples
from stcloud.testing.space import polygons

CITY = "EPSG:32618"
EAST, NORTH = 585_000.0, 4_511_000.0
LONLAT = "OGC:CRS84"
BOW_TIE = [(0, 0), (10, 10), (10, 0), (0, 10)]
AWAY = pyproj.Transformer.from_crs(CITY, LONLAT, always_xy=True)
HOME = pyproj.Transformer.from_crs(LONLAT, CITY, always_xy=True)
DIMENSION = {"Point": 0, "LineString": 1, "Polygon": 2}


def there(shape):
    """A shape drawn around the origin, in the city."""
    return shapely.transform(shape, lambda xyz: xyz + [EAST, NORTH, 0][: xyz.shape[1]], include_z=shape.has_z)


def to_degrees(shape):
    flat = shapely.transform(there(shape), AWAY.transform, interleaved=False)
    return shapely.force_3d(flat, 7.0) if shape.has_z else flat


def wkb(*shapes, **how):
    return pa.array(shapely.to_wkb(np.array(shapes, object), **how), pa.binary())


def read(*shapes, crs=CITY, city_crs=CITY, **how):
    given_wkb = shapes[0] if len(shapes) == 1 and isinstance(shapes[0], pa.Array) else wkb(*shapes)
    return read_shapes(given_wkb, crs=crs, city_crs=city_crs, **how)


def one(shape, **how):
    """Outcome, geometry and repaired of one shape."""
    found = read(shape, **how)
    assert len(found.outcome) == len(found.wkb) == len(found.bounds) == len(found.repaired) == 1
    return found.outcome[0].as_py(), shapely.from_wkb(found.wkb[0].as_py()), bool(found.repaired[0])


def walked(coordinates):
    if isinstance(coordinates[0], float):
        return HOME.transform(*coordinates[:2])
    return [walked(one) for one in coordinates]


def plain(shape, kinds, invalid):
    """The same by scalar shapely and pyproj, one feature at a time."""
    if shape is None or shape.is_empty:
        return None, None
    kind = shape.geom_type.removeprefix("Multi")
    if kinds and kind not in kinds:
        return "other-kind", None
    written = shapely.geometry.mapping(shape)
    moved = shapely.geometry.shape({**written, "coordinates": walked(written["coordinates"])})
    if not moved.is_valid:
        if invalid == "reject":
            return "invalid-geometry", None
        moved = shapely.make_valid(moved, method="structure", keep_collapsed=False)
        parts = getattr(moved, "geoms", [moved])
        left = [part for part in parts if not part.is_empty and (part.area > 0) == (kind == "Polygon")]
        if not left:
            return "invalid-geometry", None
        moved = shapely.union_all(left)
    return None, moved


corners = st.tuples(st.integers(-9, 9), st.integers(-9, 9))
tangles = st.lists(corners, min_size=3, max_size=9).map(shapely.Polygon)
lines = st.lists(corners, min_size=2, max_size=6, unique=True).map(shapely.LineString)
raised = polygons(radius=50.0).map(lambda shape: shapely.force_3d(shape, 7.0))
multis = st.lists(tangles | polygons(radius=9.0), min_size=1, max_size=3).map(shapely.MultiPolygon)
points = st.lists(corners, max_size=3).map(shapely.MultiPoint)
shapes = st.none() | points | lines | tangles | multis | raised | polygons(radius=50.0)
in_degrees = shapes.map(lambda shape: shape and to_degrees(shape))


@given(
    st.lists(in_degrees, max_size=6),
    st.none() | st.frozensets(st.sampled_from(sorted(DIMENSION)), min_size=1),
    st.sampled_from(["repair", "reject"]),
)
@settings(deadline=None, max_examples=examples(80))
def test_a_batch_is_read_as_a_loop_reads_it(drawn, kinds, invalid):
    """Law: outcome, place and bounds of each row are those of scalar shapely and pyproj."""
    found = read(*drawn, crs=LONLAT, kinds=kinds, invalid=invalid)
    for at, shape in enumerate(drawn):
        outcome, expected = plain(shape, kinds, invalid)
        assert found.outcome[at].as_py() == outcome
        if expected is None:
            assert not found.wkb[at].is_valid
            assert np.isnan(found.bounds[at]).all()
            continue
        kept = shapely.from_wkb(found.wkb[at].as_py())
        assert kept.is_valid
        assert not kept.has_z
        assert found.flattened[at] == shape.has_z
        assert kept.hausdorff_distance(expected) < 1e-6
        assert abs(kept.area - expected.area) < 1e-6
        np.testing.assert_allclose(found.bounds[at], expected.bounds, atol=1e-6)


@given(st.lists(in_degrees, max_size=6))
@settings(deadline=None, max_examples=examples(60))
def test_what_was_read_is_read_again_unchanged(drawn):
    """Law: reading from the city's CRS what was read into it changes no byte and repairs nothing."""
    first = read(*drawn, crs=LONLAT)
    again = read(first.wkb)
    assert again.wkb == first.wkb
    assert again.outcome.null_count == len(drawn)
    assert not again.repaired.any()
    np.testing.assert_array_equal(again.bounds, first.bounds)


@given(st.lists(shapes, min_size=1, max_size=6), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=examples(30))
def test_a_row_is_read_alike_in_any_company(drawn, chance):
    """Law: the rows of a batch do not know each other."""
    placed = [shape and there(shape) for shape in drawn]
    order = list(range(len(placed)))
    chance.shuffle(order)
    found, shuffled = read(*placed), read(*(placed[at] for at in order))
    for at, before in enumerate(order):
        assert shuffled.wkb[at] == found.wkb[before]
        assert shuffled.outcome[at] == found.outcome[before]
        assert shuffled.repaired[at] == found.repaired[before]


def test_no_rows():
    found = read(pa.array([], pa.binary()))
    assert (len(found.wkb), len(found.outcome), found.bounds.shape) == (0, 0, (0, 4))


@pytest.mark.parametrize("text", ["POLYGON EMPTY", "POINT EMPTY", "GEOMETRYCOLLECTION (POINT EMPTY)"])
def test_an_empty_geometry_is_no_place(text):
    found = read(shapely.from_wkt(text), None, kinds=frozenset({"LineString"}))
    assert found.wkb.null_count == found.outcome.null_count == 2
    assert found.empty.tolist() == [True, False]


CURVE = bytes.fromhex("010800000003000000") + struct.pack("<6d", 0, 0, 1, 1, 2, 0)
SURFACE = bytes.fromhex("010f00000000000000")


@pytest.mark.parametrize("raw", [b"", b"POINT (1 2)", b"\x01\x03", CURVE, SURFACE])
def test_what_is_no_geometry_leaves_its_neighbours_alone(raw):
    point = there(shapely.Point(1, 2))
    found = read(pa.array([raw, point.wkb, raw, None], pa.binary()))
    assert found.outcome.to_pylist() == ["unreadable-geometry", None, "unreadable-geometry", None]
    assert found.wkb[1].as_py() == point.wkb


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_coordinates_that_are_not_finite(bad):
    corners = np.array([[0.0, 0.0], [9.0, bad], [9.0, 9.0], [0.0, 0.0]])
    line, ring = struct.pack("<BII", 1, 2, 4), struct.pack("<BIII", 1, 3, 1, 4)
    found = read(pa.array([line + corners.tobytes(), ring + corners.tobytes()], pa.binary()))
    assert found.outcome.to_pylist() == ["not-finite", "not-finite"]


def test_swapped_axes_and_a_wrong_crs_are_outside():
    place = shapely.Point(-73.99, 40.75)
    swapped, metres = shapely.Point(40.75, -73.99), there(shapely.Point(0, 0))
    assert one(place, crs=LONLAT)[0] is None
    assert one(swapped, crs=LONLAT)[0] == "outside-crs"
    assert one(metres, crs=LONLAT)[0] == "outside-crs"
    assert one(place)[0] == "outside-crs"
    assert one(metres, crs="EPSG:2263")[0] == "outside-crs"


def test_one_vertex_outside_is_enough():
    assert one(shapely.box(-74, 40, -73, 41), crs=LONLAT)[0] is None
    assert one(shapely.box(-74, 40, -60, 41), crs=LONLAT)[0] == "outside-crs"


def test_null_island_is_a_place_like_others():
    assert one(shapely.Point(0, 0), crs=LONLAT, city_crs="EPSG:32631")[0] is None


@pytest.mark.parametrize("hole", [False, True])
def test_a_ring_that_jumps_at_the_antimeridian(hole):
    fiji = {"crs": LONLAT, "city_crs": "EPSG:3460"}
    jumping = shapely.Polygon([(179, -18), (-179.5, -18), (-179.5, -17), (179, -17)])
    split = shapely.MultiPolygon([shapely.box(179, -18, 180, -17), shapely.box(-180, -18, -179.5, -17)])
    assert one(jumping, **fiji)[0] == "antimeridian"
    assert one(shapely.MultiPolygon([split.geoms[0], jumping]), **fiji)[0] == "antimeridian"
    assert one(jumping.exterior if hole else shapely.LineString([(179, -18), (-179.5, -18)]), **fiji)[0] == (
        "antimeridian"
    )
    assert one(split, **fiji)[0] is None


def test_a_bow_tie_becomes_two_triangles_or_is_rejected():
    bow_tie = there(shapely.Polygon(BOW_TIE))
    outcome, mended, repaired = one(bow_tie)
    assert (outcome, repaired, mended.geom_type, mended.area) == (None, True, "MultiPolygon", 50)
    assert one(bow_tie, invalid="reject") == ("invalid-geometry", None, False)


def test_a_hole_that_lies_outside_is_no_hole():
    square, far = shapely.box(0, 0, 9, 9), shapely.box(20, 20, 21, 21)
    outcome, mended, repaired = one(there(shapely.Polygon(square.exterior, [far.exterior])))
    assert (outcome, repaired) == (None, True)
    assert mended.is_valid
    assert mended.intersection(there(square)).area == 81


def test_a_repair_keeps_no_lines_or_points():
    spike = there(shapely.Polygon([(0, 0), (9, 0), (9, 9), (9, 30), (9, 9), (0, 9)]))
    outcome, mended, repaired = one(spike)
    assert (outcome, repaired, mended.geom_type, mended.area) == (None, True, "Polygon", 81)


@pytest.mark.parametrize("text", ["POLYGON ((0 0, 9 9, 0 0, 0 0))", "LINESTRING (3 3, 3 3)"])
@pytest.mark.parametrize("invalid", ["repair", "reject"])
def test_nothing_left_is_invalid(text, invalid):
    assert one(there(shapely.from_wkt(text)), invalid=invalid) == ("invalid-geometry", None, False)


def test_an_unclosed_ring_is_closed_or_rejected():
    raw = bytearray(there(shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)])).wkb)
    raw[9:13] = struct.pack("<I", 4)
    unclosed = pa.array([bytes(raw[:-16])], pa.binary())
    outcome, mended, repaired = one(unclosed)
    assert (outcome, repaired, mended.area) == (None, True, 81)
    assert one(unclosed, invalid="reject")[0] == "invalid-geometry"


def test_collections():
    square, line = shapely.box(0, 0, 9, 9), shapely.LineString([(0, 0), (9, 9)])
    nested = shapely.GeometryCollection([square, shapely.GeometryCollection([shapely.box(20, 0, 29, 9)])])
    outcome, kept, repaired = one(there(nested), kinds=frozenset({"Polygon"}))
    assert (outcome, repaired, kept.geom_type, kept.area) == (None, False, "MultiPolygon", 162)
    assert one(there(shapely.GeometryCollection([square, line])))[0] == "mixed-geometry"
    assert one(there(shapely.GeometryCollection([line, shapely.Polygon()])))[1].geom_type == "MultiLineString"
    overlapping = shapely.GeometryCollection([square, shapely.box(5, 0, 14, 9)])
    assert one(there(overlapping))[1].area == pytest.approx(14 * 9)


def test_kinds():
    square, point = there(shapely.box(0, 0, 9, 9)), there(shapely.Point(0, 0))
    found = read(square, point, shapely.MultiPolygon([square]), None, kinds=frozenset({"Polygon"}))
    assert found.outcome.to_pylist() == [None, "other-kind", None, None]
    with pytest.raises(InvalidInput) as told:
        read(square, kinds=frozenset({"polygon"}))
    assert told.value.kind == "unknown-kind"


@pytest.mark.parametrize("how", [{"flavor": "iso"}, {"flavor": "extended", "include_srid": True}])
def test_heights_and_measures_are_dropped_and_told(how):
    flat, high = there(shapely.Point(1, 2)), there(shapely.Point(1, 2, 3))
    measured = shapely.from_wkt(f"POINT M ({EAST + 1} {NORTH + 2} 3)")
    found = read(wkb(flat, high, measured, **how))
    assert found.wkb.to_pylist() == [flat.wkb] * 3
    assert found.flattened.tolist() == [False, True, True]


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_a_shifted_datum_is_shifted_back_at_each_vertex(datum):
    square = shapely.box(121.47, 31.23, 121.48, 31.24)
    shifted = shapely.transform(square, lambda x, y: from_wgs84(x, y, datum), interleaved=False)
    cities = {"crs": LONLAT, "city_crs": "EPSG:4528"}
    true, back = one(square, **cities)[1], one(shifted, datum=datum, **cities)[1]
    assert np.abs(shapely.get_coordinates(true) - shapely.get_coordinates(back)).max() < 0.01
    assert (
        np.abs(shapely.get_coordinates(true) - shapely.get_coordinates(one(shifted, **cities)[1])).max() > 300
    )


def moved(shape, distance):
    return shapely.transform(shape, lambda xy: xy + np.array([distance, 0]))


rounded = st.lists(st.floats(-0.0003, 0.0003), min_size=2, max_size=2)


@given(polygons(), st.integers(0, 30), st.booleans(), st.lists(rounded, min_size=60, max_size=60))
@settings(deadline=None, max_examples=examples(60))
def test_rounding_and_another_start_are_no_change(shape, turn, flip, noise):
    """Law: a ring that starts elsewhere, runs the other way, has one more vertex and is rounded is the same."""
    ring = np.asarray(shape.exterior.coords)[:-1]
    middle = (ring[0] + ring[1]) / 2
    other = np.insert(ring, 1, middle, axis=0)
    other = np.roll(other, turn, axis=0) + np.asarray(noise)[: len(other)]
    changed = shapely.Polygon(other[::-1] if flip else other, shape.interiors)
    if not changed.is_valid:
        return
    a, b = wkb(shape, moved(shape, 0.01), None, None), wkb(changed, shape, None, shape)
    assert same_shape(a, b).tolist() == same_shape(b, a).tolist() == [True, False, True, False]


def test_what_is_near_is_not_the_same():
    square, line = shapely.box(0, 0, 9, 9), shapely.LineString([(0, 0), (9, 0)])
    gap = shapely.MultiLineString([[(0, 0), (1, 0)], [(8, 0), (9, 0)]])
    holed = shapely.Polygon(square.exterior, [shapely.box(1, 1, 2, 2).exterior])
    sliver = shapely.box(0, 0, 9, 0.0005)
    pairs = [
        (square, holed), (line, gap), (line, sliver), (square, None), (square, square.exterior),
        (shapely.Point(0, 0), shapely.Point(0, 0.002)),
    ]  # fmt: skip
    a, b = (wkb(*side) for side in zip(*pairs, strict=True))
    assert not same_shape(a, b).any()
    assert same_shape(a, a).all()


def test_a_multi_of_one_part_and_a_tolerance_of_ones_own():
    square, point = shapely.box(0, 0, 9, 9), shapely.Point(0, 0)
    a, b = wkb(square, point), wkb(shapely.MultiPolygon([square]), shapely.Point(0.4, 0))
    assert same_shape(a, b).tolist() == [True, False]
    assert same_shape(a, b, tolerance_m=0.5).tolist() == [True, True]
    assert same_shape(a.slice(0, 0), b.slice(0, 0)).tolist() == []
