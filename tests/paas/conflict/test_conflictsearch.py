"""Conflicts between a few versions; `tests/properties/test_plans.py` has the laws."""

import numpy as np
import pytest
import shapely

from stcloud.errors import InvalidInput
from stcloud.paas.conflict import pairing, planversions
from stcloud.paas.conflict.conflictrules import ConflictRules, PlanClause
from stcloud.paas.conflict.conflictsearch import ConflictSearch
from stcloud.paas.conflict.pairing import DatedRule
from stcloud.paas.conflict.planversions import PlanVersions
from stcloud.testing.plans import OPEN_US, DrawnVersion, plan_of

ALWAYS = (-(2**63), OPEN_US)


def conflicts(rule, kind, **plans):
    rules = ConflictRules.from_document({"id": "few", kind: [{"id": "rule", **rule}]}, name="few")
    search = ConflictSearch(tuple(DatedRule(rule, *ALWAYS) for rule in rules), rules.slivers, ALWAYS)
    versions = [plan_of(layer, drawn) for layer, drawn in plans.items()]
    return [row for batch in search.batches(versions) for row in batch.rows.to_pylist()]


def version(key, shape, use="x", **more):
    return DrawnVersion(key, use, 0, OPEN_US, shape, **more)


def test_each_pair_once_in_blocks_of_one(monkeypatch):
    monkeypatch.setattr(pairing, "_BLOCK", 1)
    squares = [version(f"{x}", shapely.box(x * 10, 0, x * 10 + 10, 10)) for x in range(5)]
    moved = [version(f"{x}", shapely.box(x * 10 + 5, 0, x * 10 + 15, 10)) for x in range(5)]
    rows = conflicts({}, "exclude", a=squares, b=moved)
    assert len(rows) == len({row["conflict"] for row in rows}) == 9
    assert {row["area_m2"] for row in rows} == {50.0}


def test_an_identity_stays():
    squares = {"a": [version("1", shapely.box(0, 0, 9, 9))], "b": [version("2", shapely.box(5, 0, 9, 9))]}
    (row,) = conflicts({}, "exclude", **squares)
    moved = squares | {"a": [version("1", shapely.box(0, 0, 8, 9), use="y")]}
    (later,) = conflicts({}, "exclude", **moved)
    assert row["conflict"] == later["conflict"] == "c6eabd82cca3644f"  # decisions refer to it
    assert row["area_m2"] != later["area_m2"]


def test_lines_that_touch_do_not_conflict():
    area = [version("1", shapely.box(0, 0, 10, 10))]
    lines = [
        version("through", shapely.LineString([(-5, 5), (15, 5)])),
        version("to the edge", shapely.LineString([(-5, 5), (0, 5)])),
        version("along the edge", shapely.LineString([(0, 0), (0, 10)])),
    ]
    (row,) = conflicts({}, "exclude", a=area, b=lines)
    assert (row["second"], row["length_m"], row["area_m2"]) == ("through", 10.0, None)


def test_a_distance_is_a_line():
    plans = {"a": [version("1", shapely.box(0, 0, 10, 10))], "b": [version("2", shapely.box(13, 4, 20, 20))]}
    (row,) = conflicts({"least_m": 3.5}, "distance", **plans)
    assert row["distance_m"] == 3.0
    assert shapely.length(shapely.from_wkb(row["st_geom"])) == 3.0
    assert conflicts({"least_m": 3}, "distance", **plans) == []


def test_a_crossing_needs_a_depth():
    one, other = shapely.LineString([(0, 0), (10, 0)]), shapely.LineString([(5, -5), (5, 5)])
    pipes = {
        "gas": [version("1", one, zmin=-1.5, zmax=-1.3)],
        "power": [version("2", other, zmin=-1.0, zmax=-0.8), version("3", other)],
    }
    rule = {"horizontal_m": 1, "vertical_m": 0.5}
    (row,) = conflicts(rule, "clearance", **pipes)
    assert (row["second"], row["distance_m"], round(row["vertical_m"], 6)) == ("2", 0.0, 0.3)
    assert shapely.from_wkb(row["st_geom"]).equals(shapely.Point(5, 0))
    assert conflicts(rule | {"vertical_m": 0.2}, "clearance", **pipes) == []


def test_a_range_upside_down_is_refused():
    import pyarrow as pa

    table = pa.table({
        "st_key": ["7"], "st_geom": [shapely.to_wkb(shapely.Point(0, 0))], "zmin": [-1.5], "zmax": [-2.5],
        "st_valid_from": pa.array([0], pa.timestamp("us", "UTC")),
        "st_valid_to": pa.array([None], pa.timestamp("us", "UTC")),
    })  # fmt: skip
    with pytest.raises(
        InvalidInput, match=r"layer 'gas', feature '7': zmax -2.5 is below zmin -1.5"
    ) as caught:
        PlanVersions.of(table, "gas", "gas", "gas", PlanClause())
    assert caught.value.kind == "bad-depth"


def test_the_curve_keeps_every_version():
    plan = plan_of("a", [version(str(x), shapely.Point(x % 7, x // 7)) for x in range(40)])
    ordered = plan.along_curve()
    assert sorted(ordered.key.tolist()) == sorted(plan.key.tolist())
    steps = np.hypot(*np.diff(shapely.get_coordinates(ordered.shape), axis=0).T)
    assert steps.mean() < 2.5


def test_an_identity_is_the_same_where_many_are_made(monkeypatch):
    plan = plan_of("a", [version("1", shapely.Point(0, 0)), version("二", shapely.Point(0, 0))])
    few = plan.digests.tolist()
    monkeypatch.setattr(planversions, "_MANY", 0)
    assert plan.digests.tolist() == few
    assert len(set(few)) == 2
