"""Working time: office hours as people write them, and tables of it in zones whose clocks change."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.testing.examples import examples
from stcloud.time import Calendar, CityDays, OfficeHours, WorkTime, Zone

HOUR = 3_600_000_000
SHANGHAI = WorkTime(Calendar("CN"), Zone("Asia/Shanghai"))


def us(text, zone="Asia/Shanghai"):
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000


def hours(time, start, stop):
    at = np.array([us(text, time.zone.name) for text in (start, stop)])
    return float(np.diff(time.over(*at.tolist()).worked(at))[0]) / HOUR


@pytest.mark.parametrize(
    ("start", "stop", "worked"),
    [
        ("2024-03-04T08:00", "2024-03-04T18:00", 8),
        ("2024-03-04T11:30", "2024-03-04T14:30", 1),
        ("2024-03-04T18:00", "2024-03-05T08:00", 0),
        ("2024-02-03T00:00", "2024-02-05T00:00", 8),  # a Saturday, and a Sunday made up
        ("2024-02-09T18:00", "2024-02-18T08:00", 0),  # the Spring Festival
        ("2024-02-09T18:00", "2024-02-19T18:00", 16),
        (
            "2027-02-08T00:00",
            "2027-02-13T00:00",
            16,
        ),  # not published: three of five weekdays have fixed dates
    ],
)
def test_hours_across_holidays_and_make_up_days(start, stop, worked):
    assert hours(SHANGHAI, start, stop) == worked


@pytest.mark.parametrize(
    ("zone", "country", "text", "day", "worked"),
    [
        ("America/New_York", "US", "00:00-24:00", "2024-03-10", 23),
        ("America/New_York", "US", "00:00-24:00", "2024-11-03", 25),
        ("America/New_York", "US", "02:00-03:00", "2024-03-10", 0),  # the clock skips it
        ("America/New_York", "US", "01:00-02:00", "2024-11-03", 2),  # the clock shows it twice
        ("America/New_York", "US", "01:00-01:30", "2024-11-03", 1),
        ("Pacific/Auckland", "NZ", "01:00-04:00", "2024-04-07", 4),
        ("Pacific/Auckland", "NZ", "01:00-04:00", "2024-09-29", 2),
        ("Asia/Shanghai", "CN", "00:00-24:00", "1986-05-04", 23),
        ("Asia/Shanghai", "CN", "00:00-24:00", "1988-09-11", 25),
        ("Asia/Shanghai", "CN", "08:00-12:00,14:00-18:00", "1988-09-12", 8),
    ],
)
def test_hours_of_a_day_on_which_clocks_change(zone, country, text, day, worked):
    """An instant is at work if the wall clock shows a time at work; all of these days are made worked."""
    own = CityDays.of([(day, "working", "test")])
    time = WorkTime(Calendar(country, own), Zone(zone), OfficeHours.parse(text))
    following = date.fromordinal(date.fromisoformat(day).toordinal() + 1).isoformat()
    assert hours(time, f"{day}T00:00", f"{following}T00:00") == worked


@given(
    st.sampled_from(["Asia/Shanghai", "Pacific/Auckland", "America/New_York", "America/St_Johns"]),
    st.sampled_from(["08:00-12:00,14:00-18:00", "00:00-24:00", "00:00-01:30,02:15-23:59; sun 01:00-03:00"]),
    st.lists(st.integers(us("2023-01-01", "UTC"), us("2026-12-31", "UTC")), min_size=1, max_size=30),
)
@settings(deadline=None, max_examples=examples(60))
def test_what_is_reached_is_the_earliest_instant_at_which_so_much_was_worked(zone, text, instants):
    time = WorkTime(Calendar("CN"), Zone(zone), OfficeHours.parse(text))
    at = np.sort(np.array(instants))
    table = time.over(us("2023-01-01", "UTC"), us("2027-06-01", "UTC"))
    worked = table.worked(at)
    assert (np.diff(worked) >= 0).all()
    reached = table.reached(worked)
    assert (reached <= at).all()
    assert (table.worked(reached) == worked).all()
    assert (table.worked(reached - 1) == worked - 1).all()
    assert (table.starts_us[1:] >= table.ends_us[:-1]).all()


def test_tables_of_one_first_year_count_from_one_instant():
    at = np.array([us("2024-03-04T09:00")])
    short, long = (SHANGHAI.over(us("2024-01-15"), us(stop)) for stop in ("2024-06-01", "2031-06-01"))
    assert short.worked(at) == long.worked(at)
    assert long.total_us > short.total_us > 0


def test_days_are_counted_to_their_end_and_from_their_beginning():
    table = SHANGHAI.over(us("2024-01-15"), us("2024-06-01"))
    at = np.array([us(text) for text in ("2024-03-04T17:59", "2024-03-04T18:00", "2024-03-05T00:00")])
    closed, begun = table.days_closed(at), table.days_begun(at)
    assert (closed - closed[0]).tolist() == [0, 1, 1]
    assert (begun - closed[0]).tolist() == [1, 1, 2]
    assert table.closing(closed[1:2]).tolist() == [at[1]]


def test_what_is_not_published_is_expected_from_its_first_midnight_on():
    end = Calendar("CN").published_to
    table = SHANGHAI.over(us("2024-01-15"), us("2030-06-01"))
    midnight = us(f"{end.year + 1}-01-01")
    starts = np.array([us("2024-01-15")] * 2 + [midnight])
    assert table.expected(starts, np.array([midnight - 1, midnight, midnight + 1])).tolist() == [
        False,
        True,
        True,
    ]


def test_a_new_calendar_other_hours_and_another_zone_are_other_rules():
    own = Calendar("CN", CityDays.of([("2027-02-12", "free", "notice")]))
    others = [
        WorkTime(own, SHANGHAI.zone),
        WorkTime(SHANGHAI.calendar, Zone("UTC")),
        WorkTime(SHANGHAI.calendar, SHANGHAI.zone, OfficeHours.parse("09:00-17:00")),
    ]
    assert len({time.rules for time in (SHANGHAI, *others)}) == 4
    assert WorkTime(Calendar("CN"), Zone("PRC")).rules == SHANGHAI.rules


def test_a_calendar_without_working_days_has_no_working_time():
    year = [date.fromordinal(date(2024, 1, 1).toordinal() + at) for at in range(366)]
    own = CityDays.of([(day, "free", "closed") for day in year])
    table = WorkTime(Calendar("CN", own), SHANGHAI.zone).over(us("2024-03-01"), us("2024-03-02"))
    assert table.total_us == 0
    assert table.worked(np.array([us("2024-03-01")])).tolist() == [0]


def test_years_that_no_table_has_are_refused():
    with pytest.raises(InvalidInput) as caught:
        SHANGHAI.over(us("2024-03-01") * 1000, us("2024-03-02") * 1000)
    assert caught.value.kind == "time-out-of-range"


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("08:00-12:00,14:00-18:00", "08:00-12:00,14:00-18:00"),
        (" 08:00-12:00 , 12:00-18:00", "08:00-18:00"),
        ("09:00-24:00;fri-sat 09:00-12:00", "09:00-24:00; fri 09:00-12:00; sat 09:00-12:00"),
    ],
)
def test_office_hours_are_read_and_written(text, again):
    read = OfficeHours.parse(text)
    assert str(read) == again
    assert OfficeHours.parse(again) == read


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("22:00-06:00", "unreadable-office-hours", "runs over midnight"),
        ("22:00-00:00", "unreadable-office-hours", "runs over midnight"),
        ("08:00-12:00,11:00-18:00", "unreadable-office-hours", "overlaps"),
        ("14:00-18:00,08:00-12:00", "unreadable-office-hours", "is earlier"),
        ("", "unreadable-office-hours", "is no spell"),
        ("8-12", "unreadable-office-hours", "is no spell"),
        ("08:00-25:00", "unreadable-office-hours", "is no spell"),
        ("08:00-12:00; fri", "unreadable-office-hours", "is no spell"),
        ("08:00-12:00; fri 08:00-09:00; thu-sat 10:00-11:00", "unreadable-office-hours", "twice"),
        ("08:00-12:00; friday 08:00-09:00", "unreadable-weekdays", ""),
    ],
)
def test_office_hours_that_mean_nothing_are_refused(text, kind, reason):
    with pytest.raises(InvalidInput) as caught:
        OfficeHours.parse(text)
    assert caught.value.kind == kind
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [{"spells": ()}, {"spells": ((60, 1500),)}, {"spells": ((60, 50),)}, {"weekdays": ((8, ((60, 90),)),)}],
)
def test_values_of_office_hours_are_checked_too(wrong):
    with pytest.raises(InvalidInput) as caught:
        OfficeHours(**wrong)
    assert caught.value.kind == "unreadable-office-hours"
