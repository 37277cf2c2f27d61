"""The side that does not prevail is cut; `tests/properties/test_plans.py` has the laws."""

import pyarrow as pa
import pytest
import shapely

from stcloud.paas.conflict.blueprint import blueprint_pieces
from stcloud.paas.conflict.conflictrules import ConflictRules
from stcloud.paas.conflict.conflictsearch import ConflictSearch
from stcloud.paas.conflict.decisions import with_decisions
from stcloud.paas.conflict.pairing import DatedRule
from stcloud.testing.plans import OPEN_US, DrawnVersion, plan_of

ALWAYS = (-(2**63), OPEN_US)


def areas(kind, rule, shapes, outcome):
    """Return area, or length, by feature and state."""
    rules = ConflictRules.from_document({"id": "few", kind: [{"id": "rule", **rule}]}, name="few")
    plans = [
        plan_of(layer, [DrawnVersion("1", "x", 0, OPEN_US, shape, -1.0, -1.0)])
        for layer, shape in zip("ab", shapes, strict=True)
    ]
    search = ConflictSearch(tuple(DatedRule(rule, *ALWAYS) for rule in rules), rules.slivers, ALWAYS)
    rows = pa.concat_tables([batch.rows for batch in search.batches(plans)])
    decisions = pa.table({
        "conflict": rows["conflict"], "outcome": [outcome] * len(rows), "decided_by": [""] * len(rows),
        "reason": [""] * len(rows), "st_valid_from": rows["from"],
    })  # fmt: skip
    rows = with_decisions(rows, decisions if outcome else None)
    pieces = blueprint_pieces(plans, rows, [*rules]).to_pylist()
    return {piece["layer"] + " " + piece["state"]: piece["area_m2"] or piece["length_m"] for piece in pieces}


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (None, {"a open": 50, "a settled": 50, "b open": 50, "b settled": 150}),
        ("replan", {"a replan": 50, "a settled": 50, "b replan": 50, "b settled": 150}),
        ("both", {"a settled": 100, "b settled": 200}),
        ("first", {"a settled": 100, "b cut": 50, "b settled": 150}),
        ("second", {"a cut": 50, "a settled": 50, "b settled": 200}),
    ],
)
def test_outcomes(outcome, expected):
    shapes = shapely.box(0, 0, 10, 10), shapely.box(5, 0, 25, 10)
    assert areas("exclude", {}, shapes, outcome) == expected


def test_nothing_settled_is_left_of_what_lies_within():
    shapes = shapely.box(5, 5, 10, 10), shapely.box(0, 0, 20, 20)
    assert areas("exclude", {}, shapes, "second") == {"a cut": 25, "b settled": 400}


def test_what_is_too_close_is_cut():
    shapes = shapely.box(0, 0, 10, 10), shapely.box(12, 0, 40, 10)
    cut = areas("distance", {"least_m": 5}, shapes, "first")
    assert cut == {
        "a settled": 100,
        "b cut": pytest.approx(30, abs=0.01),
        "b settled": pytest.approx(250, abs=0.01),
    }


def test_lines_are_cut_by_length():
    shapes = shapely.LineString([(0, 0), (10, 0)]), shapely.LineString([(5, -5), (5, 5)])
    cut = areas("clearance", {"horizontal_m": 1, "vertical_m": 0.5}, shapes, "second")
    assert cut == {"a cut": pytest.approx(2), "a settled": pytest.approx(8), "b settled": 10}
