"""The examples of the CQL2 standard: both encodings mean the same; both evaluators and the oracle agree on them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from sqlglot import exp

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput, Unsupported
from stcloud.iaas.engine.duck import Duck
from stcloud.iaas.engine.model import Sql
from stcloud.paas.query.filter import Checker, Names, Statement, evaluate, in_sql, parse_filter
from stcloud.paas.query.filter.node import Call, Column, Constant, Node, Shape
from stcloud.paas.query.sql.binder import Binder
from stcloud.testing.condition import rows, table
from stcloud.testing.logic import evaluate as said
from stcloud.time import Zone

TEXTS = (
    "city", "cityName", "name", "road_class", "etat_vol", "landsat:scene_id", "eo:instrument", "landsat:wrs_path",
    "beamMode", "swathDirection", "polarization", "owner", "material", "geophys:SURVEY_NAME", "id",
)  # fmt: skip
NUMBERS = (
    "balance", "depth", "category", "windSpeed", "vehicle_height", "bridge_clearance", "eo:cloud_cover", "floors",
    "landsat:wrs_row", "taxes", "value", "foo", "bar", "x",
)  # fmt: skip
STARTS, ENDS = ("event_time", "touchdown", "starts_at", "updated_at"), ("liftOff", "ends_at")
COLUMNS = {
    **dict.fromkeys(TEXTS, "note"), **dict.fromkeys(NUMBERS, "n"), **dict.fromkeys(STARTS, "begun"),
    **dict.fromkeys(ENDS, "done"), "updated": "day", "built": "day", "swimming_pool": "ok", "foo": "m", "x": "i",
}  # fmt: skip
"""The column of the drawn rows that stands for a property of the examples."""
SHAPES, LISTS = ("geometry", "road", "footprint", "location"), ("values", "layer:ids")
OF_TEXT = {"example40": {"value": "note"}, "example40-alt01": {"value": "note"}}
OF_NUMBER = {name: {"landsat:wrs_path": "n"} for name in ("example04", "example06a", "example06b")}
"""Examples that take a property for another type than others do."""
FUNCTIONS = ("clause6_01", "clause6_02b", "example68", "example69")
"""Examples that call functions nobody defined: avg, Foo, Bar."""
INVALID = ("example46", "example46-alt01", "example49", "example49-alt01")
"""Examples whose polygons are not valid."""
ZONE = "America/New_York"
SEEDS = range(3)


def stems() -> list[str]:
    numbers = [f"{number:02}" for number in range(1, 87) if number not in (5, 6)]
    clauses = [
        "6_01",
        "6_02a",
        "6_02b",
        "6_02c",
        "6_02d",
        "6_03",
        "7_01",
        "7_02",
        "7_03a",
        "7_03b",
        "7_04",
        "7_05",
    ]
    clauses += [f"7_{number}" for number in ("07", 10, 12, 13, 15, 16, 17, 18, 19)]
    alternatives = [f"{number}-alt01" for number in (36, 38, 40, 42, 43, 44, 46, 49, 54, 55, 85)]
    examples = sorted([*numbers, "05a", "05b", "06a", "06b", *alternatives])
    return [*(f"clause{one}" for one in clauses), *(f"example{one}" for one in examples)]


@pytest.fixture(scope="module")
def engine() -> Iterator[Duck]:
    found = Duck()
    yield found
    found.close()


@pytest.fixture(scope="module")
def folder(real_data: Path) -> Path:
    return real_data / "cql2"


def text(folder: Path, stem: str) -> str:
    return (folder / "text" / f"{stem}.txt").read_text(encoding="utf-8")


def tree(folder: Path, stem: str) -> Any:
    return json.loads((folder / "json" / f"{stem.removesuffix('-alt01')}.json").read_text(encoding="utf-8"))


def names(stem: str) -> Names:
    columns = COLUMNS | (OF_TEXT | OF_NUMBER).get(stem, {})
    kinds = {"note": "text", "n": "number", "m": "number", "i": "integer", "day": "date", "ok": "boolean"}
    listed = Call("array", "list", (Column("text", "tags"), Constant("text", ";")))
    special: dict[str, Node] = dict.fromkeys(SHAPES, Shape(("st_geom",))) | dict.fromkeys(LISTS, listed)
    return Names(
        {name: Attribute(name, at, kinds.get(at, "instant")) for name, at in columns.items()}, special
    )


def named(row: dict[str, Any], stem: str) -> dict[str, Any]:
    """Return a drawn row under the names of the examples."""
    columns = COLUMNS | (OF_TEXT | OF_NUMBER).get(stem, {})
    tags = row["tags"]
    parts = None if tags is None else [part.strip() for part in tags.split(";") if part.strip()]
    return (
        {name: row[at] for name, at in columns.items()}
        | dict.fromkeys(SHAPES, row["geometry"])
        | dict.fromkeys(LISTS, parts)
    )


def test_no_example_is_left_out(folder: Path) -> None:
    assert {path.stem for path in (folder / "text").glob("*.txt")} == set(stems())
    assert {path.stem for path in (folder / "json").glob("*.json")} == {
        one.removesuffix("-alt01") for one in stems()
    }


@pytest.mark.parametrize("stem", stems())
def test_text_and_json_are_read_as_the_same_filter(stem: str, folder: Path) -> None:
    wanted = tree(folder, stem)
    assert parse_filter(text(folder, stem)) == wanted
    assert parse_filter(wanted) == wanted


@pytest.mark.costly
@pytest.mark.parametrize("stem", [one for one in stems() if one not in FUNCTIONS])
def test_both_evaluators_and_the_oracle_agree(stem: str, folder: Path, engine: Duck) -> None:
    what = parse_filter(text(folder, stem))
    node = Checker(names(stem), Zone(ZONE)).condition(what)
    for seed in SEEDS:
        drawn = rows(seed, points=False)
        batch = table(drawn, points=False)
        wanted = [said(what, named(row, stem), ZoneInfo(ZONE)) for row in drawn]
        found = evaluate(node, batch)
        assert wanted == ([found.as_py()] * len(drawn) if isinstance(found, pa.Scalar) else found.to_pylist())
        if in_sql(node):
            assert wanted == by_sql(engine, node, batch)


def by_sql(engine: Duck, node: Node, batch: pa.RecordBatch) -> list[bool | None]:
    binder = Binder()
    query = exp.Select(expressions=[exp.Alias(this=Statement(binder).of(node), alias="told")]).from_("plain")
    stage = Sql(query, binder.values_of(query))
    return engine.run([stage], {"plain": pa.Table.from_batches([batch])}).read_all()["told"].to_pylist()


@pytest.mark.parametrize("stem", FUNCTIONS)
def test_functions_that_nobody_defined_are_refused_by_name(stem: str, folder: Path) -> None:
    with pytest.raises(Unsupported, match=r"no function or operator '(avg|Foo|Bar)'"):
        Checker(names(stem), Zone(ZONE)).condition(parse_filter(text(folder, stem)))


@pytest.mark.parametrize("stem", [one for one in stems() if one not in FUNCTIONS])
def test_in_a_city_all_are_answered_but_those_with_polygons_that_are_not_valid(
    stem: str, folder: Path
) -> None:
    """Written geometry is in degrees, and the examples' lies anywhere on Earth."""
    checker = Checker(names(stem), Zone(ZONE), city="EPSG:32618")
    what = parse_filter(text(folder, stem))
    if stem in INVALID:
        with pytest.raises(InvalidInput, match="not valid"):
            checker.condition(what)
    else:
        found = evaluate(checker.condition(what), table(rows(1, points=False), points=False))
        assert found.type == pa.bool_()
