"""Every engine answers of a layer of features alike."""

from __future__ import annotations

from pathlib import Path

import pytest

import stcloud
from stcloud.iaas.engine.model import Engine
from stcloud.testing.features import define

HEAD = "k,name,wkt\n"


def point(key: str, name: str, east: int) -> str:
    return f"{key},{name},POINT ({500_000 + east} 3500000)\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city whose layer has ends, a change, and a row that lacks a later column."""
    root = tmp_path_factory.mktemp("features")
    city = stcloud.create(root / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    definition = define(crs="EPSG:4548")
    files = {
        "a": HEAD + point("1", "x", 0) + point("2", "y", 50) + point("3", "z", 5000),
        "b": HEAD + point("1", "x", 0) + point("2", "other", 50),
        "c": "k,name,wkt,new\n" + point("2", "once", 60).rstrip() + ",1\n",
    }
    for name, text in files.items():
        (root / f"{name}.csv").write_text(text)
    city.load("things", root / "a.csv", definition=definition, valid_from="2013-01-01")
    city.load("things", root / "b.csv", valid_from="2023-01-01")
    city.load("things", root / "c.csv", mode="changes", valid_from="2023-03-01", valid_to="2023-09-01")
    zone = (
        '1,zone,"POLYGON ((499990 3499990, 500055 3499990, 500055 3500010, 499990 3500010, 499990 3499990))"'
    )
    (root / "zones.csv").write_text(f"{HEAD}{zone}\n")
    city.load("zones", root / "zones.csv", definition=definition, valid_from="2013-01-01")
    return root / "city"


QUESTIONS = {
    "then": lambda layer: layer.as_of("2019-06-01"),
    "in the change": lambda layer: layer.as_of("2023-06-01"),
    "before all": lambda layer: layer.as_of("2000-01-01"),
    "known first": lambda layer: layer.as_of("2023-06-01", known_at=layer.loads[0].recorded_at_us),
    "known never": lambda layer: layer.as_of("2023-06-01", known_at=layer.loads[0].recorded_at_us - 1),
    "between": lambda layer: layer.between("2022-12-31", "2023-03-02"),
    "history": lambda layer: layer.history("2"),
    "in a place": lambda layer: layer.as_of("2023-06-01", where=stcloud.Area.from_wkt(
        "POLYGON ((500000 3499990, 500060 3499990, 500060 3500010, 500000 3500010, 500000 3499990))", "EPSG:4548"
    )),
    "difference": lambda layer: layer.diff("2014-01-01", "2023-06-01"),
}  # fmt: skip
COUNTS = {"then": 3, "in the change": 2, "before all": 0, "known first": 3, "known never": 0, "history": 6,
          "between": 5, "in a place": 2, "difference": 2}  # fmt: skip


@pytest.mark.costly
@pytest.mark.parametrize("question", QUESTIONS)
def test_engines_answer_of_features_alike(
    question: str, folder: Path, duckdb: Engine, duckdb_by_sql: Engine, sail: Engine
) -> None:
    one, *others = (
        QUESTIONS[question](stcloud.open(folder, engine=engine).features("things"))
        for engine in (duckdb, duckdb_by_sql, sail)
    )
    for other in others:
        assert one.to_records() == other.to_records()
    assert len(one) == COUNTS[question]


ASKED = {
    "rows as of": lambda query: query.as_of("2023-06-01").rows(),
    "rows meeting a time": lambda query: query.when("2023/..", relation="meets").rows(order=["-name"]),
    "versions in a time": lambda query: query.when("2023-02/2024").measure("count", "distinct(st_key)", by=["name"]),
    "sizes": lambda query: query.as_of("2023-06-01").measure("count", "sum(length_m)", "max(area_m2)", by=["name"]),
    "a filter no engine has": lambda query: query.when("2013/2030").what("casei(name) = casei('Y')").rows(),
    "cells": lambda query: query.as_of("2019").count(["cell:1km"]),
    "timeline": lambda query: query.timeline("count", "mean(length_m)", by=["name"]),
    "a page": lambda query: query.when("2013/2030").rows(2, after=query.when("2013/2030").rows(2).next),
    "in a place": lambda query: query.as_of("2023-06-01").where("bbox:116.9,31.6,117.0006,31.7").rows(),
    "near a feature": lambda query: query.when("2019/2024").where("near:things:1:55m and not things:1").rows(),
    "near features": lambda query: query.as_of("2019").where("near:things:60m@2023-06-01").count(["name"]),
    "by what holds them": lambda query: query.when("2012/2024").count(["in:zones.name", "year"]),
}  # fmt: skip


@pytest.mark.costly
@pytest.mark.parametrize("question", ASKED)
def test_engines_answer_queries_of_features_alike(
    question: str, folder: Path, duckdb: Engine, duckdb_by_sql: Engine, sail: Engine
) -> None:
    one, *others = (
        ASKED[question](stcloud.open(folder, engine=engine).query("things")).to_records()
        for engine in (duckdb, duckdb_by_sql, sail)
    )
    assert one
    assert others == [one, one]


def test_history_follows_predecessors_through_splits(tmp_path: Path, duckdb: Engine, sail: Engine) -> None:
    definition = define("EPSG:4548").model_copy(update={"predecessor": "came_from"})
    city = stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    for day, text in {
        "2020-01-01": "k,came_from,wkt\n1,,POINT (500000 3500000)\n2,,POINT (500010 3500000)\n",
        "2021-01-01": "k,came_from,wkt\n3,1;2,POINT (500000 3500000)\n",
        "2022-01-01": "k,came_from,wkt\n4,3,POINT (500000 3500000)\n5,5;3,POINT (500010 3500000)\n",
    }.items():
        source = tmp_path / f"{day}.csv"
        source.write_text(text)
        city.load("things", source, definition=definition, valid_from=day)
    for engine in (duckdb, sail):
        layer = stcloud.open(tmp_path / "city", engine=engine).features("things")
        now = layer.history("5", follow=True, known_at="2100-01-01")
        assert sorted(row["st_key"] for row in now.to_records()) == ["1", "2", "3", "5"]
        assert {row["st_key"] for row in layer.history("5").to_records()} == {"5"}
    things = stcloud.open(tmp_path / "city").features("things")
    with pytest.raises(stcloud.errors.NotFound):
        things.history("9", follow=True)


def test_history_without_a_predecessor_column_does_not_follow(folder: Path) -> None:
    with pytest.raises(stcloud.errors.InvalidInput) as told:
        stcloud.open(folder).features("things").history("2", follow=True)
    assert told.value.kind == "no-predecessor"
