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
