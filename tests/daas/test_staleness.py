"""A layer is stale from its last load plus its cycle on, by the city's clock."""

import calendar
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.daas.staleness import next_load_us, stale_since_us
from stcloud.time import Zone

UTC = ZoneInfo("UTC")
HOUR_US = 3_600_000_000


def micros(at):
    return (at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def plainly(last, months, days, seconds):
    """Return the due instant in steps of plain datetimes: months, then days on the wall clock, then seconds."""
    year, month = divmod(last.year * 12 + last.month - 1 + months, 12)
    day = min(last.day, calendar.monthrange(year, month + 1)[1])
    wall = last.replace(year=year, month=month + 1, day=day, tzinfo=None) + timedelta(days=days)
    return micros(wall.replace(tzinfo=last.tzinfo)) + seconds * 1_000_000


@given(
    at=st.datetimes(datetime(2020, 1, 1), datetime(2027, 1, 1)),
    zone=st.sampled_from(["Asia/Shanghai", "Pacific/Auckland"]),
    months=st.integers(0, 30), weeks=st.integers(0, 5), days=st.integers(0, 40), minutes=st.integers(0, 3_000),
)  # fmt: skip
def test_a_layer_is_stale_from_its_last_load_plus_its_cycle_on(at, zone, months, weeks, days, minutes):
    last = at.replace(hour=4 + at.hour % 20, microsecond=0, tzinfo=ZoneInfo(zone))  # no hour is there twice
    cycle = f"P{months}M{weeks}W{days}DT{minutes}M"
    due_us = plainly(last, months, weeks * 7 + days, minutes * 60)
    assert next_load_us(micros(last), cycle, Zone(zone)) == due_us
    assert stale_since_us(micros(last), cycle, Zone(zone), due_us) == due_us
    assert stale_since_us(micros(last), cycle, Zone(zone), due_us - 1) is None


def test_a_day_is_one_of_the_clock_also_where_it_has_23_hours():
    before = datetime(2024, 9, 28, 12, tzinfo=ZoneInfo("Pacific/Auckland"))  # clocks go forward in the night
    auckland = Zone("Pacific/Auckland")
    assert next_load_us(micros(before), "P1D", auckland) - micros(before) == 23 * HOUR_US
    assert next_load_us(micros(before), "PT24H", auckland) - micros(before) == 24 * HOUR_US
    assert next_load_us(micros(before), "PT0.5S", auckland) - micros(before) == 500_000


@pytest.mark.parametrize("cycle", ["P9000Y", "P99999999999W", "PT9999999999999H", "P7990Y"])
def test_a_cycle_that_never_ends_makes_nothing_stale(cycle):
    assert stale_since_us(1_700_000_000_000_000, cycle, Zone("Asia/Shanghai"), 2**62) is None


def test_without_a_load_or_a_cycle_nothing_is_stale():
    shanghai = Zone("Asia/Shanghai")
    assert stale_since_us(None, "P1D", shanghai, 0) is None
    assert stale_since_us(0, None, shanghai, 2**60) is None
