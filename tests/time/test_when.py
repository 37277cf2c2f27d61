"""When against plain Python, one instant at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.testing.almanac import happens, read_span
from stcloud.testing.examples import examples
from stcloud.testing.question import Times
from stcloud.testing.time import instants, zones
from stcloud.time import Span, Spans, When, Zone, parse_instant

NYC = Zone("America/New_York")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def clock(minutes):
    return f"{minutes // 60:02}:{minutes % 60:02}"


@given(st.data())
@settings(deadline=None, max_examples=examples(150))
def test_matches_is_the_plain_meaning(data):
    """An instant matches if span, local weekday and local time of day do."""
    zone = data.draw(zones())
    at = data.draw(st.lists(instants(zone), min_size=1, max_size=30))
    days = data.draw(st.none() | st.frozensets(st.integers(1, 7), min_size=1))
    ends = data.draw(
        st.none() | st.tuples(st.integers(0, 1439), st.integers(0, 1440)).filter(lambda p: p[0] != p[1])
    )
    hours = ends and f"{clock(ends[0])}-{clock(ends[1])}"
    when = When.of("1840/1990", "2000/..", zone=zone, weekdays=days, hours=hours)

    def expected(one):
        local = (EPOCH + timedelta(microseconds=one)).astimezone(ZoneInfo(zone.name))
        time = local.hour * 60 + local.minute
        in_year = 1840 <= local.year < 1990 or local.year >= 2000
        on_day = days is None or local.isoweekday() in days
        if ends is None:
            return in_year and on_day
        start, end = ends
        return in_year and on_day and (start <= time < end if start < end else time >= start or time < end)

    assert when.matches(np.array(at)).tolist() == [expected(one) for one in at]


def test_a_repeated_hour_counts_twice_and_a_skipped_one_never():
    """Hours are those of the wall clock."""
    minutes = np.arange(parse_instant("2024-11-03", NYC), parse_instant("2024-11-04", NYC), 60_000_000)
    assert When.of(zone=NYC, hours="01:00-02:00").matches(minutes).sum() == 120
    minutes = np.arange(parse_instant("2024-03-10", NYC), parse_instant("2024-03-11", NYC), 60_000_000)
    assert When.of(zone=NYC, hours="02:00-03:00").matches(minutes).sum() == 0


def test_wrapped_hours_belong_to_the_day_they_fall_on():
    """Saturday's night hours: Saturday before six, and Saturday after 22, not Sunday morning."""
    when = When.of("2024-03", zone=NYC, weekdays="sat", hours="22:00-06:00")
    told = {
        text: bool(when.matches([parse_instant(text, NYC)])[0])
        for text in ("2024-03-02T05:59", "2024-03-02T22:00", "2024-03-03T01:00")
    }
    assert told == {"2024-03-02T05:59": True, "2024-03-02T22:00": True, "2024-03-03T01:00": False}


def test_describe_says_what_was_understood():
    """Spans with offsets, weekdays, hours, zone, and what was adjusted."""
    when = When.of("2024-11-03T01:30", "2024-03", zone=NYC, weekdays="sat,sun", hours="22:00-06:00")
    assert when.describe() == (
        "2024-03-01T00:00-05:00/2024-04-01T00:00-04:00, 2024-11-03T01:30-04:00/2024-11-03T01:31-04:00, "
        "on sat,sun, at 00:00-06:00,22:00-24:00 (America/New_York); 2024-11-03T01:30 is repeated in "
        "America/New_York: the earlier instant, 2024-11-03T01:30-04:00, is meant"
    )
    assert When.of(zone=NYC).describe() == "../.. (America/New_York)"


def test_equal_meaning_is_an_equal_value():
    """Order, overlap and notes do not matter."""
    assert When.of("2024-02", "2024-01", zone=NYC) == When.of("2024-01/2024-03", zone=NYC)
    assert When.of("2024-11-03T01:30", zone=NYC) == When.of("2024-11-03T01:30-04:00", zone=NYC)
    assert hash(When.of(zone=NYC, weekdays="mon")) == hash(When.of(zone=NYC, weekdays=[1]))


@given(st.data())
@settings(deadline=None, max_examples=examples(100))
def test_months_and_days_match_as_the_almanac_has_them(data):
    """Also where only one of them is asked for, and where instants lie outside the spans."""
    asked = Times(
        ("2024", "../1990"),
        months=data.draw(st.sampled_from([None, "dec-feb", (3, 11)])),
        seasons=data.draw(st.sampled_from([None, "winter,spring,autumn"])),
        days=data.draw(st.sampled_from([None, "working", "free"])),
    )
    asked = replace(asked, calendar=asked.days and "US-NY")
    at = data.draw(st.lists(instants(NYC, first_year=1980, last_year=2110), min_size=1, max_size=30))
    when = When.of(
        *asked.texts,
        zone=NYC,
        months=asked.months,
        seasons=asked.seasons,
        days=asked.days,
        calendar=asked.calendar,
    )
    spans = [read_span(text, ZoneInfo(NYC.name)) for text in asked.texts]
    expected = [happens(EPOCH + timedelta(microseconds=one), spans, asked, ZoneInfo(NYC.name)) for one in at]
    assert when.matches(np.array(at)).tolist() == expected


def test_working_days_are_asked_only_of_instants_inside():
    """Years outside the spans need not be known; those inside must be."""
    when = When.of("2024", zone=NYC, days="working", calendar="CN")
    assert when.matches([parse_instant(day, NYC) for day in ("2024-02-04", "1850", "2900")]).tolist() == [
        True, False, False,
    ]  # fmt: skip
    with pytest.raises(InvalidInput, match="of 2900"):
        When.of("2024/..", zone=NYC, days="working", calendar="CN").matches([parse_instant("2900", NYC)])


def test_a_span_of_years_that_are_not_known_is_not_born():
    """Half-open: the first instant of a year that is not known is outside."""
    When.of("2001/2026", zone=NYC, days="free", calendar="CN")
    with pytest.raises(InvalidInput) as caught:
        When.of("2001", "2100", zone=NYC, days="free", calendar="CN")
    assert caught.value.kind == "unknown-year"


def test_notes_say_as_of_when_and_are_no_part_of_the_value():
    relative = When.of("last month", zone=NYC, now="2024-04-01T12:00")
    assert relative.notes == ("'last month' is as of 2024-04-01T12:00-04:00",)
    assert relative == When.of("2024-03", zone=NYC)


def test_a_condition_that_means_nothing_is_not_born():
    """Weekdays and hours are valid from birth."""
    with pytest.raises(InvalidInput) as caught:
        When(Spans.of([Span(0, 1)]), NYC, weekdays=frozenset())
    assert caught.value.kind == "unreadable-weekdays"
    with pytest.raises(InvalidInput) as caught:
        When(Spans.of([Span(0, 1)]), NYC, months=frozenset({13}))
    assert caught.value.kind == "unreadable-months"
    with pytest.raises(InvalidInput) as caught:
        When(Spans.of([Span(0, 1)]), NYC, hours=((600, 700), (0, 10)))
    assert caught.value.kind == "unreadable-hours"
