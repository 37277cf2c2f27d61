"""Law: a cube that is refreshed equals one that is counted anew, to the byte, whatever was loaded since.

The city is 13 hours ahead of UTC in summer; its clock is set back on 7 April 2024 and forward on 29 September.
"""

import itertools
import tempfile
from pathlib import Path

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
from stcloud.testing.examples import examples

ZONE = "Pacific/Auckland"
CRS = "EPSG:2193"
WEST, SOUTH = 1_750_000.0, 5_430_000.0
FIRST = pd.Timestamp("2024-03-01T00:00", tz=ZONE)

SHAPES = st.builds(
    CubeShape, st.sampled_from(["1km", "500m", "in:areas"]), st.sampled_from(["1D", "1W", "7D", "1M", "1h"]),
    st.sampled_from([(), ("subject",)]),
    st.sampled_from([("count",), ("count", "sum(cost)", "m = max(cost)"), ("mean(weight)",), ("per_km2",)]),
    st.sampled_from([None, shapely.box(WEST, SOUTH, WEST + 1500, SOUTH + 3000)]), st.sampled_from(["drop", "flag", "keep"]),
)  # fmt: skip
WHENS = st.sampled_from([None, "2024-03-05T06:00/2024-05-20", "2024-03/..", "2024-04", "2023/2200"])
EVENTS = st.fixed_dictionaries({
    "id": st.integers(0, 30).map(str), "hour": st.integers(0, 24 * 100) | st.integers(24 * 35, 24 * 40),
    "x": st.sampled_from([None, 10.0, 510.0, 1010.0, 2010.0, 4010.0]), "y": st.sampled_from([10.0, 1510.0]),
    "cost": st.none() | st.integers(0, 9), "weight": st.floats(0, 1), "subject": st.sampled_from(["a", "b", "c", None]),
})  # fmt: skip
LOADS = st.lists(
    st.tuples(st.sampled_from(["changes", "changes", "append", "delete", "undo"]), st.lists(EVENTS, min_size=1, max_size=6)),
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


def made(folder):
    stcloud.create(folder / "town", crs=CRS, zone=ZONE)
    city = stcloud.open(folder / "town")
    areas = pd.DataFrame({"name": ["west", "east"], "geometry": [
        shapely.box(WEST - 100, SOUTH - 100, WEST + 1200, SOUTH + 3000),
        shapely.box(WEST + 1200, SOUTH - 100, WEST + 3000, SOUTH + 3000),
    ]})  # fmt: skip
    import geopandas

    city.load("areas", geopandas.GeoDataFrame(areas, crs=CRS), key="name", valid_from="2000-01-01")
    first = [
        {"id": str(at), "hour": at * 70, "x": 10.0 + at * 500, "y": 10.0, "cost": at, "weight": 0.5, "subject": "ab"[at % 2]}
        for at in range(6)
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


@given(LOADS, SHAPES, WHENS)
@settings(deadline=None, max_examples=examples(60), suppress_health_check=list(HealthCheck))
def test_a_refreshed_cube_is_that_of_a_rebuild(loads, shape, when):
    with tempfile.TemporaryDirectory() as folder, made(Path(folder)) as city:
        query = city.query("calls") if when is None else city.query("calls").when(when)
        try:
            cube = cubed(query.inquiry(), shape)
        except InvalidInput:
            return
        for mode, events in loads:
            load(city, mode, events)
            query = city.query("calls") if when is None else city.query("calls").when(when)
            expected = cubed(query.inquiry(), shape)
            cube = refreshed(cube, query.inquiry(), shape)
            same(cube, expected)
