"""Values of parameters are read as the standards have them."""

import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.saas.web import parameter
from stcloud.saas.web.parameter import (
    ClosedInterval,
    iso_utc,
    read_bbox,
    read_datetime,
    read_flag,
    read_limit,
    read_order,
)
from stcloud.time import Zone

SHANGHAI = Zone("Asia/Shanghai")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def us(text):
    return (dt.datetime.fromisoformat(text) - EPOCH) // dt.timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-03-01T00:00:00Z", "2024-03-01T00:00:00+00:00", "2024-03-01T00:00:00+00:00"),
        ("2024-03-01t00:00:00.5z", "2024-03-01T00:00:00.5+00:00", "2024-03-01T00:00:00.5+00:00"),
        ("2024-03-01T08:00:00+08:00", "2024-03-01T00:00:00+00:00", "2024-03-01T00:00:00+00:00"),
        ("2024-03-01T00:00:00.1234567000Z", None, None),
        ("2024-03-01", "2024-03-01T00:00:00+08:00", "2024-03-01T23:59:59.999999+08:00"),
        ("2024-03-01/2024-03-02", "2024-03-01T00:00:00+08:00", "2024-03-02T23:59:59.999999+08:00"),
        ("2024-03-01/2024-03-02T00:00:00Z", "2024-03-01T00:00:00+08:00", "2024-03-02T00:00:00+00:00"),
    ],
)
def test_times_are_closed_intervals(text, first, last):
    if first is None:
        with pytest.raises(InvalidInput, match="cannot be read"):
            read_datetime(text, SHANGHAI)
        return
    interval = read_datetime(text, SHANGHAI)
    assert (interval.first_us, interval.last_us) == (us(first), us(last))
    assert interval.half_open == (us(first), us(last) + 1)


@pytest.mark.parametrize(
    ("text", "open_end"), [("../2024-03-01", 0), ("/2024-03-01", 0), ("2024-03-01/..", 1), ("2024-03-01/", 1)]
)
def test_an_end_may_be_open(text, open_end):
    interval = read_datetime(text, SHANGHAI)
    assert (interval.first_us, interval.last_us)[open_end] is None
    assert not interval.is_instant


def test_a_closed_interval_meets_a_version_that_ends_where_it_begins():
    assert ClosedInterval(5, 9).touching == (4, 10)
    assert ClosedInterval(None, None).touching == (None, None)


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_an_instant_is_written_as_it_is_read(at):
    at_us = (at - EPOCH) // dt.timedelta(microseconds=1)
    assert read_datetime(iso_utc(at_us), SHANGHAI) == ClosedInterval(at_us, at_us, is_instant=True)


def test_a_box_loses_its_heights():
    assert read_bbox("1,2,-5,3,4,99") == (1, 2, 3, 4)


def test_a_limit_is_at_most_what_is_given_at_once():
    assert (read_limit(None, 100, 10), read_limit("+7", 100, 10), read_limit("999", 100, 10)) == (10, 7, 10)
    assert read_limit("9" * 30, 100, 10) == 10


@pytest.mark.parametrize("text", ["0", "-1", "", "1e3", " 1", "9" * 101, "１"])
def test_what_is_no_number_of_rows_is_refused(text):
    with pytest.raises(InvalidInput):
        read_limit(text, 100, 10)


def test_an_order_names_columns():
    assert read_order("+n,-at, key", ("n", "at", "key")) == ("n", "-at", "key")
    assert read_order("-n,at,n,+at", ("n", "at", "key")) == ("-n", "at")
    for text in ("nope", "-n,nope", "--n", "+-n"):
        with pytest.raises(InvalidInput, match="no property"):
            read_order(text, ("n", "at"))


def test_a_flag_is_true_or_false():
    assert (read_flag("true", "x"), read_flag("false", "x")) == (True, False)
    with pytest.raises(InvalidInput, match="x=1"):
        read_flag("1", "x")


@given(st.text(max_size=40))
def test_whatever_is_written_is_read_or_refused(text):
    for read in (
        lambda: read_datetime(text, SHANGHAI),
        lambda: read_bbox(text),
        lambda: read_limit(text, 1, 9),
        lambda: parameter.read_filter(text, "cql2-json"),
    ):
        with contextlib.suppress(InvalidInput):
            read()
