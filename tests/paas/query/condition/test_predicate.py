"""A filter is told in parts: what SQL says, where rows must lie, and a function for the rest."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import shapely

import stcloud
from stcloud.daas.table.schema import Attribute
from stcloud.paas.query import Predicate
from stcloud.paas.query.condition.area import InArea
from stcloud.paas.query.condition.filtered import Filtered, FilteredInMemory
from stcloud.paas.query.filter import Names
from stcloud.paas.query.plan.resolved import Writing
from stcloud.paas.query.resolve.rows_of_kind import PointRows
from stcloud.paas.query.sql.binder import Binder
from stcloud.space import Lattice
from stcloud.testing.scenes import district
from stcloud.time import Zone

FIXTURES = Path(__file__).parents[4] / "fixtures"
ATTRIBUTES = {name: Attribute(name, name, kind) for name, kind in {"note": "text", "n": "number"}.items()}
AREA = "POLYGON((0 0, 10 0, 10 10, 0 10, 0 0))"


class Points:
    """Filters of points are resolved with it."""

    rows, lattice = PointRows(), Lattice("EPSG:4548", (0, 0))


def read(what: str, names: Names | None = None) -> Predicate:
    return Predicate.read(what, names or Names.of_events(ATTRIBUTES), Zone("UTC"))


def told(predicate: Predicate) -> tuple[int, int, int]:
    """How many conditions SQL says, how many places there are, how many conditions are left."""
    resolved = predicate.resolve(Points())
    counts = Counter(
        {type(one): len(getattr(one, "parts", "1")) for one in resolved if type(one) is not InArea}
    )
    return counts[Filtered], sum(type(one) is InArea for one in resolved), counts[FilteredInMemory]


@pytest.mark.parametrize(
    ("what", "parts"),
    [
        ("n > 1 AND note = 'a'", (2, 0, 0)),
        ("n > 1 AND casei(note) = 'a'", (1, 0, 1)),
        ("n > 1 OR casei(note) = 'a'", (0, 0, 1)),
        ("n > 1 AND (note = 'a' AND (casei(note) = 'a' AND n % 2 = 0))", (3, 0, 1)),
        (f"s_intersects(geometry, {AREA})", (0, 1, 0)),
        (f"s_intersects({AREA}, geometry)", (0, 1, 0)),
        (f"s_within(geometry, {AREA})", (0, 1, 1)),
        (f"s_disjoint(geometry, {AREA})", (0, 0, 1)),
        (f"NOT s_intersects(geometry, {AREA})", (0, 0, 1)),
        (f"s_intersects(geometry, {AREA}) OR n > 1", (0, 0, 1)),
        (f"s_intersects(geometry, {AREA}) AND s_within(geometry, POINT(1 1)) AND n > 1", (1, 2, 1)),
        (f"s_intersects({AREA}, {AREA})", (0, 0, 1)),
        ("t_after(time, DATE('2024-01-01')) AND geometry IS NOT NULL", (2, 0, 0)),
        ("NAME LIKE casei('FOO%')".replace("NAME", "note"), (1, 0, 0)),
    ],
)
def test_a_filter_is_told_in_parts(what: str, parts: tuple[int, int, int]) -> None:
    assert told(read(what)) == parts


def test_shapes_of_features_are_told_by_the_function_alone() -> None:
    features = read(
        f"s_touches({AREA}, geometry) AND n > 1 AND NOT geometry IS NULL", Names.of_features(ATTRIBUTES)
    )
    assert told(features) == (2, 0, 1)
    (area,) = features.resolve(Points())[0].limits.areas
    assert area.bounds == (0, 0, 10, 10)
    apart = read(f"s_disjoint(geometry, {AREA}) AND n > 1", Names.of_features(ATTRIBUTES))
    assert [one.limits.areas for one in apart.resolve(Points())] == [(), ()]


def test_a_place_holds_whatever_may_fulfil_a_condition() -> None:
    *_, place = read("s_equals(geometry, LINESTRING(1 2, 3 5))").resolve(Points())
    assert place.region.area.contains_properly(shapely.LineString([(1, 2), (3, 5)]))


def test_a_predicate_says_what_it_was_and_which_crs() -> None:
    plain = read("n > 1")
    assert str(plain) == "what n > 1"
    assert json.loads(plain.json) == {"op": ">", "args": [{"property": "n"}, 1.0]}
    stated = Predicate.read("n > 1", ATTRIBUTES, Zone("UTC"), crs="EPSG:4548")
    assert str(stated) == "what n > 1 (EPSG:4548)"
    assert plain == read("n > 1")
    assert plain != stated


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> stcloud.City:
    folder = tmp_path_factory.mktemp("predicate") / "city"
    district(FIXTURES).build(folder)
    return stcloud.open(folder)


def test_a_filter_by_place_reads_what_where_reads(city: stcloud.City) -> None:
    """It does not read the whole city, and is explained alike."""
    requests = city.query("district-requests")
    box = "117.02,31.89,117.03,31.90"
    filtered = requests.what(f"S_WITHIN(geometry, BBOX({box})) AND casei(status) = 'closed'").explain()
    placed = requests.where(f"bbox:{box}").explain()
    everything = requests.explain()
    assert (filtered.row_groups, filtered.rows, filtered.cells) == (
        placed.row_groups,
        placed.rows,
        placed.cells,
    )
    assert filtered.rows[0] <= everything.rows[0]
    assert filtered.bytes[0] < everything.bytes[0] * 1.2


def test_limits_and_counts_are_those_of_rows_that_are_kept(city: stcloud.City) -> None:
    requests = city.query("district-requests")
    half = requests.what("length(description) % 2 = 0")
    whole = half.rows()
    assert 0 < len(whole) < len(requests.rows())
    assert half.rows(7).to_records() == whole.to_records()[:7]
    assert half.count().to_records() == [{"count": len(whole)}]
    assert sum(row["count"] for row in half.count(by=["week"]).to_records()) == len(whole)


def test_a_column_called_like_one_of_a_joined_table_is_the_layers_own(tmp_path: Path) -> None:
    """Filters name the layer's columns by their table."""
    predicate = Predicate.read("unit = 'a'", {"unit": Attribute("unit", "unit", "text")}, Zone("UTC"))
    (filtered,) = predicate.resolve(Points())
    (condition,) = filtered.sql(Writing(Binder(), "layer"))
    assert condition.sql("duckdb").startswith('("layer"."unit" = ')
