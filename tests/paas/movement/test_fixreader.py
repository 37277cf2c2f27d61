"""Which rows are fixes, and whose."""

import numpy as np
import pandas as pd
import pytest

import stcloud
from stcloud.errors import NotFound

CRS = "EPSG:4548"
WAYS = {"key": "id", "time": "at", "x": "x", "y": "y", "crs": CRS, "mover": "car"}


@pytest.fixture
def city(tmp_path):
    with stcloud.create(tmp_path / "city", crs=CRS, zone="Asia/Shanghai") as made:
        yield made


def frame(**columns):
    count = len(columns["car"])
    rows = {
        "id": range(count), "at": [f"2024-03-01 08:{at:02}" for at in range(count)],
        "x": np.arange(count) + 500_000.0, "y": 3_500_000.0,
    }  # fmt: skip
    return pd.DataFrame(rows | columns)


def test_rows_without_a_mover_or_a_place_are_counted(city):
    city.load(
        "cars",
        frame(car=["a", None, "a", "a"], x=[500_000.0, 500_001.0, np.nan, 500_009.0]),
        **WAYS,
        max_rejected=4,
    )
    fixes = city.tracks("cars").fixes()
    assert (len(fixes), fixes.left_out) == (2, {"unnamed": 1, "unplaced": 1})
    answer = city.tracks("cars").tracks()
    assert (answer.facts["unnamed"], answer.facts["unplaced"]) == ("1 rows", "1 rows")
    assert answer.table["length_m"].to_pylist() == [9.0]


def test_an_unknown_mover_is_refused_and_one_without_a_fix_then_has_no_track(city):
    city.load("cars", frame(car=["van", "bus"]), **WAYS)
    with pytest.raises(NotFound) as refused:
        city.tracks("cars").movers("bsu").fixes()
    assert (refused.value.kind, refused.value.nearest) == ("unknown-mover", ("bus",))
    assert city.tracks("cars").movers("bus").during("2023").fixes().tracks == 0
    assert len(city.tracks("cars").during("2023").tracks()) == 0
    assert len(city.tracks("cars").when((None, 0)).fixes()) == 0


def test_movers_may_be_numbers_and_are_in_order_of_them(city):
    city.load("cars", frame(car=[10, 9, 9]), **WAYS)
    assert city.tracks("cars").fixes().movers.to_pylist() == [9, 10]
    assert city.tracks("cars").movers("9").fixes().movers.to_pylist() == [9]
    assert city.tracks("cars").movers(10).fixes().movers.to_pylist() == [10]


def test_two_fixes_of_one_instant_are_in_order_of_their_keys(city):
    rows = frame(car=["a"] * 4, at=["2024-03-01 08:00"] * 4, id=["k9", "k10", "k1", "k2"])
    city.load("cars", rows, **WAYS)
    assert (city.tracks("cars").fixes().x - 500_000).tolist() == [2.0, 1.0, 3.0, 0.0]
    segments = city.tracks("cars").segments().to_pandas()
    assert segments["duration_s"].tolist() == [0.0] * 3
    assert segments["speed_mps"].isna().all()


def test_what_is_left_out_between_two_fixes_cuts_a_track(city):
    city.load("cars", frame(car=["a"] * 6), **WAYS)  # a fix each minute from 08:00 on
    tracks = city.tracks("cars")
    for question in (
        tracks.during("2024-03-01T08:00/2024-03-01T08:02", "2024-03-01T08:03/2024-03-01T08:06"),
        tracks.when("2024-03-01", hours="08:00-08:02, 08:03-08:06"),
        tracks.what("key <> '2'"),
        tracks.where(
            (500_002.5, 3_499_999, 500_009, 3_500_001), (499_999, 3_499_999, 500_001.5, 3_500_001), crs=CRS
        ),
    ):
        assert np.diff(question.fixes().starts).tolist() == [2, 3]
        assert question.fixes().latest.tolist() == [False, True]
    assert np.diff(tracks.during("2024-03-01T08:01/2024-03-01T08:03").fixes().starts).tolist() == [2]


def test_an_hour_that_the_clock_repeats_means_the_earlier_one(tmp_path):
    with stcloud.create(tmp_path / "akl", crs="EPSG:2193", zone="Pacific/Auckland") as made:
        at = ["2024-04-07 01:50", "2024-04-07 02:50", "2024-04-07 02:10", "2024-04-07 03:10"]
        offsets = ["2024-04-07T02:50+13:00", "2024-04-07T02:10+12:00"]
        places = {"x": [1_750_000.0 + 60 * step for step in range(4)], "y": 5_900_000.0}
        local = frame(car=["a"] * 4, at=at, **places)
        made.load("local", local, **{**WAYS, "crs": "EPSG:2193"})
        stated = frame(car=["a"] * 2, at=offsets, x=[1_750_000.0, 1_750_060.0], y=5_900_000.0)
        made.load("stated", stated, **{**WAYS, "crs": "EPSG:2193"})
        hours = made.tracks("local").segments().to_pandas()["duration_s"].tolist()
        assert hours == [1200.0, 2400.0, 4800.0]  # in order of the instants that are meant
        assert made.tracks("stated").segments().to_pandas()["duration_s"].tolist() == [1200.0]
        assert made.tracks("stated").segments().to_pandas()["speed_mps"].tolist() == pytest.approx([0.05])
