"""Working days: the package asked as it is meant to be, against itself day by day and against another package."""

from datetime import date, timedelta

import chinese_calendar
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.testing.almanac import is_working_day
from stcloud.testing.examples import examples
from stcloud.time.holiday import holidays_of, known_years, working_year
from stcloud.time.workday import Calendar, Days

EPOCH = date(1970, 1, 1)
NAMES = ("CN", "US", "US-NY", "GB-ENG", "GB-SCT", "DE-BY", "JP", "IL", "TW", "HU", "BR-SP", "SA")


def number(day):
    return (day - EPOCH).days


def working(name, day):
    return bool(Calendar(name).working(np.array([number(day)]))[0])


@given(
    st.sampled_from(NAMES), st.lists(st.dates(date(2005, 1, 1), date(2025, 12, 31)), min_size=1, max_size=20)
)
@settings(deadline=None, max_examples=examples(60))
def test_a_day_is_what_the_package_says_of_it_alone(name, days):
    """Whole years at once and one day at a time agree."""
    found = Calendar(name).working(np.array([number(day) for day in days]))
    assert found.tolist() == [is_working_day(day, name) for day in days]


def test_china_is_as_another_package_has_it():
    """All days of 2004 to 2025; but for one: the decree for 2006 has Saturday 2005-12-31 worked."""
    days = [date(2004, 1, 1) + timedelta(days=at) for at in range(366 * 22)]
    days = [day for day in days if day.year <= 2025]
    found = Calendar("CN").working(np.array([number(day) for day in days]))
    other = [day for day, one in zip(days, found, strict=True) if one != chinese_calendar.is_workday(day)]
    assert other == [date(2005, 12, 31)]


@pytest.mark.parametrize(
    ("name", "day", "expected"),
    [
        ("CN", date(2024, 2, 4), True),  # a Sunday, made up for the Spring Festival
        ("CN", date(2024, 2, 12), False),  # a Monday of the festival
        ("CN", date(2024, 10, 12), True),  # a Saturday
        ("US", date(2024, 7, 4), False),
        ("US", date(2021, 12, 31), False),  # New Year's Day of 2022, a Saturday, is observed on Friday
        ("US", date(2024, 7, 6), False),
        ("US-NY", date(2024, 11, 5), False),  # Election Day
        ("US", date(2024, 11, 5), True),
        ("IL", date(2024, 3, 3), True),  # Sunday
        ("IL", date(2024, 3, 1), False),  # Friday
    ],
)
def test_days_that_people_remember(name, day, expected):
    assert working(name, day) is expected


@given(
    st.sampled_from(NAMES),
    st.sampled_from(["working", "free"]),
    st.dates(date(2005, 1, 1), date(2025, 12, 31)),
    st.integers(0, 3000),
)
@settings(deadline=None, max_examples=examples(60))
def test_a_rule_tells_the_days_it_was_made_of(name, kind, first, length):
    """weekday in rule.weekdays != day in rule.exceptions, for each day, is what ``holds`` says."""
    days = np.arange(number(first), min(number(first) + length, number(date(2025, 12, 31))) + 1)
    asked = Days.parse(kind, name)
    rule = asked.rule(days)
    found = [((day + 3) % 7 + 1 in rule.weekdays) != (day in rule.exceptions) for day in days.tolist()]
    assert found == asked.holds(days).tolist()
    assert 2 * len(rule.exceptions) <= max(len(days), 1)


def test_a_rule_of_no_day_is_empty():
    rule = Days.parse("working", "CN").rule(np.zeros(0, dtype=np.int64))
    assert (rule.weekdays, rule.exceptions) == (frozenset(), ())


def test_free_days_are_all_but_the_working_ones():
    days = np.arange(number(date(2010, 1, 1)), number(date(2020, 1, 1)))
    assert (Days.parse("working", "CN").holds(days) != Days.parse("free", "CN").holds(days)).all()


@pytest.mark.parametrize(
    ("text", "name"), [("cn", "CN"), (" us-ny ", "US-NY"), ("DE-by", "DE-BY"), ("it-barletta", "IT-Barletta")]
)
def test_codes_are_read_in_any_case(text, name):
    assert Calendar.parse(text).name == name


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("china", "did you mean 'CN'"),
        ("USA", "did you mean 'US'"),
        ("US-NYC", "did you mean 'US-NY'"),
        ("Germny", "did you mean 'DE'"),
        ("XX", "use ISO 3166 codes"),
        ("", "use ISO 3166 codes"),
        ("CN-", ""),
        ("../CN", ""),
    ],
)
def test_unknown_calendars_are_refused(text, hint):
    """With the nearest, by code or by the country's name; in one line."""
    with pytest.raises(InvalidInput) as caught:
        Calendar.parse(text)
    assert caught.value.kind == "unknown-calendar"
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "year", "known"),
    [
        ("CN", 2100, "2001 to 20"),  # not decreed yet
        ("CN", 2000, "2001 to 20"),
        ("MA", 2024, "1901 to 1923"),  # the moon is only estimated
        ("UG", 2024, ""),
        ("US", 1500, "1777 to "),
        ("JP", 2100, "1949 to 2099"),
    ],
)
def test_years_that_are_not_known_are_refused(name, year, known):
    """Never guessed; the years known are named."""
    with pytest.raises(InvalidInput) as caught:
        working(name, date(year, 6, 1))
    assert caught.value.kind == "unknown-year"
    assert f"of {year}; it knows {known}" in str(caught.value)


def test_where_moving_days_is_over_later_years_are_known():
    """Bulgaria moved its last working day in 2016."""
    assert {2016, 2017, 2025} <= set(Calendar("BG").years)


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (("work", "CN"), "unknown-days"),
        (("", "CN"), "unknown-days"),
        (("working", None), "calendar-needed"),
        ((None, "CN"), "calendar-unused"),
        (("free", "Atlantis"), "unknown-calendar"),
    ],
)
def test_days_that_mean_nothing_are_refused(asked, kind):
    with pytest.raises(InvalidInput) as caught:
        Days.parse(*asked)
    assert caught.value.kind == kind


def test_a_machine_of_another_language_has_the_same_years(monkeypatch):
    """What is estimated is told by names, which are asked for in English."""
    expected = Calendar("CN").years, Calendar("SA").years
    for remembered in (holidays_of, known_years, working_year):
        remembered.cache_clear()
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    assert (Calendar("CN").years, Calendar("SA").years) == expected
