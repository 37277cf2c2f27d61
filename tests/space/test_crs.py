"""CRSs: what is read and refused, the order of the axes, and published coordinates."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput, Unsupported
from stcloud.space import LONLAT, area_of_use, inside_area_of_use, project, read_crs, transformer
from stcloud.testing.examples import examples

SHANGHAI = (121.4737, 31.2304)


@pytest.mark.parametrize(
    "text",
    [
        "EPSG:4326",
        "epsg:4528",
        " EPSG:4528 ",
        "ESRI:102008",
        "OGC:CRS84",
        "urn:ogc:def:crs:OGC:1.3:CRS84",
        "+proj=utm +zone=50 +datum=WGS84",
        pyproj.CRS("EPSG:4528").to_wkt(),
        pyproj.CRS("EPSG:4528").to_wkt("WKT1_ESRI"),
    ],
)
def test_crs_is_read(text):
    assert isinstance(read_crs(text), pyproj.CRS)


@pytest.mark.parametrize(
    "text", ["", "foo", "4326", "WGS 84", "EPSG:999999", "+proj=nonsense", "GEOGCS[", "{}"]
)
def test_what_is_no_crs_is_refused(text):
    with pytest.raises(InvalidInput) as caught:
        read_crs(text)
    assert caught.value.kind == "unknown-crs"


def test_crs_objects_pass_through():
    crs = pyproj.CRS("EPSG:2154")
    assert read_crs(crs) is crs


@pytest.mark.parametrize("source", ["EPSG:4326", "EPSG:4490", "OGC:CRS84"])
@pytest.mark.parametrize(("target", "prefix"), [("EPSG:4528", 40_000_000), ("EPSG:4549", 0)])
def test_axes_are_east_then_north(source, target, prefix):
    x, y = project(*SHANGHAI, source, target)
    assert x == pytest.approx(prefix + 640_412.315, abs=0.001)
    assert y == pytest.approx(3_457_455.489, abs=0.001)
    assert project(x, y, target, source) == (pytest.approx(SHANGHAI[0]), pytest.approx(SHANGHAI[1]))


@pytest.mark.parametrize(
    ("lon", "lat", "target", "north", "east"),
    [
        (116.4074, 39.9042, "EPSG:4527", 4419060.118, 39449324.791),
        (114.3055, 30.5928, "EPSG:4526", 3385869.453, 38529299.860),
        (121.4737, 31.2304, "EPSG:4528", 3457455.489, 40640412.315),
        (106.5516, 29.563, "EPSG:4524", 3272547.953, 36359633.316),
        (120.159, 30.267, "EPSG:4528", 3349722.302, 40515300.094),
    ],
)
def test_gauss_kruger_agrees_with_a_sixth_order_series(lon, lat, target, north, east):
    x, y = project(lon, lat, "EPSG:4490", target)
    assert (x, y) == (pytest.approx(east, abs=0.001), pytest.approx(north, abs=0.001))


def test_cgcs2000_and_wgs84_count_as_equal():
    assert project(*SHANGHAI, "EPSG:4326", "EPSG:4490") == SHANGHAI
    assert project(*SHANGHAI, "EPSG:4490", "EPSG:32651") == project(*SHANGHAI, LONLAT, "EPSG:32651")


@pytest.mark.parametrize("target", ["+proj=tmerc +lon_0=117 +ellps=GRS80", "+proj=utm +zone=50 +ellps=intl"])
def test_ballpark_transformation_is_refused(target):
    with pytest.raises(Unsupported) as caught:
        transformer(LONLAT, target)
    assert caught.value.kind == "ballpark-transformation"
    assert "+towgs84" in caught.value.hint


def test_local_system_with_a_named_datum_is_accepted():
    x, y = project(
        117.0, 39.0, LONLAT, "+proj=tmerc +lon_0=117 +x_0=500 +y_0=-4000000 +ellps=GRS80 +towgs84=0,0,0"
    )
    assert x == pytest.approx(500)
    assert 300_000 < y < 330_000


def test_network_is_off():
    pyproj.network.set_network_enabled(active=True)
    transformer("EPSG:4326", "EPSG:32633")
    assert not pyproj.network.is_network_enabled()


def test_points_without_image_become_nan():
    x, y = project(
        [np.nan, 121.0, np.inf, 121.0, 121.0], [31.0, np.nan, 31.0, 95.0, 31.0], LONLAT, "EPSG:4528"
    )
    assert np.isnan(x).tolist() == np.isnan(y).tolist() == [True, True, True, True, False]


def test_same_crs_still_makes_nan_of_infinity():
    x, y = project([1.0, np.inf], [2.0, 3.0], "EPSG:4528", "EPSG:4528")
    assert x[0] == 1.0
    assert np.isnan([x[1], y[1]]).all()


def test_inputs_are_left_alone_and_shapes_kept():
    lon, lat = np.full((2, 3), 121.0), np.full((2, 3), 31.0)
    x, y = project(lon, lat, LONLAT, "EPSG:4528")
    assert x.shape == y.shape == (2, 3)
    assert (lon == 121.0).all()
    empty, _ = project([], [], LONLAT, "EPSG:4528")
    assert empty.shape == (0,)
    lon, lat = project(121.0, [30.0, 31.0], LONLAT, LONLAT)
    assert lon.flags.writeable


def test_transformer_is_cached_and_used_by_threads():
    assert transformer("EPSG:4326", "EPSG:4528") is transformer("EPSG:4326", "EPSG:4528")
    lon = np.linspace(119, 121, 20_000)
    expected, _ = project(lon, 31.0, LONLAT, "EPSG:4528")
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: project(lon, 31.0, LONLAT, "EPSG:4528")[0], range(8)))
    assert all((result == expected).all() for result in results)


@given(st.floats(-78, -72), st.floats(-70, 80))
@settings(deadline=None, max_examples=examples(60))
def test_projecting_there_and_back_is_identity(lon, lat):
    back = project(*project(lon, lat, LONLAT, "EPSG:32618"), "EPSG:32618", LONLAT)
    assert back == (pytest.approx(lon, abs=1e-9), pytest.approx(lat, abs=1e-9))


def test_area_of_use_is_unknown_for_proj_strings():
    assert area_of_use("EPSG:4549") == (118.5, 24.43, 121.5, 53.33)
    assert area_of_use("+proj=utm +zone=10") is None
    mask = inside_area_of_use([0.0, np.nan, 3.0], [0.0, 0.0, np.inf], "+proj=utm +zone=10")
    assert mask.tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("lon", "lat", "crs", "inside"),
    [
        (121.47, 31.23, "EPSG:4549", True),  # Shanghai, both zones
        (121.47, 31.23, "EPSG:4550", True),
        (122.1, 31.0, "EPSG:4549", True),  # its coast, beyond the zone's edge
        (105.29, 29.7, "EPSG:4545", True),  # the west of Chongqing
        (31.23, 121.47, "EPSG:4549", False),
        (0.0, 0.0, "EPSG:4549", False),
        (126.5, 45.8, "EPSG:4549", False),  # Harbin
        (179.9, -17.0, "EPSG:3460", True),  # Fiji, across the antimeridian
        (-179.9, -17.0, "EPSG:3460", True),
        (170.0, -17.0, "EPSG:3460", False),
        (-179.5, 10.0, "EPSG:32660", True),  # in the margin beyond 180
        (179.5, 10.0, "EPSG:32601", True),
        (np.nan, 31.0, "EPSG:4549", False),
        (10.0, 10.0, "EPSG:6933", True),  # worldwide
        (180.0, 10.0, "EPSG:6933", True),
    ],
)
def test_places_inside_the_area_of_use(lon, lat, crs, inside):
    assert inside_area_of_use(lon, lat, crs) == inside


@pytest.mark.parametrize(
    "text",
    [
        "+proj=longlat +ellps=bessel +nadgrids=/etc/passwd +type=crs",
        "+proj=longlat +ellps=bessel +nadgrids=@../grid.gsb +type=crs",
        "+proj=longlat +ellps=bessel +nadgrids=http://127.0.0.1/x.gsb +type=crs",
        "+proj=longlat +datum=WGS84 +geoidgrids=~/x.gtx",
        "+init=/etc/passwd:4326",
        "+proj=longlat +init=secret:1",
        'BOUNDCRS[SOURCECRS[GEOGCRS["x"]],ABRIDGEDTRANSFORMATION["t",PARAMETERFILE["grid","/etc/passwd"]]]',
        'GEOGCS["x",EXTENSION["PROJ4","+proj=longlat +nadgrids=/etc/passwd"]]',
        '{"type": "BoundCRS", "parameters": [{"name": "grid", "value": "/etc/passwd"}]}',
    ],
)
def test_a_crs_that_names_a_file_is_refused_unread(text):
    with pytest.raises(InvalidInput, match="names a file") as caught:
        read_crs(text)
    assert caught.value.kind == "unknown-crs"


@pytest.mark.parametrize("code", ["EPSG:3857", "EPSG:4548", "EPSG:31370", "ESRI:102025"])
def test_what_registers_write_names_no_file(code):
    crs = read_crs(code)
    for text in (crs.to_wkt(), crs.to_wkt("WKT1_GDAL"), crs.to_wkt("WKT1_ESRI"), crs.to_json()):
        assert read_crs(text) is not None
    assert read_crs("+proj=longlat +a=6378137 +b=6378137 +nadgrids=@null +type=crs") is not None
