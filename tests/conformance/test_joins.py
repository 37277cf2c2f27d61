"""Every engine's events meet the same features, in this process and where the rows are."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import shapely
import sqlglot

import stcloud
from stcloud.iaas.engine.model import Engine, Files, Refine, Sql
from stcloud.iaas.engine.spark import Spark
from stcloud.index import AsOfIndex
from stcloud.paas.query.join import held_by, read_how
from stcloud.paas.query.resolve.prepared import prepared
from stcloud.paas.query.resolve.scope import Scope
from stcloud.testing.cases import AREAS, CRS, EVENTS, events

BOX = (500_000, 3_380_000, 501_000, 3_381_000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city whose areas overlap and moved twice, with events in and around them, some without a place."""
    root = tmp_path_factory.mktemp("joins")
    city = stcloud.create(root / "city", crs=CRS, zone="Asia/Shanghai")
    for number, day in enumerate(("2015-01-01", "2020-06-01", "2021-06-01")):
        at = [(BOX[0] + 31 * number + 100 * i, BOX[1] + 100 * j) for i in range(10) for j in range(10)]
        shapes = [shapely.box(x, y, x + 110, y + 100) for x, y in at]
        names = [f"n{one}" for one in range(len(at))]
        frame = geopandas.GeoDataFrame({"name": names, "state": number}, geometry=shapes, crs=CRS)
        frame.to_file(root / f"{day}.gpkg")
        definition = stcloud.Definition.from_toml(AREAS, name="areas")
        city.load("areas", root / f"{day}.gpkg", definition=definition, valid_from=day)
    rows = events(2000, 11, BOX)
    rows.loc[::25, ["x", "y"]] = np.nan
    rows.loc[::7, ["x", "y"]] = rows.loc[::7, ["x", "y"]].round(-2)
    rows.to_csv(root / "cases.csv", index=False)
    city.load("cases", root / "cases.csv", definition=stcloud.Definition.from_toml(EVENTS, name="cases"))
    return root / "city"


PLACE = stcloud.Area(shapely.box(500_100, 3_380_100, 500_300, 3_380_300), CRS)
QUESTIONS = {
    "within": lambda asked: asked.join("areas"),
    "intersects, at one instant": lambda asked: asked.join("areas", "intersects", at="2020-01-01"),
    "within a distance": lambda asked: asked.join("areas", "within 30 m", inner=True),
    "nearest": lambda asked: asked.join("areas", "nearest 2 within 200 m"),
    "in a place": lambda asked: asked.where(PLACE).join("areas", "within 30 m"),
    "in a place, then": lambda asked: asked.where(PLACE).when("2020").join("areas"),
    "of a filter": lambda asked: asked.what("x > 500500").join("areas"),
    "none": lambda asked: asked.when("1999").join("areas"),
}


@pytest.mark.costly
@pytest.mark.parametrize("question", QUESTIONS)
def test_engines_join_alike(
    question: str, folder: Path, duckdb: Engine, duckdb_by_sql: Engine, sail: Engine
) -> None:
    tables = []
    for engine in (duckdb, duckdb_by_sql, sail):
        tables.append(QUESTIONS[question](stcloud.open(folder, engine=engine).query("cases")).table)
    assert all(one.equals(tables[0]) for one in tables)
    assert bool(len(tables[0])) == (question != "none")


@pytest.fixture(scope="module")
def corrected(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same city, in which some events were corrected, so that files hold what was believed before."""
    root = tmp_path_factory.mktemp("corrected")
    shutil.copytree(folder, root / "city")
    rows = events(2000, 11, BOX)[::3]
    rows["x"] += 40
    rows.to_csv(root / "cases.csv", index=False)
    with stcloud.open(root / "city") as city:
        city.load("cases", root / "cases.csv", definition=stcloud.Definition.from_toml(EVENTS, name="cases"))
    return root / "city"


STRETCHED = {
    "all": lambda city: city.query("cases").join("areas").table,
    "of a filter, then": lambda city: (
        city.query("cases").what("x > 500500").when("2020/2021").join("areas").table
    ),
    "the first rows": lambda city: city.query("cases").what("x > 500900").rows(70).table,
    "no row": lambda city: city.query("cases").when("1999").rows().table,
}


def same_in_stretches(question: str, folder: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with stcloud.open(folder) as city:
        expected = STRETCHED[question](city)
    runs, run = [], Spark.run
    monkeypatch.setattr(Spark, "run", lambda *given: runs.append(1) or run(*given))
    monkeypatch.setattr(Spark, "stretch_rows", 300)
    assert STRETCHED[question](stcloud.open(folder, engine=engine)).equals(expected)
    assert (len(runs) > 1) == (question != "no row")


@pytest.mark.parametrize("question", STRETCHED)
def test_rows_of_stretches_at_an_endpoint_are_all_rows_in_order(
    question: str, corrected: Path, sail: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law: an endpoint that sorts one stretch of time after the other gives the rows that it gives at once."""
    same_in_stretches(question, corrected, sail, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("question", STRETCHED)
def test_rows_of_stretches_of_named_files_are_all_rows_in_order(
    question: str, corrected: Path, apache_spark: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    same_in_stretches(question, corrected, apache_spark, monkeypatch)


class Held:
    """Names the area that held each row, wherever this runs."""

    def __init__(self, partners: AsOfIndex) -> None:
        self.partners = partners

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        found = held_by(rows, self.partners).cast(pa.string())
        return rows.set_column(rows.schema.get_field_index("area"), "area", found)


def test_keys_are_found_where_the_rows_are(folder: Path, duckdb: Engine, sail: Engine) -> None:
    city = stcloud.open(folder)
    layer, joined = city.layer("areas"), city.query("cases").join("areas").table
    ready = prepared(layer, layer.recorded_us[1], read_how("within"), Scope(-(2**62), 2**62))
    text = "SELECT st_key, st_x, st_y, st_time, CAST(NULL AS VARCHAR(9)) AS area FROM layer"
    snapshot = city.layer("cases").snapshot
    expected = dict(zip(joined["st_key"].to_pylist(), joined["areas_key"].to_pylist(), strict=True))
    for engine in (duckdb, sail):
        stages = [Sql(sqlglot.parse_one(text, dialect="duckdb"), {}), Refine(Held(ready.partners))]
        found = engine.run(stages, {"layer": Files(snapshot, snapshot.files)}).read_all()
        assert dict(zip(found["st_key"].to_pylist(), found["area"].to_pylist(), strict=True)) == expected
    assert 0 < pc.count(joined["areas_key"], mode="only_null").as_py() < len(joined)


def test_within_gives_the_smallest_key_as_groups_do_and_intersects_all(
    folder: Path, duckdb: Engine, duckdb_by_sql: Engine, sail: Engine
) -> None:
    """Law: of areas that overlap ``within`` is the least of ``intersects``, as ``in:`` counts, on every engine."""
    for engine in (duckdb, duckdb_by_sql, sail):
        city = stcloud.open(folder, engine=engine)
        for _ in ("read", "kept in memory"):
            asked = city.query("cases")
            one = asked.join("areas", "within").table.select(["id", "areas_key"]).to_pandas()
            every = asked.join("areas", "intersects").table.select(["id", "areas_key"]).to_pandas()
            counted = asked.count(by=["in:areas"]).table.to_pandas()
            least = every.groupby("id")["areas_key"].min()
            assert len(every) > len(one) == len(least) == 2000
            assert one.set_index("id")["areas_key"].sort_index().equals(least.sort_index())
            held = one["areas_key"].value_counts(dropna=False)
            assert dict(zip(counted["in_areas"], counted["count"], strict=True)) == held.to_dict()
