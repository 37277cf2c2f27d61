"""Zone against datetime and zoneinfo."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.testing.examples import examples
from stcloud.testing.time import instants, local_times, zones
from stcloud.time import Span, Spans, Zone

EPOCH = datetime(1970, 1, 1)
US = timedelta(microseconds=1)
some = settings(deadline=None, max_examples=examples(150))


def us(text):
    return int(np.datetime64(text, "us").astype(np.int64))


@given(st.data())
@some
def test_offset_at_is_that_of_zoneinfo(data):
    """offset_at agrees with datetime's way from UTC."""
    zone = data.draw(zones())
    at = data.draw(st.lists(instants(zone), min_size=1, max_size=30))
    expected = [
        (EPOCH + timedelta(microseconds=one)).replace(tzinfo=UTC).astimezone(ZoneInfo(zone.name)).utcoffset()
        // US
        for one in at
    ]
    assert zone.offset_at(np.array(at)).tolist() == expected


@given(st.data())
@some
def test_to_utc_follows_the_fold_rules(data):
    """to_utc takes fold 0, the earlier instant, or forward by the gap; adjusted where the folds differ."""
    zone = data.draw(zones())
    local = data.draw(st.lists(local_times(zone), min_size=1, max_size=30))

    def read(one, fold):
        wall = (EPOCH + timedelta(microseconds=one)).replace(tzinfo=ZoneInfo(zone.name), fold=fold)
        return (wall.astimezone(UTC).replace(tzinfo=None) - EPOCH) // US

    utc, adjusted = zone.to_utc(np.array(local))
    assert utc.tolist() == [read(one, 0) for one in local]
    assert adjusted.tolist() == [read(one, 0) != read(one, 1) for one in local]


@given(st.data())
@some
def test_to_local_undoes_to_utc_where_nothing_was_adjusted(data):
    """to_local(to_utc(x)) == x but for adjusted times; adjusted ones never move back."""
    zone = data.draw(zones())
    local = np.array(data.draw(st.lists(local_times(zone), min_size=1, max_size=30)))
    utc, adjusted = zone.to_utc(local)
    back = zone.to_local(utc)
    assert (back[~adjusted] == local[~adjusted]).all()
    assert (back >= local).all()


@pytest.mark.parametrize(
    ("name", "local", "read_as", "adjusted"),
    [
        ("America/New_York", "2024-03-10T02:30", "2024-03-10T03:30-04:00", True),
        ("America/New_York", "2024-03-10T03:00", "2024-03-10T03:00-04:00", False),
        ("America/New_York", "2024-11-03T01:30", "2024-11-03T01:30-04:00", True),
        ("America/New_York", "2024-11-03T02:00", "2024-11-03T02:00-05:00", False),
        ("America/New_York", "1850-01-01T00:00", "1850-01-01T00:00-04:56:02", False),
        ("Australia/Lord_Howe", "2024-10-06T02:10", "2024-10-06T02:40+11:00", True),
        ("Australia/Lord_Howe", "2024-04-07T01:45", "2024-04-07T01:45+11:00", True),
        ("Australia/Lord_Howe", "2024-04-07T01:15", "2024-04-07T01:15+11:00", False),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-31T12:00+14:00", True),
        ("Asia/Shanghai", "1988-07-01T00:00", "1988-07-01T00:00+09:00", False),
        ("Asia/Shanghai", "2024-07-01T00:00", "2024-07-01T00:00+08:00", False),
        ("Asia/Kathmandu", "2024-07-01T00:00", "2024-07-01T00:00+05:45", False),
        ("America/New_York", "9999-07-01T00:00", "9999-07-01T00:00-04:00", False),
        ("America/New_York", "0001-01-01T00:00", "0001-01-01T00:00-04:56:02", False),
    ],
)
def test_wall_clock_times_with_a_story(name, local, read_as, adjusted):
    """Gaps, repeats, half hours, a skipped day, local mean time, far years."""
    zone = Zone(name)
    utc, told = zone.instant(us(local))
    assert (zone.iso(utc), told) == (read_as, adjusted)


def test_far_years_go_by_the_yearly_rule_of_zoneinfo():
    """Years beyond those listed are those of 400 years before; the days of change agree with zoneinfo."""
    zone, oracle = Zone("Europe/Amsterdam"), ZoneInfo("Europe/Amsterdam")
    hours = np.arange(us("2899-01-01"), us("2902-01-01"), 3_600_000_000 * 5)
    expected = [
        (EPOCH + timedelta(microseconds=int(one))).replace(tzinfo=UTC).astimezone(oracle).utcoffset() // US
        for one in hours
    ]
    assert zone.offset_at(hours).tolist() == expected


def test_empty_arrays_stay_empty():
    """No time in, no time out."""
    empty = np.array([], dtype=np.int64)
    zone = Zone("Europe/London")
    assert [len(part) for part in (*zone.to_utc(empty), zone.to_local(empty), zone.offset_at(empty))] == [
        0
    ] * 4


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("America/New_Yrok", "America/New_York"),
        ("asia/shanghai", "Asia/Shanghai"),
        ("America", "IANA"),
        ("", "IANA"),
        ("../zoneinfo/UTC", "IANA"),
        ("localtime", "IANA"),
        ("right/UTC", "IANA"),
    ],
)
def test_unknown_zones_are_refused_with_a_hint(name, hint):
    """A name that is not one of the world's zones is an error that helps."""
    with pytest.raises(InvalidInput) as caught:
        Zone(name)
    assert caught.value.kind == "unknown-zone"
    assert hint in str(caught.value) or "did you mean" in str(caught.value)


@pytest.mark.parametrize("at", [np.iinfo(np.int64).max, np.iinfo(np.int64).min, us("10020-01-01")])
def test_instants_outside_the_years_1_to_9999_are_refused(at):
    """A wrong unit is an error, not an hour of waiting."""
    with pytest.raises(InvalidInput) as caught:
        Zone("UTC").offset_at(np.array([at]))
    assert caught.value.kind == "time-out-of-range"


@given(st.data())
@settings(deadline=None, max_examples=examples(100))
def test_days_of_spans_are_those_of_their_instants(data):
    """Every quarter of an hour's day is there, and the first and the last are days of some instant."""
    zone = data.draw(zones())
    starts = data.draw(st.lists(instants(zone, first_year=1900, last_year=2030), min_size=1, max_size=3))
    quarter = 900_000_000
    parts = [Span(at, at + data.draw(st.integers(1, 400)) * quarter) for at in starts]
    found = zone.days(Spans.of(parts))
    shown = [
        zone.to_local(np.append(np.arange(one.start_us, one.end_us, quarter), one.end_us - 1))
        for one in parts
    ]
    assert found.tolist() == np.unique(np.concatenate(shown) // (96 * quarter)).tolist()


def test_days_without_end_are_refused():
    with pytest.raises(InvalidInput) as caught:
        Zone("UTC").days(Spans.always())
    assert caught.value.kind == "unbounded-span"


@given(st.data())
@some
def test_a_time_is_reached_when_the_clock_first_shows_it_or_more(data):
    """Of skipped times that is the change of the clock; of all others the instant that `to_utc` gives."""
    zone = data.draw(zones())
    local_us = np.array(data.draw(st.lists(local_times(zone), min_size=1, max_size=20)))
    reached_us = zone.reached(local_us)
    utc_us, adjusted = zone.to_utc(local_us)
    shown_us = zone.to_local(reached_us)
    assert (shown_us >= local_us).all()
    assert (zone.to_local(reached_us - 1) < local_us).all()
    skipped = adjusted & (zone.to_local(utc_us) != local_us)
    assert (reached_us == utc_us)[~skipped].all()
    assert (reached_us <= utc_us).all()
    assert zone.reached(np.array([], np.int64)).tolist() == []
