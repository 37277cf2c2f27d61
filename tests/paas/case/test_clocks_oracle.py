"""Clocks against a clock that walks minute by minute: pauses, rounds, extensions, make-up days, changes of clocks."""

from datetime import UTC, date, datetime
from functools import cache
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.case.allowance import ClockLimits, Extensions
from stcloud.paas.case.clockrules import ClockRules
from stcloud.paas.case.clocks import read_clocks
from stcloud.paas.case.interval import NONE_US, ClockIntervals
from stcloud.paas.case.limit import KINDS
from stcloud.testing.examples import examples
from stcloud.testing.stopwatch import Stopwatch
from stcloud.time import Calendar, CityDays, OfficeHours, WorkTime, Zone

MINUTE = 60_000_000
STAGES = ("dispatch", "handle", "check")
PLACES = {
    "Spring Festival": ("Asia/Shanghai", "CN", "2024-02-01", "2024-02-22"),
    "a make-up Saturday": ("Asia/Shanghai", "CN", "2024-09-25", "2024-10-15"),
    "not published": ("Asia/Shanghai", "CN", "2027-01-28", "2027-02-12"),
    "the first summer time of China": ("Asia/Shanghai", "CN", "1986-05-01", "1986-05-08"),
    "the end of summer time in China": ("Asia/Shanghai", "CN", "1988-09-08", "1988-09-15"),
    "Auckland in autumn": ("Pacific/Auckland", "NZ", "2024-04-03", "2024-04-10"),
    "Auckland in spring": ("Pacific/Auckland", "NZ", "2024-09-26", "2024-10-03"),
    "New York in spring": ("America/New_York", "US", "2024-03-07", "2024-03-14"),
    "New York in autumn": ("America/New_York", "US", "2024-10-31", "2024-11-07"),
}
HOURS = {
    "08:00-12:00,14:00-18:00": {0: [("08:00", "12:00"), ("14:00", "18:00")]},
    "09:00-17:30; fri 09:00-12:00": {0: [("09:00", "17:30")], 5: [("09:00", "12:00")]},
    "00:00-24:00": {0: [("00:00", "24:00")]},
    "00:30-02:30,03:10-23:30": {0: [("00:30", "02:30"), ("03:10", "23:30")]},
    "01:30-01:45,02:00-03:00": {0: [("01:30", "01:45"), ("02:00", "03:00")]},
}


def minute_of(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 60


@cache
def watch(zone, country, worked, hours):
    own = {date.fromisoformat(day): True for day in worked}
    return Stopwatch(ZoneInfo(zone), country, own, HOURS[hours])


@st.composite
def instants(draw, low, high):
    """Minutes, often at an hour or half past, where spells begin and end."""
    minute = draw(st.integers(low, high))
    return minute // 30 * 30 if draw(st.booleans()) else minute


@st.composite
def cases(draw, low, high):
    """Entries of a case, and a limit for some of its clocks."""
    cuts = sorted(draw(st.lists(instants(low, high), min_size=1, max_size=7)))
    states = [draw(st.sampled_from(["running", "paused", "off", "running"])) for _ in cuts]
    stages = [draw(st.integers(0, 2)) for _ in cuts]
    limits = {}
    for stage in draw(st.sets(st.integers(-1, 2), min_size=1)):
        kind = draw(st.sampled_from(KINDS))
        limits[stage] = (kind, draw(st.integers(1, 30 if kind.endswith("hour") else 4)))
    return cuts, states, stages, limits


@st.composite
def situations(draw, place):
    """A city, some cases, and an instant."""
    zone, country, first, last = PLACES[place]
    low, high = minute_of(first), minute_of(last)
    ordinals = range(date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal())
    sundays = [day.isoformat() for day in map(date.fromordinal, ordinals) if day.isoweekday() == 7]
    return SimpleNamespace(
        zone=zone,
        country=country,
        hours=draw(st.sampled_from(list(HOURS))),
        worked=tuple(sundays) if draw(st.booleans()) else (),  # clocks change on Sundays
        cases=draw(st.lists(cases(low, high), min_size=1, max_size=6)),
        work_day=draw(st.sampled_from(["hours", "end"])),
        rework=draw(st.sampled_from(["restart", "cumulative"])),
        at=draw(instants(low, high)),
    )


def ways(kind, work_day):
    return {"urgent_hour": "all", "natural_day": "all", "work_hour": "working"}.get(
        kind, "working" if work_day == "hours" else "closings"
    )


def amount(kind, work_day, value, hours):
    day = sum(minute_of(f"2000-01-01T{end.replace('24:00', '23:59')}") - minute_of(f"2000-01-01T{start}")
              + (end == "24:00") for start, end in HOURS[hours][0])  # fmt: skip
    return (
        value
        * {
            "urgent_hour": 60,
            "work_hour": 60,
            "natural_day": 1440,
            "work_day": day if work_day == "hours" else 1,
        }[kind]
    )


def runs(cuts, states, stages, stage, at, *, restart):
    """Intervals of a clock as the oracle takes them: of the last round of a stage, or of the whole case."""
    ends = [*cuts[1:], None]
    every = [each for each in zip(cuts, ends, states, stages, strict=True) if each[0] <= at]
    if stage >= 0 and restart:
        begins = [
            at
            for at, (*_, own) in enumerate(every)
            if own == stage and (at == 0 or every[at - 1][3] != stage)
        ]
        every = every[begins[-1] :] if begins else []
    return [
        (start, stop, state == "running")
        for start, stop, state, own in every
        if state != "off" and stage in (-1, own)
    ]


def clocks_of(city, extensions=None):
    own = CityDays.of([(day, "working", "drawn") for day in city.worked]) if city.worked else None
    time = WorkTime(Calendar(city.country, own), Zone(city.zone), OfficeHours.parse(city.hours))
    entries = [
        (number, stage, state, cut * MINUTE)
        for number, (cuts, states, stages, _) in enumerate(city.cases)
        for cut, state, stage in zip(cuts, states, stages, strict=True)
    ]
    rows = [
        (number, *limit, stage)
        for number, (*_, limits) in enumerate(city.cases)
        for stage, limit in limits.items()
    ]
    intervals = ClockIntervals.of_entries(*zip(*entries, strict=True), STAGES)
    rules = ClockRules(time, city.work_day, city.rework)
    limits = ClockLimits.of(*zip(*rows, strict=True))
    return read_clocks(intervals, limits, rules, city.at * MINUTE, extensions=extensions), rows


def shown(clocks, row):
    """What a clock shows, as the oracle says it."""
    if clocks.started_us[row] == NONE_US:
        assert clocks.deadline_us[row] == NONE_US
        assert not clocks.overdue[row]
        return None
    return clocks.deadline_us[row], clocks.elapsed_us[row], clocks.overdue[row]


@pytest.mark.costly
@pytest.mark.parametrize("place", PLACES)
@given(st.data())
@settings(deadline=None, max_examples=examples(50))
def test_a_clock_is_as_one_that_walks_minute_by_minute(place, data):
    city = data.draw(situations(place))
    clocks, rows = clocks_of(city)
    clock = watch(city.zone, city.country, city.worked, city.hours)
    for row, (number, kind, value, stage) in enumerate(rows):
        own = runs(*city.cases[number][:3], stage, city.at, restart=city.rework == "restart")
        way = ways(kind, city.work_day)
        reading = clock.read(way, amount(kind, city.work_day, value, city.hours), own, city.at)
        unit = 24 * 60 * MINUTE if way == "closings" else MINUTE
        expected = reading and (reading.deadline * MINUTE, reading.elapsed * unit, reading.overdue)
        assert shown(clocks, row) == expected, f"clock {row}"


@given(st.data())
@settings(deadline=None, max_examples=examples(50))
def test_extensions_of_other_clocks_are_counted_from_the_deadline_on(data):
    city = data.draw(situations("Spring Festival"))
    first, kind = city.cases[0][0][0], data.draw(st.sampled_from(KINDS))
    city.cases = [([first], ["running"], [0], {0: (kind, data.draw(st.integers(1, 4)))})]
    others = data.draw(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 5)), min_size=1, max_size=3))
    until = data.draw(st.one_of(st.just(None), st.integers(first, first + 40_000)))
    size = len(others)
    extensions = Extensions.of(
        [0] * size, [kind for kind, _ in others], [value for _, value in others], 0,
        NONE_US if until is None else until * MINUTE,
    )  # fmt: skip
    clocks, rows = clocks_of(city, extensions)
    if first > city.at:
        assert clocks.deadline_us[0] == NONE_US
        return
    clock = watch(city.zone, city.country, city.worked, city.hours)
    added = {"all": 0, "working": 0, "closings": 0}
    for other, value in others:
        added[ways(other, city.work_day)] += amount(other, city.work_day, value, city.hours)
    own = ways(kind, city.work_day)
    allowed = amount(kind, city.work_day, rows[0][2], city.hours) + added.pop(own)
    deadline = clock.read(own, allowed, [(first, None, True)], city.at).deadline
    for way, more in added.items():
        deadline = clock.later(way, more, deadline) if more else deadline
    deadline = max(deadline, until or 0)
    assert clocks.deadline_us[0] == deadline * MINUTE
    assert clocks.overdue[0] == (city.at > deadline)


def test_the_oracle_knows_a_day_that_is_twice_as_long():
    """The walk itself, against what is worked out by hand."""
    clock = watch("America/New_York", "US", ("2024-11-03",), "00:00-24:00")
    assert (
        sum(map(clock.works, range(minute_of("2024-11-03T04:00"), minute_of("2024-11-04T05:00")))) == 25 * 60
    )
    assert clock.closes(minute_of("2024-11-04T04:59"))
