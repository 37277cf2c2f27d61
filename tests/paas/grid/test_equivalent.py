"""Equivalents: checked against published examples and plain implementations of the rules."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput, MissingExtra
from stcloud.paas.grid import equivalent
from stcloud.space import LONLAT, Lattice, Level, project
from stcloud.testing.examples import examples

LONS, LATS = st.floats(-179.99, 179.99), st.floats(-87.99, 87.99)
UTM = Lattice("EPSG:32618", (-4_000_000, -1_000_000))
LAEA = Lattice("EPSG:3035", (0, 0))
COLUMNS, ROWS = ("ABCDEFGH", "JKLMNPQR", "STUVWXYZ"), "ABCDEFGHJKLMNPQRSTUV"


def plain_mgrs(x, y, zone, lat, digits):
    """Square of a point in a UTM zone by the published lettering."""
    column = COLUMNS[(zone - 1) % 3][int(x // 100_000) - 1]
    row = ROWS[(int(y // 100_000) + (0 if zone % 2 else 5)) % 20]
    band = "CDEFGHJKLMNPQRSTUVWX"[int((lat + 80) // 8)]
    east, north = (str(int(one % 100_000)).rjust(5, "0")[:digits] for one in (x, y))
    return f"{zone:02}{band}{column}{row}{east}{north}"


@given(
    st.floats(-77.5, -72.5), st.floats(1, 71), st.sampled_from([Level.KM10, Level.KM1, Level.M100, Level.M10])
)
@settings(deadline=None, max_examples=examples(60))
def test_a_cell_is_the_square_of_mgrs(lon, lat, level):
    """Law: a cell in its zone has the name that the published lettering gives its centre."""
    x, y = project(lon, lat, LONLAT, UTM.crs)
    cell = UTM.cells(x, y, level)
    centre_x, centre_y = UTM.centres(cell)
    _, centre_lat = project(centre_x, centre_y, UTM.crs, LONLAT)
    expected = plain_mgrs(float(centre_x), float(centre_y), 18, float(centre_lat), (level - 5) // 2)
    assert equivalent.mgrs(cell, UTM).to_pylist() == [expected]


def test_mgrs_south_of_the_equator_and_of_several_levels():
    lattice = Lattice("EPSG:32748", (0, 9_000_000))
    cells = [
        lattice.cells(700_050.0, 9_310_050.0, level).item() for level in (Level.KM100, Level.KM1, Level.M100)
    ]
    assert equivalent.mgrs(cells, lattice).to_pylist() == ["48MYU", "48MYU0010", "48MYU000100"]


def test_a_cell_across_the_edge_of_a_zone_has_no_square():
    x, y = project(-72.0, 40.7, LONLAT, UTM.crs)
    for lattice, cell in (
        (UTM, UTM.cells(x, y, Level.M100).item()),
        (UTM, UTM.cells(x + 50_000, y, Level.M100).item()),
        (UTM, UTM.cells(500_000.0, 4_500_000.0, Level.KM1000).item()),
        (Lattice("EPSG:26918", UTM.origin), 14555803793),
        (Lattice("EPSG:4527", (39_000_000, 0)), 14555803793),
    ):
        with pytest.raises(InvalidInput) as error:
            equivalent.mgrs([cell], lattice)
        assert error.value.kind == "no-equivalent"


@given(st.integers(0, 9_999_999), st.integers(0, 9_999_999), st.sampled_from(list(Level)[1:]))
@settings(deadline=None, max_examples=examples(60))
def test_inspire_names_the_south_west_corner(x, y, level):
    """Law: the long form tells the corner, from which the cell is found again."""
    cell = LAEA.cells(float(x), float(y), level)
    (text,) = equivalent.inspire(cell, LAEA).to_pylist()
    side, north, east = text.removeprefix("CRS3035RES").replace("mN", " ").replace("E", " ").split()
    assert int(side) == level.side_m
    assert LAEA.cells(float(east), float(north), level) == cell
    (short,) = equivalent.inspire(cell, LAEA, form="short").to_pylist()
    assert short == f"{level.label}N{int(north) // level.side_m}E{int(east) // level.side_m}"


def test_inspire_is_of_its_own_crs_only():
    for lattice, cell in (
        (UTM, 14555803793), (LAEA, LAEA.cells(1.0, 1.0, Level.KM1000).item()),
        (Lattice("+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +datum=WGS84", (0, 0)), 14555803793),
        (Lattice("EPSG:3035", (-1_000_000, 0)), Lattice("EPSG:3035", (-1_000_000, 0)).cells(-5.0, 5.0).item()),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as error:
            equivalent.inspire([cell], lattice)
        assert error.value.kind == "no-equivalent"
    with pytest.raises(InvalidInput, match=r"EPSG:32618.*beidou, h3 or geohash"):
        equivalent.inspire([14555803793], UTM)


def plain_beidou(lon, lat):
    """Walk down the levels of the published structure in whole millionths of a second."""
    x, y = (round(abs(one) * 3_600_000_000) for one in (lon, lat))
    column, row = x // 21_600_000_000, y // 14_400_000_000
    text = (
        ("S" if lat < 0 else "N")
        + f"{30 - column if lon < 0 else 31 + column:02}"
        + "ABCDEFGHIJKLMNOPQRSTUV"[row]
    )
    x, y = x % 21_600_000_000, y % 14_400_000_000
    text += f"{x // 1_800_000_000:X}{y // 1_800_000_000:X}"
    x, y = x % 1_800_000_000, y % 1_800_000_000
    text += str(x // 900_000_000 + 2 * (y // 600_000_000))
    x, y = x % 900_000_000, y % 600_000_000
    text += f"{x // 60_000_000:X}{y // 60_000_000:X}"
    return text + f"{x % 60_000_000 // 4_000_000:X}{y % 60_000_000 // 4_000_000:X}"


def beidou_corner(code):
    """Corner of a code's cell next to the equator and Greenwich, in seconds."""
    column, row = int(code[1:3]), ord(code[3]) - ord("A")
    west = column < 31
    x, y = (30 - column if west else column - 31) * 21_600, row * 14_400
    x, y = x + int(code[4], 16) * 1800, y + int(code[5], 16) * 1800
    x, y = x + int(code[6]) % 2 * 900, y + int(code[6]) // 2 * 600
    x, y = x + int(code[7], 16) * 60 + int(code[9], 16) * 4, y + int(code[8], 16) * 60 + int(code[10], 16) * 4
    return (-x if west else x), (-y if code[0] == "S" else y)


@pytest.mark.parametrize(
    ("sign", "code"), [((1, 1), "N50J47539B8"), ((-1, -1), "S11J47539B8"), ((-1, 1), "N11J47539B8")]
)
def test_the_published_example_of_beidou(sign, code):
    """116°18'45.37" E 39°59'35.38" N, the example that implementations share; the hemispheres mirror it."""
    lon, lat = 116 + 18 / 60 + 45.37 / 3600, 39 + 59 / 60 + 35.38 / 3600
    assert equivalent.beidou([sign[0] * lon], [sign[1] * lat]).to_pylist() == [code]


@given(st.lists(st.tuples(LONS, LATS), min_size=1, max_size=20))
@settings(deadline=None, max_examples=examples(60))
def test_a_beidou_code_is_of_the_cell_of_its_point(points):
    """Law: the code is the plain one, and the point is within four seconds of its corner."""
    lons, lats = map(np.array, zip(*points, strict=True))
    codes = equivalent.beidou(lons, lats).to_pylist()
    assert codes == [plain_beidou(*point) for point in points]
    for code, (lon, lat) in zip(codes, points, strict=True):
        x, y = beidou_corner(code)
        assert -1e-6 <= abs(lon * 3600) - abs(x) <= 4 + 1e-6
        assert -1e-6 <= abs(lat * 3600) - abs(y) <= 4 + 1e-6


@given(st.integers(0, 161_999), st.integers(0, 79_199), st.sampled_from([1, -1]))
@settings(deadline=None, max_examples=examples(100))
def test_an_edge_in_degrees_is_where_it_is_meant(column, row, sign):
    """Law: the code of a cell's corner, written in degrees, is the cell's own."""
    lon, lat = sign * column * 4 / 3600, row * 4 / 3600
    (code,) = equivalent.beidou([lon], [lat]).to_pylist()
    assert tuple(map(abs, beidou_corner(code))) == (column * 4, row * 4)


def test_the_poles_have_other_grids():
    for place in ((0.0, 88.0), (180.0, 10.0), (-180.0, 10.0), (10.0, -88.0), (float("inf"), 0.0)):
        with pytest.raises(InvalidInput) as error:
            equivalent.beidou(*place)
        assert error.value.kind == "outside-grid"
    assert equivalent.beidou(np.nextafter(180, 0), np.nextafter(88, 0)).to_pylist() == ["N60VB75E9EE"]


def plain_geohash(lon, lat, length):
    """Halve, and halve again."""
    (west, east), (south, north), bits = (-180.0, 180.0), (-90.0, 90.0), []
    while len(bits) < 5 * length:
        if len(bits) % 2 == 0:
            middle = (west + east) / 2
            bits.append(lon >= middle)
            west, east = (middle, east) if bits[-1] else (west, middle)
        else:
            middle = (south + north) / 2
            bits.append(lat >= middle)
            south, north = (middle, north) if bits[-1] else (south, middle)
    digits = [sum(bit << (4 - at) for at, bit in enumerate(bits[i : i + 5])) for i in range(0, len(bits), 5)]
    return "".join("0123456789bcdefghjkmnpqrstuvwxyz"[digit] for digit in digits)


@given(st.floats(-179, 179), st.floats(-89, 89), st.integers(1, 9))
@settings(deadline=None, max_examples=examples(60))
def test_a_geohash_is_the_halving_of_the_world(lon, lat, length):
    """Law: the library says what plain halving says."""
    assert equivalent.geohash(lon, lat, length=length).to_pylist() == [plain_geohash(lon, lat, length)]


@given(st.floats(-179, 179), st.floats(-80, 80), st.integers(0, 14))
@settings(deadline=None, max_examples=examples(40))
def test_an_h3_cell_holds_its_point(lon, lat, resolution):
    """Law: the cell of a point, a level finer, is a child by its number or next to one, and of its resolution."""
    import h3 as library

    (cell,) = equivalent.h3(lon, lat, resolution=resolution).to_pylist()
    assert library.get_resolution(cell) == resolution
    near = library.latlng_to_cell(*library.cell_to_latlng(cell), resolution)
    assert near == cell
    away = library.great_circle_distance((lat, lon), library.cell_to_latlng(cell), unit="m")
    assert away <= 2 * library.average_hexagon_edge_length(resolution, unit="m")


@pytest.mark.parametrize("encode", [equivalent.beidou, equivalent.h3, equivalent.geohash])
def test_unknown_places_have_no_code(encode):
    nan = float("nan")
    found = encode([116.3, nan, 116.3, nan], [39.9, 39.9, nan, nan])
    assert found.is_null().to_pylist() == [False, True, True, True]
    assert len(encode([], [])) == 0
    assert encode(39.9, [11.0, 12.0]).null_count == 0
    with pytest.raises(InvalidInput, match="longitude first") as error:
        encode([0.0, 39.9], [0.0, 116.3])
    assert error.value.kind == "outside-grid"


@pytest.mark.parametrize(("encode", "name"), [(equivalent.h3, "resolution"), (equivalent.geohash, "length")])
def test_there_is_no_such_resolution(encode, name):
    with pytest.raises(InvalidInput) as error:
        encode(0.0, 0.0, **{name: 16})
    assert error.value.kind == "unknown-resolution"


@pytest.mark.parametrize(
    ("library", "ask"),
    [
        ("mgrs", lambda: equivalent.mgrs([14555803793], UTM)),
        ("h3", lambda: equivalent.h3(0.0, 0.0)),
        ("pygeohash", lambda: equivalent.geohash(0.0, 0.0)),
    ],
)
def test_a_library_that_is_not_there_is_an_extra(library, ask, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra, match=r"stcloud\[codes\]") as error:
        ask()
    assert error.value.kind == "missing-codes"
