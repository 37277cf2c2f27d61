"""Clocks of cases: their laws, examples worked by hand, and what is refused."""

import re
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.case.allowance import WHOLE, ClockLimits, Extensions
from stcloud.paas.case.clockrules import ClockRules
from stcloud.paas.case.clocks import read_clocks
from stcloud.paas.case.interval import NONE_US, OPEN_US, ClockIntervals
from stcloud.paas.case.limit import KINDS, TimeLimit, kind_codes
from stcloud.testing.examples import examples
from stcloud.time import Calendar, CityDays, OfficeHours, WorkTime, Zone

SHANGHAI = Zone("Asia/Shanghai")
TIME = WorkTime(Calendar("CN"), SHANGHAI)
STAGES = ("accept", "dispatch", "handle", "check")
HOUR = 3_600_000_000
KIND = st.sampled_from(KINDS)
WORK_DAY = st.sampled_from(["hours", "end"])


def us(text, zone="Asia/Shanghai"):
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000


def local(at_us):
    return None if at_us == NONE_US else SHANGHAI.iso(int(at_us))[:16]


LOW, HIGH = us("2024-01-25"), us("2024-03-10")
INSTANT = st.integers(LOW, HIGH)


def read(entries, limit, at, *, work_day="hours", stage=WHOLE, time=TIME, **more):
    """Return the clock of one case: entries are ``(stage, clock, instant)``."""
    stages, states, instants = zip(*entries, strict=True)
    given_us = [us(when) if isinstance(when, str) else when for when in instants]
    intervals = ClockIntervals.of_entries([0] * len(entries), stages, states, given_us, STAGES)
    rules = {name: more.pop(name) for name in ("rework", "start") if name in more}
    return read_clocks(
        intervals,
        ClockLimits.of([0], [limit[0]], [limit[1]], stage),
        ClockRules(time, work_day, **rules),
        us(at) if isinstance(at, str) else at,
        **more,
    )


def running(start):
    return [("handle", "running", start)]


def deadline(start, limit, **more):
    begun = us(start) if isinstance(start, str) else start
    return int(read(running(begun), limit, begun, **more).deadline_us[0])


# --- Laws -----------------------------------------------------------------------------------------------------


@given(st.lists(INSTANT, min_size=3, max_size=8), KIND, WORK_DAY, st.integers(1, 9))
@settings(deadline=None, max_examples=examples(200))
def test_elapsed_is_additive_over_any_cut(instants, kind, work_day, value):
    """An interval that is cut anywhere counts the same; and two halves together count what the whole does."""
    first, *cuts, last = sorted(instants)
    whole = read(running(first), (kind, value), last, work_day=work_day)
    parts = read([("handle", "running", at) for at in (first, *cuts)], (kind, value), last, work_day=work_day)
    assert parts.elapsed_us[0] == whole.elapsed_us[0]
    assert parts.deadline_us[0] == whole.deadline_us[0]
    if kind != "work_day" or work_day == "hours":
        edges = [first, *cuts, last]
        halves = [read(running(a), (kind, value), b).elapsed_us[0] for a, b in pairwise(edges)]
        assert sum(halves) == whole.elapsed_us[0]


@given(INSTANT, st.integers(1, 30), st.sampled_from(["work_hour", "work_day"]), WORK_DAY, st.data())
@settings(deadline=None, max_examples=examples(200))
def test_a_pause_wholly_outside_working_time_moves_no_working_deadline(start, days, kind, work_day, data):
    """Nights, noons and holidays, from the very end of a spell to the very start of the next."""
    table = TIME.over(LOW, HIGH)
    spell = data.draw(st.integers(0, 60)) + int(np.searchsorted(table.ends_us, start))
    ends, begins = int(table.ends_us[spell]), int(table.starts_us[spell + 1])
    pause = sorted([data.draw(st.integers(ends, begins)), data.draw(st.sampled_from([ends, begins]))])
    assume(pause[0] >= start)
    at = data.draw(st.integers(pause[1], pause[1] + 720 * HOUR))
    entries = [("handle", "running", start), ("handle", "paused", pause[0]), ("handle", "running", pause[1])]
    paused = read(entries, (kind, min(days, 8)), at, work_day=work_day)
    straight = read(running(start), (kind, min(days, 8)), at, work_day=work_day)
    assert paused.deadline_us[0] == straight.deadline_us[0]
    assert paused.elapsed_us[0] == straight.elapsed_us[0]
    assert paused.overdue[0] == straight.overdue[0]


@given(st.lists(INSTANT, min_size=2, max_size=6), KIND, KIND, WORK_DAY, st.integers(1, 9), st.integers(1, 9))
@settings(deadline=None, max_examples=examples(200))
def test_changing_class_or_limit_keeps_the_raw_intervals_and_recomputes_elapsed(
    instants, kind, other, work_day, value, changed
):
    """A clock is a function of intervals and of the limit in force: as if that had been the limit from the start."""
    *cuts, at = sorted(instants)
    states = ["running", "paused"] * len(cuts)
    intervals = ClockIntervals.of_entries([0] * len(cuts), [2] * len(cuts), states[: len(cuts)], cuts, STAGES)
    before = [column.copy() for column in (intervals.clock, intervals.from_us, intervals.to_us)]
    rules = ClockRules(TIME, work_day)
    limits = [(kind, value), (other, value), (other, changed), (kind, value)]
    clocks = [read_clocks(intervals, ClockLimits.of([0], [k], [v]), rules, at) for k, v in limits]
    after = (intervals.clock, intervals.from_us, intervals.to_us)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert clocks[1].elapsed_us[0] == clocks[2].elapsed_us[0]  # the value is none of its business
    assert clocks[0].elapsed_us[0] == clocks[3].elapsed_us[0]
    assert clocks[0].deadline_us[0] == clocks[3].deadline_us[0]
    measured = {"all": sum(b - a for a, b in zip(cuts[::2], [*cuts, at][1::2], strict=False))}
    if kind in ("urgent_hour", "natural_day"):
        assert clocks[0].elapsed_us[0] == measured["all"]


@given(
    st.lists(st.tuples(INSTANT, st.sampled_from(["running", "paused", "off"])), min_size=1, max_size=6),
    st.data(),
)
@settings(deadline=None, max_examples=examples(200))
def test_the_order_of_simultaneous_actions_is_defined(entries, data):
    """It is the order of the log; a late action counts from the latest instant so far; the last one decides."""
    kind, value, work_day = data.draw(KIND), data.draw(st.integers(1, 9)), data.draw(WORK_DAY)
    at = data.draw(st.one_of(INSTANT, st.sampled_from([when for when, _ in entries])))
    late = [("handle", state, when) for when, state in entries]
    highest = np.maximum.accumulate([when for when, _ in entries]).tolist()
    ordered = [("handle", state, when) for (_, state), when in zip(entries, highest, strict=True)]
    clocks = [read(log, (kind, value), at, work_day=work_day) for log in (late, ordered)]
    for name in ("deadline_us", "elapsed_us", "overdue", "paused", "running"):
        assert getattr(clocks[0], name)[0] == getattr(clocks[1], name)[0]
    begun = [state for _, state, when in ordered if when <= at]
    assert clocks[1].running[0] == (begun[-1:] == ["running"])
    if clocks[1].started_us[0] != NONE_US:
        assert clocks[1].paused[0] == (begun[-1:] == ["paused"])
    repeated = [twin for entry in ordered for twin in (("handle", "off", entry[2]), entry)]
    again = read(repeated, (kind, value), at, work_day=work_day)
    assert again.elapsed_us[0] == clocks[1].elapsed_us[0]


@given(
    st.lists(INSTANT, min_size=1, max_size=5), INSTANT, KIND, st.integers(1, 9), WORK_DAY,
    st.lists(st.tuples(KIND, st.integers(0, 9), st.one_of(st.just(NONE_US), INSTANT)), min_size=1, max_size=3),
)  # fmt: skip
@settings(deadline=None, max_examples=examples(200))
def test_an_extension_never_moves_a_deadline_earlier(instants, at, kind, value, work_day, extensions):
    """Whatever its kind, whenever it is granted, running or paused; nor does it make a case overdue."""
    states = ["running", "paused"] * 3
    entries = [("handle", state, when) for when, state in zip(sorted(instants), states, strict=False)]
    kinds, values, until = zip(*extensions, strict=True)
    granted = Extensions.of([0] * len(kinds), kinds, values, until_us=until)
    plain = read(entries, (kind, value), at, work_day=work_day)
    extended = read(entries, (kind, value), at, work_day=work_day, extensions=granted)
    assert extended.deadline_us[0] >= plain.deadline_us[0]
    assert extended.left_us[0] >= plain.left_us[0]
    assert extended.overdue[0] <= plain.overdue[0]
    assert extended.elapsed_us[0] == plain.elapsed_us[0]


@given(
    st.lists(INSTANT, min_size=2, max_size=2),
    KIND,
    st.lists(st.integers(1, 20), min_size=2, max_size=2),
    WORK_DAY,
)
@settings(deadline=None, max_examples=examples(200))
def test_a_deadline_is_monotone_in_start_and_limit(starts, kind, values, work_day):
    """Who starts later, or may take longer, is due no earlier."""
    (early, late), (short, long) = sorted(starts), sorted(values)
    first = deadline(early, (kind, short), work_day=work_day)
    assert early < first <= deadline(late, (kind, short), work_day=work_day)
    assert first <= deadline(early, (kind, long), work_day=work_day)


def test_the_laws_that_the_documentation_names_are_these():
    page = (Path(__file__).parents[3] / "docs" / "explanation" / "clocks.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)` \|", page.split("## Laws")[1], re.MULTILINE)
    assert len(named) == 6
    assert [name for name in named if f"test_{name}" not in globals()] == []


# --- Worked by hand -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "limit", "work_day", "expected"),
    [
        ("2024-02-09T17:00", ("urgent_hour", 4), "hours", "2024-02-09T21:00"),
        ("2024-02-09T17:00", ("work_hour", 4), "hours", "2024-02-18T11:00"),
        ("2024-02-09T17:00", ("work_day", 2), "hours", "2024-02-19T17:00"),
        ("2024-02-09T17:00", ("work_day", 2), "end", "2024-02-19T18:00"),
        ("2024-02-09T17:00", ("natural_day", 2), "hours", "2024-02-11T17:00"),
        ("2024-03-04T08:00", ("work_hour", 4), "hours", "2024-03-04T12:00"),  # not 14:00
        ("2024-03-04T12:30", ("work_hour", 4), "hours", "2024-03-04T18:00"),
        ("2024-03-02T09:00", ("work_hour", 1), "hours", "2024-03-04T09:00"),
        ("2024-03-02T09:00", ("work_day", 1), "end", "2024-03-04T18:00"),
        ("2024-03-04T20:00", ("work_day", 1), "end", "2024-03-05T18:00"),
        ("2024-03-04T00:00", ("work_day", 1), "end", "2024-03-05T18:00"),
        ("2024-10-11T17:00", ("work_day", 1), "end", "2024-10-12T18:00"),  # a Saturday, made up
        ("2024-10-11T17:00", ("work_hour", 2), "hours", "2024-10-12T09:00"),
    ],
)
def test_deadlines_that_are_worked_out_by_hand(start, limit, work_day, expected):
    assert local(deadline(start, limit, work_day=work_day)) == expected


def test_at_the_deadline_a_case_is_on_time_and_after_it_is_overdue_even_if_nobody_has_worked_since():
    for at, overdue in (("2024-03-04T18:00", False), (us("2024-03-04T18:00") + 1, True)):
        clock = read(running("2024-03-04T14:00"), ("work_hour", 4), at)
        assert (clock.overdue[0], clock.left_us[0]) == (overdue, 0)
    handled = [("handle", "running", "2024-03-04T14:00"), ("check", "off", "2024-03-04T18:00")]
    clock = read(handled, ("work_hour", 4), "2024-03-09T18:00", stage=2)
    assert (clock.overdue[0], clock.running[0], local(clock.deadline_us[0])) == (
        False,
        False,
        "2024-03-04T18:00",
    )


def test_while_paused_the_deadline_is_as_if_it_ran_again_now():
    entries = [("handle", "running", "2024-03-04T09:00"), ("handle", "paused", "2024-03-04T10:00")]
    shown = [read(entries, ("work_hour", 2), at) for at in ("2024-03-04T10:00", "2024-03-05T15:00")]
    assert [local(clock.deadline_us[0]) for clock in shown] == ["2024-03-04T11:00", "2024-03-05T16:00"]
    assert all(clock.paused[0] and not clock.overdue[0] and not clock.running[0] for clock in shown)
    assert [clock.left_us[0] for clock in shown] == [HOUR, HOUR]
    assert shown[1].text(0, SHANGHAI) == (
        "2 work hours: if it ran again from now, by 2024-03-05T16:00+08:00, elapsed 1 hours, paused"
    )


def test_a_pause_after_the_deadline_moves_it_no_more():
    entries = [("handle", "running", "2024-03-04T08:00"), ("handle", "paused", "2024-03-04T15:00")]
    clock = read(entries, ("work_hour", 4), "2024-03-06T12:00")
    assert (local(clock.deadline_us[0]), clock.overdue[0]) == ("2024-03-04T12:00", True)
    assert clock.left_us[0] == -HOUR


def test_a_working_day_counts_if_the_clock_runs_at_its_end():
    within = [("handle", "running", "2024-03-04T09:00"), ("handle", "paused", "2024-03-05T09:00"),
              ("handle", "running", "2024-03-05T17:00")]  # fmt: skip
    across = [*within[:2], ("handle", "running", "2024-03-06T09:00")]
    for entries, expected in ((within, "2024-03-06T18:00"), (across, "2024-03-07T18:00")):
        clock = read(entries, ("work_day", 2), "2024-03-06T10:00", work_day="end")
        assert local(clock.deadline_us[0]) == expected


def test_rework_restarts_a_stage_or_goes_on_with_what_was_left():
    entries = [("handle", "running", "2024-03-04T08:00"), ("check", "running", "2024-03-04T11:00"),
               ("handle", "running", "2024-03-05T08:00")]  # fmt: skip
    for rework, expected in (("restart", "2024-03-05T12:00"), ("cumulative", "2024-03-05T09:00")):
        clock = read(entries, ("work_hour", 4), "2024-03-05T08:30", stage=2, rework=rework)
        assert local(clock.deadline_us[0]) == expected
        whole = read(entries, ("work_hour", 4), "2024-03-05T08:30", rework=rework)
        assert local(whole.deadline_us[0]) == "2024-03-04T12:00"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (None, "2024-03-04T10:00"),
        ("dispatch", "2024-03-04T11:00"),
        ("handle", "2024-03-04T14:30"),
        ("check", None),
    ],
)
def test_a_whole_case_starts_with_the_stage_that_the_city_sets(start, expected):
    entries = [("accept", "running", "2024-03-04T08:00"), ("dispatch", "running", "2024-03-04T09:00"),
               ("handle", "running", "2024-03-04T10:30"), ("dispatch", "running", "2024-03-04T10:40"),
               ("handle", "running", "2024-03-04T10:50")]  # fmt: skip
    clock = read(entries, ("work_hour", 2), "2024-03-04T11:00", start=start)
    assert local(clock.deadline_us[0]) == expected
    assert (clock.text(0, SHANGHAI) == "2 work hours: not started") == (expected is None)


def test_an_extension_counts_from_when_it_is_granted():
    granted = Extensions.of([0], ["work_hour"], [4], granted_us=us("2024-03-04T10:00"))
    for at, expected in (
        (us("2024-03-04T10:00") - 1, "2024-03-04T12:00"),
        ("2024-03-04T10:00", "2024-03-04T18:00"),
    ):
        clock = read(running("2024-03-04T08:00"), ("work_hour", 4), at, extensions=granted)
        assert local(clock.deadline_us[0]) == expected


def bundle(bundles, at="2024-03-04T15:00"):
    """Three cases with 2, 4 and 6 work hours; the last one is paused at 09:00."""
    begun, paused = us("2024-03-04T08:00"), us("2024-03-04T09:00")
    intervals = ClockIntervals.of_entries(
        [0, 1, 2, 2], [2] * 4, [1, 1, 1, 2], [begun, begun, begun, paused], STAGES
    )
    limits = ClockLimits.of([0, 1, 2], ["work_hour"] * 3, [2, 4, 6])
    return read_clocks(intervals, limits, ClockRules(TIME), us(at), bundles=bundles)


def test_cases_in_a_bundle_share_the_latest_of_their_deadlines():
    apart, pair, all_three = bundle([-1, -1, -1]), bundle([0, 0, -1]), bundle([5, 5, 5])
    assert list(map(local, apart.deadline_us)) == ["2024-03-04T10:00", "2024-03-04T12:00", "2024-03-05T10:00"]
    assert apart.overdue.tolist() == [True, True, False]
    assert list(map(local, pair.deadline_us)) == ["2024-03-04T12:00", "2024-03-04T12:00", "2024-03-05T10:00"]
    assert pair.own_deadline_us.tolist() == apart.deadline_us.tolist()
    assert pair.left_us.tolist() == [-HOUR, -HOUR, 5 * HOUR]
    assert len(set(all_three.deadline_us.tolist())) == 1
    assert all_three.overdue.tolist() == [False] * 3
    assert all_three.paused.tolist() == [False, False, True]


def test_beyond_what_is_published_a_deadline_is_provisional_until_the_city_loads_its_days():
    end = Calendar("CN").published_to.year
    begun = us(f"{end}-12-31T17:00")
    kinds = [deadline_of(begun, kind, 4, TIME) for kind in KINDS]
    assert [clock.provisional[0] for clock in kinds] == [False, True, True, False]
    assert "provisional: these working days are not published yet" in kinds[1].text(0, SHANGHAI)
    own = CityDays.of([(f"{end + 1}-01-04", "free", "notice")], years=[end + 1])
    loaded = deadline_of(begun, "work_hour", 4, WorkTime(Calendar("CN", own), SHANGHAI))
    assert not loaded.provisional[0]
    assert not deadline_of(begun - 24 * HOUR, "work_hour", 4, TIME).provisional[0]
    assert deadline_of(us("2090-06-01"), "work_day", 30, TIME).provisional[0]


def deadline_of(begun, kind, value, time):
    return read(running(begun), (kind, value), begun, time=time)


def test_an_extension_of_a_working_clock_makes_a_continuous_deadline_provisional():
    begun = us(f"{Calendar('CN').published_to.year}-12-31T17:00")
    granted = Extensions.of([0], ["work_hour"], [2])
    assert read(running(begun), ("urgent_hour", 1), begun, extensions=granted).provisional[0]


def test_bundles_take_over_whether_the_deadline_is_provisional():
    begun = us(f"{Calendar('CN').published_to.year}-12-31T08:00")
    intervals = ClockIntervals.of_entries([0, 1], [2, 2], [1, 1], [begun, begun], STAGES)
    limits = ClockLimits.of([0, 1], ["urgent_hour", "work_hour"], [2, 20])
    clocks = read_clocks(intervals, limits, ClockRules(TIME), begun, bundles=[0, 0])
    assert clocks.provisional.tolist() == [True, True]


def test_no_case_has_no_clock():
    intervals = ClockIntervals.of([], [], [], [], [], STAGES)
    clocks = read_clocks(intervals, ClockLimits.of([], np.zeros(0, dtype=int), []), ClockRules(TIME), LOW)
    assert len(clocks) == 0
    waiting = read_clocks(
        intervals, ClockLimits.of([4], ["work_day"], [1]), ClockRules(TIME), LOW, bundles=[-1] * 5
    )
    assert (waiting.deadline_us[0], waiting.started_us[0], waiting.left_us[0]) == (NONE_US, NONE_US, 8 * HOUR)
    flags = waiting.overdue, waiting.running, waiting.paused, waiting.provisional
    assert [flag.tolist() for flag in flags] == [[False]] * 4


def test_many_clocks_that_have_run_for_a_century():
    """Their sum is more than 64 bits hold."""
    cases, begun = np.arange(4000), us("1925-06-01")
    intervals = ClockIntervals.of_entries(cases, cases * 0, cases * 0 + 1, cases * HOUR + begun, STAGES)
    clocks = read_clocks(
        intervals, ClockLimits.of(cases, cases * 0, cases * 0 + 7), ClockRules(TIME), us("2025-06-01")
    )
    assert (clocks.deadline_us == cases * HOUR + begun + 7 * HOUR).all()
    assert int(clocks.elapsed_us.astype(object).sum()) > 2**63


def test_rows_of_limits_may_be_in_any_order():
    random = np.random.default_rng(5)
    case = np.repeat(np.arange(50), 3)
    happened = LOW + random.integers(0, 20 * 24, 150) * HOUR
    intervals = ClockIntervals.of_entries(
        case, random.integers(0, 4, 150), random.integers(0, 3, 150), happened, STAGES
    )
    limits = ClockLimits.of(np.arange(50), random.integers(0, 4, 50), random.integers(1, 9, 50)).joined(
        ClockLimits.of_stages(50, {2: TimeLimit("work_hour", 3)})
    )
    order = random.permutation(100)
    mixed = ClockLimits(limits.case[order], limits.stage[order], limits.kind[order], limits.value[order])
    straight, shuffled = (read_clocks(intervals, each, ClockRules(TIME), HIGH) for each in (limits, mixed))
    for name in ("started_us", "deadline_us", "elapsed_us", "left_us", "overdue", "running", "paused"):
        assert np.array_equal(getattr(straight, name)[order], getattr(shuffled, name))
    assert (straight.started_us != NONE_US).sum() > 50


# --- Refused --------------------------------------------------------------------------------------------------


def closed_for_ever():
    days = np.arange(19_700, 19_700 + 366 * 3)
    own = CityDays(tuple((int(day), False, "closed") for day in days))
    return WorkTime(Calendar("CN", own), SHANGHAI, OfficeHours())


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: TimeLimit("hour", 4), "unknown-limit-kind"),
        (lambda: TimeLimit("work_hour", 0), "limit-out-of-range"),
        (lambda: TimeLimit("work_hour", float("nan")), "limit-out-of-range"),
        (lambda: TimeLimit("work_day", 4000), "limit-out-of-range"),
        (lambda: TimeLimit.parse("soon"), "unreadable-limit"),
        (lambda: TimeLimit.parse("4 weeks"), "unknown-limit-kind"),
        (lambda: kind_codes([4]), "unknown-limit-kind"),
        (lambda: ClockLimits.of([0], ["work_hour"], [-1]), "limit-out-of-range"),
        (lambda: ClockLimits.of([0, 1], ["work_hour"], [1]), "unequal-columns"),
        (lambda: Extensions.of([0], ["work_hour"], [-1]), "shortening-extension"),
        (lambda: read(running(LOW), ("work_day", 1.5), LOW, work_day="end"), "whole-days-needed"),
        (lambda: read(running(LOW), ("work_day", 1), LOW, stage=4), "unknown-stage"),
        (lambda: read(running(LOW), ("work_day", 1), LOW, start="handling"), "unknown-start"),
        (lambda: read(running(LOW), ("work_day", 1), LOW, bundles=[]), "unequal-columns"),
        (lambda: read(running(LOW), ("work_day", 1), LOW, bundles=[-2]), "unequal-columns"),
        (
            lambda: read(running(LOW), ("work_day", 1), LOW, extensions=Extensions.of([7], ["work_day"], [1])),
            "nothing-to-extend",
        ),
        (
            lambda: read_clocks(
                ClockIntervals.of([], [], [], [], [], STAGES), ClockLimits.of([3, 3], [1, 1], [1, 2]),
                ClockRules(TIME), LOW,
            ),
            "limit-twice",
        ),
        (
            lambda: read_clocks(
                ClockIntervals.of([10**10], [0], [1], [LOW], [OPEN_US], STAGES), ClockLimits.of([3], [1], [1]),
                ClockRules(TIME), LOW,
            ),
            "clock-intervals",
        ),
    ],
)  # fmt: skip
def test_what_is_impossible_is_refused(make, kind):
    with pytest.raises(InvalidInput) as caught:
        make()
    assert caught.value.kind == kind
    assert "\n" not in str(caught.value)


def test_a_calendar_with_hardly_a_working_day_is_waited_for():
    """Three years that are closed: the deadline is after them."""
    assert local(deadline("2024-03-04T08:00", ("work_hour", 4), time=closed_for_ever())) == "2026-12-11T12:00"


def test_deadlines_beyond_a_thousand_years_are_refused(monkeypatch):
    monkeypatch.setattr("stcloud.paas.case.ruler.MOST_YEARS", 2)
    many = Extensions.of([0] * 9, ["work_hour"] * 9, [80_000] * 9)
    with pytest.raises(InvalidInput) as caught:
        read(running(LOW), ("work_hour", 1), LOW, extensions=many)
    assert caught.value.kind == "deadline-out-of-range"


def test_limits_are_read_and_written():
    for limit in (TimeLimit("work_day", 1), TimeLimit("urgent_hour", 0.25), TimeLimit("natural_day", 30)):
        assert TimeLimit.parse(str(limit)) == limit
