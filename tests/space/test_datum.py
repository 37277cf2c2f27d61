"""Datums: published pairs, the size of the shift in five cities, and the round trip."""

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.space import Datum, from_wgs84, to_wgs84
from stcloud.testing.examples import examples

SHIFTED = [Datum.GCJ02, Datum.BD09]


@pytest.mark.parametrize(
    ("lon", "lat", "expected"),
    [
        (121.5272106, 31.1774276, (121.531541859215, 31.17530398364597)),
        (113.912316, 22.543847, (113.9171764808363, 22.540796131694766)),
        (116.377817, 39.911954, (116.38404722455657, 39.91334545536069)),
        (116.404, 39.915, (116.41024449916938, 39.91640428150164)),
    ],
)
def test_gcj02_of_published_pairs(lon, lat, expected):
    assert from_wgs84(lon, lat, Datum.GCJ02) == pytest.approx(expected, abs=1e-9)


def test_bd09_of_a_published_pair():
    # The pair is GCJ-02 to BD-09: reach the GCJ-02 place from WGS 84 first.
    wgs84 = to_wgs84(116.404, 39.915, Datum.GCJ02)
    assert from_wgs84(*wgs84, Datum.BD09) == pytest.approx((116.41036949371029, 39.92133699351021), abs=1e-9)


@pytest.mark.parametrize(
    ("lon", "lat", "shift_m"),
    [
        (116.4074, 39.9042, 555),
        (121.4737, 31.2304, 482),
        (114.3055, 30.5928, 586),
        (114.0579, 22.5431, 606),
        (106.5516, 29.563, 479),
    ],
)
def test_shift_is_several_cells_wide(lon, lat, shift_m):
    there = from_wgs84(lon, lat, Datum.GCJ02)
    _, _, distance = pyproj.Geod(ellps="WGS84").inv(lon, lat, *there)
    assert distance == pytest.approx(shift_m, abs=2)


@given(st.sampled_from(SHIFTED), st.floats(73.0, 136.0), st.floats(1.5, 55.0))
@settings(deadline=None, max_examples=examples(200))
def test_round_trip_is_below_a_ten_millionth_of_a_degree(datum, lon, lat):
    there_and_back = to_wgs84(*from_wgs84(lon, lat, datum), datum)
    assert there_and_back == pytest.approx((lon, lat), abs=1e-7, rel=0)
    back_and_there = from_wgs84(*to_wgs84(lon, lat, datum), datum)
    assert back_and_there == pytest.approx((lon, lat), abs=1e-7, rel=0)


@pytest.mark.parametrize("datum", [Datum.WGS84, Datum.CGCS2000])
def test_wgs84_and_cgcs2000_are_equal(datum):
    for shift in (from_wgs84, to_wgs84):
        assert shift(116.4, 39.9, datum) == (116.4, 39.9)


@pytest.mark.parametrize("datum", SHIFTED)
@pytest.mark.parametrize(("lon", "lat"), [(-73.98, 40.75), (139.69, 35.69), (121.0, -8.0), (72.0, 39.0)])
def test_places_outside_the_box_are_untouched(datum, lon, lat):
    assert from_wgs84(lon, lat, datum) == (lon, lat)
    assert to_wgs84(lon, lat, datum) == (lon, lat)


@pytest.mark.parametrize("datum", SHIFTED)
def test_arrays_keep_their_shape_and_their_nan(datum):
    lon, lat = np.array([[116.4, np.nan, -73.9]]), np.array([[39.9, 39.9, 40.7]])
    for shift in (from_wgs84, to_wgs84):
        x, y = shift(lon, lat, datum)
        assert x.shape == y.shape == (1, 3)
        assert np.isnan(x[0, 1])
        assert (x[0, 2], y[0, 2]) == (-73.9, 40.7)
    assert lon[0, 0] == 116.4
    empty, _ = to_wgs84([], [], datum)
    assert empty.shape == (0,)


def test_datum_is_declared_by_name():
    assert Datum("gcj02") is Datum.GCJ02
    assert [str(datum) for datum in Datum] == ["wgs84", "cgcs2000", "gcj02", "bd09"]
