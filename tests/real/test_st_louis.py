"""St. Louis' service requests of January 2018: US feet, NA, mixed capitals, repeated ids."""

import pandas as pd
import pyproj
import pytest

import stcloud

FILE = ("stl", "csb_january_2018.csv")


@pytest.fixture(scope="module")
def city(tmp_path_factory, real_data):
    city = stcloud.create(
        tmp_path_factory.mktemp("stl") / "stl", crs="EPSG:26915", zone="America/Chicago", name="st-louis"
    )
    yield city
    city.close()


@pytest.fixture(scope="module")
def reckoning(city, real_data):
    return city.load("requests", real_data.joinpath(*FILE), definition="stl-csb")


@pytest.fixture(scope="module")
def rows(real_data):
    return pd.read_csv(real_data.joinpath(*FILE), dtype=str, keep_default_na=False)


def test_every_row_is_accounted_for(reckoning, rows):
    assert reckoning.read == len(rows) == 1554
    assert reckoning.duplicates == 22
    assert reckoning.accepted == rows["requestid"].nunique() == 1532
    assert reckoning.adds_up


def test_feet_become_metres(city, reckoning, rows):
    found = city.query("requests").to_pandas().set_index("st_key")
    last = rows.drop_duplicates("requestid", keep="last").set_index("requestid")
    placed = last[last["srx"] != "NA"]
    to_metres = pyproj.Transformer.from_crs("ESRI:102696", "EPSG:26915", always_xy=True)
    x, y = to_metres.transform(placed["srx"].astype(float).to_numpy(), placed["sry"].astype(float).to_numpy())
    inside = found.loc[placed.index, "st_x"].notna().to_numpy()
    assert inside.mean() > 0.95
    assert abs(found.loc[placed.index, "st_x"].to_numpy() - x)[inside].max() < 1e-6
    assert abs(found.loc[placed.index, "st_y"].to_numpy() - y)[inside].max() < 1e-6


def test_counts_by_ward_agree_with_pandas(city, reckoning, rows):
    last = rows.drop_duplicates("requestid", keep="last")
    expected = last["ward"].replace("NA", None).value_counts().to_dict()
    found = city.query("requests").count(["ward"]).to_records()
    assert {str(one["ward"]): one["count"] for one in found if one["ward"] is not None} == expected


def test_counts_by_day_agree_with_pandas(city, reckoning, rows):
    last = rows.drop_duplicates("requestid", keep="last")
    expected = last["datetimeinit"].str[:10].value_counts().to_dict()
    found = {one["day"]: one["count"] for one in city.query("requests").count(["day"]).to_records()}
    assert found == expected
