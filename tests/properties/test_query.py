"""Laws of questions: whatever is asked of whatever rows, DuckDB answers as the oracle does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import cql2
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from sqlglot import exp

import stcloud
from stcloud.daas.table.schema import Attribute
from stcloud.iaas.engine.duck import Duck
from stcloud.iaas.engine.model import Sql
from stcloud.paas.query.condition.predicate import Predicate
from stcloud.paas.query.filter import bounds_of
from stcloud.paas.query.plan.resolved import Writing
from stcloud.paas.query.sql.binder import Binder
from stcloud.paas.query.sql.tree import all_of
from stcloud.testing.engines import difference
from stcloud.testing.examples import examples
from stcloud.testing.filter import filters
from stcloud.testing.logic import evaluate
from stcloud.testing.query import ask_both, layer_rows
from stcloud.testing.question import Question
from stcloud.testing.scenes import Delivery, Scene, csv_texts, typed_events
from stcloud.time import Zone

CRS = "EPSG:4548"
TYPES = {
    "id": "text",
    "at": "instant",
    "x": "number",
    "y": "number",
    "note": "text",
    "n": "number",
    "m": "number",
    "i": "integer",
    "ok": "boolean",
    "day": "date",
    "done": "instant",
}
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


@pytest.fixture(scope="module")
def engine() -> Iterator[Duck]:
    found = Duck()
    yield found
    found.close()


@settings(max_examples=examples(6), deadline=None, suppress_health_check=SLOW)
@given(st.data())
def test_duckdb_answers_any_question_as_the_oracle(engine: Duck, data: st.DataObject) -> None:
    ask_both(engine, data)


@pytest.mark.slow
@settings(max_examples=examples(100), deadline=None, suppress_health_check=SLOW)
@given(st.data())
def test_duckdb_answers_many_questions_as_the_oracle(engine: Duck, data: st.DataObject) -> None:
    ask_both(engine, data)


def typed(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as the oracle reads them."""
    oracle = Scene("drawn", CRS, "UTC", typed_events(CRS), (Delivery(rows, 0),)).oracle()
    oracle.load(rows, mode="changes", now_us=0)
    return [dict(state.record.values or {}) for state in oracle.states]


def filtered(engine: Duck, tree: Any, rows: list[dict[str, Any]], zone: str) -> list[str]:
    """Keys of the rows that DuckDB keeps."""
    attributes = {name: Attribute(name, name, kind) for name, kind in TYPES.items()}
    schema = pa.schema([attribute.field for attribute in attributes.values()])
    binder = Binder()
    (resolved,) = Predicate.read(tree, attributes, Zone(zone)).resolve(None)
    condition = all_of(resolved.sql(Writing(binder, "plain")))
    query = exp.select(exp.column("id")).from_("plain").where(condition).order_by("id")
    stage = Sql(query, binder.values_of(query))
    return engine.run([stage], {"plain": pa.Table.from_pylist(rows, schema)}).read_all()["id"].to_pylist()


@settings(max_examples=examples(100), deadline=None, suppress_health_check=SLOW)
@given(filters(), layer_rows("America/New_York", first_year=1900, last_year=2100, least=6))
def test_filter_keeps_the_rows_for_which_it_is_true(engine: Duck, tree: Any, table: pd.DataFrame) -> None:
    """Neither those for which it is false nor those for which it is unknown."""
    rows, zone = typed(table), "America/New_York"
    wanted = [row["id"] for row in rows if evaluate(tree, row, ZoneInfo(zone)) is True]
    assert filtered(engine, tree, rows, zone) == wanted


@settings(max_examples=examples(100), deadline=None, suppress_health_check=SLOW)
@given(filters(), layer_rows("America/New_York", first_year=1900, last_year=2100, least=6))
def test_rows_of_a_filter_lie_within_its_bounds(tree: Any, table: pd.DataFrame) -> None:
    """Law: whatever is kept lies within the bounds by which files are left out."""
    attributes = {name: Attribute(name, name, kind) for name, kind in TYPES.items()}
    condition = Predicate.read(tree, attributes, Zone("America/New_York")).condition
    low, high = bounds_of([condition], "at")
    for row in typed(table):
        if row["at"] is not None and evaluate(tree, row, ZoneInfo("America/New_York")) is True:
            at_us = round(row["at"].timestamp() * 1e6)
            assert low is None or low <= at_us
            assert high is None or at_us <= high


@settings(max_examples=examples(50), deadline=None, suppress_health_check=SLOW)
@given(filters(temporal=False, depth=2), layer_rows("UTC", first_year=2024, last_year=2024, least=4))
def test_filter_means_what_cql2_itself_says(engine: Duck, tree: Any, table: pd.DataFrame) -> None:
    """Where `cql2` can evaluate a row at all: it knows no nulls, and divides by zero."""
    rows = typed(table)
    kept = filtered(engine, tree, rows, "UTC")
    for row in rows:
        said = matches(tree, row)
        if said is not None:
            note(json.dumps(row, default=str, ensure_ascii=False))
            assert (row["id"] in kept) == said


def matches(tree: Any, row: dict[str, Any]) -> bool | None:
    """What `cql2` says of a row; None where it cannot tell."""
    if '"/"' in json.dumps(tree):
        return None
    plain = {
        name: value
        for name, value in row.items()
        if value is not None and TYPES[name] not in ("date", "instant")
    }
    try:
        return bool(cql2.Expr(tree).matches({"type": "Feature", "geometry": None, "properties": plain}))
    except Exception:  # noqa: BLE001  (it raises nothing finer)
        return None


@pytest.mark.parametrize("what", ["n = 0", "n > 5", "n <= 1", "n IS NULL"])
def test_what_is_not_a_number_is_null(what: str, engine: Duck, tmp_path: Path) -> None:
    """Bounds of a file leave NaN out, so a stored one would be missed."""
    rows = csv_texts(
        "id,at,x,y,note,n,m,i,ok,day,done\na,2024,,,,nan,,,,,\nb,2024,,,,0,,,,,\n".replace(
            "2024", "2024-01-01"
        )
    )
    scene = Scene("nan", CRS, "UTC", typed_events(CRS), (Delivery(rows, 0),))
    scene.build(tmp_path / "city")
    oracle = scene.oracle()
    scene.load_all(oracle)
    question = Question("nan", "nan", what=(what,))
    found = difference(
        question.ask(stcloud.open(tmp_path / "city", engine=engine), scene.layer).table,
        oracle.answer(question),
    )
    assert found is None, found
