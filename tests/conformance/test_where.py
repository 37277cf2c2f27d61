"""Places that name features: every engine keeps the events that one event and one version after another says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import shapely

import stcloud
from stcloud.testing.feature_places import CRS, Happening, Version, built, lies, spec

EAST, NORTH = 500_000, 3_500_000
FIRST = datetime(2024, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BOX = shapely.box(EAST, NORTH, EAST + 200, NORTH + 150)
KNOWN = {
    "areas": [
        Version("a", FIRST, FIRST + 2 * DAY, BOX),
        Version("a", FIRST + 2 * DAY, None, shapely.box(EAST + 50, NORTH, EAST + 300, NORTH + 50)),
        Version("x:y", FIRST + DAY, FIRST + 3 * DAY, shapely.Point(EAST + 100, NORTH + 100).buffer(80)),
    ],
    "streets": [
        Version("s", FIRST, None, shapely.LineString([(EAST, NORTH), (EAST + 400, NORTH + 50)])),
        Version(
            "t", FIRST, FIRST + DAY, shapely.LineString([(EAST, NORTH + 200), (EAST + 400, NORTH + 200)])
        ),
    ],
}
A, B = ("in", "areas", "a", None, None), ("in", "areas", "x:y", None, None)
TREES = {
    "a feature": A,
    "a feature at a time": ("in", "areas", "a", None, FIRST),
    "not in features": ("not", ("or", [A, B])),
    "along a street": ("in", "streets", "s", 50.0, None),
    "near a layer": ("in", "streets", None, 25.0, None),
    "near a layer at a time": ("and", [("in", "streets", None, 25.0, FIRST), ("not", A)]),
    "near a point, and an area": (
        "or",
        [("and", [("point", 117.0, 31.622, 900.0), B]), ("area", BOX.buffer(-60))],
    ),
    "cells of several levels": ("and", [("cell", "144550000"), ("not", ("cell", "1445500000000"))]),
}


@pytest.fixture(scope="module")
def events() -> list[Happening]:
    there = [
        Happening(EAST + 50.0 * x, NORTH + 50.0 * y, FIRST + day * DAY)
        for x in range(8)
        for y in range(5)
        for day in range(4)
    ]
    return [*there, Happening(None, None, FIRST)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, events):
    found = tmp_path_factory.mktemp("where")
    built(found, KNOWN, events)
    return found / "city"


@pytest.mark.parametrize("engine", ["duckdb", "duckdb_by_sql", "sail"])
@pytest.mark.parametrize("name", TREES)
def test_engines_keep_the_events_that_lie_there(engine, name, folder, events, request):
    city = stcloud.open(folder, engine=request.getfixturevalue(engine))
    found = city.query("cases").where(spec(TREES[name]), crs=CRS).to_arrow()["st_key"].to_pylist()
    wanted = [number for number, event in enumerate(events) if lies(TREES[name], event, KNOWN) is True]
    assert sorted(map(int, found)) == wanted
    assert 0 < len(wanted) < len(events) - 1
