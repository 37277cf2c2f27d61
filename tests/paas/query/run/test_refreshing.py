"""Law: a cube that is refreshed equals one that is counted anew, to the byte, whatever was loaded since.

The city is 13 hours ahead of UTC in summer; its clock is set back on 7 April 2024 and forward on 29 September.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import InvalidInput
from stcloud.paas.query.run import refreshing
from stcloud.paas.query.run.cubing import CubeShape, cubed
from stcloud.paas.query.run.refreshing import refreshed
from stcloud.saas.cubefile import read_cube, write_cube
from stcloud.testing.examples import examples

ZONE = "Pacific/Auckland"
CRS = "EPSG:2193"
WEST, SOUTH = 1_750_000.0, 5_430_000.0
FIRST = pd.Timestamp("2024-03-01T00:00", tz=ZONE)

EXTENT = shapely.box(WEST, SOUTH, WEST + 1500, SOUTH + 3000)
MEASURES = [("count",), ("count", "sum(cost)", "m = max(cost)"), ("mean(weight)",), ("per_km2",)]
SHAPES = st.builds(
    CubeShape, st.sampled_from(["1km", "500m", "in:areas"]), st.sampled_from(["1D", "1W", "7D", "1M", "1h"]),
    st.sampled_from([(), ("subject",)]), st.sampled_from(MEASURES), st.sampled_from([None, EXTENT]),
    st.sampled_from(["drop", "flag", "keep"]),
)  # fmt: skip
WHENS = st.sampled_from([None, "2024-03-05T06:00/2024-05-20", "2024-03/..", "2024-04", "2023/2200"])
EVENTS = st.fixed_dictionaries({
    "id": st.integers(0, 30).map(str), "hour": st.integers(0, 24 * 100) | st.integers(24 * 35, 24 * 40),
    "x": st.sampled_from([None, 10.0, 510.0, 1010.0, 2010.0, 4010.0]), "y": st.sampled_from([10.0, 1510.0]),
    "cost": st.none() | st.integers(0, 9), "weight": st.floats(0, 1),
    "subject": st.sampled_from(["a", "b", "c", None]),
})  # fmt: skip
LOADS = st.lists(
    st.tuples(
        st.sampled_from(["changes", "changes", "append", "delete", "undo"]), st.lists(EVENTS, min_size=1, max_size=6)
    ),
    min_size=1, max_size=4,
)  # fmt: skip


def frame_of(events):
    frame = pd.DataFrame(events).drop_duplicates("id", keep="last")
    at = FIRST + pd.to_timedelta(frame.pop("hour"), unit="h")
    x, y = WEST + frame["x"].astype(float), SOUTH + frame["y"]
    cost = frame["cost"].astype("Int64")
    return frame.assign(
        at=at, x=x, y=y.where(x.notna()), cost=cost, subject=frame["subject"].astype("string")
    )


def load(city, mode, events):
    frame = frame_of(events)
    if mode == "undo":
        layer = city.layer("calls")
        city.undo("calls", layer.loads[-1].load)
    elif mode == "append":
        known = set(city.query("calls").rows().to_pandas()["id"])
        rest = frame[~frame["id"].isin(known)]
        if len(rest):
            city.load("calls", rest, mode="append")
    elif mode == "delete":
        city.load("calls", frame[["id"]], mode="delete")
    else:
        city.load("calls", frame)


def event(at, hour, **more):
    return {
        "id": str(at),
        "hour": hour,
        "x": 10.0,
        "y": 10.0,
        "cost": 1,
        "weight": 0.5,
        "subject": "a",
    } | more


def made(folder, **opening):
    stcloud.create(folder / "town", crs=CRS, zone=ZONE)
    city = stcloud.open(folder / "town", **opening)
    areas = pd.DataFrame({"name": ["west", "east"], "geometry": [
        shapely.box(WEST - 100, SOUTH - 100, WEST + 1200, SOUTH + 3000),
        shapely.box(WEST + 1200, SOUTH - 100, WEST + 3000, SOUTH + 3000),
    ]})  # fmt: skip
    city.load("areas", geopandas.GeoDataFrame(areas, crs=CRS), key="name", valid_from="2000-01-01")
    first = [
        event(at, at * 70, x=10.0 + at * 500, cost=at, subject="ab"[at % 2]) for at in range(6)
    ]  # fmt: skip
    city.load("calls", frame_of(first), key="id", time="at", x="x", y="y", crs=CRS)
    return city


def same(cube, expected):
    assert cube.edges_us.tolist() == expected.edges_us.tolist()
    assert (cube.labels, cube.whole.tolist()) == (expected.labels, expected.whole.tolist())
    assert cube.cells.names.equals(expected.cells.names)
    np.testing.assert_array_equal(cube.cells.x, expected.cells.x)
    np.testing.assert_array_equal(cube.known, expected.known)
    assert [axis.values.to_pylist() for axis in cube.classes] == [
        axis.values.to_pylist() for axis in expected.classes
    ]
    assert (cube.at.dtype, cube.at.tolist()) == (expected.at.dtype, expected.at.tolist())
    assert list(cube.measures) == list(expected.measures)
    for name, measure in expected.measures.items():
        got = cube.measures[name]
        assert got.values.dtype == measure.values.dtype
        assert got.values.tobytes() == measure.values.tobytes()
        assert (got.written, repr(got.of_nothing)) == (measure.written, repr(measure.of_nothing))
    assert cube.leftovers == expected.leftovers
    assert (cube.facts, cube.known_us) == (expected.facts, expected.known_us)


def outcome(work):
    """Return what work gives, or the kind of its refusal."""
    try:
        return work()
    except InvalidInput as refusal:
        return refusal.kind


@given(LOADS, SHAPES, WHENS)
@settings(deadline=None, max_examples=examples(40), suppress_health_check=list(HealthCheck))
def test_a_refreshed_cube_is_that_of_a_rebuild(loads, shape, when):
    with tempfile.TemporaryDirectory() as folder, made(Path(folder)) as city:
        query = city.query("calls") if when is None else city.query("calls").when(when)
        cube = outcome(lambda: cubed(query.inquiry(), shape))
        if isinstance(cube, str):
            return
        for mode, events in loads:
            load(city, mode, events)
            query = city.query("calls") if when is None else city.query("calls").when(when)
            inquiry = query.inquiry()
            expected = outcome(lambda inquiry=inquiry: cubed(inquiry, shape))
            cube = outcome(lambda inquiry=inquiry, cube=cube: refreshed(cube, inquiry, shape))
            if isinstance(expected, str):  # nothing is left
                assert cube == expected
                return
            same(cube, expected)


@pytest.fixture
def city(tmp_path):
    with made(tmp_path) as opened:
        yield opened


SHAPE = CubeShape("500m", "1D", extent=shapely.box(WEST, SOUTH, WEST + 2900, SOUTH + 900))


def counts_anew(monkeypatch):
    """Return a list that grows whenever a whole cube is counted."""
    times = []
    monkeypatch.setattr(refreshing, "cubed", lambda *given: times.append(1) or cubed(*given))
    return times


def test_only_the_bins_that_a_load_touched_are_counted(city, monkeypatch):
    cube = cubed(city.query("calls").when("2024").inquiry(), SHAPE)
    load(city, "changes", [event(50, 1000), event(51, 1001), event(0, 30)])
    times, inquiry = counts_anew(monkeypatch), city.query("calls").when("2024").inquiry()
    renewed = refreshed(cube, inquiry, SHAPE)
    assert times == []
    same(renewed, cubed(inquiry, SHAPE))
    assert refreshed(renewed, inquiry, SHAPE).facts == renewed.facts


RANGE = CubeShape("500m", "1D")


@pytest.mark.costly
@pytest.mark.parametrize(
    ("shape", "events", "mode", "change"),
    [
        (RANGE, [event(50, 1000, x=4490.0)], "delete", [event(50, 1000)]),
        (RANGE, [event(50, 1000, x=4490.0)], "changes", [event(50, 1000, x=1510.0)]),
        (RANGE, [], "changes", [event(50, 1000, x=4990.0)]),
        (replace(SHAPE, by=("subject",)), [event(50, 1000, subject="z")], "changes", [event(50, 1000)]),
        (replace(SHAPE, by=("subject",)), [], "changes", [event(50, 1000, subject="aa")]),
        (replace(SHAPE, measures=("max(cost)",)), [event(50, 1000, cost=None)], "delete", [event(50, 1000)]),
        (replace(SHAPE, measures=("max(cost)",)), [], "changes", [event(50, 1000, cost=None)]),
    ],
    ids=["cell gone", "cell moved", "cell new", "class gone", "class new", "gap gone", "gap new"],
)
def test_cells_classes_and_gaps_that_come_and_go_are_those_of_a_rebuild(city, shape, events, mode, change):
    load(city, "changes", [event(60, 1100), *events])
    cube = cubed(city.query("calls").when("2024").inquiry(), shape)
    load(city, mode, change)
    inquiry = city.query("calls").when("2024").inquiry()
    same(refreshed(cube, inquiry, shape), cubed(inquiry, shape))


def test_a_bin_becomes_known_by_a_load_of_other_bins(tmp_path):
    now = [pd.Timestamp("2024-04-01", tz=ZONE)]
    with made(tmp_path, clock=lambda: now[0].value // 1000) as city:
        load(city, "changes", [event(50, 1000)])  # on 11 April
        cube = cubed(city.query("calls").when("2024").inquiry(), SHAPE)
        now[0] = pd.Timestamp("2024-05-01", tz=ZONE)
        load(city, "changes", [event(51, 0)])
        inquiry = city.query("calls").when("2024").inquiry()
        expected = cubed(inquiry, SHAPE)
        assert (cube.leftovers["unknown"], expected.leftovers["unknown"]) == (1, 0)
        same(refreshed(cube, inquiry, SHAPE), expected)


def test_a_cube_that_was_read_from_a_file_is_refreshed_as_well(city, tmp_path):
    cube = read_cube(
        write_cube(cubed(city.query("calls").when("2024").inquiry(), SHAPE), tmp_path / "cube.parquet")
    )
    load(city, "changes", [event(50, 1000), event(0, 30)])
    inquiry = city.query("calls").when("2024").inquiry()
    renewed = refreshed(cube, inquiry, SHAPE)
    same(renewed, cubed(inquiry, SHAPE))
    assert len(renewed.cells.shapes()) == len(renewed.cells)


def test_where_rows_were_purged_all_is_counted(city, monkeypatch):
    cube = cubed(city.query("calls").when("2024").inquiry(), SHAPE)
    city.purge("calls", what="cost = 3")
    times, inquiry = counts_anew(monkeypatch), city.query("calls").when("2024").inquiry()
    same(refreshed(cube, inquiry, SHAPE), cubed(inquiry, SHAPE))
    assert times == [1]


@pytest.mark.parametrize(
    "change",
    [{"cell": "1km"}, {"every": "1W"}, {"measures": ("sum(cost)",)}, {"by": ("subject",)}, {"extent": None}],
)
def test_the_cube_of_another_question_is_refused(city, change):
    cube = cubed(city.query("calls").when("2024").inquiry(), SHAPE)
    with pytest.raises(InvalidInput, match="another question") as caught:
        refreshed(cube, city.query("calls").when("2024").inquiry(), replace(SHAPE, **change))
    assert caught.value.kind == "other-cube"
    with pytest.raises(InvalidInput, match="another question"):
        refreshed(cube, city.query("calls").when("2025").inquiry(), SHAPE)
