"""New York's 311 requests of early 2025, against pandas and shapely reading the same file."""

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

import stcloud

ZONE = "America/New_York"
KEPT = "\"Complaint Type\" = 'Illegal Animal Kept as Pet'"


@pytest.fixture(scope="module")
def city(tmp_path_factory, real_data):
    city = stcloud.create(tmp_path_factory.mktemp("nyc") / "nyc", crs="EPSG:32618", zone=ZONE)
    yield city
    city.close()


@pytest.fixture(scope="module")
def reckoning(city, real_data):
    return city.load("requests", real_data / "nyc" / "requests_2025.csv", definition="nyc-311")


@pytest.fixture(scope="module")
def rows(real_data):
    rows = pd.read_csv(real_data / "nyc" / "requests_2025.csv", dtype=str)
    local = pd.to_datetime(rows["Created Date"], format="%m/%d/%Y %H:%M")
    rows["at"] = local.dt.tz_localize(ZONE, ambiguous=True, nonexistent="shift_forward")
    lon, lat = rows["Longitude"].astype(float), rows["Latitude"].astype(float)
    to_metres = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:32618", always_xy=True)
    rows["x"], rows["y"] = to_metres.transform(lon.to_numpy(), lat.to_numpy())
    rows["placed"] = lon.notna()
    return rows


def asked_for(rows):
    """The question of the README, in pandas: kept pets in a box in February, by km and week."""
    to_metres = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:32618", always_xy=True)
    edge = shapely.segmentize(shapely.box(-74.05, 40.68, -73.90, 40.83), 1e-4)
    box = shapely.transform(edge, to_metres.transform, interleaved=False)
    wanted = rows[(rows["Complaint Type"] == "Illegal Animal Kept as Pet") & rows["placed"]]
    wanted = wanted[(wanted["at"] >= "2025-02-01") & (wanted["at"] < "2025-03-01")]
    return wanted[shapely.intersects_xy(box, wanted["x"].to_numpy(), wanted["y"].to_numpy())]


def test_every_row_is_accounted_for(reckoning, rows):
    assert (reckoning.read, reckoning.accepted, reckoning.rejected) == (len(rows), len(rows), 0)
    assert reckoning.unplaced == int((~rows["placed"]).sum()) == 62
    assert reckoning.adds_up


def test_the_same_file_again_changes_nothing(city, reckoning, real_data):
    again = city.load("requests", real_data / "nyc" / "requests_2025.csv")
    assert again.known
    assert again.counts == reckoning.counts
    assert city.layer("requests").events == reckoning.accepted


def test_what_where_and_when(city, reckoning, rows):
    query = city.query("requests").what(KEPT).where("bbox:-74.05,40.68,-73.90,40.83").when("2025-02")
    found = query.to_geopandas()
    expected = asked_for(rows)
    assert sorted(found["Unique Key"]) == sorted(expected["Unique Key"])
    assert len(expected) > 0
    merged = found.merge(expected, on="Unique Key")
    np.testing.assert_allclose(merged["st_x"], merged["x"], atol=1e-6)


def test_counts_by_cell_and_week(city, reckoning, rows):
    query = city.query("requests").what(KEPT).where("bbox:-74.05,40.68,-73.90,40.83").when("2025-02")
    found = {
        (one["cell_1km"], one["week"]): one["count"] for one in query.count(["cell:1km", "week"]).to_records()
    }
    expected = asked_for(rows)
    lattice = city.configuration.lattice
    squares = {cell: lattice.polygon(cell) for cell, _ in found}
    for (cell, week), count in found.items():
        in_week = expected["at"].dt.strftime("%G-W%V") == week
        in_cell = shapely.intersects_xy(squares[cell], expected["x"].to_numpy(), expected["y"].to_numpy())
        assert int((in_week.to_numpy() & in_cell).sum()) == count
    assert sum(found.values()) == len(expected)


def test_attributes_and_hours(city, reckoning, rows):
    found = (
        city.query("requests").when(weekdays="mon-fri", hours="07:00-10:00").count(["Borough"]).to_records()
    )
    local = rows["at"]
    wanted = rows[(local.dt.day_of_week < 5) & (local.dt.hour >= 7) & (local.dt.hour < 10)]
    expected = wanted["Borough"].value_counts().to_dict()
    assert {one["Borough"]: one["count"] for one in found if one["Borough"]} == expected


def test_rows_without_a_place_are_nowhere_but_counted(city, reckoning):
    everywhere = city.query("requests").where("bbox:-75,40,-73,42").count().to_records()[0]["count"]
    assert city.query("requests").count().to_records()[0]["count"] - everywhere == reckoning.unplaced
    cells = city.query("requests").count(["cell:10km"]).to_records()
    assert cells[-1] == {"cell_10km": None, "count": reckoning.unplaced}
