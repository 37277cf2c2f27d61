"""Columns of timestamps against datetime.strptime and datetime.fromisoformat, one text at a time."""

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.testing.examples import examples
from stcloud.time import Zone, read_stamps

UTC_ZONE, NYC = Zone("UTC"), Zone("America/New_York")
EPOCH = datetime(1970, 1, 1)
some = settings(deadline=None, max_examples=examples(150))
moments = st.datetimes(datetime(1, 1, 4), datetime(9999, 12, 28))

FORMATS = (
    "%Y-%m-%d %H:%M:%S.%f",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%d.%m.%y %H:%M",
    "%d %b %Y",
    "%B %d, %Y %I %p",
    "%Y%m%d%H%M%S",
    "%Y/%j",
    "%Y-%m-%dT%H:%M:%S%z",
    "%d-%b-%y %I.%M.%S.%f %p",
    "%Y年%m月%d日 %H时%M分",
    "%Y",
    "%%%Y-%m",
)


def read(texts, formats, zone=UTC_ZONE):
    found = read_stamps(pa.array(texts, pa.string()), formats, zone)
    return [int(at) if valid else None for at, valid in zip(found.utc_us, found.valid, strict=True)]


def plain(text, form):
    """What strptime says, as UTC microseconds; None where it refuses."""
    try:
        at = datetime.strptime(text.strip(), form)
    except ValueError:
        return None
    at = at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    return (at - EPOCH) // timedelta(microseconds=1)


def written(at, form, *, padded, lower):
    """As strftime, but years always have four digits, and numbers need not have two."""
    width = 2 if padded or "%Y%m%d" in form else 1
    parts = {
        "Y": f"{at.year:04}",
        "y": f"{at.year % 100:02}",
        "j": f"{at.timetuple().tm_yday:0{3 if padded else 1}}",
        "b": at.strftime("%b"),
        "B": at.strftime("%B"),
        "p": at.strftime("%p"),
        "f": f"{at.microsecond:06}" if padded else f"{at.microsecond:06}".rstrip("0") or "0",
        "z": "+05:45" if padded else "-0300",
        "%": "%",
    }
    numbers = {
        "m": at.month,
        "d": at.day,
        "H": at.hour,
        "I": at.hour % 12 or 12,
        "M": at.minute,
        "S": at.second,
    }
    parts |= {letter: f"{number:0{width}}" for letter, number in numbers.items()}
    text = re.sub(r"%(.)", lambda found: parts[found[1]], form)
    return text.lower().replace("t", "T") if lower and "T" in form else text.lower() if lower else text


@given(st.lists(moments, min_size=1, max_size=30), st.sampled_from(FORMATS), st.booleans(), st.booleans())
@some
def test_what_is_written_is_read_as_strptime_reads_it(times, form, padded, lower):
    """Every directive, with and without leading zeros, in both cases."""
    texts = [written(at, form, padded=padded, lower=lower) for at in times]
    expected = [plain(text, form) for text in texts]
    assert None not in expected
    assert read(texts, [form]) == expected


@given(st.data())
@settings(deadline=None, max_examples=examples(300))
def test_damaged_texts_are_refused_as_strptime_refuses_them(data):
    """No trailing rest, no impossible date, no missing part; where strptime reads, so do we, and the same."""
    separated = [form for form in FORMATS if not re.search("%Y%m%d|%j|%z", form)]
    form = data.draw(st.sampled_from(separated))
    text = written(data.draw(moments), form, padded=data.draw(st.booleans()), lower=False)
    position = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 2))
    text = text[:position] + data.draw(st.text("0123459:/-.Zapm", max_size=2)) + text[position + cut :]
    expected = plain(text, form)
    if "%f" in form and expected is None and re.search(r"\d{7}", text):
        return  # we cut what strptime refuses
    assert read([text], [form]) == [expected]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2/30/2024 7:30", "%m/%d/%Y %H:%M"),
        ("2/29/2023 7:30", "%m/%d/%Y %H:%M"),
        ("13/1/2024 7:30", "%m/%d/%Y %H:%M"),
        ("1/1/2024 24:00", "%m/%d/%Y %H:%M"),
        ("1/1/2024 7:60", "%m/%d/%Y %H:%M"),
        ("1/1/2024 7:30 ", "%m/%d/%Y %H:%M %p"),
        ("1/1/2024 7:30x", "%m/%d/%Y %H:%M"),
        ("1/1/2024 7:30 UTC", "%m/%d/%Y %H:%M"),
        ("1/1/2024", "%m/%d/%Y %H:%M"),
        ("1/1/24 7:30", "%m/%d/%Y %H:%M"),
        ("1/1/0000 7:30", "%m/%d/%Y %H:%M"),
        ("01/01/2024 13:00 PM", "%m/%d/%Y %I:%M %p"),
        ("01/01/2024 0:30 AM", "%m/%d/%Y %I:%M %p"),
        ("2023 366", "%Y %j"),
        ("2024 0", "%Y %j"),
        ("1112024", "%m%d%Y"),
        ("01 Mars 2024", "%d %b %Y"),
        ("01 Mai 2024", "%d %B %Y"),
        ("2024-01-01 00:00:60", "%Y-%m-%d %H:%M:%S"),
        ("2024-01-01 00:00:00+24:00", "%Y-%m-%d %H:%M:%S%z"),
        ("2024-01-01 00:00:00", "%Y-%m-%d %H:%M:%S%z"),
        ("", "%Y"),
        ("\0" * 4, "%Y"),
        ("２０２４", "%Y"),
        ("0001-01-01T00:00:00+08:00", "iso"),
        ("9999-12-31T23:59:59-01:00", "iso"),
    ],
)
def test_strictness(text, form):
    """Impossible dates, rests, wrong widths, other digits and instants outside the years are not valid."""
    if form not in ("iso", "%m/%d/%Y %H:%M %p"):
        assert read([text, "x", text], [form]) == [None] * 3
    elif form == "iso":
        assert read([text], [form]) == [None]
    else:
        with pytest.raises(InvalidInput):
            read([text], [form])


@given(
    moments,
    st.sampled_from(["T", " "]),
    st.sampled_from(["", "Z", "+08:00", "-0530", "+01", "-04:56:02"]),
    st.data(),
)
@some
def test_iso_is_read_as_fromisoformat_reads_it(at, separator, offset, data):
    """Dates and times with and without seconds, fraction and offset."""
    unit = data.draw(st.sampled_from(["minutes", "seconds", "milliseconds", "microseconds"]))
    text = at.isoformat(separator, unit) + offset
    known = datetime.fromisoformat(text)
    known = known.astimezone(UTC).replace(tzinfo=None) if known.tzinfo else known
    assert read([text], ["iso"], None if offset else UTC_ZONE) == [
        (known - EPOCH) // timedelta(microseconds=1)
    ]
    assert read([at.date().isoformat()], ["iso"]) == [
        (at.replace(hour=0, minute=0, second=0, microsecond=0) - EPOCH) // timedelta(microseconds=1)
    ]


@given(st.text("0123456789-:T Z+.", max_size=26))
@example("2024-03-05T07")
@example("2024-03-05T")
@example("2024-03-05T07:30+")
@example("2024-03-05T07:30+05:")
@example("2024-03-05T07:30+05:3012")
@example("2024-03-05T07:30+0530:12")
@example("2024-03-05Z")
@example("2024-W12-1")
@example("20240305")
@example("2024-03-05T07:30:15.")
@some
def test_iso_reads_one_notation_only(text):
    """What does not have the documented shape is not valid."""
    shape = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d|:\d\d:\d\d)?)?)?"
    if re.fullmatch(shape, text.strip()) is None:
        assert read([text], ["iso"]) == [None]


def test_fractions_beyond_microseconds_are_cut():
    """Nanoseconds lose their last digits, not the row."""
    assert read(["1970-01-01T00:00:00.1234567899", "1970-01-01 00:00:00.5"], ["iso"]) == [123_456, 500_000]


@given(st.lists(st.integers(-62_135_424_000, 253_402_127_999), min_size=1, max_size=10), st.integers(0, 999))
@some
def test_epochs_are_counted(seconds, milli):
    """Whole seconds and milliseconds, signed, with a fraction or without."""
    texts = [str(at) for at in seconds]
    assert read(texts, ["epoch-s"], None) == [at * 1_000_000 for at in seconds]
    assert read([text + "000" for text in texts if text != "0"], ["epoch-ms"], None) == [
        at * 1_000_000 for at in seconds if at
    ]
    text = f"{abs(seconds[0])}.{milli:03}"
    if abs(seconds[0]) < 60_000_000_000:
        assert read([text, "-" + text], ["epoch-s"], None) == [
            sign * (abs(seconds[0]) * 1_000_000 + milli * 1000) for sign in (1, -1)
        ]


@pytest.mark.parametrize(
    "text", ["", "-", "1e9", "1.", ".5", "1,5", "+5", "0x10", "253402300800", "-62135596801", "9" * 30]
)
def test_other_epochs_are_not_valid(text):
    """One notation, within the years 1 to 9999."""
    assert read([text], ["epoch-s"], None) == [None]


def test_formats_are_tried_in_order_on_what_is_left():
    """The first format that fits decides; nulls and white space do no harm."""
    texts = ["  2024-03-05 07:30\t", "03/04/2024", None, "04.03.2024", "1709596800", "", "nonsense"]
    formats = ["iso", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "epoch-s"]
    march4 = read(["2024-03-04"], ["iso"])[0]
    expected = [march4 + 113_400_000_000, march4, None, march4, march4 + 86_400_000_000, None, None]
    assert read(texts, formats) == expected
    assert read(texts, ["iso", "%d/%m/%Y"])[1] == read(["2024-04-03"], ["iso"])[0]


def test_wall_clock_times_go_through_the_zone_and_are_flagged():
    """Skipped and repeated ones are adjusted by the rule; those with an offset of their own never."""
    texts = [
        "2024-03-10T02:30",
        "2024-11-03T01:30",
        "2024-11-03T01:30-05:00",
        "2024-07-01",
        "2024-03-10T02:61",
    ]
    found = read_stamps(pa.array(texts), ["iso"], NYC)
    assert found.adjusted.tolist() == [True, True, False, False, False]
    assert [NYC.iso(int(at)) for at in found.utc_us[:3]] == [
        "2024-03-10T03:30-04:00",
        "2024-11-03T01:30-04:00",
        "2024-11-03T01:30-05:00",
    ]
    assert found.utc_us[4] == 0


def test_a_text_without_offset_needs_a_zone():
    """Nothing is guessed: the row is named."""
    with pytest.raises(InvalidInput) as caught:
        read_stamps(pa.array(["2024-03-05T07:30Z", "2024-03-05T07:30"]), ["iso"], None)
    assert caught.value.kind == "zone-needed"
    assert "row 1 '2024-03-05T07:30'" in str(caught.value)


def test_any_arrow_layout_of_strings_reads_alike():
    """Slices, chunks, dictionaries, large strings, views, nulls, more rows than a chunk, and none."""
    texts = ["1/2/2024 3:04", None, "x", "12/31/1999 23:59"] * 20_000
    array = pa.array(texts)
    formats = ["%m/%d/%Y %H:%M"]
    whole = read_stamps(array, formats, NYC)
    assert whole.valid.tolist() == [True, False, False, True] * 20_000
    layouts = [
        pa.chunked_array([array[:33_333], array[33_333:]]),
        array.dictionary_encode(),
        array.cast(pa.large_string()),
        array.cast(pa.string_view()),
        pa.concat_arrays([pa.array(["1/1/2001 1:01"]), array])[1:],
    ]
    for layout in layouts:
        found = read_stamps(layout, formats, NYC)
        assert np.array_equal(found.utc_us, whole.utc_us)
        assert np.array_equal(found.valid, whole.valid)
    for empty in (
        pa.array([], pa.string()),
        pa.chunked_array([], pa.string()),
        pa.array([None], pa.string()),
    ):
        assert not read_stamps(empty, formats, NYC).valid.any()
