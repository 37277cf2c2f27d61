"""Bins of a piece of time against dates and offsets that datetime and zoneinfo give."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.testing.examples import examples
from stcloud.testing.time import instants, zones
from stcloud.time import Bin, DayRun, Every, Span, Zone, parse_instant, parse_when

NYC = Zone("America/New_York")
APIA = Zone("Pacific/Apia")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR_US = 3_600_000_000
LENGTHS = {"1h": 9, "1D": 24 * 9, "1W": 24 * 40, "1M": 24 * 150, "1Q": 24 * 400, "1Y": 24 * 1500}
LENGTHS |= {f"{days}D": 24 * 6 * days for days in (2, 3, 7, 28, 365, 1000)}
"""About six bins of each step, in hours."""
some = settings(deadline=None, max_examples=examples(150))


def local(at_us, zone):
    return (EPOCH + timedelta(microseconds=at_us)).astimezone(ZoneInfo(zone.name))


def date_reached(at_us, zone):
    """Return the latest date that the wall clock has shown; over midnight it went back by three hours at most."""
    return max(local(at_us - minutes * 60_000_000, zone).date() for minutes in range(181))


def plain_label(at_us, every, zone, end):
    """Return the label of the bin of an instant; n days are counted back from ``end``, the day after the last."""
    day = date_reached(at_us, zone)
    if every.count > 1:
        return str(end - every.count * (-((day - end) // timedelta(every.count))) * timedelta(1))
    clock = local(at_us, zone)
    return {
        Bin.HOUR: f"{clock:%Y-%m-%dT%H}:00{clock.isoformat(timespec='hours')[13:]}",
        Bin.DAY: str(day),
        Bin.WEEK: f"{day.isocalendar()[0]}-W{day.isocalendar()[1]:02}",
        Bin.MONTH: f"{day:%Y-%m}",
        Bin.QUARTER: f"{day.year}-Q{(day.month + 2) // 3}",
        Bin.YEAR: str(day.year),
    }[every.unit]


@st.composite
def cuts(draw, shortest=0.0):
    """Draw a zone, a step and a span of a few bins, whose ends are often near a change of the clock or a midnight.

    ``shortest`` is the least share of the step's length that the span has.
    """
    zone = draw(zones())
    every = Every.parse(draw(st.sampled_from(sorted(LENGTHS))))
    start_us = draw(instants(zone, first_year=1850, last_year=2100))
    longest = LENGTHS[str(every)]
    least = int(shortest * longest)
    midnight = st.integers(max(least, 1), longest).map(
        lambda hours: zone.instant((start_us // HOUR_US + hours) // 24 * 24 * HOUR_US)[0]
    )
    after = st.integers(max(least * HOUR_US, 1), longest * HOUR_US).map(
        lambda length_us: start_us + length_us
    )
    end_us = draw(st.one_of(midnight, after).filter(lambda end_us: end_us > start_us))
    return every, Span(start_us, end_us), zone


def within(span, edges_us):
    """Draw instants of a span, half of them beside an edge of a bin."""
    near = st.builds(
        lambda edge, by: int(edge) + by, st.sampled_from(list(edges_us)), st.sampled_from([-1, 0, 1])
    )
    anywhere = st.integers(span.start_us, span.end_us - 1)
    return st.one_of(near.filter(span.contains), anywhere)


@given(st.data(), cuts())
@some
def test_every_instant_lies_in_one_bin_which_is_its_own(data, cut):
    every, span, zone = cut
    bins = every.cut(span, zone)
    assert (np.diff(bins.edges_us) > 0).all()
    assert bins.edges_us[0] <= span.start_us < bins.edges_us[1]
    assert bins.edges_us[-2] < span.end_us <= bins.edges_us[-1]
    at_us = data.draw(within(span, bins.edges_us))
    place = int(np.searchsorted(bins.edges_us, at_us, side="right")) - 1
    end = date_reached(span.end_us - 1, zone) + timedelta(1)
    assert bins.labels()[place] == plain_label(at_us, every, zone, end)
    shown_again = local(at_us, zone).date() < date_reached(at_us, zone) and every.unit is not Bin.HOUR
    if not shown_again:
        number = bins.binning.numbers(np.array([at_us]), zone)
        assert number == bins.numbers[place]
        assert bins.position(number) == place


@given(cuts())
@some
def test_bins_are_whole_unless_the_span_begins_or_ends_inside(cut):
    every, span, zone = cut
    bins = every.cut(span, zone)
    end = date_reached(span.end_us - 1, zone) + timedelta(1)
    before, first, last, after = (
        plain_label(at_us, every, zone, end)
        for at_us in (span.start_us - 1, span.start_us, span.end_us - 1, span.end_us)
    )
    expected = np.ones(len(bins), bool)
    expected[0] &= before != first
    expected[-1] &= last != after
    assert bins.whole.tolist() == expected.tolist()


@given(cuts(shortest=0.6))
@some
def test_a_span_of_whole_bins_is_cut_into_them(cut):
    every, span, zone = cut
    bins = every.cut(span, zone).without_partial()
    assume(len(bins))
    assert bins.whole.all()
    edges = bins.edges_us.tolist()
    # A midnight at which a day was skipped ends two days, and so may end either bin.
    assume(every.count == 1 or zone != APIA or date_reached(edges[-1], zone) != date(2011, 12, 31))
    again = every.cut(Span(edges[0], edges[-1]), zone)
    assert again.whole.all()
    assert again.edges_us.tolist() == edges
    assert again.labels().tolist() == bins.labels().tolist()


@given(cuts().filter(lambda cut: cut[0].count > 1))
@some
def test_bins_of_days_count_back_from_the_last_day(cut):
    every, span, zone = cut
    bins = every.cut(span, zone)
    days = [date.fromisoformat(label) for label in bins.labels()]
    assert days[-1] == date_reached(span.end_us - 1, zone) - timedelta(every.count - 1)
    assert {later - day for day, later in pairwise(days)} <= {timedelta(every.count)}
    for day, edge in zip([*days, days[-1] + timedelta(every.count)], bins.edges_us.tolist(), strict=True):
        assert date_reached(edge, zone) >= day > date_reached(edge - 1, zone)


@given(cuts(), st.lists(st.integers(-(10**12), 10**12)))
@some
def test_numbers_of_no_bin_have_no_place(cut, others):
    every, span, zone = cut
    bins = every.cut(span, zone)
    places = {number: place for place, number in enumerate(bins.numbers.tolist())}
    assert len(places) == len(bins)
    near = [number + by for number in places for by in (-1, 0, 1)]
    numbers = np.array([*others, *near, 2**63 - 1, -(2**63)], np.int64)
    assert bins.position(numbers).tolist() == [places.get(number, -1) for number in numbers.tolist()]


@pytest.mark.parametrize(
    ("step", "text", "zone", "labels"),
    [
        ("1D", "2011-12-28/2012-01-02", APIA, ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]),
        ("3D", "2011-12-28/2012-01-02", APIA, ["2011-12-27", "2011-12-30"]),
        ("1W", "2020-12-20/2021-01-05", NYC, ["2020-W51", "2020-W52", "2020-W53", "2021-W01"]),
        ("quarter", "2024-03/2024-07", NYC, ["2024-Q1", "2024-Q2"]),
        (
            "1h", "2024-11-03T00:30/2024-11-03T02:10", NYC,
            ["2024-11-03T00:00-04:00", "2024-11-03T01:00-04:00", "2024-11-03T01:00-05:00", "2024-11-03T02:00-05:00"],
        ),
        ("1h", "2024-03-10T01:00/2024-03-10T04:00", NYC, ["2024-03-10T01:00-05:00", "2024-03-10T03:00-04:00"]),
    ],
)  # fmt: skip
def test_bins_have_the_labels_of_the_calendar(step, text, zone, labels):
    assert Every.parse(step).cut(parse_when(text, zone), zone).labels().tolist() == labels


@pytest.mark.parametrize(
    ("zone", "text", "hours"),
    [
        (NYC, "2024-03-10", [1.0] * 23),
        (NYC, "2024-11-03", [1.0] * 25),
        (Zone("Australia/Lord_Howe"), "2024-04-07", [1.0, 1.0, 0.5, *[1.0] * 22]),
        (Zone("Australia/Lord_Howe"), "2024-10-06", [1.0, 1.0, 0.5, *[1.0] * 21]),
        (Zone("Asia/Kathmandu"), "1986-01-01", [0.75, *[1.0] * 23]),
    ],
)
def test_hours_are_those_of_the_clock(zone, text, hours):
    bins = Every.parse("1h").cut(parse_when(text, zone), zone)
    assert (np.diff(bins.edges_us) / HOUR_US).tolist() == hours
    assert bins.whole.all()
    assert bins.position(bins.numbers).tolist() == list(range(len(bins)))


def test_hours_of_a_clock_that_was_set_back_by_a_day_are_found():
    """Kwajalein showed 1 to 24 o'clock of 1969-09-30 twice, so that numbers of hours are not in order of time."""
    zone = Zone("Pacific/Kwajalein")
    bins = Every.parse("1h").cut(parse_when("1969-09-29/1969-10-02", zone), zone)
    assert len(bins) == 24 + 47 + 24
    assert (np.diff(bins.numbers) < 0).any()
    assert bins.position(bins.numbers).tolist() == list(range(len(bins)))
    assert bins.position(bins.numbers + 1).max() == -1


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00-02:00", 23),
        ("America/Toronto", "1919-03-31", "1919-03-31T00:30-04:00", 23.5),
        ("Pacific/Kiritimati", "1995-01-01", "1995-01-01T00:00+14:00", 24),
    ],
)
def test_a_day_begins_when_the_clock_first_shows_it(zone, day, start, hours):
    """Also where its midnight was skipped, and where that began on the day before."""
    zone = Zone(zone)
    noon_us = parse_when(f"{day}T12:00", zone).start_us
    bins = Every.parse("1D").cut(Span(noon_us, noon_us + 1), zone)
    low, high = bins.edges_us.tolist()
    assert (bins.labels().tolist(), zone.iso(low), (high - low) / HOUR_US) == ([day], start, hours)
    assert Bin.DAY.span(int(bins.numbers[0]), zone) == Span(low, high)
    assert bins.whole.tolist() == [False]


def test_minutes_that_are_shown_again_begin_no_day_anew():
    """At 00:01 of 2010-11-07 St. John's went back to 23:01: of the day before, and in the bin of the day after."""
    zone = Zone("America/St_Johns")
    span = parse_when("2010-11-07T00:00:30-02:30/2010-11-06T23:30-03:30", zone)
    for step in ("1D", "2D"):
        bins = Every.parse(step).cut(span, zone)
        assert len(bins) == 1
        last_day, reached = bins.binning.numbers(
            [span.end_us - 1, parse_instant("2010-11-07T12:00", zone)], zone
        )
        assert bins.numbers.tolist() == [reached]
        assert (bins.position([last_day]).tolist() == [-1]) == (step == "1D")
    night = Every.parse("1D").cut(parse_when("2010-11-06/2010-11-08", zone), zone)
    assert [zone.iso(edge) for edge in night.edges_us.tolist()] == [
        "2010-11-06T00:00-02:30", "2010-11-07T00:00-02:30", "2010-11-08T00:00-03:30",
    ]  # fmt: skip


def test_a_day_that_was_shown_twice_begins_once():
    """At 15:30 of 1867-10-19 Sitka went back by a day, to America's."""
    zone = Zone("America/Sitka")
    bins = Every.parse("1D").cut(parse_when("1867-10-18/1867-10-21", zone), zone)
    assert bins.labels().tolist() == ["1867-10-18", "1867-10-19", "1867-10-20"]
    assert (np.diff(bins.edges_us) / HOUR_US).tolist() == [24, 48, 24]


def test_steps_are_read():
    units = {
        "1h": "hour", "1D": "day", "1W": "week", "1M": "month", "1Q": "quarter", "1Y": "year",
    }  # fmt: skip
    for text, name in units.items():
        assert Every.parse(text) == Every.parse(name) == Every(Bin(name))
        assert str(Every.parse(name)) == text
    for text in ("2D", "7D", "28D", "3652059D"):
        assert str(Every.parse(text)) == text
    assert Every.parse("7D") != Every.parse("1W")


@pytest.mark.parametrize(
    "text", ["3h", "0D", "2M", "weekday", "hour-of-day", "", "D", "07D", "-7D", "7d", "1m", "٧D", "7D ", "3652060D",
             "9" * 30 + "D"]
)  # fmt: skip
def test_other_steps_are_refused_with_those_there_are(text):
    with pytest.raises(InvalidInput) as caught:
        Every.parse(text)
    assert caught.value.kind == "unknown-step"
    message = str(caught.value)
    assert f"'{text}'" in message
    assert "\n" not in message
    for there in ("1h", "1D", "1W", "1M", "1Q", "1Y", "hour", "year", "28D"):
        assert there in message


@pytest.mark.parametrize(
    ("unit", "count"), [(Bin.WEEKDAY, 1), (Bin.MONTH, 2), (Bin.HOUR, 3), (Bin.DAY, 0), (Bin.DAY, -7)]
)
def test_no_other_step_is_made(unit, count):
    with pytest.raises(InvalidInput) as caught:
        Every(unit, count)
    assert caught.value.kind == "unknown-step"


@pytest.mark.parametrize(
    ("step", "kind", "span"),
    [
        ("1h", "too-many-bins", Span(-(10**16), 10**16)),
        ("1D", "too-many-bins", Span(-6 * 10**16, 20 * 10**16)),
        ("1h", "unbounded-span", Span(0, None)),
        ("7D", "unbounded-span", Span(None, 0)),
        ("1D", "time-out-of-range", Span(0, 9 * 10**18)),
    ],
)
def test_time_that_is_too_long_is_refused_before_bins_are_made(step, kind, span):
    with pytest.raises(InvalidInput) as caught:
        Every.parse(step).cut(span, NYC)
    assert caught.value.kind == kind


def test_without_partial_bins_there_may_be_none():
    bins = Every.parse("1M").cut(parse_when("2024-03-05/2024-04-05", NYC), NYC)
    none = bins.without_partial()
    assert (len(bins), len(none), none.labels().tolist(), none.whole.tolist()) == (2, 0, [], [])
    assert none.edges_us.tolist() == [parse_when("2024-04", NYC).start_us]
    assert none.position(bins.numbers).tolist() == [-1, -1]
    only = Every.parse("1M").cut(parse_when("2024-03-05/2024-03-07", NYC), NYC)
    assert (only.whole.tolist(), len(only.without_partial())) == ([False], 0)


def test_what_is_grouped_by_follows_from_the_end():
    friday = parse_when("2024-03-01/2024-03-16", NYC)
    bins = Every.parse("7D").cut(friday, NYC)
    first = (date(2024, 3, 16) - date(1970, 1, 1)).days % 7
    assert bins.binning == DayRun(7, first)
    assert bins.labels().tolist() == ["2024-02-24", "2024-03-02", "2024-03-09"]
    assert bins.whole.tolist() == [False, True, True]
    earlier = Span(friday.start_us, friday.end_us - HOUR_US)
    assert Every.parse("7D").cut(earlier, NYC).whole.tolist() == [False, True, False]
    assert Every.parse("1W").cut(friday, NYC).binning is Bin.WEEK
