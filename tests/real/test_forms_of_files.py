"""Real tables in other forms: zip files, points in one column, workbooks; all give what the plain file gives."""

from datetime import datetime

import openpyxl
import pandas as pd
import pytest

import stcloud
from stcloud.errors import InvalidInput
from stcloud.iaas.source.protocol import Reading
from stcloud.iaas.source.registry import open_source
from stcloud.testing.examples import examples

AIR = ("air", "beijing_air_six_stations.zip")
NYC = ("nyc", "requests_2025.csv")
FORMAT = "%m/%d/%Y %H:%M"
OPTIONS = {"key": "Unique Key", "time": "Created Date", "time_formats": FORMAT}
PAIRS = """
id = "pairs"
kind = "event"
key = ["Unique Key"]
[time]
column = "Created Date"
formats = ["%m/%d/%Y %H:%M"]
[space]
column = "Location"
encoding = "lat-lon"
"""


@pytest.fixture(scope="module")
def city(tmp_path_factory, real_data):
    with stcloud.create(
        tmp_path_factory.mktemp("nyc") / "nyc", crs="EPSG:32618", zone="America/New_York"
    ) as city:
        city.load("plain", real_data.joinpath(*NYC), lon="Longitude", lat="Latitude", **OPTIONS)
        yield city


@pytest.fixture(scope="module")
def table(real_data):
    return pd.read_csv(real_data.joinpath(*NYC), dtype=str, keep_default_na=False)


def places(city, layer):
    rows = city.query(layer).to_pandas().set_index("st_key")
    return rows[["st_time", "st_x", "st_y"]].sort_index()


def test_one_of_six_tables_in_a_zip_file_is_streamed(real_data):
    file = real_data.joinpath(*AIR)
    with pytest.raises(InvalidInput, match="holds 6 tables"):
        open_source(file, Reading())
    source = open_source(file, Reading(layer="PRSA_Data_Tiantan_20130301-20170228"))
    assert sum(batch.rows.num_rows for batch in source.batches()) == 4 * 365 * 24 + 24  # a leap day
    assert source.columns[-1] == "station"


def test_points_as_wkt_place_events_as_the_two_columns_do(city, real_data):
    loaded = city.load("wkt", real_data.joinpath(*NYC), crs="OGC:CRS84", **OPTIONS)
    assert loaded.adds_up
    pd.testing.assert_frame_equal(places(city, "wkt"), places(city, "plain"), rtol=0, atol=0.01)


def test_pairs_as_socrata_writes_them_place_events_alike(city, table, tmp_path):
    (tmp_path / "pairs.toml").write_text(PAIRS)
    placed = table["Latitude"] != ""
    table = table.assign(
        Location=("(" + table["Latitude"] + ", " + table["Longitude"] + ")").where(placed, "")
    )
    table.drop(columns=["Latitude", "Longitude"]).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InvalidInput, match="which is the latitude"):
        city.load("guessed", tmp_path / "a.csv", **OPTIONS)
    loaded = city.load("pairs", tmp_path / "a.csv", definition=tmp_path / "pairs.toml")
    assert loaded.unplaced_by == {"missing": int((~placed).sum())}
    pd.testing.assert_frame_equal(places(city, "pairs"), places(city, "plain"), rtol=0, atol=1e-6)


def test_a_workbook_gives_the_same_events_with_types(city, table, tmp_path):
    table = table.iloc[: examples(len(table))]
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("requests")
    sheet.append(list(table.columns))
    for row in table.to_dict("records"):
        row["Created Date"] = datetime.strptime(row["Created Date"], FORMAT)
        for name in ("Latitude", "Longitude"):
            row[name] = float(row[name]) if row[name] else None
        sheet.append(list(row.values()))
    book.save(tmp_path / "a.xlsx")
    loaded = city.load(
        "book", tmp_path / "a.xlsx", lon="Longitude", lat="Latitude", key="Unique Key", time="Created Date"
    )
    assert (loaded.read, loaded.rejected) == (len(table), 0)
    plain = places(city, "plain").loc[sorted(table["Unique Key"])]
    pd.testing.assert_frame_equal(places(city, "book"), plain, rtol=0, atol=1e-6)
