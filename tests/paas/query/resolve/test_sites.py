"""Places that name features, joined by and, or, not: against one event and one version after another."""

from __future__ import annotations

import json
import pickle
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import geopandas
import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from stcloud.errors import InternalError, InvalidInput, NotFound
from stcloud.paas.query.place.formula import And, Not, Or, read_formula, settled, written
from stcloud.paas.query.plan.resolved import Masking
from stcloud.testing.examples import examples
from stcloud.testing.feature_places import (
    CRS,
    Happening,
    Version,
    built,
    happenings,
    layers,
    lies,
    spec,
    trees,
)

EAST, NORTH = 500_000, 3_500_000
DAY = timedelta(days=1)
FIRST = datetime(2024, 3, 1, tzinfo=UTC)
SQUARE = shapely.box(EAST, NORTH, EAST + 100, NORTH + 100)
LINE = shapely.LineString([(EAST, NORTH), (EAST + 400, NORTH)])
KNOWN = {
    "areas": [
        Version("a", FIRST, FIRST + DAY, SQUARE),
        Version("a", FIRST + DAY, None, shapely.box(EAST, NORTH, EAST + 200, NORTH + 100)),
        Version("abc", FIRST, FIRST + DAY, SQUARE),
        Version("none", FIRST, None, None),
    ],
    "streets": [Version("s", FIRST, None, LINE)],
    "thoughts": [Version("t", FIRST, None, None)],
}
EVENTS = [
    Happening(EAST + x, NORTH + 50.0, FIRST + days * DAY) for days in (0, 1) for x in (50.0, 100.0, 150.0)
] + [Happening(EAST + 300.0, NORTH + 0.0, FIRST), Happening(None, None, FIRST)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("named")


@pytest.fixture(scope="module")
def city(folder):
    return built(folder, KNOWN, EVENTS)


def keys(asked):
    return sorted(int(one) for one in asked.to_arrow()["st_key"].to_pylist())


def lying(city, *places):
    return keys(city.query("cases").where(*places))


@settings(max_examples=examples(5), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), layers(), happenings())
def test_events_lie_where_the_features_were_at_their_time(data, known, events):
    """Law: rows are those that lie in the tree, each version tried for its own valid period; nowhere is in none."""
    ask_both(data, known, events, 8)


@pytest.mark.slow
@settings(max_examples=examples(75), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), layers(), happenings())
def test_many_events_lie_where_the_features_were_at_their_time(data, known, events):
    ask_both(data, known, events, 15)


def ask_both(data, known, events, times):
    with tempfile.TemporaryDirectory() as folder:
        city = built(Path(folder), known, events)
        for _ in range(times):
            calls = data.draw(
                st.lists(st.lists(trees(known), min_size=1, max_size=2), min_size=1, max_size=2)
            )
            asked = city.query("cases")
            for call in calls:
                note(" , ".join(spec(tree) for tree in call))
                asked = asked.where(*(spec(tree) for tree in call), crs=CRS)
            days = data.draw(st.one_of(st.none(), st.tuples(st.integers(-1, 3), st.integers(1, 4))))
            start, end = (FIRST + day * DAY for day in ((-9, 99) if days is None else (days[0], sum(days))))
            asked = asked if days is None else asked.when(f"{start.isoformat()}/{end.isoformat()}")
            whole = ("and", [("or", call) for call in calls])
            then = [one for one in enumerate(events) if start <= one[1].at < end]
            wanted = [number for number, event in then if lies(whole, event, known) is True]
            assert keys(asked) == wanted


def test_a_feature_is_a_place_as_it_was(city):
    """A border counts; where a version ends the next begins; ``@T`` is one version for all events."""
    assert lying(city, "areas:a") == [0, 1, 3, 4, 5]
    assert lying(city, "areas:a@2024-03-01T12:00Z") == [0, 1, 3, 4]
    assert lying(city, "areas:a@2024-03-05") == [0, 1, 2, 3, 4, 5]
    assert lying(city, "areas:abc") == [0, 1]
    early = city.query("cases").when("../2024-03-02")
    assert keys(early.where("areas:a@2024-03-05")) == [0, 1, 2]
    assert keys(early.where("near:areas:0m@2024-03-05")) == [0, 1, 2]
    assert keys(early.where("areas:a")) == [0, 1]
    assert lying(city, "not areas:abc") == [2, 3, 4, 5, 6]
    assert lying(city, "streets:s") == [6]
    assert lying(city, "near:streets:s:50m and not areas:a") == [2, 6]
    assert lying(city, "near:streets:49.999 m") == [6]
    assert lying(city, "near:streets:0.05km") == list(range(7))


def test_a_row_without_a_place_is_in_none_and_outside_of_none(city):
    for place in ("areas:a", "near:streets:50m", "cell:144", "wkt:POLYGON((0 0, 1 0, 1 1, 0 0))"):
        assert 7 not in [
            *lying(city, place),
            *lying(city, f"not {place}"),
            *lying(city, f"{place} or not {place}"),
        ]


def test_texts_calls_and_values_say_the_same(city):
    asked = city.query("cases")
    one = keys(asked.where("(areas:a or areas:abc) and not near:streets:s:20m"))
    assert one == keys(asked.where("areas:a", "areas:abc").where("not near:streets:s:20m"))
    assert keys(asked.where("not near:streets:s:20m", SQUARE, crs=CRS)) == [0, 1, 2, 3, 4, 5]


def test_places_that_need_no_feature_are_looked_up_as_before(city):
    """Areas and cells alone, however they are written, are one place with a cover."""
    plan = (
        city.query("cases")
        .where("bbox:117,31,118,32 or cell:144550000")
        .where("cell:144 and cell:14455")
        .inquiry()
        .plan
    )
    kinds = [type(one).__name__ for one in plan(None)]
    assert kinds.count("Place") == 3
    assert "Sited" not in kinds


def test_features_are_believed_as_the_question_says(tmp_path):
    city = built(tmp_path, {"areas": KNOWN["areas"]}, EVENTS)
    first = city.layer("areas").loads[0].recorded_at_us
    later = tmp_path / "later.csv"
    later.write_text(
        f'k,wkt,since,until\na,"{LINE.buffer(500).wkt}",2024-03-01,\nb,POINT ({EAST} {NORTH}),2024-03-01,\n'
    )
    city.load("areas", later, mode="changes")
    asked = city.query("cases").where("areas:a")
    assert keys(asked) == [0, 1, 2, 3, 4, 5, 6]
    then = asked.known_at(first)  # events are known since then, too
    assert keys(then) == [0, 1, 3, 4, 5]
    assert f"areas known at {city.configuration.zone.iso(first)}" in then.facts()["where"]
    with pytest.raises(NotFound) as told:
        city.query("cases").where("areas:b").known_at(first).rows()
    assert told.value.kind == "unknown-feature"


@pytest.mark.parametrize(
    ("place", "error", "kind", "said"),
    [
        ("areas:ab", NotFound, "unknown-feature", "did you mean 'abc'"),
        ("areas:abc@2024-05-01", NotFound, "unknown-feature", "was there from 2024-03-01T08:00+08:00 to 2024-03-02"),
        ("areas:none", InvalidInput, "no-shape", "feature 'none' of layer 'areas'"),
        ("near:thoughts:5m", InvalidInput, "no-shape", "layer 'thoughts' has no shape"),
        ("near:area:5m", NotFound, "unknown-layer", "did you mean 'areas'"),
        ("cases:1", InvalidInput, "not-features", "holds events"),
        ("Areas:1", InvalidInput, "unknown-where", "write bbox:"),
        ("areas:a@", InvalidInput, None, ""),
        ('areas:"a"b', InvalidInput, "unknown-where", "quote a whole field"),
        ('areas:""', InvalidInput, "unknown-where", "write the feature's id"),
        ("areas:a near:streets:5m", InvalidInput, "unknown-where", "colon"),
        ("(areas:a) areas:abc", InvalidInput, "bad-formula", "is missing before 'areas:abc'"),
        ("areas:a and", InvalidInput, "bad-formula", "a place is missing"),
        ("not " * 200 + "areas:a", InvalidInput, "bad-formula", "deep"),
        ("duty:areas:a", InvalidInput, "not-indexed", "index them"),
        ("near:streets:1e999m", InvalidInput, "invalid-distance", "infinity"),
    ],
)  # fmt: skip
def test_what_is_no_place_is_told(city, place, error, kind, said):
    with pytest.raises(error) as told:
        city.query("cases").where(place).rows()
    assert kind in (None, told.value.kind)
    assert said in str(told.value)


def test_facts_tell_what_was_understood(city):
    facts = city.query("cases").where("areas:a or streets:s").facts()
    assert facts["where"].startswith(
        "areas:a or streets:s (as it was at each event's own time, areas known at "
    )
    assert "near:LAYER:ID:20m" in facts["where"]
    assert "where" not in city.query("cases").where("cell:144").facts()
    told = city.query("cases").where("not (near:streets:5m or areas:a@2024-03-05)").explain()
    assert told.plan[2:4] == ("where not near:streets:5m", "where not areas:a@2024-03-05")
    assert told.layers == ("streets", "areas")


def test_sieves_travel(city):
    """What is tested on a cluster is tested there as here: prepared shapes are prepared anew."""
    asked = city.query("cases").where("near:streets:20m or areas:a or near:117,31.62:5km or cell:144550000")
    inquiry = asked.inquiry()
    steps = inquiry.resolver.resolution(inquiry.plan(None)).conditions
    (sited,) = [step for step in steps if type(step).__name__ == "Sited"]
    mask, rows = Masking((sited,)), city.query("cases").to_arrow().combine_chunks().to_batches()[0]
    here = mask(rows)
    assert pickle.loads(pickle.dumps(mask))(rows).equals(here)
    assert 0 < here.num_rows < rows.num_rows
    assert mask(rows.slice(0, 0)).num_rows == 0
    assert pa.Table.from_batches([here]).schema == city.query("cases").to_arrow().schema


def test_a_streets_question_reads_a_streets_rows(tmp_path):
    """Row groups lie by cell: near a street, or in a feature, only theirs are read; all where one is denied."""
    events = [
        Happening(EAST + 40.0 * x, NORTH + 40.0 * y, FIRST) for x in range(160) for y in range(160)
    ]  # 6.4 km
    city = built(tmp_path, KNOWN, events)
    everything = city.query("cases").explain().row_groups[1]
    assert everything > 2
    for place in ("near:streets:s:50m", "near:streets:50m", "areas:a", "near:117,31.624:100m",
                  "areas:a or streets:s", "near:streets:s:50m and not areas:a"):  # fmt: skip
        told = city.query("cases").where(place).explain()
        assert told.row_groups[0] < everything, place
    assert city.query("cases").where("not areas:a").explain().row_groups[0] == everything


def test_places_on_the_command_line(run, city, tmp_path, folder):
    def ids(*places):
        told = run("query", folder / "city", "cases", *(one for place in places for one in ("--where", place)),
                   "-f", "json")  # fmt: skip
        assert told.code == 0, told.err
        return sorted(int(row["st_key"]) for row in json.loads(told.out)), told.err

    assert ids("areas:a and not near:streets:s:20m")[0] == [0, 1, 3, 4, 5]
    assert ids("areas:abc", "streets:s")[0] == [0, 1, 6]
    found, said = ids('areas:"abc"@2024-03-01T12:00')
    assert found == [0, 1, 3, 4]
    assert "where areas:" in said
    file = tmp_path / "rock and roll.geojson"
    lonlat = geopandas.GeoSeries([SQUARE.buffer(10)], crs=CRS).to_crs("OGC:CRS84")
    lonlat.to_file(file)
    assert ids(f'file:"{file}" and not areas:abc')[0] == [3, 4]
    assert ids(f'not file:"{file}"')[0] == [2, 5, 6]


@given(st.recursive(
    st.sampled_from(["a:1", "wkt:POLYGON ((0 0, 1 1))", 'a:"b and ) c"', "near:1,2:3 m"]),
    lambda parts: st.one_of(
        parts.map(Not), st.lists(parts, min_size=2, max_size=3).map(lambda some: And(tuple(some))),
        st.lists(parts, min_size=2, max_size=3).map(lambda some: Or(tuple(some))),
    ),
    max_leaves=8,
))  # fmt: skip
def test_what_is_written_is_read_again(formula):
    """Law: a formula survives being written; pushing ``not`` to the leaves twice around changes nothing."""
    plain = settled(formula)
    assert read_formula(written(plain)) == plain
    assert settled(Not(Not(plain))) == plain


def test_what_was_not_read_decides_nothing(city):
    """A query that is explained and not run knows bounds of features alone."""
    inquiry = city.query("cases").where("areas:a").inquiry().explained()
    steps = inquiry.resolver.resolution(inquiry.plan(None)).conditions
    (sited,) = [step for step in steps if type(step).__name__ == "Sited"]
    assert sited.formula.extent is not None
    with pytest.raises(InternalError) as error:
        sited.formula.holds(None)
    assert error.value.kind == "not-read"
