"""Relative spans against plain datetime."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.testing.almanac import read_span
from stcloud.testing.examples import examples
from stcloud.testing.time import instants, relative_texts, zones
from stcloud.time import Zone, is_relative, parse_instant, parse_when, read_relative

NYC = Zone("America/New_York")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us(at):
    return (at - EPOCH) // timedelta(microseconds=1)


@given(st.data())
@settings(deadline=None, max_examples=examples(300))
def test_a_relative_span_is_the_plain_meaning(data):
    """As the oracle steps back, day by day and month by month."""
    zone, text = data.draw(zones()), data.draw(relative_texts())
    now_us = data.draw(instants(zone, first_year=1900, last_year=2100))
    start, end = read_span(text, ZoneInfo(zone.name), EPOCH + timedelta(microseconds=now_us))
    if start == end:  # a day that the zone skipped
        with pytest.raises(InvalidInput, match="did not happen"):
            read_relative(text, now_us, zone)
        return
    found = read_relative(text, now_us, zone)
    assert (found.start_us, found.end_us) == (us(start), us(end))


def of(text, now):
    return read_relative(text, parse_instant(now, NYC), NYC)


@pytest.mark.parametrize(
    ("text", "now", "written"),
    [
        ("today", "2024-03-10T12:00", "2024-03-10"),
        ("yesterday", "2024-03-01", "2024-02-29"),
        ("this month", "2024-03-31T23:59", "2024-03"),
        ("last month", "2024-03-31", "2024-02"),
        ("previous month", "2024-01-01", "2023-12"),
        ("this week", "2024-03-10", "2024-W10"),
        ("last week", "2024-03-10", "2024-W09"),
        ("This  Quarter", "2024-05-05", "2024-Q2"),
        ("last year", "2024-05-05", "2023"),
        ("previous 1 year", "2024-05-05", "2023"),
        ("previous 3 months", "2024-05-05T10:00", "2024-02/2024-05"),
        ("previous 7 days", "2024-03-12T09:30", "2024-03-05/2024-03-12"),
        ("last 7 days", "2024-03-12T09:30", "2024-03-05T09:30/2024-03-12T09:30"),
        ("last 1 day", "2024-03-11T02:30", "2024-03-10T03:30/2024-03-11T02:30"),
        ("last 24 hours", "2024-03-10T12:00", "2024-03-09T11:00/2024-03-10T12:00"),
        ("last 1 month", "2024-03-31T08:00", "2024-02-29T08:00/2024-03-31T08:00"),
        ("last 3 months", "2024-05-31", "2024-02-29/2024-05-31"),
        ("last 1 year", "2024-02-29T08:00", "2023-02-28T08:00/2024-02-29T08:00"),
        ("last 90 minutes", "2024-03-10T03:30", "2024-03-10T01:00/2024-03-10T03:30"),
    ],
)
def test_spans_that_people_mean(text, now, written):
    """Whole units without a number; with one, ``last`` ends now and ``previous`` before the present unit."""
    assert of(text, now) == parse_when(written, NYC)


@pytest.mark.parametrize(
    "text",
    [
        "last",
        "next week",
        "tomorrow",
        "now",
        "last 0 days",
        "last -3 days",
        "last 7 dayz",
        "this 3 months",
        "last hour",
        "this minute",
        "previous 3 hours",
        "last seven days",
        "last 7 days ago",
        "last month/now",
        "last 1.5 days",
    ],
)
def test_other_relative_texts_are_refused(text):
    """In one line, with the forms that are known."""
    assert is_relative(text)
    with pytest.raises(InvalidInput) as caught:
        of(text, "2024-03-10")
    assert caught.value.kind == "unreadable-time"
    assert "last 7 days" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["last 3000 years", "last 999999999 hours", "last 999999999 quarters", "last 999999 days"]
)
def test_before_the_year_one_there_is_nothing(text):
    with pytest.raises(InvalidInput) as caught:
        of(text, "2024-03-10")
    assert caught.value.kind == "time-out-of-range"


def test_a_day_that_did_not_happen_is_refused():
    """Samoa had no 2011-12-30; the days before are whole all the same."""
    apia = Zone("Pacific/Apia")
    now = parse_instant("2011-12-31T12:00", apia)
    with pytest.raises(InvalidInput, match="did not happen in Pacific/Apia"):
        read_relative("yesterday", now, apia)
    assert read_relative("previous 2 days", now, apia) == parse_when("2011-12-29/2011-12-31", apia)


@pytest.mark.parametrize("text", ["2024", "2024-W12", "../2024", "", "mon", "2024-03-05T07:00Z"])
def test_absolute_texts_need_no_now(text):
    assert not is_relative(text)
