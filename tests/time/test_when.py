"""When against plain Python, one instant at a time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.testing.time import instants, zones
from stcloud.time import Span, Spans, When, Zone, parse_instant

NYC = Zone("America/New_York")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def clock(minutes):
    return f"{minutes // 60:02}:{minutes % 60:02}"


@given(st.data())
@settings(deadline=None, max_examples=150)
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


def test_a_condition_that_means_nothing_is_not_born():
    """Weekdays and hours are valid from birth."""
    with pytest.raises(InvalidInput) as caught:
        When(Spans.of([Span(0, 1)]), NYC, weekdays=frozenset())
    assert caught.value.kind == "unreadable-weekdays"
    with pytest.raises(InvalidInput) as caught:
        When(Spans.of([Span(0, 1)]), NYC, hours=((600, 700), (0, 10)))
    assert caught.value.kind == "unreadable-hours"
