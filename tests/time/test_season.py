"""Months and seasons as people write them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.testing.examples import examples
from stcloud.time.season import in_months, months_text, parse_months, parse_seasons


@pytest.mark.parametrize(
    ("asked", "months"),
    [
        ("6-8", [6, 7, 8]),
        ("jun-aug", [6, 7, 8]),
        ("dec-feb", [1, 2, 12]),
        ("12-2", [1, 2, 12]),
        (" June , 1,FEB - 03", [1, 2, 3, 6]),
        ("may", [5]),
        ("jan-dec", list(range(1, 13))),
        ("sep-sep", [9]),
        (7, [7]),
        ((12, 1), [1, 12]),
        ([6], [6]),
    ],
)
def test_months_are_read(asked, months):
    """Names, numbers, ranges that may wrap."""
    assert sorted(parse_months(asked)) == months


@pytest.mark.parametrize(
    "asked", ["", "ju", "jun-", "jan-feb-mar", "0", "13", "2024-06", "jun,", [], 0, 13, [0], ["jun"], "٦"]
)
def test_other_months_are_refused(asked):
    """Nothing is guessed."""
    with pytest.raises(InvalidInput) as caught:
        parse_months(asked)
    assert caught.value.kind == "unreadable-months"


def test_a_month_spelt_wrong_has_a_nearest():
    with pytest.raises(InvalidInput, match="did you mean 'february'"):
        parse_months("febuary")


@pytest.mark.parametrize(
    ("asked", "north", "south"),
    [
        ("winter", [1, 2, 12], [6, 7, 8]),
        ("spring", [3, 4, 5], [9, 10, 11]),
        ("Summer", [6, 7, 8], [1, 2, 12]),
        ("autumn", [9, 10, 11], [3, 4, 5]),
        ("fall", [9, 10, 11], [3, 4, 5]),
        ("winter, spring", [1, 2, 3, 4, 5, 12], [6, 7, 8, 9, 10, 11]),
    ],
)
def test_seasons_are_months(asked, north, south):
    """Meteorological; the other way round in the south."""
    assert sorted(parse_seasons(asked)) == north
    assert sorted(parse_seasons(asked, southern=True)) == south


@pytest.mark.parametrize(
    ("asked", "hint"), [("witner", "did you mean 'winter'"), ("", "use winter"), ("monsoon", "use")]
)
def test_other_seasons_are_refused(asked, hint):
    with pytest.raises(InvalidInput, match=hint) as caught:
        parse_seasons(asked)
    assert caught.value.kind == "unknown-season"


@given(st.frozensets(st.integers(1, 12), min_size=1))
@settings(deadline=None, max_examples=examples(50))
def test_months_text_reads_back(months):
    """parse_months(months_text(months)) == months."""
    assert parse_months(months_text(months)) == months


@given(
    st.lists(st.datetimes(), min_size=1, max_size=20),
    st.frozensets(st.integers(1, 12), min_size=1),
)
@settings(deadline=None, max_examples=examples(50))
def test_in_months_is_what_the_calendar_says(times, months):
    local = np.array(times, dtype="M8[us]").astype(np.int64)
    assert in_months(local, months).tolist() == [one.month in months for one in times]
