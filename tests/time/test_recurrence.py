"""Weekdays and hours as people write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.testing.examples import examples
from stcloud.time.recurrence import hours_text, parse_hours, parse_weekdays, weekdays_text


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        ("mon-fri", [1, 2, 3, 4, 5]),
        ("sat,sun", [6, 7]),
        ("fri-mon", [1, 5, 6, 7]),
        (" Wed , MON - tue", [1, 2, 3]),
        ("sun-sat", [1, 2, 3, 4, 5, 6, 7]),
        ("sun", [7]),
        ("sun-sun", [7]),
        ((7, 1), [1, 7]),
    ],
)
def test_weekdays_are_read(asked, days):
    """Names, ranges that may wrap, and numbers."""
    assert sorted(parse_weekdays(asked)) == days


@pytest.mark.parametrize("asked", ["", "mo", "mon-", "mon-tue-wed", "1-5", "weekend", [], [0], [8], ["mon"]])
def test_other_weekdays_are_refused(asked):
    """Nothing is guessed."""
    with pytest.raises(InvalidInput) as caught:
        parse_weekdays(asked)
    assert caught.value.kind == "unreadable-weekdays"


@pytest.mark.parametrize(
    ("asked", "hours"),
    [
        ("07:00-10:00", ((420, 600),)),
        ("22:00-06:00", ((0, 360), (1320, 1440))),
        ("22:00-24:00", ((1320, 1440),)),
        ("22:00-00:00", ((1320, 1440),)),
        ("00:00-24:00", ((0, 1440),)),
        ("12:00-13:30, 07:00-09:00", ((420, 540), (720, 810))),
        ("07:00-09:00,08:00-10:00,10:00-11:00", ((420, 660),)),
    ],
)
def test_hours_are_read(asked, hours):
    """Half-open, sorted, united where they meet, split at midnight."""
    assert parse_hours(asked) == hours


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "7-10",
        "7:00-10:00",
        "07:00",
        "07:00-07:00",
        "24:00-06:00",
        "07:60-08:00",
        "07:00-24:01",
        "25:00-26:00",
        "٠٧:00-08:00",
    ],
)
def test_other_hours_are_refused(asked):
    """Nothing is guessed; an empty range is no range."""
    with pytest.raises(InvalidInput) as caught:
        parse_hours(asked)
    assert caught.value.kind == "unreadable-hours"


@given(
    st.lists(
        st.tuples(st.integers(0, 1439), st.integers(0, 1440)).filter(lambda p: p[0] != p[1]),
        min_size=1,
        max_size=4,
    )
)
@settings(deadline=None, max_examples=examples(100))
def test_hours_text_reads_back(ranges):
    """parse_hours(hours_text(hours)) == hours."""
    hours = parse_hours(hours_text(ranges))
    assert parse_hours(hours_text(hours)) == hours


@given(st.frozensets(st.integers(1, 7), min_size=1))
@settings(deadline=None, max_examples=examples(50))
def test_weekdays_text_reads_back(days):
    """parse_weekdays(weekdays_text(days)) == days."""
    assert parse_weekdays(weekdays_text(days)) == days
