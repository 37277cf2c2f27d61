"""Published days: which sources have which years, where they disagree, and what a city has published itself."""

from datetime import date, timedelta

import numpy as np
import pytest

from stcloud.errors import InvalidInput
from stcloud.time.citydays import CityDays
from stcloud.time.workday import Calendar, Days

EPOCH = date(1970, 1, 1)
NOTICE = CityDays.of(
    [("2027-02-11", "free", "notice 9"), ("2027-02-12", "free", "notice 9"), ("2027-01-31", "working", "notice 9")],
    years=[2027],
)  # fmt: skip


def number(day):
    return (day - EPOCH).days


def expected(calendar, *days):
    return calendar.expected(np.array([number(day) for day in days])).tolist()


def test_china_is_published_to_the_last_year_of_both_packages():
    from chinese_calendar.constants import holidays as listed

    calendar = Calendar("CN")
    assert calendar.published_to == date(min(max(listed).year, calendar.years[-1]), 12, 31)
    assert calendar.published_years[0] == 2001


def test_clocks_go_on_where_questions_are_refused():
    """In 2100 nothing is decreed: weekdays count, and National Day is free."""
    calendar = Calendar("CN")
    days = date(2100, 10, 1), date(2100, 11, 1), date(2100, 11, 6)  # Friday, Monday, Saturday
    assert expected(calendar, *days) == [False, True, False]
    assert expected(calendar, date(9998, 12, 31), date(9999, 12, 31), date(1, 1, 1)) == [True, True, True]
    with pytest.raises(InvalidInput) as caught:
        calendar.working(np.array([number(days[0])]))
    assert caught.value.kind == "unknown-year"


def test_the_citys_own_days_go_before_the_packages():
    plain, own = Calendar("CN"), Calendar("CN", NOTICE)
    days = date(2027, 2, 11), date(2027, 2, 12), date(2027, 1, 31), date(2027, 2, 8), date(2027, 2, 15)
    assert expected(plain, *days) == [True, True, False, False, True]
    assert expected(own, *days) == [False, False, True, False, True]


def test_a_year_that_the_city_has_published_is_known_to_questions_and_clocks_alike():
    own = Calendar("CN", NOTICE)
    assert own.years == (*Calendar("CN").years, 2027) or 2027 in Calendar("CN").years
    assert own.published_to == date(2027, 12, 31)
    day = np.array([number(date(2027, 1, 31))])
    assert own.working(day).tolist() == Days("working", own).holds(day).tolist() == [True]


def test_a_day_of_the_city_alone_publishes_no_year():
    own = Calendar("CN", CityDays.of([("2100-06-01", "free", "fair")]))
    assert 2100 not in own.years
    assert expected(own, date(2100, 6, 1)) == [False]
    assert own.published_to == Calendar("CN").published_to


def test_a_gap_between_published_years_ends_them():
    last = Calendar("CN").published_to.year
    own = Calendar("CN", CityDays.of([], years=[last + 2]))
    assert own.published_to == date(last, 12, 31)
    assert last + 2 in own.published_years


def test_where_nothing_is_known_nothing_is_published():
    assert Calendar("UG").published_to is None
    assert Calendar("UG", CityDays.of([], years=[2024, 2025])).published_to == date(2025, 12, 31)


def test_sources_that_disagree_are_named():
    assert list(map(str, Calendar("CN").disagreements)) == [
        "2005-12-31: working by holidays, free by chinesecalendar"
    ]
    assert Calendar("DE").disagreements == ()


def test_what_the_city_has_otherwise_is_named_and_the_city_is_followed():
    own = Calendar(
        "CN",
        CityDays.of([("2005-12-31", "free", "own"), ("2024-02-04", "free", "own"), ("2024-03-01", "working", "own")]),
    )  # fmt: skip
    assert list(map(str, own.disagreements)) == [
        "2005-12-31: free by own, working by holidays, free by chinesecalendar",
        "2024-02-04: free by own, working by holidays, working by chinesecalendar",
    ]
    assert expected(own, date(2005, 12, 31), date(2024, 2, 4)) == [False, False]
    assert str(Calendar("CN", NOTICE).disagreements[-1]).startswith(
        "2005-12-31"
    )  # 2027 is published by no other


def test_rules_and_text_tell_calendars_apart():
    plain, own = Calendar("CN"), Calendar("CN", NOTICE)
    assert plain.rules != own.rules
    assert own.rules == f"{plain.rules}, city {NOTICE.digest}"
    assert str(own) == "CN with 3 days of the city"
    renamed = CityDays.of([(date(2027, 2, 11), "free", "other source")])
    assert renamed.digest == CityDays.of([("2027-02-11", "free", "notice 9")]).digest != NOTICE.digest


def test_days_of_a_city_are_read_back_as_they_were_written():
    assert CityDays.from_dict(NOTICE.to_dict()) == NOTICE


def test_many_days_are_quick():
    """Thirty years of them: each day is looked at once."""
    days = [(EPOCH + timedelta(days=20_000 + at), "free", "all") for at in range(10_000)]
    own = Calendar("CN", CityDays.of(days))
    assert not own.expected(np.arange(20_000, 30_000)).any()


@pytest.mark.parametrize(
    ("days", "years", "kind"),
    [
        ([("2027-02-30", "free", "")], (), "unreadable-day"),
        ([("soon", "free", "")], (), "unreadable-day"),
        ([("2027-02-03", "holiday", "")], (), "unknown-days"),
        ([("2027-02-03", "free", ""), ("2027-02-03", "working", "")], (), "calendar-day-twice"),
        ([], [20270], "unreadable-year"),
    ],
)
def test_days_that_mean_nothing_are_refused(days, years, kind):
    with pytest.raises(InvalidInput) as caught:
        CityDays.of(days, years)
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    "document", [{}, {"days": [["2027-01-01"]]}, {"days": [], "years": ["x"]}, {"days": 5}]
)
def test_what_is_no_document_of_days_is_refused(document):
    with pytest.raises(InvalidInput) as caught:
        CityDays.from_dict(document)
    assert caught.value.kind == "unreadable-calendar"


def test_days_out_of_order_are_refused():
    with pytest.raises(InvalidInput) as caught:
        CityDays(((5, True, ""), (4, True, "")))
    assert caught.value.kind == "unordered-days"
