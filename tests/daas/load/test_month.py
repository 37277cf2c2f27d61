"""Events lie by months of the city's clock; those of layers from before may lie by others, and are answered alike."""

from __future__ import annotations

import pandas as pd
import pytest

import stcloud
from stcloud.daas.load import clean_events
from stcloud.testing.cases import CRS, EVENTS
from stcloud.time import Zone

TIMES = [
    "2024-01-31T15:59:59Z",
    "2024-01-31T16:00:00Z",
    "2024-02-29T15:59:59.999999Z",
    "2024-02-29T16:00:00Z",
]


def load(city, folder, first, times):
    path = folder / f"{first}.csv"
    rows = [{"id": first + at, "at": one, "x": 500_000, "y": 3_500_000} for at, one in enumerate(times)]
    pd.DataFrame(rows).to_csv(path, index=False)
    city.load("cases", path, definition=stcloud.Definition.from_toml(EVENTS, name="cases"))


@pytest.fixture
def city(tmp_path):
    return stcloud.create(tmp_path / "city", crs=CRS, zone="Asia/Shanghai")


def months(city):
    return sorted({file.partition["st_month"] for file in city.layer("cases").snapshot.files})


def test_a_month_of_the_citys_clock_reads_its_file_alone(city, tmp_path):
    load(city, tmp_path, 0, TIMES)
    assert months(city) == ["2024-01", "2024-02", "2024-03"]
    asked = city.query("cases").when("2024-02")
    assert asked.explain().files == (1, 3)
    assert [row["st_key"] for row in asked.rows().to_records()] == ["1", "2"]


def test_layers_with_other_months_are_answered_and_added_to(city, tmp_path, monkeypatch):
    with monkeypatch.context() as before:
        of = clean_events.months_of
        before.setattr(clean_events, "months_of", lambda utc_us, _: of(utc_us, Zone("UTC")))
        load(city, tmp_path, 0, TIMES)
    assert months(city) == ["2024-01", "2024-02"]
    load(city, tmp_path, 10, TIMES)
    load(city, tmp_path, 2, ["2024-02-10T00:00:00Z"])
    found = city.query("cases").count(["month"]).to_records()
    assert found == [
        {"month": "2024-01", "count": 2},
        {"month": "2024-02", "count": 4},
        {"month": "2024-03", "count": 2},
    ]
    keys = [row["st_key"] for row in city.query("cases").rows().to_records()]
    assert keys == ["0", "10", "1", "11", "2", "12", "13", "3"]


def test_the_first_and_the_last_instants_have_a_month(tmp_path):
    for number, zone in enumerate(("Pacific/Kiritimati", "Pacific/Pago_Pago")):
        city = stcloud.create(tmp_path / f"city{number}", crs=CRS, zone=zone)
        load(city, tmp_path, 0, ["0001-01-03T00:00:00Z", "9999-12-29T23:59:59Z", "2024-01-01T00:00:00Z"])
        assert city.query("cases").count().to_records() == [{"count": 3}]
