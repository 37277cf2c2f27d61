"""Gaps: the steps at which a station gave no value, by a plain set of instants as oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.series.gaps import gaps_of
from stcloud.paas.series.wantedtime import WantedTime
from stcloud.testing.readings import readings_from
from stcloud.time import When, Zone

HOUR = 3_600_000_000
NOW = 2_000_000_000_000_000
ZONES = ("Pacific/Auckland", "Asia/Shanghai")
DAYS = {"Pacific/Auckland": ("2024-04-06", "2024-09-28"), "Asia/Shanghai": ("2024-01-01", "2024-06-30")}
SECOND = {"Pacific/Auckland": ("2024-04-08", "2024-09-30"), "Asia/Shanghai": ("2024-01-03", "2024-07-02")}


def us(zone, text):
    when = When.of(text, zone=zone)
    return when.spans.parts[0].start_us


@given(st.sampled_from(ZONES), st.integers(0, 1), st.data())
def test_gaps_are_gaps(name, which, data):
    """Law of gaps: listed steps and steps with a value are, together, all steps that are expected, each once."""
    zone = Zone(name)
    start = us(zone, DAYS[name][which])
    there = data.draw(st.sets(st.integers(0, 70), min_size=1))
    null = data.draw(st.sets(st.sampled_from(sorted(there))))
    hours = data.draw(st.sampled_from([None, "01:00-04:00"]))
    days = data.draw(st.sampled_from([None, 2]))
    rows = [("a", start + at * HOUR, {} if at in null else {"x": 1.0}) for at in there]
    when = When.of(
        *([] if days is None else [f"{DAYS[name][which]}/{SECOND[name][which]}"]), zone=zone, hours=hours
    )
    table = gaps_of(readings_from(rows, ["x"]), WantedTime((when,), NOW), zone, "air")
    steps = range(min(there), max(there) + 1) if days is None else range(50)
    expected = {start + at * HOUR for at in steps}
    expected = {at for at in expected if when.matches(np.array([at]))[0]}
    listed = []
    for gap in table.to_pylist():
        first, end = (round(gap[side].timestamp() * 1e6) for side in ("from", "to"))
        assert gap["steps"] == (end - first) // HOUR
        listed += range(first, end, HOUR)
    assert len(listed) == len(set(listed))
    with_value = {start + at * HOUR for at in there - null}
    assert set(listed) == expected - with_value
    ends = {(gap["station"], gap["to"]) for gap in table.to_pylist()}
    assert not ends & {(gap["station"], gap["from"]) for gap in table.to_pylist()}  # no two that touch


def test_nothing_is_expected_later_than_what_was_known():
    zone = Zone("Asia/Shanghai")
    start = us(zone, "2024-01-01")
    readings = readings_from([("a", start, {"x": 1.0})], ["x"])
    wanted = WantedTime((When.of("2024-01-01/2030", zone=zone),), start + 3 * HOUR)
    assert gaps_of(readings, wanted, zone, "air")["steps"].to_pylist() == [2]


def test_a_named_station_without_readings_is_one_gap():
    zone = Zone("Asia/Shanghai")
    start = us(zone, "2024-01-01")
    readings = readings_from([("a", start, {"x": 1.0})], ["x"])
    wanted = WantedTime((When.of("2024-01-01", zone=zone),), NOW)
    gaps = gaps_of(readings, wanted, zone, "air", ("b",)).to_pylist()
    assert [(gap["station"], gap["steps"]) for gap in gaps] == [("a", 23), ("b", 24)]


def test_a_reading_within_a_step_counts_for_it():
    zone = Zone("Asia/Shanghai")
    start = us(zone, "2024-01-01")
    rows = [("a", start + minute * 60_000_000, {"x": 1.0}) for minute in (0, 67, 185)]
    gaps = gaps_of(readings_from(rows, ["x"]), WantedTime((), NOW), zone, "air").to_pylist()
    assert [gap["from"].isoformat() for gap in gaps] == ["2024-01-01T02:00:00+08:00"]


def test_without_a_step_nothing_is_known_to_be_missing():
    with pytest.raises(InvalidInput, match="the definition of 'air' states no step") as caught:
        gaps_of(readings_from([("a", 0, {})], ["x"], None), WantedTime((), NOW), Zone("UTC"), "air")
    assert caught.value.kind == "no-step"


def test_hours_that_are_not_asked_for_part_gaps():
    zone = Zone("Asia/Shanghai")
    when = When.of("2024-01-01/2024-01-03", hours="01:00-03:00", zone=zone)
    gaps = gaps_of(readings_from([], ["x"]), WantedTime((when,), NOW), zone, "air", ("a",)).to_pylist()
    assert [(gap["from"].hour, gap["steps"]) for gap in gaps] == [(1, 2), (1, 2)]
