"""Laws of relations: rows are kept whose period lies to the time as it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import StcloudError
from stcloud.iaas.engine.duck import Duck
from stcloud.iaas.engine.model import Sql
from stcloud.paas.query.condition.period import PeriodTest
from stcloud.paas.query.plan.resolved import Writing
from stcloud.paas.query.sql.binder import Binder
from stcloud.paas.query.sql.tree import column, select, table
from stcloud.testing.examples import examples
from stcloud.testing.features import define
from stcloud.time import Span, Spans
from stcloud.time.relation import Relation

WORKS = """
id = "works"
kind = "event"
title = "works"
key = ["id"]
[time]
column = "from"
end = "to"
formats = ["iso"]
zone = "Asia/Shanghai"
[space]
x = "x"
y = "y"
crs = "EPSG:4548"
datum = "cgcs2000"
"""
DAY = 86_400_000_000
NEVER = 10**6
"""Later than all days that are drawn; what has no end ends then."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Duck]:
    found = Duck()
    yield found
    found.close()


def lies(relation: str, a: int, b: int, c: int, d: int) -> bool:
    """Tell how ``[a, b)`` lies to ``[c, d)``, day by day and by their first and last days."""
    one, other = {a, b - 1}, {c, d - 1}
    shared = max(a, c) < min(b, d)
    return {
        "before": b < c, "after": a > d, "meets": b == c, "met-by": a == d, "intersects": shared,
        "disjoint": not shared, "equals": (a, b) == (c, d), "starts": a == c and b < d,
        "started-by": a == c and b > d, "finishes": b == d and a > c, "finished-by": b == d and a < c,
        "during": c < a and b < d, "contains": a < c and d < b, "overlaps": a < c and shared and b < d,
        "overlapped-by": a > c and shared and b > d,
    }[relation] and bool(one | other)  # fmt: skip


periods = st.tuples(st.integers(0, 6), st.integers(1, 4), st.booleans()).map(
    lambda one: (one[0], None if one[2] and one[1] == 4 else one[0] + one[1])
)
spans = st.tuples(st.one_of(st.none(), st.integers(0, 5)), st.one_of(st.none(), st.integers(6, 8)))
near = st.tuples(st.integers(0, 5), st.integers(1, 3)).map(lambda one: (one[0], one[0] + one[1]))


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(periods, min_size=1, max_size=6), st.sampled_from(list(Relation)), st.one_of(spans, near))
def test_a_relation_keeps_the_rows_whose_period_lies_so(
    engine: Duck, rows: list[tuple[int, int | None]], relation: Relation, span: tuple[int | None, int | None]
) -> None:
    kind = pa.timestamp("us", "UTC")
    given_rows = pa.table(
        {
            "n": list(range(len(rows))),
            "a": pa.array([start * DAY for start, _ in rows], pa.int64()).cast(kind),
            "b": pa.array([None if end is None else end * DAY for _, end in rows], pa.int64()).cast(kind),
        }
    )
    asked = Span(*(None if one is None else one * DAY for one in span))
    binder = Binder()
    (condition,) = PeriodTest(relation, Spans.of([asked]), "a", "b").sql(Writing(binder, "layer"))
    query = select({"n": column("n")}, table("layer"), where=[condition], order=["n"])
    found = engine.run([Sql(query, binder.values_of(query))], {"layer": given_rows}).read_all()
    first, last = (-NEVER if span[0] is None else span[0], NEVER if span[1] is None else span[1])
    expected = [
        number for number, (start, end) in enumerate(rows)
        if lies(relation.value, start, NEVER if end is None else end, first, last)
    ]  # fmt: skip
    assert found["n"].to_pylist() == expected


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> stcloud.City:
    """A city of squares that were there from a year on, one of them until another, and of works that lasted."""
    root = tmp_path_factory.mktemp("relating")
    city = stcloud.create(root / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    text = "k,name,wkt\n" + "".join(
        f'{key},{name},"POLYGON (({x} 3500000, {x + 100} 3500000, {x + 100} 3500050, {x} 3500050, {x} 3500000))"\n'
        for key, name, x in (("1", "x", 500_000), ("2", "x", 500_100), ("3", "y", 500_200))
    )
    (root / "a.csv").write_text(text)
    (root / "b.csv").write_text("".join(text.splitlines(keepends=True)[:3]))
    city.load("squares", root / "a.csv", definition=define(crs="EPSG:4548"), valid_from="2013-01-01")
    city.load("squares", root / "b.csv", valid_from="2023-01-01")
    Path(root / "works.csv").write_text(
        "id,from,to,x,y\n1,2024-03-01,2024-03-10,500010,3500010\n2,2024-03-05,,500020,3500010\n"
        "3,2024-02-01,2024-03-01,500030,3500010\n4,2025-01-01,2025-01-02,500040,3500010\n"
    )
    (root / "works.toml").write_text(WORKS)
    city.load("works", root / "works.csv", definition=root / "works.toml")
    return city


def keys(answer: stcloud.Answer) -> list[str]:
    return answer.to_arrow()["st_key"].to_pylist()


def test_features_are_asked_as_they_were(city: stcloud.City) -> None:
    asked = city.query("squares")
    assert keys(asked.as_of("2019").rows()) == ["1", "2", "3"]
    assert keys(asked.as_of("2024").rows()) == ["1", "2"]
    assert keys(asked.as_of("2012-12-31").rows()) == []
    assert keys(asked.as_of("2022-12-31T23:59:59").rows()) == ["1", "2", "3"]
    assert keys(asked.as_of("2023-01-01").rows()) == ["1", "2"]
    assert keys(asked.when("2022/2024", relation="overlaps").rows()) == ["3"]
    assert keys(asked.when("2023/..", relation="meets").rows()) == ["3"]
    found = asked.as_of("2019").measure("count", "sum(area_m2)", "max(length_m)", by=["name"])
    assert found.to_records() == [
        {"name": "x", "count": 2, "sum_area_m2": 10_000.0, "max_length_m": 300.0},
        {"name": "y", "count": 1, "sum_area_m2": 5_000.0, "max_length_m": 300.0},
    ]
    assert asked.as_of("2019").what("area_m2 > 5000").count().to_records() == [{"count": 0}]
    touched = asked.as_of("2019").where(shapely.box(500_050, 3_500_010, 500_110, 3_500_020), crs="EPSG:4548")
    assert keys(touched.rows()) == ["1", "2"]
    crosses = "S_INTERSECTS(geometry, LINESTRING(500150 3500025, 500250 3500025))"
    assert keys(asked.as_of("2019").what(crosses, crs="EPSG:4548").rows()) == ["2", "3"]
    assert keys(asked.as_of("2019").what("casei(name) = casei('Y') OR key = '1'").rows()) == ["1", "3"]
    assert keys(asked.as_of("2019").what("T_MEETS(period, INTERVAL('2023-01-01', '..'))").rows()) == ["3"]
    assert keys(touched.what("name = 'x' AND area_m2 > 4999").rows(order=["-st_key"])) == ["2", "1"]


def test_events_that_last_are_asked_by_relations(city: stcloud.City) -> None:
    asked = city.query("works")
    assert keys(asked.when("2024-03").rows()) == ["1", "2"]
    assert keys(asked.when("2024-03", relation="intersects").rows()) == ["1", "2"]
    assert keys(asked.when("2024-02-20/2024-03-02", relation="overlaps").rows()) == ["3"]
    assert keys(asked.when("2024-03", relation="meets").rows()) == ["3"]
    assert keys(asked.when("2024-03", relation="during").rows()) == []
    assert keys(asked.when("2024-03", relation="starts").rows()) == ["1"]
    assert keys(asked.when("2024-03", "2025", relation="disjoint").rows()) == ["3", "1", "4"]


def test_pages_of_features_follow_each_other(city: stcloud.City) -> None:
    asked = city.query("squares").when("2000/2030")
    first = asked.rows(2, order=["-name"])
    rest = asked.rows(2, order=["-name"], after=first.next)
    assert keys(first) + keys(rest) == ["3", "1", "2"]
    assert rest.next is None


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda city: city.query("squares").rows(), "which-time"),
        (lambda city: city.query("squares").as_of("2024").count(["unit"]), "events-only"),
        (lambda city: city.query("squares").as_of("2024").join("squares"), "not-events"),
        (lambda city: city.query("squares").restated("2024"), "not-events"),
        (lambda city: city.query("squares").when("2024", weekdays="mon"), "no-period"),
        (lambda city: city.query("squares").when("2024", relation="beside"), "unknown-relation"),
        (lambda city: city.query("works").as_of("2024"), "not-features"),
    ],
)
def test_what_cannot_be_asked_is_refused(city: stcloud.City, ask: object, kind: str) -> None:
    with pytest.raises(StcloudError) as refused:
        ask(city)  # type: ignore[operator]
    assert refused.value.kind == kind
