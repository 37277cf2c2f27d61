"""Clocks against a clock that walks minute by minute: pauses, rounds, extensions, make-up days, changes of clocks."""

from datetime import UTC, date, datetime
from functools import cache
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
def situations(draw, place):
    zone, country, first, last = PLACES[place]
    hours = draw(st.sampled_from(list(HOURS)))
    low, high = minute_of(first), minute_of(last)
    sundays = [
        date.fromordinal(day).isoformat()
        for day in range(date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal())
        if date.fromordinal(day).isoweekday() == 7
    ]
    worked = tuple(sundays) if draw(st.booleans()) else ()  # clocks change on Sundays
    cuts = sorted(draw(st.lists(st.integers(low, high), min_size=1, max_size=7)))
    states = [draw(st.sampled_from(["running", "paused", "off", "running"])) for _ in cuts]
    stages = [draw(st.integers(0, 2)) for _ in cuts]
    kind = draw(st.sampled_from(KINDS))
    work_day = draw(st.sampled_from(["hours", "end"]))
    value = draw(st.integers(1, 40 if kind.endswith("hour") else 5))
    at = draw(st.one_of(st.integers(low, high), st.sampled_from(cuts)))
    stage = draw(st.integers(-1, 2))
    return zone, country, worked, hours, cuts, states, stages, kind, work_day, value, at, stage


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


def clocks_of(situation, rework="restart", extensions=None):
    zone, country, worked, hours, cuts, states, stages, kind, work_day, value, at, stage = situation
    own = CityDays.of([(day, "working", "drawn") for day in worked]) if worked else None
    time = WorkTime(Calendar(country, own), Zone(zone), OfficeHours.parse(hours))
    intervals = ClockIntervals.of_entries(
        [0] * len(cuts), stages, states, [cut * MINUTE for cut in cuts], STAGES
    )
    limits = ClockLimits.of([0], [kind], [value], stage)
    return read_clocks(
        intervals, limits, ClockRules(time, work_day, rework), at * MINUTE, extensions=extensions
    )


def compare(clocks, reading, unit):
    if reading is None:
        assert clocks.started_us[0] == clocks.deadline_us[0] == NONE_US
        assert not clocks.overdue[0]
        return
    assert clocks.deadline_us[0] == reading.deadline * MINUTE
    assert clocks.elapsed_us[0] == reading.elapsed * unit
    assert clocks.overdue[0] == reading.overdue


@pytest.mark.parametrize("place", PLACES)
@given(st.data())
@settings(deadline=None, max_examples=examples(25))
def test_a_clock_is_as_one_that_walks_minute_by_minute(place, data):
    situation = data.draw(situations(place))
    zone, country, worked, hours, cuts, states, stages, kind, work_day, value, at, stage = situation
    rework = data.draw(st.sampled_from(["restart", "cumulative"]))
    own = runs(cuts, states, stages, stage, at, restart=rework == "restart")
    way = ways(kind, work_day)
    reading = watch(zone, country, worked, hours).read(way, amount(kind, work_day, value, hours), own, at)
    clocks = clocks_of(situation, rework)
    compare(clocks, reading, 24 * 60 * MINUTE if way == "closings" else MINUTE)


@given(st.data())
@settings(deadline=None, max_examples=examples(25))
def test_extensions_of_other_clocks_are_counted_from_the_deadline_on(data):
    situation = data.draw(situations("Spring Festival"))
    zone, country, worked, hours, cuts, _, _, kind, work_day, _, at, stage = situation
    situation = (
        *situation[:5],
        ["running"] * len(cuts),
        [0] * len(cuts),
        *situation[7:10],
        at,
        min(stage, 0),
    )
    others = data.draw(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 5)), min_size=1, max_size=3))
    until = data.draw(st.one_of(st.just(None), st.integers(cuts[0], cuts[0] + 40_000)))
    size = len(others)
    extensions = Extensions.of(
        [0] * size, [kind for kind, _ in others], [value for _, value in others], min(stage, 0),
        NONE_US if until is None else until * MINUTE,
    )  # fmt: skip
    clocks = clocks_of(situation, extensions=extensions)
    if cuts[0] > at:
        assert clocks.deadline_us[0] == NONE_US
        return
    clock = watch(zone, country, worked, hours)
    added = {"all": 0, "working": 0, "closings": 0}
    for other, value in others:
        added[ways(other, work_day)] += amount(other, work_day, value, hours)
    own = ways(kind, work_day)
    allowed = amount(kind, work_day, situation[9], hours) + added.pop(own)
    deadline = clock.read(own, allowed, [(cuts[0], None, True)], at).deadline
    for way, more in added.items():
        deadline = clock.later(way, more, deadline) if more else deadline
    deadline = max(deadline, until or 0)
    assert clocks.deadline_us[0] == deadline * MINUTE
    assert clocks.overdue[0] == (at > deadline)


def test_the_oracle_knows_a_day_that_is_twice_as_long():
    """The walk itself, against what is worked out by hand."""
    clock = watch("America/New_York", "US", ("2024-11-03",), "00:00-24:00")
    assert (
        sum(map(clock.works, range(minute_of("2024-11-03T04:00"), minute_of("2024-11-04T05:00")))) == 25 * 60
    )
    assert clock.closes(minute_of("2024-11-04T04:59"))
