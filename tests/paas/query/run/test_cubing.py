"""Cubes of events equal what pandas counts of the same rows, and lose none: cube and leftovers are the count.

The city is 13 hours ahead of UTC in summer; its clock is set back on 7 April 2024 and forward on 29 September.
"""

import numpy as np
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput, Unsupported
from stcloud.paas.query.run.cubing import CubeShape, cubed

ZONE = "Pacific/Auckland"
CRS = "EPSG:2193"
WEST, SOUTH = 1_750_000.0, 5_430_000.0
_FREQUENCY = {"1D": "D", "1W": "W-SUN", "1M": "M", "1Q": "Q", "1Y": "Y"}


def rows(count=600, seed=5):
    """Events of 2024, and a few without a place; costs, subjects and instants at which they end."""
    chance = np.random.default_rng(seed)
    seconds = chance.integers(0, 366 * 86_400, count)
    at = pd.Timestamp("2023-12-31T11:00Z") + pd.to_timedelta(seconds, unit="s")
    frame = pd.DataFrame({
        "id": np.arange(count).astype(str), "at": at,
        "x": WEST + chance.uniform(0, 3000, count), "y": SOUTH + chance.uniform(0, 2000, count),
        "cost": chance.integers(1, 50, count), "subject": chance.choice(["noise", "refuse", "light"], count),
    })  # fmt: skip
    frame.loc[::50, ["x", "y"]] = np.nan
    frame.loc[::40, "subject"] = None
    return frame


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cubes")
    stcloud.create(folder / "town", crs=CRS, zone=ZONE)
    with stcloud.open(folder / "town") as opened:
        opened.load("calls", rows(), key="id", time="at", x="x", y="y", crs=CRS)
        yield opened


@pytest.fixture(scope="module")
def placed():
    frame = rows().dropna(subset=["x"])
    frame["local"] = frame["at"].dt.tz_convert(ZONE).dt.tz_localize(None)
    return frame


def cube_of(query, cell="1km", every="1M", **more):
    return cubed(query.inquiry(), CubeShape(cell, every, **more))


def cell_names(city, frame, side_m):
    lattice = city.configuration.lattice
    square = (
        np.floor((frame["x"] - lattice.origin[0]) / side_m),
        np.floor((frame["y"] - lattice.origin[1]) / side_m),
    )
    return pd.Series(list(zip(*square, strict=True)), frame.index)


def plain(cube, name="count"):
    """Return what a cube has, by label and the south-west corner of the cell in sides."""
    dense, side = cube.dense(name), np.sqrt(cube.cells.area_m2[0])
    return {
        (cube.labels[step], cube.cells.x[cell] // side, cube.cells.y[cell] // side): dense[step, cell]
        for step, cell in zip(*np.nonzero(cube.known), strict=True)
    }


@pytest.mark.parametrize("every", ["1h", "1D", "7D", "1W", "1M", "1Q", "1Y", "month", "hour"])
@pytest.mark.parametrize("cell", ["1km", "500m"])
def test_cube_and_leftovers_are_the_count(city, every, cell):
    """Law: what is in the bins, and what is in none, are all rows of the question."""
    query = city.query("calls").when("2024-02-10/2024-11-20")
    cube = cube_of(query, cell, every, partial="keep" if every == "1Y" else "drop")
    (total,) = query.count().to_arrow()["count"].to_pylist()
    assert int(cube.dense().sum()) + sum(cube.leftovers.values()) == total
    assert cube.leftovers["unplaced"] > 0
    assert (np.diff(cube.edges_us) > 0).all()


@pytest.mark.parametrize("every", ["1D", "1W", "1M", "1Q", "1Y"])
def test_counts_are_those_of_pandas(city, placed, every):
    cube = cube_of(city.query("calls").when("2024"), "1km", every)
    bins = placed["local"].dt.to_period(_FREQUENCY[every])
    counts = placed.groupby([bins.dt.start_time, placed["x"] // 1000, placed["y"] // 1000]).size()
    starts = pd.to_datetime(cube.edges_us[:-1], unit="us", utc=True).tz_convert(ZONE).tz_localize(None)
    label = dict(zip(cube.labels, starts, strict=True))
    got = {(label[text], x, y): count for (text, x, y), count in plain(cube).items() if count}
    expected = {key: count for key, count in counts.items() if key[0] in set(starts)}
    assert got == expected


@pytest.mark.parametrize(
    ("measure", "theirs"),
    [
        ("sum(cost)", "sum"),
        ("mean(cost)", "mean"),
        ("max(cost)", "max"),
        ("median(cost)", "median"),
        ("distinct(subject)", "nunique"),
    ],
)
def test_measures_are_those_of_pandas(city, placed, measure, theirs):
    cube = cube_of(city.query("calls").when("2024"), "1km", "1Q", measures=("count", f"m = {measure}"))
    of = placed["subject" if "subject" in measure else "cost"]
    groups = of.groupby(
        [
            placed["local"].dt.to_period("Q").astype(str).str.replace("Q", "-Q"),
            placed["x"] // 1000,
            placed["y"] // 1000,
        ]
    )
    expected = groups.agg(theirs).to_dict()
    for key, value in plain(cube, "m").items():
        assert value == pytest.approx(expected[key])


def test_classes_are_an_axis_with_null_last(city, placed):
    cube = cube_of(city.query("calls").when("2024"), "1km", "1Y", by=("subject",))
    assert cube.dims == ("time", "cell", "subject")
    assert cube.classes[0].values.to_pylist() == ["light", "noise", "refuse", None]
    assert cube.dense().sum(axis=(0, 1)).tolist() == [
        *(int((placed["subject"] == name).sum()) for name in ("light", "noise", "refuse")),
        int(placed["subject"].isna().sum()),
    ]  # fmt: skip


def test_of_nothing_a_cube_has_nothing(city):
    query = city.query("calls").what("cost > 99").when("2024")
    assert cube_of(query).shape == (12, 0)
    box = shapely.box(WEST, SOUTH, WEST + 10, SOUTH + 10)
    assert cube_of(query, extent=box).dense().tolist() == [[0]] * 12


def test_an_hour_that_comes_twice_is_two_bins(city):
    cube = cube_of(city.query("calls").when("2024-04-07"), "1km", "1h")
    assert len(cube.labels) == 25
    assert cube.labels[2:4] == ("2024-04-07T02:00+13:00", "2024-04-07T02:00+12:00")
    assert len(cube_of(city.query("calls").when("2024-09-29"), "1km", "1h").labels) == 23


def test_partial_steps_are_dropped_flagged_or_kept(city):
    query = city.query("calls").when("2024-02-10/2024-05-20")
    dropped, flagged = cube_of(query), cube_of(query, partial="flag")
    assert dropped.labels == ("2024-03", "2024-04")
    assert flagged.labels == ("2024-02", "2024-03", "2024-04", "2024-05")
    assert flagged.whole.tolist() == [False, True, True, False]
    assert (dropped.dense() == flagged.dense()[1:3]).all()
    assert dropped.leftovers["partial"] >= int(flagged.dense()[[0, 3]].sum()) > 0
    assert flagged.leftovers["partial"] == 0


def test_what_nobody_asked_for_is_not_partial(city):
    cube = cube_of(city.query("calls"), "1km", "1Y")
    assert cube.labels == ("2024",)
    assert cube.whole.all()


def test_cells_are_those_of_the_place_or_of_the_range_of_the_data(city):
    whole = cube_of(city.query("calls").when("2024"))
    assert len(whole.cells) == 6
    box = shapely.box(WEST + 10, SOUTH + 10, WEST + 1010, SOUTH + 20)
    part = cube_of(city.query("calls").where(box, crs=CRS).when("2024"))
    assert len(part.cells) == 2
    wide = cube_of(
        city.query("calls").when("2024"), extent=shapely.box(WEST - 1500, SOUTH, WEST + 1, SOUTH + 1)
    )
    assert len(wide.cells) == 3
    assert wide.leftovers["outside"] > 0
    small = cube_of(city.query("calls").when("2024"), "250m")
    assert len(small.cells) == 12 * 8
    assert (small.cells.area_m2 == 62_500).all()


def test_the_future_and_the_past_before_the_first_day_are_unknown(city):
    cube = cube_of(city.query("calls").when("2023/2200"), "1km", "1Y")
    known = dict(zip(cube.labels, cube.known.all(axis=1), strict=True))
    assert not known["2023"]
    assert known["2024"]
    assert not known["2199"]


@pytest.mark.parametrize(
    ("when", "shape", "kind"),
    [
        ("2024", ("1km", "3h"), "unknown-step"),
        ("2024", ("3km", "1D"), "unknown-level"),
        ("2024", ("subject", "1D"), "no-cells"),
        ("2024-03-05T01:00/2024-03-05T02:00", ("1km", "1D"), "no-whole-step"),
    ],
)
def test_what_is_no_cube_is_refused(city, when, shape, kind):
    with pytest.raises((InvalidInput, Unsupported)) as caught:
        cube_of(city.query("calls").when(when), *shape)
    assert caught.value.kind == kind


def test_other_times_and_measures_are_refused(city):
    with pytest.raises(InvalidInput) as caught:
        cube_of(city.query("calls").when("2024-01", "2024-03"))
    assert caught.value.kind == "several-spans"
    with pytest.raises(InvalidInput) as caught:
        cube_of(city.query("calls").when("2024"), measures=("max(at)",))
    assert caught.value.kind == "no-number"
    with pytest.raises(InvalidInput) as caught:
        cube_of(city.query("calls").when("2024-03").when("2024-05"))
    assert caught.value.kind == "no-events"
