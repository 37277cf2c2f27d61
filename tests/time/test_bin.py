"""Calendar bins against datetime."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.testing.examples import examples
from stcloud.testing.time import instants, zones
from stcloud.time import Bin, Zone, parse_instant

NYC = Zone("America/New_York")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SPANS = [unit for unit in Bin if not unit.recurs]
some = settings(deadline=None, max_examples=examples(100))


def plain_labels(at_us, zone):
    local = (EPOCH + timedelta(microseconds=at_us)).astimezone(ZoneInfo(zone.name))
    year, week, weekday = local.isocalendar()
    return {
        Bin.HOUR: f"{local:%Y-%m-%dT%H}:00{local.isoformat(timespec='hours')[13:]}",
        Bin.DAY: f"{local:%Y-%m-%d}",
        Bin.WEEK: f"{year}-W{week:02}",
        Bin.MONTH: f"{local:%Y-%m}",
        Bin.QUARTER: f"{local.year}-Q{(local.month + 2) // 3}",
        Bin.YEAR: f"{local.year}",
        Bin.WEEKDAY: weekday,
        Bin.HOUR_OF_DAY: local.hour,
    }


@given(st.data())
@some
def test_labels_are_those_of_datetime(data):
    """Each instant's label is what datetime, zoneinfo and isocalendar say."""
    zone = data.draw(zones())
    at = data.draw(st.lists(instants(zone), min_size=1, max_size=20))
    plain = [plain_labels(one, zone) for one in at]
    for unit in Bin:
        assert unit.labels(unit.numbers(np.array(at), zone)).tolist() == [labels[unit] for labels in plain]


@given(st.data())
@some
def test_numbers_are_as_documented(data):
    """Engines may compute them from the wall clock and the offset alone."""
    zone = data.draw(zones())
    at = data.draw(instants(zone))
    offset = int(zone.offset_at([at])[0])
    local = at + offset
    day = local // 86_400_000_000
    wall = EPOCH + timedelta(microseconds=local)
    expected = {
        Bin.HOUR: local // 3_600_000_000 * 200_000 + 100_000 - offset // 1_000_000,
        Bin.DAY: day,
        Bin.WEEK: (day + 3) // 7,
        Bin.MONTH: wall.year * 12 + wall.month - 1,
        Bin.QUARTER: wall.year * 4 + (wall.month - 1) // 3,
        Bin.YEAR: wall.year,
        Bin.WEEKDAY: (day + 3) % 7 + 1,
        Bin.HOUR_OF_DAY: local // 3_600_000_000 % 24,
    }
    assert {unit: int(unit.numbers([at], zone)[0]) for unit in Bin} == expected


def test_hour_bins_keep_the_two_ones_apart():
    """25 hours of an autumn day are 25 bins; 24 hours of the day; 23 in spring."""
    for day, next_day, hours, labels in [
        ("2024-11-03", "2024-11-04", 25, 24),
        ("2024-03-10", "2024-03-11", 23, 23),
    ]:
        at = np.arange(parse_instant(day, NYC), parse_instant(next_day, NYC), 60_000_000)
        numbers, counts = np.unique(Bin.HOUR.numbers(at, NYC), return_counts=True)
        assert len(numbers) == hours
        assert set(counts.tolist()) == {60}
        assert len(np.unique(Bin.HOUR_OF_DAY.numbers(at, NYC))) == labels
    autumn = [parse_instant(text, NYC) for text in ("2024-11-03T01:30-04:00", "2024-11-03T01:30-05:00")]
    assert Bin.HOUR.labels(Bin.HOUR.numbers(autumn, NYC)).tolist() == [
        "2024-11-03T01:00-04:00",
        "2024-11-03T01:00-05:00",
    ]


@given(st.data())
@some
def test_an_instant_lies_in_the_span_of_its_bin(data):
    """Both ends of a span are right: its start and its last microsecond have the bin's number."""
    zone = data.draw(zones().filter(lambda zone: zone.name != "America/St_Johns"))
    at = data.draw(instants(zone, first_year=1990))
    for unit in SPANS:
        number = int(unit.numbers([at], zone)[0])
        span = unit.span(number, zone)
        assert span.contains(at)
        assert unit.numbers([span.start_us, span.end_us - 1], zone).tolist() == [number, number]
        assert unit.numbers([span.start_us - 1, span.end_us], zone).tolist().count(number) == 0


def test_a_day_begins_once_even_where_clocks_go_back_over_midnight():
    """At 00:01 of 2010-11-07 St. John's goes back to 23:01 of the day before."""
    zone = Zone("America/St_Johns")
    number = int(Bin.DAY.numbers([parse_instant("2010-11-07T12:00", zone)], zone)[0])
    assert Bin.DAY.span(number, zone).text(zone) == "2010-11-07T00:00-02:30/2010-11-08T00:00-03:30"


def test_bins_without_a_span_say_so():
    """A day that was skipped, an hour that was skipped, and bins that come again."""
    apia = Zone("Pacific/Apia")
    day = int(Bin.DAY.numbers([parse_instant("2011-12-29", apia)], apia)[0])
    hour = int(Bin.HOUR.numbers([parse_instant("2024-03-10T01:00", NYC)], NYC)[0])
    for kind, unit, number, zone in [
        ("empty-span", Bin.DAY, day + 1, apia),
        ("empty-span", Bin.HOUR, hour + 200_000, NYC),
        ("unbounded-bin", Bin.WEEKDAY, 1, NYC),
    ]:
        with pytest.raises(InvalidInput) as caught:
            unit.span(number, zone)
        assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("asked", "hint"),
    [("weeks", "did you mean 'week'?"), ("fortnight", "hour, day, week"), ("", "hour, day, week")],
)
def test_unknown_bins_are_refused_with_a_hint(asked, hint):
    """The error names the bins there are."""
    with pytest.raises(InvalidInput) as caught:
        Bin.parse(asked)
    assert caught.value.kind == "unknown-bin"
    assert hint in str(caught.value)


def test_bins_are_parsed_by_name_and_labels_of_nothing_are_empty():
    """Names are the enum's values."""
    assert [Bin.parse(str(unit)) for unit in Bin] == list(Bin)
    assert Bin.WEEK.labels([]).tolist() == []


def test_numbers_beyond_the_calendar_have_no_label():
    """A label exists for the years 1 to 9999 only."""
    for unit in SPANS:
        with pytest.raises(InvalidInput) as caught:
            unit.label(-(10**14))
        assert caught.value.kind == "time-out-of-range"
