"""A place that is a feature which exists, but not in the time asked for, holds nothing: no question fails."""

from __future__ import annotations

import geopandas
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.errors import NotFound
from stcloud.testing.cases import CRS, EVENTS

WEST, SOUTH = 500_000, 3_530_000
COUNT = 40
ABSENT = [
    "areas:a", "near:areas:a:50m", "near:areas:50m", "areas.name:A", "areas:a or areas:b", "areas:a and areas:b",
    "near:areas:a:50m or areas.name:B", "near:areas:50m@2024-03-01", "areas:a and not areas:b", "areas:long-gone",
]  # fmt: skip
DENIED = ["not areas:a", "not near:areas:a:50m", "not (areas:a or areas.name:B)"]
NEVER = [
    "areas:zz", "near:areas:zz:50m", "areas.name:ZZ", "areas:a or areas:zz", "not areas:zz", "areas:a@2024-03-01",
    "near:areas:a:50m@2024-03-01", "areas.name:A@2024-03-01",
]  # fmt: skip


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Events of March; areas from August on, one that ended years before."""
    folder = tmp_path_factory.mktemp("absent")
    found = stcloud.create(folder / "city", crs=CRS, zone="America/New_York")
    rows = pd.DataFrame({
        "id": [f"e{n}" for n in range(COUNT)],
        "at": [f"2024-03-{1 + n % 28:02d}T12:00:00" for n in range(COUNT)],
        "x": [WEST + 20.0 * n for n in range(COUNT)], "y": SOUTH + 50.0,
    })  # fmt: skip
    rows.to_csv(folder / "cases.csv", index=False)
    found.load("cases", folder / "cases.csv", definition=stcloud.Definition.from_toml(EVENTS, name="cases"))
    old = geopandas.GeoDataFrame(
        {"code": ["long-gone"], "name": ["L"]},
        geometry=[shapely.box(WEST, SOUTH, WEST + 900, SOUTH + 99)],
        crs=CRS,
    )
    areas = geopandas.GeoDataFrame(
        {"code": ["a", "b"], "name": ["A", "B"]},
        geometry=[
            shapely.box(WEST, SOUTH, WEST + 900, SOUTH + 99),
            shapely.box(WEST, SOUTH, WEST + 200, SOUTH + 99),
        ],
        crs=CRS,
    )
    old.to_file(folder / "old.gpkg")
    areas.to_file(folder / "areas.gpkg")
    found.load(
        "areas",
        folder / "old.gpkg",
        key=["code"],
        valid_from="2010-01-01",
        valid_to="2012-01-01",
        mode="changes",
    )
    found.load("areas", folder / "areas.gpkg", valid_from="2024-08-01", mode="changes")
    return found


def questions(asked):
    """Give what may be asked of events, as functions that return how many there are."""
    others = asked.where("areas:a")
    return {
        "rows": lambda: asked.rows().table.num_rows,
        "page": lambda: asked.rows(1000, order=["-id"]).table.num_rows,
        "batches": lambda: sum(one.num_rows for one in asked.batches()),
        "count": lambda: asked.count().to_records()[0]["count"],
        **{
            f"by {by}": lambda by=by: sum(one["count"] for one in asked.count(by=[by]).to_records())
            for by in ("in:areas", "in:areas.name", "cell:100m", "week")
        },
        "both": lambda: sum(one["count"] for one in asked.count(by=["in:areas", "week"]).to_records()),
        "rate": lambda: sum(
            one["count"] for one in asked.measure("count", "per_km2", by=["in:areas"]).to_records()
        ),
        **{
            how: lambda how=how: asked.join("areas", how).table.num_rows
            for how in ("within", "intersects", "within 20 m", "nearest", "nearest 2 within 100 m")
        },
        "join at": lambda: asked.join("areas", at="2011-01-01").table.num_rows,
        "stream": lambda: asked.join_batches("areas").read_all().num_rows,
        "previous": lambda: asked.measure("count", compare="previous").to_records()[0]["count"],
        "another": lambda: asked.measure("count", compare=others).to_records()[0]["count"],
        "another by": lambda: sum(
            one["count"] for one in asked.measure("count", by=["in:areas"], compare=others).to_records()
        ),
    }  # fmt: skip


@pytest.mark.costly
@pytest.mark.parametrize("place", [*ABSENT, *DENIED, "areas:b@2024-09-01"])
def test_every_question_of_a_place_that_was_not_there_is_answered(city, place):
    asked = city.query("cases").when("2024-03").where(place)
    expected = 0 if place in ABSENT else COUNT if place in DENIED else 11
    assert {name: ask() for name, ask in questions(asked).items()} == dict.fromkeys(
        questions(asked), expected
    )
    assert str(asked.explain())
    assert str(asked.explain(["in:areas"]))
    assert str(asked.why("e1"))


@pytest.mark.costly
@pytest.mark.parametrize("place", ABSENT)
def test_it_says_the_same_of_all_time(city, place):
    asked = city.query("cases").where(place)
    assert set(counted(asked).values()) == {0}


def counted(asked):
    return {name: ask() for name, ask in questions(asked).items() if name != "previous"}


@pytest.mark.parametrize("place", NEVER)
def test_what_never_was_and_what_was_not_there_at_a_named_instant_is_refused(city, place):
    asked = city.query("cases").when("2024-03")
    for name, ask in questions(asked.where(place)).items():
        with pytest.raises(NotFound) as error:
            ask()
        assert error.value.kind == "unknown-feature", name


@pytest.mark.parametrize("place", ["areas:a", "near:areas:a:50m", "near:areas:50m", "areas.name:A"])
def test_features_near_a_place_that_was_not_there_are_none(city, place):
    asked = city.query("areas").when("2023").where(place)
    assert asked.rows().table.num_rows == asked.count().to_records()[0]["count"] == 0
