"""Apache Spark's own server answers as all engines do; it reads the files that a plan is left with."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import geopandas
import pyarrow.parquet as pq
import pytest
import shapely
import sqlglot

import stcloud
from stcloud.daas.table.schema import PART
from stcloud.iaas.engine.model import Engine, Files, Sql
from stcloud.iaas.engine.spark import Spark
from stcloud.iaas.table.table import File
from stcloud.testing.cases import AREAS, CRS, EVENTS, events
from stcloud.testing.engines import corpus, difference
from stcloud.testing.scenes import scenes
from tests.conformance import test_features, test_large_results

FIXTURES = Path(__file__).parents[2] / "fixtures"
BOX = (500_000, 3_380_000, 501_000, 3_381_000)

pytestmark = pytest.mark.slow

features = test_features.folder
crowded = test_large_results.folder


def test_apache_spark_answers_the_corpus_as_the_oracle(tmp_path: Path, apache_spark: Engine) -> None:
    faults = {}
    for name, scene in scenes(FIXTURES).items():
        folder, oracle = tmp_path / name.replace("/", "-"), scene.oracle()
        scene.build(folder)
        scene.load_all(oracle)
        city = stcloud.open(folder, engine=apache_spark)
        for question in corpus():
            if question.scene == name:
                fault = difference(question.ask(city, scene.layer).table, oracle.answer(question))
                faults |= {question.name: fault} if fault else {}
    assert faults == {}


def test_apache_spark_answers_of_features_as_duckdb(
    features: Path, duckdb: Engine, apache_spark: Engine
) -> None:
    here, there = (stcloud.open(features, engine=engine) for engine in (duckdb, apache_spark))
    for name, question in test_features.QUESTIONS.items():
        expected = question(here.features("things")).to_records()
        assert question(there.features("things")).to_records() == expected, name
    for name, asked in test_features.ASKED.items():
        assert asked(there.query("things")).to_records() == asked(here.query("things")).to_records(), name


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city in a folder whose name looks like a pattern; its layer has months, and a column that came later."""
    root = tmp_path_factory.mktemp("uneven {a,b} é")
    city = stcloud.create(root / "city", crs=CRS, zone="Asia/Shanghai")
    definition = stcloud.Definition.from_toml(EVENTS, name="cases")
    rows = events(400, 3, BOX)
    rows.head(200).to_csv(root / "a.csv", index=False)
    rows.tail(200).assign(cost=range(200)).to_csv(root / "b.csv", index=False)
    city.load("cases", root / "a.csv", definition=definition)
    city.load("cases", root / "b.csv")
    return root / "city"


def test_files_are_read_with_columns_that_they_lack_and_those_of_their_partition(
    uneven: Path, duckdb: Engine, apache_spark: Engine
) -> None:
    snapshot = stcloud.open(uneven).layer("cases").snapshot
    assert len({file.partition[PART] for file in snapshot.files}) > 3

    def rows(engine: Engine, text: str, files: tuple[File, ...]) -> list[dict[str, Any]]:
        return (
            engine.run([Sql(sqlglot.parse_one(text), {})], {"layer": Files(snapshot, files)})
            .read_all()
            .to_pylist()
        )

    for files in (snapshot.files, snapshot.files[::2], ()):
        text = "SELECT COUNT(*) AS n, COUNT(cost) AS later, MAX(cost) AS last FROM layer"
        assert rows(apache_spark, text, files) == rows(duckdb, text, files)
        counts = Counter[str]()
        for file in files:
            counts[str(file.partition[PART])] += file.rows
        text = f"SELECT {PART} AS part, COUNT(*) AS n FROM layer GROUP BY {PART}"
        assert {str(row["part"]): row["n"] for row in rows(apache_spark, text, files)} == counts


def test_rows_are_written_and_joined_there(
    crowded: Path, duckdb: Engine, apache_spark: Engine, tmp_path: Path
) -> None:
    city = stcloud.open(crowded, engine=apache_spark)
    for how, inner in test_large_results.JOINS:
        expected = stcloud.open(crowded, engine=duckdb).query("cases").join("areas", how, inner=inner).table
        city.query("cases").joining("areas", how, inner=inner).write_parquet(str(tmp_path / how))
        test_large_results.same(tmp_path / how, expected)
        assert (tmp_path / how / "_SUCCESS").is_file()


def test_a_crowded_cell_is_joined_in_as_many_tasks_as_its_rows_are_read_in(
    tmp_path: Path, apache_spark: Engine
) -> None:
    """Law: what a task joins is bounded by what it reads, however many events lie in one cell."""
    assert isinstance(apache_spark, Spark)
    city = stcloud.create(tmp_path / "city", crs=CRS, zone="Asia/Shanghai")
    frame = geopandas.GeoDataFrame({"name": ["a"], "state": [1]}, geometry=[shapely.box(*BOX)], crs=CRS)
    frame.to_file(tmp_path / "areas.gpkg")
    definition = stcloud.Definition.from_toml(AREAS, name="areas")
    city.load("areas", tmp_path / "areas.gpkg", definition=definition, valid_from="2010-01-01")
    rows = events(20_000, 5, BOX)
    rows.loc[rows.index % 10 < 5, ["x", "y"]] = (BOX[0] + 333.0, BOX[1] + 333.0)  # half of all
    rows.to_csv(tmp_path / "cases.csv", index=False)
    city.load("cases", tmp_path / "cases.csv", definition=stcloud.Definition.from_toml(EVENTS, name="cases"))
    small = {"spark.sql.files.maxPartitionBytes": "65536", "spark.sql.files.openCostInBytes": "0"}
    for name, text in small.items():
        apache_spark.session.conf.set(name, text)
    try:
        there = stcloud.open(tmp_path / "city", engine=apache_spark)
        there.query("cases").joining("areas").write_parquet(str(tmp_path / "out"))
    finally:
        for name in small:
            apache_spark.session.conf.unset(name)
    parts = [pq.read_table(path) for path in sorted((tmp_path / "out").glob("*.parquet"))]
    assert sum(map(len, parts)) == 20_000
    crowd = [sum(x == BOX[0] + 333.0 for x in part["x"].to_pylist()) for part in parts]
    assert sum(count > 0 for count in crowd) > 4
    assert max(map(len, parts)) < 20_000 / 4
