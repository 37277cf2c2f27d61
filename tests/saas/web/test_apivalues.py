"""What a schema of a parameter allows is read, and what is read is allowed."""

import calendar
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from stcloud.errors import InvalidInput
from stcloud.saas.web.apivalues import CURSOR, DATETIME, INSTANT, KNOWN, column_value, names_of, order_of
from stcloud.saas.web.parameter import read_datetime
from stcloud.testing.examples import examples
from stcloud.time import Zone

ZONE = Zone("Pacific/Auckland")
NUMBERS = some.integers(0, 70)


def allows(schema, text):
    return re.search(schema["pattern"], text) is not None


def is_read(text):
    try:
        return read_datetime(text, ZONE)
    except InvalidInput:
        return None


@settings(max_examples=examples(60))
@given(some.from_regex(INSTANT["pattern"], fullmatch=True, alphabet=some.characters(codec="ascii")))
def test_every_instant_that_is_allowed_is_read(text):
    assert is_read(text).is_instant
    assert allows(DATETIME, text)
    assert allows(KNOWN, text)


@pytest.mark.parametrize("year", [1000, 1900, 2000, 2023, 2024, 2100, 8000, 8999])
def test_the_days_that_are_allowed_are_those_that_there_are(year):
    for month in range(14):
        for day in (0, 1, 27, 28, 29, 30, 31, 32):
            there = 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
            text = f"{year}-{month:02}-{day:02}"
            assert allows(DATETIME, text) == allows(KNOWN, text) == (is_read(text) is not None) == there, text
            assert allows(INSTANT, f"{text}T00:00:00Z") == there


@settings(max_examples=examples(60))
@given(
    NUMBERS,
    NUMBERS,
    NUMBERS,
    some.sampled_from(["Z", "z", "+13:00", "-23:59", "+24:00", "+10:60", "", "Zulu"]),
)
def test_the_times_that_are_allowed_are_those_that_are_read(hour, minute, second, offset):
    text = f"2024-03-01T{hour:02}:{minute:02}:{second:02}{offset}"
    assert allows(INSTANT, text) == (is_read(text) is not None)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [("2024-03-01/2024-04-01T00:00:00Z", True), ("../2024-03-01", True), ("2024-03-01/", True), ("/2024-03-01", True),
     ("../..", False), ("/", False), ("", False), ("..", False), ("2024-03-01/2024-03-02/2024-03-03", False),
     ("2024", False), ("now", False)],
)  # fmt: skip
def test_an_interval_has_an_end_at_least(text, allowed):
    assert allows(DATETIME, text) == (is_read(text) is not None) == allowed


def test_pins_cursors_and_names_have_their_forms():
    assert allows(KNOWN, 'pin:{"layers":{"calls":1}}')
    assert not allows(KNOWN, "pin:")
    assert allows(CURSOR, "WyI0N2Vj_-")
    assert not allows(CURSOR, "a b")
    assert order_of(["n"])["items"]["enum"] == ["n", "+n", "-n"]
    assert "enum" not in names_of([])["items"]


def test_numbers_are_those_that_filters_know_exactly(place):
    limit = column_value({"type": "integer"})["maximum"]
    assert place.items(n=limit)["numberMatched"] == place.items(n=-limit)["numberMatched"] == 0
    assert place.items(weight=float(limit))["numberMatched"] == 0
    assert place.problem("/collections/calls/items", 400, n=limit + 2)["title"] == "inexact-number"
