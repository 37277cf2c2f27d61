"""Laws of conflicts and blueprints on drawn plans; `docs/explanation/plans.md` states them."""

from collections import defaultdict
from unittest import mock

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.daas.table.feature import micros
from stcloud.index import sharedarea
from stcloud.paas.conflict.blueprint import blueprint_pieces
from stcloud.paas.conflict.conflictchanges import changed_conflicts
from stcloud.paas.conflict.conflictgroups import GroupAreas, grouped_conflicts
from stcloud.paas.conflict.conflictrows import SCHEMA, in_row_order
from stcloud.paas.conflict.conflictrules import ConflictRules
from stcloud.paas.conflict.conflictsearch import ConflictSearch
from stcloud.paas.conflict.decisions import OUTCOMES, with_decisions
from stcloud.paas.conflict.pairing import DatedRule
from stcloud.testing.examples import examples
from stcloud.testing.plans import CORNER, OPEN_US, drawn_plans, oracle_conflicts, plan_of

ALWAYS = (-(2**63), OPEN_US)
RULES = [
    {"id": "homes", "kind": "exclude", "first": {"layer": "a", "use": ["dwelling"]}, "second": {"layer": "b"}},
    {
        "id": "schools", "kind": "exclude", "first": {"use": ["school", "dwelling"]},
        "second": {"use": ["wood", "school"]},
    },
    {"id": "far", "kind": "distance", "first": {"use": ["school"]}, "second": {"use": ["wood"]}, "least_m": 2.5},
    {"id": "near", "kind": "clearance", "first": {}, "second": {}, "horizontal_m": 1.5, "vertical_m": 0.75},
    {"id": "meet", "kind": "clearance", "first": {"layer": "b"}, "second": {}, "horizontal_m": 0, "vertical_m": 0},
]  # fmt: skip
WINDOWS = st.one_of(st.just(ALWAYS), st.integers(0, 9).map(lambda at: (at, at + 1)), st.just((3, 6)))
TOLERANCES = st.sampled_from([(0.0, 0.0), (1.0, 0.0), (0.0, 0.3), (2.0, 0.5)])


@pytest.fixture(scope="module", autouse=True, params=[True, False], ids=["compiled", "GEOS"])
def way(request):
    with mock.patch.object(sharedarea, "clipping_pays", return_value=request.param):
        yield


def rules_of(tolerance=(1.0, 0.0)):
    document = {"id": "laws", "slivers": {"area_m2": tolerance[0], "width_m": tolerance[1]}}
    for rule in RULES:
        stated = {name: value for name, value in rule.items() if name != "kind"}
        document.setdefault(rule["kind"], []).append(stated)
    return ConflictRules.from_document(document, name="laws")


def search(plans, *, tolerance=(1.0, 0.0), window=ALWAYS, periods=None, only=None):
    rules = rules_of(tolerance)
    bound = [
        DatedRule(rule, *(periods or {}).get(rule.id, ALWAYS))
        for rule in rules
        if only is None or rule.kind == only
    ]
    batches = [*ConflictSearch(tuple(bound), rules.slivers, window).batches(plans)]
    rows = in_row_order(pa.concat_tables([SCHEMA.empty_table(), *(batch.rows for batch in batches)]))
    return rows, sum(batch.sliver_m2 for batch in batches)


def content(rows):
    start, end = micros(rows["from"], ALWAYS[0]).tolist(), micros(rows["to"], OPEN_US).tolist()
    return sorted(
        (row["rule"], row["first_layer"], row["first"], row["second"], start[at], end[at])
        for at, row in enumerate(rows.to_pylist())
    )


def arrays(plans):
    return [plan_of(layer, versions) for layer, versions in plans.items()]


@given(drawn_plans(), WINDOWS, TOLERANCES)
@settings(max_examples=examples(300))
def test_oracle(plans, window, tolerance):
    rules = [rule | ({"from_us": 2, "to_us": 7} if rule["id"] == "homes" else {}) for rule in RULES]
    expected, slivers = oracle_conflicts(
        plans, rules, area_m2=tolerance[0], width_m=tolerance[1], window=window
    )
    rows, sliver_m2 = search(arrays(plans), tolerance=tolerance, window=window, periods={"homes": (2, 7)})
    assert content(rows) == [
        (at.rule, at.sides[0][0], at.sides[0][1], at.sides[1][1], at.from_us, at.to_us) for at in expected
    ]
    by_place = rows.sort_by([(name, "ascending") for name in ("rule", "first", "second", "from")]).to_pylist()
    measures = [row["distance_m"] if row["area_m2"] is None else row["area_m2"] for row in by_place]
    assert measures == pytest.approx([at.measure for at in expected], abs=1e-6)
    assert sliver_m2 == pytest.approx(slivers, abs=1e-6)


@given(drawn_plans(layers=("c", "a", "b")))
@settings(max_examples=examples(60))
def test_order(plans):
    plans_as_arrays = arrays(plans)
    backwards = [plan.take(np.arange(len(plan))[::-1]) for plan in reversed(plans_as_arrays)]
    rows, _ = search(plans_as_arrays)
    assert rows.drop_columns(["st_geom"]).equals(search(backwards)[0].drop_columns(["st_geom"]))


@given(drawn_plans(), TOLERANCES)
@settings(max_examples=examples(60))
def test_slivers_counted(plans, tolerance):
    rows, left_out = search(arrays(plans), tolerance=tolerance, only="exclude")
    every, none = search(arrays(plans), tolerance=(0.0, 0.0), only="exclude")
    assert none == 0
    total = sum(every["area_m2"].to_pylist())
    assert sum(rows["area_m2"].to_pylist()) + left_out == pytest.approx(total, abs=1e-6)


@given(drawn_plans())
@settings(max_examples=examples(100))
def test_overlap_in_time(plans):
    rows, _ = search(arrays(plans))
    versions = {(layer, at.key, at.from_us, at.to_us) for layer, drawn in plans.items() for at in drawn}
    periods = defaultdict(list)
    for row in content(rows):
        rule, layer, first, second, start, end = row
        periods[rule, first, second].append((start, end))
        for side, key in ((layer, first), ("b", second)):
            assert any(v[0] == side and v[1] == key and v[2] <= start < end <= v[3] for v in versions)
    for own in periods.values():
        assert all(before[1] <= after[0] for before, after in zip(sorted(own), sorted(own)[1:], strict=False))


@given(drawn_plans(), st.integers(2, 9), st.integers(2, 9))
@settings(max_examples=examples(60))
def test_groups_conserve(plans, side_m, reach):
    rows, _ = search(arrays(plans), only="exclude")
    west, south = CORNER
    shapes = np.array(
        [
            shapely.box(west + x, south + y, west + x + side_m, south + y + side_m)
            for x in range(0, reach, side_m)
            for y in range(0, reach, side_m)
        ],
        object,
    )
    names = np.array([f"cell {at % 3}" for at in range(len(shapes))], object)
    always = np.full(len(shapes), ALWAYS[0]), np.full(len(shapes), OPEN_US)
    sums = grouped_conflicts(rows, ("rule",), GroupAreas("unit", names, shapes, *always), ALWAYS)
    total = sum(rows["area_m2"].to_pylist())
    assert sum(at or 0 for at in sums["area_m2"].to_pylist()) == pytest.approx(total, abs=1e-6)


def at_instant(plans, at_us):
    return [plan.take((plan.from_us <= at_us) & (at_us < plan.to_us)) for plan in arrays(plans)]


def decided(rows, draw_outcome):
    conflicts = sorted(set(rows["conflict"].to_pylist()))
    taken = [(conflict, outcome) for conflict in conflicts if (outcome := draw_outcome(conflict)) is not None]
    decisions = pa.table({
        "conflict": [conflict for conflict, _ in taken], "outcome": [outcome for _, outcome in taken],
        "decided_by": ["council"] * len(taken), "reason": [""] * len(taken),
        "st_valid_from": pa.array([0] * len(taken), pa.int64()).cast(pa.timestamp("us", "UTC")),
    })  # fmt: skip
    return with_decisions(rows, decisions)


@given(drawn_plans(), st.integers(0, 9), st.data())
@settings(max_examples=examples(100))
def test_conserved_and_agreed(plans, at_us, data):
    there = at_instant(plans, at_us)
    rows, _ = search(there, window=(at_us, at_us + 1))
    rows = decided(rows, lambda _: data.draw(st.sampled_from((None, *OUTCOMES))))
    pieces = blueprint_pieces(there, rows, [*rules_of()]).to_pylist()
    sums = defaultdict(float)
    for piece in pieces:
        sums[piece["layer"], piece["feature"]] += piece["area_m2"]
    expected = {
        (plan.layer, key): shape.area
        for plan in there
        for key, shape in zip(plan.key, plan.shape, strict=True)
    }
    assert dict(sums) == pytest.approx(expected, rel=1e-9, abs=1e-6)
    assert len({piece["piece"] for piece in pieces}) == len(pieces)
    settled = {
        (piece["layer"], piece["feature"]): shapely.from_wkb(piece["st_geom"])
        for piece in pieces
        if piece["state"] == "settled"
    }
    for row in rows.to_pylist():
        sides = [settled.get((row[f"{side}_layer"], row[side])) for side in ("first", "second")]
        if row["kind"] == "exclude" and row["outcome"] != "both" and None not in sides:
            place = shapely.from_wkb(row["st_geom"])
            assert sides[0].intersection(sides[1]).intersection(place).area == pytest.approx(0, abs=1e-6)


@given(drawn_plans(), drawn_plans())
@settings(max_examples=examples(60))
def test_changes_complete(before, after):
    old, new = search(arrays(before))[0], search(arrays(after))[0]
    changes = changed_conflicts(old, new)
    kinds = changes["change"].to_pylist()
    of_kind = {
        kind: {
            row["conflict"] for row, named in zip(changes.to_pylist(), kinds, strict=True) if named == kind
        }
        for kind in ("new", "gone", "changed")
    }
    left = [row for row in old.to_pylist() if row["conflict"] not in of_kind["gone"] | of_kind["changed"]]
    added = [
        {name: value for name, value in row.items() if name not in ("change", "differs")}
        for row in changes.to_pylist()
        if row["change"] != "gone"
    ]

    def order(row):
        return row["conflict"], micros(pa.array([row["from"]], SCHEMA.field("from").type), ALWAYS[0])[0]

    assert sorted(left + added, key=order) == sorted(new.to_pylist(), key=order)
    assert of_kind["new"].isdisjoint(old["conflict"].to_pylist())
    assert of_kind["gone"].isdisjoint(new["conflict"].to_pylist())
