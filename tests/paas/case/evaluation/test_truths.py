"""Conditions over batches: what `evaluate` says of each of them, with unknown being false at the end."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.iaas.conversion import truths_of
from stcloud.paas.case.evaluation.truths import Truths, is_true
from stcloud.paas.query.filter.node import Call, Column, Constant, all_in, any_in, deny
from stcloud.paas.query.filter.vector import evaluate

ATOMS = [
    Column("boolean", "a"),
    Column("boolean", "b"),
    Call("boolean", "isnull", (Column("boolean", "a"),)),
    Call("boolean", "<", (Column("integer", "n"), Constant("integer", 2))),
    Constant("boolean", value=True),
    Constant("boolean", value=False),
]
CONDITIONS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: all_in(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: any_in(tuple(parts))),
        inner.map(deny),
        inner.map(is_true),
    ),
    max_leaves=8,
)
TRUTH = st.sampled_from([None, True, False])
ROWS = st.lists(st.tuples(TRUTH, TRUTH, st.sampled_from([None, 1, 2])), min_size=1, max_size=8)


def batch(rows):
    a, b, n = zip(*rows, strict=True)
    return pa.record_batch(
        {"a": pa.array(a, pa.bool_()), "b": pa.array(b, pa.bool_()), "n": pa.array(n, pa.int64())}
    )


def truth(node, row):
    """Return what a condition is of a row in the logic of three values."""
    values = dict(zip("abn", row, strict=True))
    match node:
        case Constant():
            return node.value
        case Column():
            return values[node.stored]
        case Call(operator="isnull"):
            return values["a"] is None
        case Call(operator="<"):
            return None if values["n"] is None else values["n"] < 2
        case Call(operator="not"):
            inner = truth(node.arguments[0], row)
            return None if inner is None else not inner
        case Call(operator="coalesce"):
            return truth(node.arguments[0], row) is True
    parts = [truth(argument, row) for argument in node.arguments]
    decisive = node.operator == "or"
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive


@given(conditions=st.lists(CONDITIONS, min_size=1, max_size=4), rows=ROWS)
def test_conditions_are_true_where_they_are_known_to_be(conditions, rows):
    results = Truths(conditions).of(batch(rows))
    for condition, result in zip(conditions, results, strict=True):
        assert result.null_count == 0
        assert truths_of(result).tolist() == [truth(condition, row) is True for row in rows]


def test_what_conditions_share_is_computed_once(monkeypatch):
    shared = ATOMS[3]
    calls = []
    monkeypatch.setattr(
        "stcloud.paas.case.evaluation.truths.evaluate",
        lambda node, rows: calls.append(node) or evaluate(node, rows),
    )
    truths = Truths([all_in((shared, ATOMS[0])), any_in((shared, ATOMS[1])), deny(shared)])
    truths.of(batch([(True, False, 1)]))
    assert calls.count(shared) == 1
    assert truths.columns == {"a", "b", "n"}


def test_a_condition_on_no_column_holds_of_all_rows():
    assert (
        Truths([Constant("boolean", value=True)]).of(batch([(None, None, None)] * 3))[0].to_pylist()
        == [True] * 3
    )


def test_a_node_that_has_no_values_is_refused():
    with pytest.raises(TypeError):
        Truths([Constant("boolean", value=True), "no node"]).of(batch([(None, None, None)]))
