"""The two evaluators of a filter agree with each other and with the oracle, whatever is asked."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from sqlglot import exp

from stcloud.iaas.engine.duck import Duck
from stcloud.iaas.engine.model import Sql
from stcloud.paas.query.condition.filtered import FilteredInMemory
from stcloud.paas.query.filter import Checker, Names, Statement, evaluate, in_sql
from stcloud.paas.query.plan.limits import NO_LIMITS
from stcloud.paas.query.plan.resolved import Masking
from stcloud.paas.query.sql.binder import Binder
from stcloud.testing.condition import ATTRIBUTES, OPERATORS, condition, conditions, rows, table
from stcloud.testing.examples import examples
from stcloud.testing.logic import evaluate as said
from stcloud.time import Zone

ZONE = "America/New_York"
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


@pytest.fixture(scope="module")
def engine() -> Iterator[Duck]:
    found = Duck()
    yield found
    found.close()


def checker(*, points: bool) -> Checker:
    names = Names.of_events(ATTRIBUTES, lasting=True) if points else Names.of_features(ATTRIBUTES)
    if not points:  # features have no time of their own: of drawn ones it is when they begin
        names = Names(ATTRIBUTES, {**names.special, "time": names.special["period"].start})
    return Checker(names, Zone(ZONE))


def values(found: pa.Array | pa.Scalar, count: int) -> list[bool | None]:
    return [found.as_py()] * count if isinstance(found, pa.Scalar) else found.to_pylist()


def told_by_sql(engine: Duck, node: Any, batch: pa.RecordBatch) -> list[bool | None]:
    binder = Binder()
    query = exp.Select(expressions=[exp.Alias(this=Statement(binder).of(node), alias="told")]).from_("plain")
    note(query.sql("duckdb"))
    stage = Sql(query, binder.values_of(query))
    return engine.run([stage], {"plain": pa.Table.from_batches([batch])}).read_all()["told"].to_pylist()


def agree(engine: Duck, tree: Any, seed: int, *, points: bool) -> None:
    """True, false and unknown: batches are told what the oracle says, and so is SQL wherever it can say it."""
    drawn = rows(seed, points=points)
    node, batch = checker(points=points).condition(tree), table(drawn, points=points)
    note(json.dumps(tree, ensure_ascii=False))
    wanted = [said(tree, row, ZoneInfo(ZONE)) for row in drawn]
    assert values(evaluate(node, batch), len(drawn)) == wanted
    if in_sql(node):
        assert told_by_sql(engine, node, batch) == wanted


@pytest.mark.parametrize("operator", OPERATORS)
@settings(max_examples=examples(15), deadline=None, suppress_health_check=SLOW)
@given(data=st.data(), seed=st.integers(0, 2**32), points=st.booleans())
def test_an_operator_means_what_the_oracle_says(
    operator: str, engine: Duck, data: st.DataObject, seed: int, points: bool
) -> None:
    agree(engine, data.draw(condition(operator)), seed, points=points)


@settings(max_examples=examples(50), deadline=None, suppress_health_check=SLOW)
@given(tree=conditions(), seed=st.integers(0, 2**32), points=st.booleans())
def test_conditions_mean_what_the_oracle_says(engine: Duck, tree: Any, seed: int, points: bool) -> None:
    agree(engine, tree, seed, points=points)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=SLOW)
@given(tree=conditions(), seed=st.integers(0, 2**32))
def test_a_sieve_keeps_rows_for_which_it_is_true(tree: Any, seed: int) -> None:
    """Elsewhere too: it survives pickling, and a batch cut in two."""
    test = FilteredInMemory((checker(points=False).condition(tree),), NO_LIMITS)
    mask = pickle.loads(pickle.dumps(Masking((test,))))
    drawn = rows(seed, points=False)
    batch = table(drawn, points=False)
    parts = (batch.slice(0, 7), batch.slice(7))
    kept = [one for part in parts for one in mask(part).column("st_key").to_pylist()]
    assert kept == [row["key"] for row in drawn if said(tree, row, ZoneInfo(ZONE)) is True]
    assert mask(batch).schema.equals(batch.schema, check_metadata=True)
    if test.columns:
        assert mask(batch.select(sorted(test.columns))).num_rows == len(kept)
