"""Rows grouped by the features of one instant, whenever they happened: compared with shapely, version by version."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.query.spec.plan_json import read_plan, write_plan

CRS, ZONE = "EPSG:4548", "America/New_York"
WEST, SOUTH = 500_000.0, 3_500_000.0
VERSIONS = {
    "2015-01-01": {"a": (0, 0, 500, 1000), "b": (500, 0, 1000, 1000)},
    "2019-01-01": {"a": (0, 0, 300, 1000), "b": (300, 0, 700, 1000), "c": (700, 0, 900, 1000)},
    "2022-06-01": {"c": (0, 0, 1000, 400)},
}
INSTANTS = {
    "2016": "2015-01-01",
    "2019": "2019-01-01",
    "2022-05-31T23:59": "2019-01-01",
    "2022-06-01": "2022-06-01",
}


def frame(boxes):
    shapes = [
        shapely.box(WEST + west, SOUTH + south, WEST + east, SOUTH + north)
        for west, south, east, north in boxes.values()
    ]
    return geopandas.GeoDataFrame(
        {"code": list(boxes), "half": ["x" if key < "b" else "y" for key in boxes]}, geometry=shapes, crs=CRS
    )


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Areas of three versions, and calls of ten years."""
    chance = np.random.default_rng(3)
    days = pd.to_datetime("2014-01-01") + pd.to_timedelta(chance.integers(0, 3650, 300), unit="D")
    rows = pd.DataFrame({
        "id": range(300), "at": days.strftime("%Y-%m-%d"), "x": WEST + chance.integers(0, 1000, 300) + 0.5,
        "y": SOUTH + chance.integers(0, 1000, 300) + 0.5,
    })  # fmt: skip
    with stcloud.create(tmp_path_factory.mktemp("fixed") / "town", crs=CRS, zone=ZONE) as opened:
        for since, boxes in VERSIONS.items():
            opened.load("areas", frame(boxes), key="code", valid_from=since)
        opened.load("calls", rows, key="id", time="at", x="x", y="y", crs=CRS)
        opened.rows = rows
        yield opened


def counted(rows, boxes):
    """How many rows lie in each box, and how many in none, by shapely alone."""
    points = shapely.points(rows["x"] - WEST, rows["y"] - SOUTH)
    counts = {key: int(shapely.contains(shapely.box(*box), points).sum()) for key, box in boxes.items()}
    counts[None] = len(rows) - sum(counts.values())
    return {key: count for key, count in counts.items() if count}


@pytest.mark.parametrize(("instant", "version"), INSTANTS.items())
def test_rows_are_counted_by_the_features_of_one_instant(city, instant, version):
    boxes = VERSIONS[version]
    query = city.query("calls")
    answer = query.count(by=f"in:areas@{instant}")
    counts = {row["in_areas"]: row["count"] for row in answer}
    assert counts == counted(city.rows, boxes)
    assert (
        query.count(
            by=f"in:areas@{instant}",
        ).pin
        == answer.pin
    )
    shown = dict(zip(answer.to_arrow()["in_areas"].to_pylist(), answer.geometry(), strict=True))
    for key in counts.keys() - {None}:
        assert shown[key].area == shapely.box(*boxes[key]).area
        rows = query.of_group(f"in:areas@{instant}={key}").count()
        assert rows.to_records() == [{"count": counts[key]}]
    recent = city.rows[city.rows["at"] >= "2023-01-01"]
    told = query.when("2023-01-01/..").count(by=f"in:areas@{instant}")
    assert {row["in_areas"]: row["count"] for row in told} == counted(recent, boxes)


def test_versions_that_ended_long_before_the_rows_are_found(city, tmp_path):
    city.copy_to(tmp_path / "fresh")
    recent = city.rows[city.rows["at"] >= "2023-01-01"]
    with stcloud.open(tmp_path / "fresh") as fresh:  # nothing was made ready for an earlier question
        for instant in ("2016", "2019"):
            answer = fresh.query("calls").when("2023-01-01/..").count(by=f"in:areas@{instant}")
            assert {row["in_areas"]: row["count"] for row in answer} == counted(
                recent, VERSIONS[INSTANTS[instant]]
            )


def test_a_fixed_version_has_its_columns_rates_and_cubes(city):
    query, boxes = city.query("calls"), VERSIONS["2019-01-01"]
    expected = counted(city.rows, boxes)
    by_half = {row["in_areas_half"]: row["count"] for row in query.count(by="in:areas.half@2019")}
    assert by_half == {"x": expected["a"], "y": expected["b"] + expected["c"], None: expected[None]}
    rates = {row["in_areas"]: row["per_km2"] for row in query.measure("per_km2", by="in:areas@2019")}
    assert rates["c"] == pytest.approx(expected["c"] / 0.2)
    cube = query.when("2014/2024").cube(cell="in:areas@2019", every="1Y")
    assert cube.dense().sum() == sum(count for key, count in expected.items() if key)
    assert cube.known.all()


def test_a_plan_with_a_fixed_version_is_written_and_read(city):
    plan = city.query("calls").plan(by="in:areas@2019")
    assert read_plan(write_plan(plan), city.query("calls").subject) == plan
    assert plan != city.query("calls").plan(by="in:areas@2020")


@pytest.mark.parametrize(
    ("by", "error", "kind"),
    [
        ("in:areas@", InvalidInput, "unknown-group"),
        ("in:areas@soon", InvalidInput, "unreadable-time"),
        ("in:areas.half@", InvalidInput, "unreadable-time"),
        ("in:areas.halves@2019", NotFound, "unknown-column"),
        ("in:area@2019", NotFound, "unknown-layer"),
    ],
)
def test_an_instant_that_is_none_is_refused(city, by, error, kind):
    with pytest.raises(error) as refused:
        city.query("calls").count(by=by)
    assert refused.value.kind == kind
