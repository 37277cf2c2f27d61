"""The period to compare with: laws, and the periods that people mean."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.testing.examples import examples
from stcloud.testing.time import instants, zones
from stcloud.time import Bin, Span, Spans, Zone, earlier, parse_when
from stcloud.time.micros import DAY_US
from stcloud.time.shift import local_of, months_before

NYC = Zone("America/New_York")
WHOLE = [Bin.DAY, Bin.WEEK, Bin.MONTH, Bin.QUARTER, Bin.YEAR]


def of(text, which, zone=NYC):
    return earlier(Spans.of([parse_when(text, zone)]), which, zone)


@pytest.mark.parametrize(
    ("text", "previous", "year"),
    [
        ("2024-03", "2024-02", "2023-03"),
        ("2024-02", "2024-01", "2023-02"),
        ("2025-02", "2025-01", "2024-02"),
        ("2024-Q1", "2023-Q4", "2023-Q1"),
        ("2024", "2023", "2023"),
        ("2024-03/2024-06", "2023-12/2024-03", "2023-03/2023-06"),
        ("2024-W10", "2024-W09", "2023-W10"),
        ("2024-W10/2024-W14", "2024-W06/2024-W10", "2023-W10/2023-W14"),
        ("2024-W01", "2023-W52", "2023-W01"),
        ("2021-02", "2021-01", "2020-02"),  # four whole weeks too: the month is meant
        ("2024-03-11", "2024-03-10", "2023-03-11"),
        ("2024-02-29", "2024-02-28", "2023-02-28"),
        ("2024-02-28", "2024-02-27", "2023-02-28"),
        ("2024-02-20/2024-02-29", "2024-02-11/2024-02-20", "2023-02-20/2023-03-01"),
        ("2024-02-20/2024-03-05", "2024-02-06/2024-02-20", "2023-02-20/2023-03-05"),
        ("2025-02-20/2025-03-01", "2025-02-11/2025-02-20", "2024-02-20/2024-03-01"),
        (
            "2024-02-29T07:00/2024-02-29T10:00",
            "2024-02-29T04:00/2024-02-29T07:00",
            "2023-02-28T07:00/2023-02-28T10:00",
        ),
        (
            "2024-02-28T12:00/2024-02-29T10:00",
            "2024-02-27T14:00/2024-02-28T12:00",
            "2023-02-28T12:00/2023-03-01T10:00",
        ),
        (
            "2024-03-10T08:00/2024-03-12T08:00",
            "2024-03-08T08:00/2024-03-10T08:00",
            "2023-03-10T08:00/2023-03-12T08:00",
        ),
        (
            "2024-03-10T04:00/2024-03-10T07:00",
            "2024-03-10T00:00/2024-03-10T04:00",
            "2023-03-10T04:00/2023-03-10T07:00",
        ),
        ("2024-03-12T02:40/2024-03-12T03:10", "2024-03-12T02:10/2024-03-12T02:40", None),
    ],
)
def test_periods_that_people_mean(text, previous, year):
    """Months, weeks and days are whole; hours are hours; 29 February has a rule."""
    assert of(text, "previous").parts == (parse_when(previous, NYC),)
    if year is not None:
        assert of(text, "year").parts == (parse_when(year, NYC),)


def test_a_period_that_the_clock_would_leave_empty_keeps_its_length():
    """A year before, 02:40 was skipped and becomes 03:40, after 03:10."""
    found = of("2025-03-10T02:40/2025-03-10T03:10", "year").parts[0]
    assert found.text(NYC) == "2024-03-10T03:40-04:00/2024-03-10T04:10-04:00"


@given(st.data(), st.sampled_from(WHOLE), zones())
@settings(deadline=None, max_examples=examples(150))
def test_before_a_unit_of_the_calendar_is_the_unit_before(data, unit, zone):
    """earlier(unit n, previous) == unit n - 1, where the zone skipped neither."""
    at_us = data.draw(instants(zone, first_year=1900, last_year=2100))
    number = int(unit.numbers(np.array([at_us]), zone)[0])
    ends = [unit.start(number + step, zone) for step in (-1, 0, 1, 2)]
    assume(ends[0] < ends[1] < ends[2] < ends[3])
    assert earlier(Spans.of([unit.span(number, zone)]), "previous", zone) == Spans.of(
        [unit.span(number - 1, zone)]
    )


@given(st.data(), st.sampled_from([Bin.MONTH, Bin.QUARTER, Bin.YEAR]), zones())
@settings(deadline=None, max_examples=examples(100))
def test_a_year_before_a_month_is_the_same_month(data, unit, zone):
    """earlier(unit n, year) == unit n - units a year."""
    at_us = data.draw(instants(zone, first_year=1900, last_year=2100))
    number = int(unit.numbers(np.array([at_us]), zone)[0])
    a_year = {Bin.MONTH: 12, Bin.QUARTER: 4, Bin.YEAR: 1}[unit]
    assert earlier(Spans.of([unit.span(number, zone)]), "year", zone) == Spans.of(
        [unit.span(number - a_year, zone)]
    )


@given(st.data(), zones())
@settings(deadline=None, max_examples=examples(300))
def test_any_period_has_one_before_it(data, zone):
    """``previous`` ends where the period starts; as long in microseconds, or in months or days of the wall clock."""
    at_us = data.draw(instants(zone, first_year=1900, last_year=2100))
    day = st.integers(1, 400).map(lambda days: days * DAY_US)
    length_us = data.draw(st.one_of(st.integers(1, 3 * DAY_US), day))
    span = Span(at_us, at_us + length_us)
    found = earlier(Spans.of([span]), "previous", zone).parts[0]
    assert found.end_us == at_us
    assume(not zone.name.startswith("Pacific/"))  # where a whole day was skipped
    same = found.end_us - found.start_us == length_us
    local = [local_of(one, zone) for one in (found.start_us, at_us, span.end_us)]
    days = abs((local[1] - local[0]) - (local[2] - local[1])) <= DAY_US // 8  # a skipped hour moves a start
    months = months_before(local[2], round((local[2] - local[1]) / DAY_US / 30.44)) == local[1]
    assert same or days or months


def a_year_before(span, zone):
    """The period a year before; None: a week that is not there."""
    try:
        return earlier(Spans.of([span]), "year", zone).parts[0]
    except InvalidInput as error:
        if error.kind != "no-such-week":
            raise
        return None


@given(st.data(), zones())
@settings(deadline=None, max_examples=examples(300))
def test_a_year_before_any_period_is_a_period(data, zone):
    """About a year earlier, never empty, and not much longer or shorter."""
    at_us = data.draw(instants(zone, first_year=1900, last_year=2100))
    length_us = data.draw(
        st.one_of(st.integers(1, 3 * DAY_US), st.integers(1, 1000).map(lambda n: n * DAY_US))
    )
    found = a_year_before(Span(at_us, at_us + length_us), zone)
    assume(found is not None)
    assert 357 * DAY_US <= at_us - found.start_us <= 374 * DAY_US
    assert abs((found.end_us - found.start_us) - length_us) <= 3 * DAY_US


def test_a_week_that_the_year_before_lacks_is_refused():
    with pytest.raises(InvalidInput, match="no week 2019-W53 to compare 2020-W53 with") as caught:
        of("2020-W53", "year")
    assert caught.value.kind == "no-such-week"
    assert of("2020-W53", "previous") == Spans.of([parse_when("2020-W52", NYC)])


@pytest.mark.parametrize(
    "spans", [Spans(()), Spans.always(), Spans.of([Span(0, None)]), Spans.of([Span(0, 1), Span(2, 3)])]
)
def test_what_is_no_period_is_refused(spans):
    with pytest.raises(InvalidInput) as caught:
        earlier(spans, "previous", NYC)
    assert caught.value.kind == "no-period"


def test_unknown_comparisons_are_refused():
    with pytest.raises(InvalidInput, match="did you mean 'previous'") as caught:
        of("2024", "previos")
    assert caught.value.kind == "unknown-comparison"


def test_before_the_year_one_there_is_nothing():
    with pytest.raises(InvalidInput) as caught:
        of("0001", "previous", Zone("UTC"))
    assert caught.value.kind == "time-out-of-range"


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "America/St_Johns", "America/Havana"])
def test_days_are_whole_where_midnights_are_skipped_or_repeated(zone):
    """Each day of years with such nights has the day before it."""
    zone = Zone(zone)
    first = int(Bin.DAY.numbers(np.array([parse_when("2010", zone).start_us]), zone)[0])
    for number in range(first, first + 800):
        ends = [Bin.DAY.start(number + step, zone) for step in (-1, 0, 1)]
        found = earlier(Spans.of([Span(ends[1], ends[2])]), "previous", zone)
        assert found == Spans.of([Span(ends[0], ends[1])])
