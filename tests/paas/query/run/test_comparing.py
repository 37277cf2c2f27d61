"""Comparisons, rates and groups by features, beside plain pandas and shapely."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.errors import StcloudError
from stcloud.paas.query.run.comparing import earlier_of, shifts
from stcloud.time import Bin, DayRun

CRS = "EPSG:4548"
AREAS = """
id = "areas"
kind = "feature"
key = ["code"]
[space]
column = "wkt"
encoding = "wkt"
crs = "EPSG:4548"
datum = "cgcs2000"
[shape]
kinds = ["Polygon"]
[columns]
people = { type = "integer", optional = true }
"""


def squares(count: int, side: int) -> pd.DataFrame:
    boxes = [shapely.box(5e5 + at * side, 3.5e6, 5e5 + (at + 1) * side, 3.5e6 + side) for at in range(count)]
    return pd.DataFrame(
        {"code": [f"a{at}" for at in range(count)], "name": [f"n{at % 2}" for at in range(count)],
         "people": [1000 * (at + 1) if at else "" for at in range(count)], "wkt": [one.wkt for one in boxes]}
    )  # fmt: skip


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    random = np.random.default_rng(3)
    at = pd.Timestamp("2023-12-25") + pd.to_timedelta(random.integers(0, 100 * 1440, 400), "min")
    return pd.DataFrame(
        {"id": [f"e{n}" for n in range(400)], "at": at, "x": 5e5 + random.integers(-50, 450, 400) + 0.5,
         "y": 3.5e6 + random.integers(0, 100, 400) + 0.5, "kind": random.choice(["a", "b"], 400)}
    )  # fmt: skip


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, events: pd.DataFrame) -> stcloud.City:
    root: Path = tmp_path_factory.mktemp("comparing")
    events.to_csv(root / "events.csv", index=False)
    squares(4, 100).to_csv(root / "old.csv", index=False)
    squares(2, 200).to_csv(root / "new.csv", index=False)
    (root / "areas.toml").write_text(AREAS)
    city = stcloud.create(root / "city", crs=CRS, zone="Asia/Shanghai")
    city.load("areas", root / "old.csv", definition=root / "areas.toml", valid_from="2020-01-01")
    city.load("areas", root / "new.csv", valid_from="2024-02-01")
    city.load("events", root / "events.csv", key=["id"], time="at", x="x", y="y", crs=CRS)
    return city


def held(events: pd.DataFrame, column: str) -> pd.Series:
    """Return the area that held each event at its own time, by geopandas, version by version."""
    points = geopandas.GeoDataFrame(events, geometry=geopandas.points_from_xy(events["x"], events["y"]))
    found = pd.Series(None, index=events.index, dtype=object)
    early = events["at"] < "2024-02-01"
    for areas, chosen in ((squares(4, 100), early), (squares(2, 200), ~early)):
        shapes = geopandas.GeoDataFrame(areas, geometry=geopandas.GeoSeries.from_wkt(areas["wkt"]))
        pairs = geopandas.sjoin(points[chosen], shapes, predicate="within")
        found[pairs.index] = pairs[column]
    return found


@pytest.mark.parametrize("column", ["code", "name"])
def test_events_are_grouped_by_what_held_them(city: stcloud.City, events: pd.DataFrame, column: str) -> None:
    by = "in:areas" if column == "code" else f"in:areas.{column}"
    found = city.query("events").count([by]).to_arrow()
    expected = held(events, column).fillna("None").value_counts()
    assert {
        str(key): count for key, count in zip(*(one.to_pylist() for one in found.columns), strict=True)
    } == {str(key): count for key, count in expected.items()}


def test_on_a_shared_border_the_smallest_key_counts(city: stcloud.City, tmp_path: Path) -> None:
    border = pd.DataFrame(
        {"id": ["b"], "at": ["2024-01-05"], "x": [5e5 + 100], "y": [3.5e6 + 50], "kind": ["a"]}
    )
    border.to_csv(tmp_path / "border.csv", index=False)
    city.load("borders", tmp_path / "border.csv", key=["id"], time="at", x="x", y="y", crs=CRS)
    assert city.query("borders").count(["in:areas"]).to_records() == [{"in_areas": "a0", "count": 1}]


def test_rates_are_counts_over_what_was_there(city: stcloud.City, events: pd.DataFrame) -> None:
    asked = city.query("events").when("2024-01")
    found = asked.measure("count", "per_km2", "per_1000(areas.people)", by=["in:areas"]).to_records()
    people = {"a1": 2000, "a2": 3000, "a3": 4000}
    for one in found:
        area, crowd = one["in_areas"] and 0.01, people.get(one["in_areas"])
        assert one["per_km2"] == (pytest.approx(one["count"] / area) if area else None)
        assert one["per_1000_people"] == (pytest.approx(one["count"] * 1000 / crowd) if crowd else None)
    later = asked.measure("per_km2", by=["in:areas"], rated_at="2024-02-02").to_records()
    assert [one["per_km2"] is None for one in later] == [False, False, True, True, True]
    cells = city.query("events").measure("count", "per_km2", by=["cell:100m"]).to_records()
    assert all(one["per_km2"] == pytest.approx(one["count"] * 100) for one in cells)
    box = shapely.box(5e5, 3.5e6, 5e5 + 200, 3.5e6 + 100)
    there = city.query("events").where(box, crs=CRS).measure("count", "per_km2").to_records()[0]
    assert there["per_km2"] == pytest.approx(there["count"] * 50)


@pytest.mark.parametrize(("which", "earlier"), [("previous", "2024-01"), ("year", "2023-02")])
@pytest.mark.parametrize("by", [(), ("kind",), ("day",), ("week", "kind")])
def test_a_period_is_put_beside_an_earlier_one(
    city: stcloud.City, events: pd.DataFrame, which: str, earlier: str, by: tuple[str, ...]
) -> None:
    found = city.query("events").when("2024-02").measure(by=by, compare=which).to_arrow().to_pandas()
    now, then = (events[events["at"].dt.strftime("%Y-%m") == month] for month in ("2024-02", earlier))
    start = {"2024-02": pd.Timestamp("2024-02-01"), earlier: pd.Timestamp(f"{earlier}-01")}

    def counted(rows: pd.DataFrame, month: str) -> dict[tuple[object, ...], int]:
        monday = start[month] - pd.to_timedelta(start[month].weekday(), "D")
        parts = {
            "kind": rows["kind"], "day": (rows["at"] - start[month]).dt.days,
            "week": (rows["at"] - monday).dt.days // 7,
        }  # fmt: skip
        keys = list(zip(*(parts[one] for one in by), strict=True)) if by else [()] * len(rows)
        return {key: keys.count(key) for key in keys}

    one, other = counted(now, "2024-02"), counted(then, earlier)
    expected = sorted(
        (one.get(key, 0), other.get(key, 0)) for key in {*one, *other, *([()] if not by else [])}
    )
    assert sorted(zip(found["count"], found["count_before"], strict=True)) == expected
    assert (found["count_change"] == found["count"] - found["count_before"]).all()
    for row in found.itertuples():
        share = None if not row.count_before else (row.count - row.count_before) / row.count_before * 100
        assert (pd.isna(row.count_change_pct) and share is None) or row.count_change_pct == pytest.approx(
            share
        )


def test_features_of_a_time_are_put_beside_those_before(city: stcloud.City) -> None:
    found = (
        city.query("areas").when("2024-02").measure("count", "sum(area_m2)", compare="previous").to_records()
    )
    assert [(one["count"], one["count_before"]) for one in found] == [(2, 4)]
    assert found[0]["sum_area_m2_before"] == pytest.approx(40_000)
    with pytest.raises(StcloudError) as refused:
        city.query("areas").when("2024-02").as_of("2024-02-02").measure(compare="year")
    assert refused.value.kind == "no-period"


def test_features_of_an_instant_are_put_beside_those_of_another(city: stcloud.City) -> None:
    areas = city.query("areas")
    now, then = (areas.as_of(day).count().to_records()[0]["count"] for day in ("2025-02-10", "2024-02-10"))
    (found,) = areas.as_of("2025-02-10").measure(compare="year").to_records()
    assert (found["count"], found["count_before"], found["count_change"]) == (now, then, now - then)
    asked = stcloud.Question(layer="areas", as_of="2025-02-10", count=True, compare="as-of:2024-02-10")
    (found,) = city.ask(asked).to_records()
    assert (found["count"], found["count_other"]) == (now, then)
    with pytest.raises(StcloudError) as refused:
        areas.as_of("2025-02-10").measure(compare="previous")
    assert (refused.value.kind, "as-of:" in str(refused.value.hint)) == ("no-period", True)


def test_what_is_measured_is_explained(city: stcloud.City) -> None:
    asked = city.query("events").when("2024-02")
    told = asked.explain(["kind"], "max(id)")
    assert told.plan[-1] == "max_id by kind"
    assert told.bytes[0] > asked.explain(["kind"]).bytes[0]


def test_a_place_is_put_beside_another(city: stcloud.City) -> None:
    one, other = (city.query("events").where(f"areas:{key}@2024-01-01") for key in ("a1", "a2"))
    found = one.measure("count", "max(st_time)", by=["kind"], compare=other).to_records()
    assert [row["count"] for row in found] == [row["count"] for row in one.count(["kind"]).to_records()]
    assert [row["count_other"] for row in found] == [
        row["count"] for row in other.count(["kind"]).to_records()
    ]
    assert "max_st_time_change" not in found[0]


def test_a_row_is_explained(city: stcloud.City, events: pd.DataFrame) -> None:
    asked = city.query("events").when("2024-01").what("kind = 'a'").where("areas:a1")
    inside = {row["st_key"] for row in asked.rows().to_records()}
    for key in events["id"][:40]:
        reason = asked.why(key)
        assert reason.found == (key in inside) == all(one.holds for one in reason.conditions)
        assert reason.versions[0]["source"] == "events.csv"
    assert not asked.why("nobody").versions
    feature = city.query("areas").as_of("2024-03").why("a3")
    assert [(one["st_valid_to"][:10]) for one in feature.versions] == ["2024-02-01"]
    assert not feature.found


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda asked: asked.measure("per_km2"), "no-area"),
        (lambda asked: asked.measure("per_km2", by=["in:areas", "cell:1km"]), "no-area"),
        (lambda asked: asked.measure("per_1000(people)"), "no-inhabitants"),
        (lambda asked: asked.measure("per_1000(name)", by=["in:areas"]), "wrong-type"),
        (lambda asked: asked.measure("per_1000(peple)", by=["in:areas"]), "unknown-column"),
        (lambda asked: asked.count(["in:areas.nome"]), "unknown-column"),
        (lambda asked: asked.count(["in:arias"]), "unknown-layer"),
        (lambda asked: asked.count(["in:events"]), "not-features"),
        (lambda asked: asked.measure(compare="previous"), "no-period"),
        (lambda asked: asked.when("2024", "2026").measure(compare="year"), "no-period"),
        (lambda asked: asked.when("2024").measure(compare="last"), "unknown-comparison"),
        (lambda asked: asked.when("2024").measure(by=["hour"], compare="year"), "no-hours"),
    ],
)
def test_what_cannot_be_compared_is_refused(city: stcloud.City, ask: object, kind: str) -> None:
    with pytest.raises(StcloudError) as refused:
        ask(city.query("events"))  # type: ignore[operator]
    assert refused.value.kind == kind


def test_a_place_is_named_by_a_column(city: stcloud.City, events: pd.DataFrame) -> None:
    asked = city.query("events")
    named = {row["st_key"] for row in asked.where("areas.name:n1").rows().to_records()}
    assert named == {row["st_key"] for row in asked.where("areas:a1 or areas:a3").rows().to_records()}
    assert named == set(events["id"][held(events, "name") == "n1"])
    for place, kind in (("areas.nome:n1", "unknown-column"), ("areas.name:n7", "unknown-feature")):
        with pytest.raises(StcloudError) as refused:
            asked.where(place).count()
        assert refused.value.kind == kind


def test_bins_of_a_period_are_put_beside_those_before_by_their_numbers(city: stcloud.City) -> None:
    now = city.query("events").when("2024-02").inquiry()
    then = earlier_of(now, "previous")
    first, before = (int(pd.Timestamp(day).timestamp()) // 86_400 for day in ("2024-02-01", "2024-01-01"))
    by = (DayRun(1, 0), DayRun(10, 4), Bin.MONTH, Bin.WEEKDAY)
    assert shifts(by, now, then) == (first - before, (first - 4) // 10 - (before - 4) // 10, 1, 0)
