"""Smog of six stations in Beijing over four years: every episode against the loop over rows, also year by year."""

import zipfile

import pandas as pd
import pytest

import stcloud
from stcloud.city.episodes import read_rule
from stcloud.testing.episodes import slow_episodes

pytestmark = pytest.mark.thorough  # small histories are derived and compared in every run

RULES = [
    {"id": "smog", "value": "PM2.5", "above": 150, "for": "6h"},
    {"id": "smog", "value": "PM2.5", "above": 115, "for": "3h", "gap": "1h", "ends_below": 75},
    {"id": "clean", "value": "PM10", "below": 20, "for": "12h", "gap": "3h", "ends_above": 40},
    {"id": "frost", "value": "TEMP", "below": -10, "for": "3h", "gap": "2h", "ends_above": -8},
]
LIMITS = {"PM2.5": (0, 1000), "PM10": (0, 2000), "TEMP": (-40, 50)}
HOUR_US = 3_600_000_000


@pytest.fixture(scope="module")
def frames(real_data):
    with zipfile.ZipFile(real_data / "air" / "beijing_air_six_stations.zip") as archive:
        return [pd.read_csv(archive.open(name)) for name in sorted(archive.namelist())]


@pytest.fixture(scope="module")
def city(tmp_path_factory, real_data, frames):
    with stcloud.create(
        tmp_path_factory.mktemp("air") / "beijing", crs="EPSG:4548", zone="Asia/Shanghai"
    ) as city:
        city.load(
            "beijing-air-stations", real_data / "air" / "stations.csv", definition="beijing-air-stations",
            valid_from="2013-01-01",
        )  # fmt: skip
        for year in (2013, 2014, 2015, 2016, 2017):
            part = pd.concat([frame[frame["year"] == year] for frame in frames])
            city.load("air", part, definition="beijing-air")
            for rule in RULES[:2]:
                city.episodes("air", rule).derive(f"above-{rule['above']}")
        yield city


def of_oracle(frames, rule):
    """Return what the oracle finds in the files, by station and start."""
    rows = pd.concat(frames, ignore_index=True)
    local = pd.to_datetime(rows[["year", "month", "day", "hour"]]).dt.tz_localize("Asia/Shanghai")
    low, high = LIMITS[rule.value]
    value = rows[rule.value]
    frame = pd.DataFrame({
        "station": rows["station"], "time_us": local.astype("datetime64[us, UTC]").astype("int64"), "value": value,
        "flag": ((value < low) | (value > high)).astype(int),
    })  # fmt: skip
    return slow_episodes(frame, rule, HOUR_US)


@pytest.mark.costly
@pytest.mark.parametrize("number", range(len(RULES)))
def test_episodes_are_those_of_the_oracle(city, frames, number):
    rule = RULES[number]
    expected = of_oracle(frames, read_rule(rule, "air"))
    rows = city.episodes("air", rule).to_pandas()
    assert rows["station"].tolist() == [each["station"] for each in expected]
    for name in ("from", "peak_at", "measured_to"):
        times = rows[name].astype("datetime64[us, UTC]").astype("int64").tolist()
        key = {"from": "from_us", "peak_at": "peak_us", "measured_to": "to_us"}[name]
        assert times == [each[key] for each in expected], name
    for name in ("peak", "readings", "missing"):
        assert rows[name].tolist() == [each[name] for each in expected], name
    assert rows["open"].tolist() == [each["is_open"] for each in expected]
    assert rows["mean"].tolist() == pytest.approx([each["mean"] for each in expected])
    assert len(rows) > 30


@pytest.mark.parametrize("rule", RULES[:2], ids=lambda rule: rule["above"])
def test_episodes_derived_year_by_year_are_those_of_all_years(city, rule):
    listed = {row["episode"]: row for row in city.episodes("air", rule)}
    derived = {row["episode"]: row for row in city.query(f"above-{rule['above']}").to_arrow().to_pylist()}
    assert listed.keys() == derived.keys()
    names = ("station", "from", "to", "open", "measured_to", "peak", "peak_at", "mean", "readings", "missing")
    assert [[row[name] for name in names] for row in listed.values()] == [
        [derived[key][name] for name in names] for key in listed
    ]
    assert all(row["lon"] is not None for row in derived.values())
