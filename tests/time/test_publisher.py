"""Who has published which years and days of a calendar."""

from datetime import date, timedelta

import pytest

from stcloud.testing.almanac import is_working_day
from stcloud.time import Calendar, CityDays
from stcloud.time.publisher import published_days, publishers_of

NOTICE = CityDays.of(
    [("2024-03-05", "free", "notice 3"), ("2024-02-04", "working", "notice 3"),
     ("2030-05-05", "working", "notice 4")],
    years=[2030],
)  # fmt: skip


def test_years_are_those_of_each_source():
    china = publishers_of(Calendar("CN", NOTICE))
    assert list(china) == ["holidays", "chinesecalendar", "city"]
    assert china["city"] == (2030,)
    assert china["chinesecalendar"][0] == 2004
    assert list(publishers_of(Calendar("NZ"))) == ["holidays"]


def test_days_of_the_city_name_their_source_and_who_says_otherwise():
    days = {each.day: each for each in published_days(Calendar("CN", NOTICE))}
    assert sorted(days) == [date(2005, 12, 31), date(2024, 2, 4), date(2024, 3, 5), date(2030, 5, 5)]
    assert (days[date(2024, 3, 5)].works, days[date(2024, 3, 5)].source) == (False, "notice 3")
    assert days[date(2024, 3, 5)].others == (("holidays", True), ("chinesecalendar", True))
    assert days[date(2024, 2, 4)].others == days[date(2030, 5, 5)].others == ()
    assert days[date(2005, 12, 31)].others == (("chinesecalendar", False),)
    assert days[date(2005, 12, 31)].source == "holidays"


@pytest.mark.parametrize(("name", "weekend"), [("CN", (5, 6)), ("NZ", (5, 6)), ("SA", (4, 5))])
def test_a_year_has_all_days_that_are_not_as_their_day_of_the_week(name, weekend):
    first = date(2024, 1, 1)
    year = [first + timedelta(days=at) for at in range(366)]
    unusual = [day for day in year if is_working_day(day, name) == (day.weekday() in weekend)]
    assert [each.day for each in published_days(Calendar(name), 2024)] == unusual != []


def test_a_year_has_days_of_the_city_too_that_are_as_usual():
    named = CityDays.of([("2024-03-06", "working", "notice 5")])
    assert date(2024, 3, 6) in [each.day for each in published_days(Calendar("NZ", named), 2024)]
    assert date(2024, 3, 6) not in [each.day for each in published_days(Calendar("NZ", named), 2025)]
