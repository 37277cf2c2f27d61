"""Decisions are matched with conflicts by identity."""

import pyarrow as pa
import pytest

from stcloud.errors import InvalidInput
from stcloud.paas.conflict.decisions import outcome_of, with_decisions

AT = pa.timestamp("us", "UTC")
CONFLICTS = pa.table({"conflict": ["a", "b"], "from": pa.array([0, 0], AT), "st_geom": [b"", b""]})


def decisions(outcome):
    return pa.table({
        "conflict": ["b", "c"], "outcome": [outcome] * 2, "decided_by": ["council"] * 2, "reason": ["law"] * 2,
        "st_valid_from": pa.array([5, 6], AT),
    })  # fmt: skip


def test_what_was_decided_is_in_the_row():
    rows = with_decisions(CONFLICTS, decisions("replan")).to_pylist()
    assert [row["outcome"] for row in rows] == [None, "replan"]
    assert (rows[1]["decided_by"], rows[1]["reason"], rows[1]["decided_on"].microsecond) == (
        "council",
        "law",
        5,
    )
    assert [row["outcome"] for row in with_decisions(CONFLICTS, None).to_pylist()] == [None, None]


def test_an_outcome_that_there_is_not_is_refused():
    with pytest.raises(InvalidInput, match="conflict b has the outcome 'frist'") as caught:
        with_decisions(CONFLICTS, decisions("frist"))
    assert caught.value.kind == "unknown-outcome"
    sides = {"first_layer": "landuse", "second_layer": "roads"}
    assert [outcome_of(name, sides) for name in ("landuse", "roads", "both")] == ["first", "second", "both"]
    with pytest.raises(InvalidInput, match="did you mean 'roads'"):
        outcome_of("road", sides)
