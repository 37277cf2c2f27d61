"""Runs of days against dates, and against the days and weeks of the calendar."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InternalError, InvalidInput
from stcloud.testing.examples import examples
from stcloud.testing.time import instants, zones
from stcloud.time import Bin, Binning, DayRun, Zone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
some = settings(deadline=None, max_examples=examples(100))
runs = st.builds(
    DayRun, st.one_of(st.integers(1, 40), st.integers(1, 3_000_000)), st.integers(-30_000, 30_000)
)


@given(st.data(), runs)
@some
def test_numbers_follow_from_the_date(data, run):
    zone = data.draw(zones())
    at_us = data.draw(instants(zone))
    day = (EPOCH + timedelta(microseconds=at_us)).astimezone(ZoneInfo(zone.name)).date()
    number = (day - EPOCH.date()).days - run.phase
    number = number // run.days
    assert run.numbers(np.array([at_us]), zone).tolist() == [number]
    first = EPOCH.date().toordinal() + number * run.days + run.phase
    if first >= 1:
        assert run.label(number) == str(date.fromordinal(first))
        assert run.labels(np.array([number, number])).tolist() == [run.label(number)] * 2
    assert run.of_days(run.first_days(np.array([number]))).tolist() == [number]


@given(st.data(), st.sampled_from([Bin.DAY, Bin.WEEK]))
@some
def test_days_and_weeks_are_runs_of_days(data, unit):
    zone = data.draw(zones())
    at_us = np.array(data.draw(st.lists(instants(zone), min_size=1)))
    numbers = unit.numbers(at_us, zone)
    assert unit.run is not None
    assert unit.run.numbers(at_us, zone).tolist() == numbers.tolist()
    assert unit.run.first_days(numbers).tolist() == unit.first_days(numbers).tolist()
    days = zone.to_local(at_us) // 86_400_000_000
    assert (unit.first_days(numbers) <= days).all()
    assert (days < unit.first_days(numbers + 1)).all()


def test_calendar_bins_and_runs_are_binnings():
    assert all(isinstance(way, Binning) for way in (*Bin, DayRun(7, 0)))
    assert not any(isinstance(other, Binning) for other in ("week", 7, Zone("UTC"), None))
    assert [unit for unit in Bin if unit.run is not None] == [Bin.DAY, Bin.WEEK]


@pytest.mark.parametrize("unit", [Bin.HOUR, Bin.HOUR_OF_DAY])
def test_hours_are_of_no_day(unit):
    for compute in (unit.of_days, unit.first_days):
        with pytest.raises(InternalError) as caught:
            compute(np.array([0]))
        assert caught.value.kind == "no-days"


def test_the_span_of_a_run_is_on_the_wall_clock():
    apia = Zone("Pacific/Apia")
    run = DayRun(2, 14)
    number = run.of_days(np.array([(date(2011, 12, 30) - EPOCH.date()).days])).item()
    assert run.label(number) == "2011-12-30"
    assert run.span(number, apia).text(apia) == "2011-12-31T00:00+14:00/2012-01-01T00:00+14:00"
    with pytest.raises(InvalidInput) as caught:
        DayRun(1, 0).span((date(2011, 12, 30) - EPOCH.date()).days, apia)
    assert caught.value.kind == "empty-span"


@pytest.mark.parametrize(("days", "phase"), [(0, 0), (-7, 0), (3_652_060, 0), (7, 10**7), (7, -(10**7))])
def test_other_runs_are_refused(days, phase):
    with pytest.raises(InvalidInput) as caught:
        DayRun(days, phase)
    assert caught.value.kind == "unknown-step"


@pytest.mark.parametrize("days", ["7", 1.5, None])
def test_days_are_whole_numbers(days):
    with pytest.raises(TypeError):
        DayRun(days, 0)


def test_numbers_beyond_the_calendar_have_no_label():
    for number in (-(10**6), 10**6, 10**14):
        with pytest.raises(InvalidInput) as caught:
            DayRun(7, 0).label(number)
        assert caught.value.kind == "time-out-of-range"
