"""Law of cubes: whatever the time, step and cells, the bins are those of pandas, and no row is lost.

The city is 13 hours ahead of UTC in summer; clocks are set in April and in September, and 2020 has 53 ISO weeks.
"""

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.paas.query.run.cubing import CubeShape, cubed
from stcloud.testing.examples import examples

ZONE, CRS = "Pacific/Auckland", "EPSG:2193"
WEST, SOUTH = 1_750_000.0, 5_430_000.0
FIRST = pd.Timestamp("2020-01-20T09:17", tz=ZONE)
RULES = {"1h": "h", "1D": "D", "1W": "W-MON", "1M": "MS", "1Q": "QS", "1Y": "YS"}
SET_BACK = pd.Timestamp("2020-04-05T02:00", tz="UTC") - pd.Timedelta(hours=13)


def rows():
    """Events of a year and a half, many of them where clocks are set, some without a place."""
    chance = np.random.default_rng(3)
    wide = FIRST.tz_convert("UTC") + pd.to_timedelta(chance.integers(0, 500 * 86_400, 700), unit="s")
    near = SET_BACK + pd.to_timedelta(chance.integers(-36 * 3600, 36 * 3600, 300), unit="s")
    at = pd.DatetimeIndex([FIRST.tz_convert("UTC"), *wide, *near])
    frame = pd.DataFrame({
        "id": np.arange(len(at)).astype(str), "at": at,
        "x": WEST + chance.uniform(0, 2000, len(at)), "y": SOUTH + chance.uniform(0, 1000, len(at)),
    })  # fmt: skip
    frame.loc[::40, ["x", "y"]] = np.nan
    return frame


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("law")
    stcloud.create(folder / "town", crs=CRS, zone=ZONE)
    with stcloud.open(folder / "town") as opened:
        opened.load("calls", rows(), key="id", time="at", x="x", y="y", crs=CRS)
        yield opened


def edges(first, end, every):
    """Return edges of all bins that meet ``[first, end)``, by pandas."""
    last = (end - pd.Timedelta(microseconds=1)).normalize()
    margin = pd.DateOffset(days=400)
    if every.endswith("D") and every != "1D":
        count = int(every[:-1])
        days = pd.date_range(end=last.tz_localize(None) + pd.Timedelta(days=1), periods=1200, freq="D")
        whole = days[::-1][::count][::-1].tz_localize(ZONE)
    else:
        start = (first - margin).normalize().tz_localize(None).tz_localize(ZONE)
        stop = (end + margin).normalize().tz_localize(None).tz_localize(ZONE)
        whole = pd.date_range(start, stop, freq=RULES[every])
    low = whole.searchsorted(first, side="right") - 1
    return whole[low : whole.searchsorted(end, side="left") + 1]


def local(draw_days, minutes):
    """Return an instant on the city's clock, some days after the first."""
    day = (FIRST.tz_localize(None).normalize() + pd.Timedelta(days=draw_days)).tz_localize(ZONE)
    return day + pd.Timedelta(minutes=minutes)


@given(
    st.integers(-40, 480), st.integers(0, 1439), st.integers(1, 500), st.integers(0, 1439),
    st.sampled_from(["1h", "1D", "2D", "7D", "28D", "1W", "1M", "1Q", "1Y"]),
    st.sampled_from(["1km", "500m"]), st.sampled_from(["drop", "flag", "keep"]),
)  # fmt: skip
@settings(
    deadline=None, max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_bins_are_those_of_pandas_and_no_row_is_lost(city, day, minute, days, last, every, cell, partial):
    first = local(day, minute)
    end = local(day + (min(days, 9) if every == "1h" else days), last)
    expected = edges(first, end, every)
    whole = (expected[:-1] >= first) & (expected[1:] <= end)
    kept = whole if partial == "drop" else np.ones(len(whole), bool)
    query = city.query("calls").when((first.isoformat(), end.isoformat()))
    if not kept.any():
        return
    place = shapely.box(WEST + 1, SOUTH + 1, WEST + 999, SOUTH + 999)
    cube = cubed(query.inquiry(), CubeShape(cell, every, partial=partial, extent=place))
    edges_us = expected.as_unit("us").asi8
    assert cube.edges_us.tolist() == [*edges_us[:-1][kept], edges_us[1:][kept][-1]]
    assert cube.whole.tolist() == whole[kept].tolist()

    frame = rows()
    frame = frame[(frame["at"] >= first) & (frame["at"] < end)]
    bins = np.searchsorted(edges_us, pd.DatetimeIndex(frame["at"]).as_unit("us").asi8, side="right") - 1
    bins = np.where(kept, np.cumsum(kept) - 1, -1)[bins]
    inside = (frame["x"] < WEST + 1000).to_numpy()
    placed = frame["x"].notna().to_numpy()
    before = cube.edges_us[1:] <= FIRST.normalize().value // 1000
    assert cube.leftovers == {
        "partial": int((bins < 0).sum()), "unplaced": int(((bins >= 0) & ~placed).sum()),
        "outside": int(((bins >= 0) & placed & ~inside).sum()), "unknown": 0,
    }  # fmt: skip
    counts = np.bincount(bins[(bins >= 0) & inside], minlength=len(cube.labels))
    assert cube.dense().sum(axis=1).tolist() == counts.tolist()
    assert (cube.known == ~before[:, None]).all()
    assert int(cube.dense().sum()) + sum(cube.leftovers.values()) == len(frame)


@pytest.mark.parametrize(
    ("when", "every", "count"),
    [
        ("2020-04-05", "1h", 25), ("2020-09-27", "1h", 23), ("2020-W53", "1W", 1), ("2020-W01/2021-W01", "1W", 53),
        ("2020-02-01/2020-03-01", "7D", 4),
    ],
)  # fmt: skip
def test_bins_are_those_of_the_citys_clock(city, when, every, count):
    assert len(cubed(city.query("calls").when(when).inquiry(), CubeShape("1km", every)).labels) == count
