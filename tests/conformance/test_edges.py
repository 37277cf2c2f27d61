"""Long filters, filters that name no column, and places that were not there: every engine answers alike."""

from __future__ import annotations

from pathlib import Path

import geopandas
import pytest
import shapely

import stcloud
from stcloud.iaas.engine.model import Engine
from stcloud.testing.cases import AREAS, CRS, EVENTS, events

BOX = (500_000, 3_380_000, 501_000, 3_381_000)
COUNT = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events of three years, and areas from long after them on."""
    root = tmp_path_factory.mktemp("edges")
    city = stcloud.create(root / "city", crs=CRS, zone="America/New_York")
    events(COUNT, 3, BOX).to_csv(root / "cases.csv", index=False)
    city.load("cases", root / "cases.csv", definition=stcloud.Definition.from_toml(EVENTS, name="cases"))
    frame = geopandas.GeoDataFrame({"name": ["a"]}, geometry=[shapely.box(*BOX)], crs=CRS)
    frame.to_file(root / "areas.gpkg")
    definition = stcloud.Definition.from_toml(AREAS, name="areas")
    city.load("areas", root / "areas.gpkg", definition=definition, valid_from="2040-01-01")
    return root / "city"


NOWHERE = ("areas:a", "near:areas:50m", "areas.name:a", "areas:a or near:areas:a:1km")
QUESTIONS = {
    "a long or": (
        lambda asked: asked.what(" or ".join(f"id = '3-{n}'" for n in range(520))),
        COUNT,
    ),
    "a long and": (lambda asked: asked.what(" and ".join(f"id <> '3-{n}'" for n in range(100))), COUNT - 100),
    "many values": (
        lambda asked: asked.what("id in (" + ", ".join(f"'3-{n}'" for n in range(50, 20_000)) + ")"),
        COUNT - 50,
    ),
    "no column": (lambda asked: asked.what("2 ^ 2 = 4 and casei('A') = casei('a')"), COUNT),
    "no column, no row": (lambda asked: asked.what("2 ^ 2 = 5"), 0),
    "a difference": (lambda asked: asked.what("days(time - TIMESTAMP('2000-01-01T00:00:00')) > 1"), COUNT),
    "not there": (lambda asked: asked.where("not areas:a"), COUNT),
    **{place: (lambda asked, place=place: asked.where(place), 0) for place in NOWHERE},
}


@pytest.mark.costly
@pytest.mark.parametrize("question", QUESTIONS)
def test_engines_answer_alike(
    question: str, folder: Path, duckdb: Engine, duckdb_by_sql: Engine, sail: Engine
) -> None:
    narrow, count = QUESTIONS[question]
    for engine in (duckdb, duckdb_by_sql, sail):
        asked = narrow(stcloud.open(folder, engine=engine).query("cases"))
        assert asked.count().to_records() == [{"count": count}]
        if "long" in question:
            continue
        assert asked.rows().table.num_rows == count
        assert sum(one["count"] for one in asked.count(by=["in:areas"]).to_records()) == count
        assert asked.join("areas").table.num_rows == count
        assert asked.join("areas", "nearest within 10 m").table.num_rows == count
