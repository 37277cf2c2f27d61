"""Values at a place: nearest and weighted by distance, with plain loops as oracle."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.series.placevalue import PlaceRule, value_at
from stcloud.paas.series.stations import Stations
from stcloud.testing.readings import readings_from
from stcloud.time import Zone

UTC = Zone("UTC")
FOREVER = 10**15


def stations(*rows):
    keys, start, end, x, y = zip(*rows, strict=True)
    return Stations(
        np.array(keys, object), np.array(start), np.array(end), np.array(x, float), np.array(y, float)
    )  # fmt: skip


VERSION = st.tuples(
    st.sampled_from("abcd"), st.integers(0, 20), st.integers(1, 20), st.integers(0, 9), st.integers(0, 9)
).map(lambda row: (row[0], row[1], row[1] + row[2], row[3], row[4]))
READINGS = st.dictionaries(
    st.tuples(st.sampled_from("abcde"), st.integers(0, 40)),
    st.one_of(st.just(float("nan")), st.integers(-9, 99).map(float)), max_size=30,
)  # fmt: skip


def once_each(rows):
    """Keep one version a station: two at once are not in a layer."""
    return list({row[0]: row for row in rows}.values())


@given(st.lists(VERSION, min_size=1, max_size=6).map(once_each), READINGS, st.integers(0, 40), st.integers(0, 9),
       st.integers(0, 9), st.sampled_from(["nearest", "idw"]), st.integers(0, 9), st.sampled_from([2.5, math.inf]),
       st.sampled_from([1.0, 2.0]))  # fmt: skip
def test_the_value_is_that_of_the_stations_as_they_were(
    versions, given_values, at, x, y, method, within, far, power
):
    """Law of place: only stations valid at the instant count, at the places that they had then."""
    rule = PlaceRule(method, within, far, power)
    readings = readings_from(
        [(one, time, {"v": value}) for (one, time), value in given_values.items()], ["v"]
    )
    result = value_at(readings, stations(*versions), at, x + 0.25, y, rule, UTC)["v"]

    there = [(math.hypot(row[3] - x - 0.25, row[4] - y), row[0]) for row in versions if row[1] <= at < row[2]]
    there = sorted(each for each in there if each[0] <= far)
    parts = []
    for distance, key in there[:1] if method == "nearest" else there:
        usable = [
            (abs(time - at), time, value)
            for (one, time), value in given_values.items()
            if one == key and abs(time - at) <= within and not math.isnan(value)
            and (method == "nearest" or value >= 0)
        ]  # fmt: skip
        if usable:
            parts.append((distance, min(usable)[2], key))
    if not parts:
        assert math.isnan(result.value)
        assert result.flag == "missing"
        return
    weights = [distance**-power for distance, _, _ in parts]
    expected = sum(w * value for w, (_, value, _) in zip(weights, parts, strict=True)) / sum(weights)
    assert result.value == pytest.approx(expected)
    assert [part.station for part in result.stations] == [key for _, _, key in parts]
    assert sum(part.weight for part in result.stations) == pytest.approx(1)
    assert result.flag == ("implausible" if expected < 0 else "good")


def test_at_a_station_its_own_value_counts_alone():
    rows = stations(("a", 0, FOREVER, 5, 5), ("b", 0, FOREVER, 6, 5))
    readings = readings_from([("a", 1, {"v": 1.0}), ("b", 1, {"v": 9.0})], ["v"])
    assert value_at(readings, rows, 1, 5.0, 5.0, PlaceRule("idw", 0), UTC)["v"].value == 1.0


def test_it_says_how_it_was_made():
    rows = stations(("a", 0, FOREVER, 5, 5))
    readings = readings_from([("a", 1, {"v": 1.0})], ["v"])
    result = value_at(readings, rows, 1, 5.0, 1005.0, PlaceRule("nearest", 60_000_000), UTC)["v"]
    assert repr(result) == (
        "v: 1 1 (good; nearest station as it was then, reading nearest in time within 1 min: a (1,000 m))"
    )
    assert result.to_records()[0]["station"] == "a"


@pytest.mark.parametrize(
    ("rule", "kind", "says"),
    [
        (
            {"method": "kriging"},
            "unknown-method",
            "no method 'kriging' gives a value at a place; use nearest or idw",
        ),
        ({"method": "idw", "within_m": -1.0}, "invalid-distance", "-1.0 m is no distance"),
        ({"method": "idw", "within_m": math.nan}, "invalid-distance", "nan m is no distance"),
        ({"method": "idw", "power": 0.0}, "invalid-power", "0.0 is no power of a distance"),
    ],
)
def test_what_is_no_rule_is_refused(rule, kind, says):
    with pytest.raises(InvalidInput, match=says) as caught:
        PlaceRule(within_us=0, **rule)
    assert caught.value.kind == kind


def test_a_station_counts_until_it_ends_and_not_at_its_end():
    rows = stations(("a", 0, 10, 5, 5), ("b", 10, 20, 9, 9))
    readings = readings_from([(one, at, {"v": 1.0}) for one in "ab" for at in (9, 10)], ["v"])
    used = [
        value_at(readings, rows, at, 5.0, 5.0, PlaceRule("nearest", 0), UTC)["v"].stations for at in (9, 10)
    ]
    assert [parts[0].station for parts in used] == ["a", "b"]


def test_weights_leave_out_what_is_not_plausible():
    rows = stations(("a", 0, FOREVER, 5, 5), ("b", 0, FOREVER, 5, 7))
    readings = readings_from([("a", 1, {"v": -9.0}), ("b", 1, {"v": 4.0})], ["v"])
    weighted = value_at(readings, rows, 1, 5.0, 6.0, PlaceRule("idw", 0), UTC)["v"]
    assert (weighted.value, [part.station for part in weighted.stations]) == (4.0, ["b"])
