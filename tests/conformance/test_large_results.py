"""Large results are written whole or not at all, by the engine where the rows are; a crowded cell changes nothing."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
import sqlglot

import stcloud
from stcloud.errors import StcloudError
from stcloud.iaas.engine.model import Engine, Refine, Sql
from stcloud.iaas.engine.spark import Spark
from stcloud.iaas.engine.spark_source import SparkSource
from stcloud.testing.cases import AREAS, CRS, EVENTS, events

BOX = (500_000, 3_380_000, 501_000, 3_381_000)
ROWS = 3_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city in Auckland's zone, a tenth of whose events lie in one cell of 10 m; some have no place."""
    root = tmp_path_factory.mktemp("large")
    city = stcloud.create(root / "city", crs=CRS, zone="Pacific/Auckland")
    at = [(BOX[0] + 100 * i, BOX[1] + 100 * j) for i in range(10) for j in range(10)]
    shapes = [shapely.box(x, y, x + 110, y + 100) for x, y in at]
    names = [f"n{number}" for number in range(len(at))]
    frame = geopandas.GeoDataFrame({"name": names, "state": 1}, geometry=shapes, crs=CRS)
    frame.to_file(root / "areas.gpkg")
    definition = stcloud.Definition.from_toml(AREAS, name="areas")
    city.load("areas", root / "areas.gpkg", definition=definition, valid_from="2010-01-01")
    rows = events(ROWS, 7, BOX)
    rows.loc[::10, ["x", "y"]] = (BOX[0] + 333.0, BOX[1] + 333.0)
    rows.loc[1::25, ["x", "y"]] = np.nan
    rows.to_csv(root / "cases.csv", index=False)
    city.load("cases", root / "cases.csv", definition=stcloud.Definition.from_toml(EVENTS, name="cases"))
    return root / "city"


def sorted_rows(table: pa.Table) -> pd.DataFrame:
    """Return rows in the order of all their columns, instants without a zone of their own."""
    kinds = [
        pa.timestamp("us", "UTC") if pa.types.is_timestamp(kind) else kind for kind in table.schema.types
    ]
    frame = table.cast(pa.schema(list(zip(table.schema.names, kinds, strict=True)))).to_pandas()
    return frame.sort_values(list(frame.columns), na_position="last").reset_index(drop=True)


def same(written: Path, expected: pa.Table) -> None:
    table = pq.read_table(written)
    assert table.schema.names == expected.schema.names
    pd.testing.assert_frame_equal(sorted_rows(table), sorted_rows(expected), rtol=1e-9)


FILTERS = ("x > 500300", "casei(id) LIKE casei('7-1%')", "x > 1e9")


@pytest.mark.parametrize("engine", ["duckdb", "sail"])
@pytest.mark.parametrize("what", FILTERS)
def test_all_rows_of_a_selection_are_written(
    engine: str, what: str, folder: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    city = stcloud.open(folder, engine=request.getfixturevalue(engine))
    expected = stcloud.open(folder).query("cases").what(what).rows().table
    city.query("cases").what(what).write_parquet(str(tmp_path / "out"))
    assert bool(len(expected)) == (what != "x > 1e9")
    same(tmp_path / "out", expected)
    assert (tmp_path / "out").is_dir() == (engine == "sail")
    assert engine == "duckdb" or (tmp_path / "out" / "_SUCCESS").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


JOINS = [("within", False), ("within 30 m", True), ("nearest 2 within 200 m", False)]


@pytest.mark.parametrize("engine", ["duckdb", "sail"])
@pytest.mark.parametrize(("how", "inner"), JOINS)
def test_all_rows_of_a_join_are_written_and_a_crowded_cell_changes_nothing(
    engine: str, how: str, inner: bool, folder: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    city = stcloud.open(folder, engine=request.getfixturevalue(engine))
    expected = stcloud.open(folder).query("cases").join("areas", how, inner=inner).table
    city.query("cases").joining("areas", how, inner=inner).write_parquet(f"file://{tmp_path}/out")
    assert len(expected) > 0
    same(tmp_path / "out", expected)


@pytest.mark.parametrize("engine", ["duckdb", "sail"])
def test_what_is_there_is_never_overwritten(
    engine: str, folder: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    city = stcloud.open(folder, engine=request.getfixturevalue(engine))
    (tmp_path / "out").write_text("mine")
    with pytest.raises(StcloudError) as caught:
        city.query("cases").write_parquet(str(tmp_path / "out"))
    assert caught.value.kind == "target-exists"
    assert (tmp_path / "out").read_text() == "mine"


def test_what_fails_on_the_way_leaves_nothing(tmp_path: Path, sail: Engine) -> None:
    def fail(_: pa.RecordBatch) -> pa.RecordBatch:
        raise ValueError("of no use")

    assert isinstance(sail, Spark)
    query = sqlglot.parse_one("SELECT a FROM layer")
    with pytest.raises(StcloudError) as caught:
        sail.write([Sql(query, {}), Refine(fail)], {"layer": pa.table({"a": [1, 2]})}, str(tmp_path / "out"))
    assert caught.value.kind == "engine-failed"
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_rows_and_refuses_what_is_no_row(run, folder: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    ended = run("query", folder, "cases", "--to", tmp_path / "rows.parquet")
    assert ended.code == 0, ended.err
    assert pq.read_metadata(tmp_path / "rows.parquet").num_rows == ROWS
    ended = run("query", folder, "cases", "--by", "id", "--to", tmp_path / "groups.parquet")
    assert (ended.code, "--by" in ended.line) == (2, True)
    ended = run("join", folder, "cases", "areas", "--to", tmp_path / "joined.parquet")
    assert ended.code == 0, ended.err
    assert pq.read_metadata(tmp_path / "joined.parquet").num_rows == ROWS
    ended = run("join", folder, "cases", "areas", "--to", tmp_path / "joined.parquet")
    assert (ended.code, "already" in ended.line) == (2, True)
    ended = run(
        "join", folder, "cases", "areas", "--to", tmp_path / "other.parquet", "-o", tmp_path / "a.csv"
    )
    assert ended.code == 2
    assert not (tmp_path / "other.parquet").exists()
    ended = run("query", folder, "cases", "--to", "s3://bucket/rows")
    assert "files of this machine" in ended.line


def test_no_row_is_moved_to_the_cell_of_its_partner(sail: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """Law: what is joined by cells is given to every task, so that a crowded cell is no task of its own."""
    assert isinstance(sail, Spark)
    source = SparkSource(sail.session)
    cells = [1] * (ROWS // 10) + list(range(ROWS - ROWS // 10))
    rows = source.given(pa.table({"a": range(ROWS), "cell": cells}))
    units = pa.table({"cell": range(ROWS), "b": range(ROWS)})
    plans = []
    for beside in (source.beside(units), source.given(units)):
        rows.join(beside, "cell", "left").explain()
        plans.append(capsys.readouterr().out.partition("Physical")[2])
    assert all("HashJoinExec" in plan for plan in plans)
    assert "CollectLeft" in plans[0]
    assert "Hash([" not in plans[0]
