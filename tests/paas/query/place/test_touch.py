"""Places asked of features: against one version and one feature of the place after another."""

from __future__ import annotations

import pickle
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput, Unsupported
from stcloud.paas.query.condition.touched import Touched
from stcloud.paas.query.place.touch import Touching
from stcloud.paas.query.plan.resolved import Masking
from stcloud.testing.examples import examples
from stcloud.testing.feature_places import CRS, Happening, Version, built, layers, spec, touches, trees

EAST, NORTH = 500_000, 3_500_000
DAY = timedelta(days=1)
FIRST = datetime(2024, 3, 1, tzinfo=UTC)
NOON = timedelta(hours=12)
EVENTS = [Happening(EAST, NORTH, FIRST)]


def square(east, side=100):
    return shapely.box(EAST + east, NORTH, EAST + east + side, NORTH + side)


KNOWN = {
    "areas": [Version("a", FIRST, FIRST + DAY, square(0)), Version("a", FIRST + DAY, None, square(1000))],
    "streets": [
        Version("s", FIRST, None, shapely.LineString([(EAST + 50, NORTH - 50), (EAST + 50, NORTH + 500)])),
        Version("beside", FIRST, FIRST + 2 * DAY, shapely.Point(EAST + 100, NORTH + 100)),
        Version("far", FIRST, None, shapely.Point(EAST + 1050, NORTH + 50)),
        Version("none", FIRST, None, None),
    ],
}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return built(tmp_path_factory.mktemp("touched"), KNOWN, EVENTS)


def keys(asked):
    return asked.rows().to_arrow()["st_key"].to_pylist()


def told(versions):
    """Versions as a layer tells them: two that follow each other and are alike are one."""
    found = []
    for one in sorted(versions, key=lambda one: (one.key, one.since)):
        last = found[-1] if found else None
        if last and last.key == one.key and last.until == one.since and alike(last.shape, one.shape):
            found[-1] = Version(one.key, last.since, one.until, one.shape)
        else:
            found.append(one)
    return found


def alike(one, other):
    return one is other or (one is not None and other is not None and shapely.equals(one, other))


@settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), layers())
def test_features_lie_where_they_touch_while_both_are_there(data, known):
    """Law: features are those that touch the place, or are near it, at some instant asked for."""
    with tempfile.TemporaryDirectory() as folder:
        city = built(Path(folder), known, EVENTS)
        for _ in range(12):
            tree = data.draw(trees(known))
            note(spec(tree))
            name = data.draw(st.sampled_from(sorted(known)))
            day, days = data.draw(st.tuples(st.integers(0, 6), st.integers(0, 4)))
            start = FIRST + day * DAY
            end = start + (days * DAY if days else timedelta(microseconds=1))
            asked = city.query(name).where(spec(tree), crs=CRS)
            asked = asked.when(f"{start.isoformat()}/{end.isoformat()}") if days else asked.as_of(start)
            there = [
                one
                for one in told(known[name])
                if one.since < end and (one.until is None or one.until > start)
            ]
            wanted = sorted(
                (one.key, one.since) for one in there if touches(tree, one, known, start, end) is True
            )
            rows = asked.rows().to_records()
            assert [(row["st_key"], row["st_valid_from"]) for row in rows] == wanted


def test_a_feature_lies_in_another_as_both_were(city):
    """An edge counts; where a version ends the next begins; ``@T`` is one version whatever is asked."""
    streets = city.query("streets")
    assert keys(streets.as_of(FIRST).where("areas:a")) == ["beside", "s"]
    assert keys(streets.as_of(FIRST + DAY).where("areas:a")) == ["far"]
    assert keys(streets.as_of(FIRST + DAY).where(f"areas:a@{(FIRST + NOON).isoformat()}")) == ["beside", "s"]
    assert keys(streets.when("2024-03").where("areas:a")) == ["beside", "far", "s"]
    assert keys(streets.as_of(FIRST).where("not areas:a")) == ["far"]
    assert keys(streets.as_of(FIRST).where("near:streets:beside:50m and not streets:beside")) == ["s"]
    assert keys(streets.as_of(FIRST).where("near:streets:beside:49.999m")) == ["beside"]
    assert keys(city.query("areas").as_of(FIRST).where("near:streets:0m")) == ["a"]


def test_facts_and_explanations_tell_the_place(city):
    asked = city.query("streets").as_of(FIRST).where("areas:a or near:117,31.6:1m")
    assert "areas:a or near:117,31.6:1m (as it was then, areas known at " in asked.facts()["where"]
    assert "areas:a" in str(asked.explain())
    assert asked.why("far").conditions[-1].holds is False


def test_units_are_asked_of_events(city):
    with pytest.raises(Unsupported, match="only events are indexed"):
        city.query("streets").as_of(FIRST).where("unit:110")
    with pytest.raises(Unsupported, match="only events are indexed"):
        city.query("streets").as_of(FIRST).count(["unit"])


def test_a_history_in_what_changes_is_refused(city):
    with pytest.raises(InvalidInput, match="itself changes"):
        city.query("streets").where("areas:a").timeline()
    found = city.query("streets").where(f"areas:a@{(FIRST + NOON).isoformat()}").timeline()
    assert [row["count"] for row in found.to_records()] == [2, 1]


def test_a_step_travels_to_where_the_rows_are():
    step = pickle.loads(pickle.dumps(Masking((Touched(Touching(square(0)), (0, 1)),))))
    wkb = shapely.to_wkb([square(50), square(500), None])
    instants = pa.array([0, 0, 0], pa.timestamp("us", "UTC"))
    rows = pa.record_batch({"st_geom": wkb, "st_valid_from": instants, "st_valid_to": instants})
    assert step(rows).num_rows == 1


def test_features_are_counted_by_what_holds_them_and_by_when_they_began(city):
    """Law: a feature counts for what holds the middle of its bounds, and for the bin in which it began."""
    streets = city.query("streets")
    found = streets.as_of(FIRST).count(["in:areas"]).to_records()
    assert found == [{"in_areas": "a", "count": 1}, {"in_areas": None, "count": 3}]
    found = streets.as_of(FIRST + DAY).count(["in:areas"]).to_records()
    assert found == [{"in_areas": "a", "count": 1}, {"in_areas": None, "count": 3}]
    found = city.query("areas").when("2024-03").count(["day"]).to_records()
    assert found == [{"day": "2024-03-01", "count": 1}, {"day": "2024-03-02", "count": 1}]
