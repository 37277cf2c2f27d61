"""What people write for a time, and what is understood."""

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.testing.examples import examples
from stcloud.testing.time import instants, when_texts, zones
from stcloud.time import Bin, Zone, parse_instant, parse_when, read_instant, read_when

NYC = Zone("America/New_York")
some = settings(deadline=None, max_examples=examples(200))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024", "2024-01-01T00:00-05:00", "2025-01-01T00:00-05:00"),
        ("2024-Q1", "2024-01-01T00:00-05:00", "2024-04-01T00:00-04:00"),
        ("2024-Q4", "2024-10-01T00:00-04:00", "2025-01-01T00:00-05:00"),
        ("2024-03", "2024-03-01T00:00-05:00", "2024-04-01T00:00-04:00"),
        ("2024-12", "2024-12-01T00:00-05:00", "2025-01-01T00:00-05:00"),
        ("2024-W01", "2024-01-01T00:00-05:00", "2024-01-08T00:00-05:00"),
        ("2020-W53", "2020-12-28T00:00-05:00", "2021-01-04T00:00-05:00"),
        ("2024-03-10", "2024-03-10T00:00-05:00", "2024-03-11T00:00-04:00"),
        ("2024-02-29", "2024-02-29T00:00-05:00", "2024-03-01T00:00-05:00"),
        ("2024-03-05T07", "2024-03-05T07:00-05:00", "2024-03-05T08:00-05:00"),
        ("2024-03-05 07:30", "2024-03-05T07:30-05:00", "2024-03-05T07:31-05:00"),
        ("2024-03-05T07:30:15", "2024-03-05T07:30:15-05:00", "2024-03-05T07:30:16-05:00"),
        ("2024-03-05T07:30:15.5", "2024-03-05T07:30:15.500000-05:00", "2024-03-05T07:30:15.500001-05:00"),
        ("2024-03-05T07:30Z", "2024-03-05T02:30-05:00", "2024-03-05T02:31-05:00"),
        ("2024-03-05T07+08:00", "2024-03-04T18:00-05:00", "2024-03-04T19:00-05:00"),
        ("2024-03/2024-05", "2024-03-01T00:00-05:00", "2024-05-01T00:00-04:00"),
        ("2024-W12/2024-Q3", "2024-03-18T00:00-04:00", "2024-07-01T00:00-04:00"),
        ("2024-03/..", "2024-03-01T00:00-05:00", None),
        ("../2024", None, "2024-01-01T00:00-05:00"),
        ("../..", None, None),
        (" 2024-03-05t07:30z ", "2024-03-05T02:30-05:00", "2024-03-05T02:31-05:00"),
        ("9999", "9999-01-01T00:00-05:00", "10000-01-01T00:00-05:00"),
        ("0001", "0001-01-01T00:00-04:56:02", "0002-01-01T00:00-04:56:02"),
    ],
)
def test_what_is_written_is_what_is_understood(text, start, end):
    """Each form of the specification means its half-open span."""
    assert parse_when(text, NYC).text(NYC) == f"{start or '..'}/{end or '..'}"
    if "/" not in text:
        assert NYC.iso(parse_instant(text, NYC)) == start


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2024-02-30", "there is no 2024-02-30"),
        ("2023-02-29", "there is no 2023-02-29"),
        ("2024-13", "month must be in 1..12"),
        ("2023-W53", "there is no 2023-W53"),
        ("2024-W00", "there is no 2024-W00"),
        ("0000", "there is no 0000"),
        ("2024-03-05T24:00", "hour must be in 0..23"),
        ("2024-03-05T07:60", "minute must be in 0..59"),
        ("2024-03-05T07:00+24:00", "offset"),
        ("2024-03-05T07:00+05:60", "offset"),
        ("2024-Q5", "2024-Q1"),
        ("03/04/2024", "2024-03-04 or 2024-04-03"),
        ("3/4/24", "2024-03-04 or 2024-04-03"),
        ("2024/3/5", "write 2024-03-05"),
        ("2024-04/2024-03", "ends where it starts, or before"),
        ("2024-03/2024-03", "ends where it starts, or before"),
        ("2024-03/2024-03-01T05:00Z", "ends where it starts, or before"),
        ("2024/2025/2026", "write ISO 8601"),
        ("2024-03/P1M", "cannot read 'P1M'"),
        ("2024-03/", "cannot read ''"),
        ("", "cannot read ''"),
        ("..", "write ISO 8601"),
        ("20240305", "write ISO 8601"),
        ("2024-3-5", "write ISO 8601"),
        ("2024-065", "write ISO 8601"),
        ("2024-W12-3", "write ISO 8601"),
        ("2024-03-05x07:30", "write ISO 8601"),
        ("2024-03-05T07:30,5", "write ISO 8601"),
        ("2024-03-05T07:30:15.1234567", "write ISO 8601"),
        ("2024-03-05T07:30-0500", "write ISO 8601"),
        ("2024-03Z", "write ISO 8601"),
        ("２０２４", "write ISO 8601"),
        ("today", "write ISO 8601"),
    ],
)
def test_nothing_is_guessed(text, told):
    """Another notation, a date that does not exist, an empty interval: errors that say what to write."""
    with pytest.raises(InvalidInput) as caught:
        parse_when(text, NYC)
    assert caught.value.kind == "unreadable-time"
    assert told in str(caught.value)


def test_an_interval_is_no_instant():
    """Where one instant is asked for, two are an error."""
    with pytest.raises(InvalidInput) as caught:
        parse_instant("2024/2025", NYC)
    assert caught.value.kind == "unreadable-time"


def test_adjusted_times_are_told():
    """Skipped and repeated wall-clock times are read by the rule, and said; the start of a day is not one."""
    assert read_instant("2024-03-10T02:30", NYC)[1] == (
        "2024-03-10T02:30 is skipped in America/New_York: read as 2024-03-10T03:30-04:00",
    )
    assert read_instant("2024-11-03T01:30", NYC)[1] == (
        "2024-11-03T01:30 is repeated in America/New_York: the earlier instant, {}, is meant".format(
            "2024-11-03T01:30-04:00"
        ),
    )
    assert len(read_when("2024-03-10T02/2024-11-03T01:30", NYC)[1]) == 2
    assert read_instant("2024-11-03T01:30-05:00", NYC)[1] == ()
    assert read_when("2018-11-04", Zone("America/Sao_Paulo"))[1] == ()


def test_days_start_with_the_first_instant_their_wall_clock_shows():
    """A skipped midnight, a repeated one, and a day that did not happen."""
    sao_paulo, havana, apia = Zone("America/Sao_Paulo"), Zone("America/Havana"), Zone("Pacific/Apia")
    assert parse_when("2018-11-04", sao_paulo).text(sao_paulo).startswith("2018-11-04T01:00-02:00/")
    assert parse_when("2024-11-03", havana).text(havana) == "2024-11-03T00:00-04:00/2024-11-04T00:00-05:00"
    assert parse_when("2011-12-31", apia).text(apia).startswith("2011-12-31T00:00+14:00/")
    with pytest.raises(InvalidInput, match="2011-12-30 did not happen in Pacific/Apia"):
        parse_when("2011-12-30", apia)


@given(when_texts(first_year=1850, last_year=2150), zones())
@example("2011-12-31", Zone("Pacific/Apia"))
@some
def test_the_text_of_a_span_reads_back_as_the_span(text, zone):
    """parse_when(span.text(zone), zone) == span, in this zone and in any other."""
    assume(text not in {"2011-12-30", "1993-08-21"})  # days that Apia and Kwajalein skipped
    span = parse_when(text, zone)
    assert parse_when(span.text(zone), zone) == span
    assert parse_when(span.text(NYC), zone) == span


@given(st.data())
@some
def test_the_label_of_a_bin_reads_as_its_span(data):
    """A day, week, month, quarter or year means the same in `when` and in `by`."""
    zone = data.draw(zones())
    at = data.draw(instants(zone))
    for unit in (Bin.DAY, Bin.WEEK, Bin.MONTH, Bin.QUARTER, Bin.YEAR):
        number = int(unit.numbers([at], zone)[0])
        assert parse_when(unit.label(number), zone) == unit.span(number, zone)
