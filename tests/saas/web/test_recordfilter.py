"""What a request selects of a catalogue equals what plain Python selects of it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.saas.web.recordfilter import RecordFilter
from stcloud.time import Zone

ZONE = Zone("Asia/Shanghai")


def record(name="requests", title="", words=(), owner="Roads", box=None, **more):
    return {
        "id": name,
        "properties": {
            "type": "dataset", "title": title, "keywords": list(words), "contacts": [{"organization": owner}],
            "externalIds": [{"scheme": "stcloud", "value": f"town/{name}"}],
            "extent": {"spatial": {"bbox": [box]}} if box else {}, **more,
        },
    }  # fmt: skip


def selects(made, span_us=None, **given):
    return RecordFilter.of(given, ZONE).selects(made, span_us)


@pytest.mark.parametrize(
    ("q", "selected"),
    [
        ("pot", True), ("POTHOLES", True), ("big holes", True), ("big   holes", True), ("holes big", False),
        ("lamps,holes", True), ("lamps", False), ("roads", True), ("requests", True), ("路", True), ("ß", True),
        ("big potholes", False), (",", False),
    ],
)  # fmt: skip
def test_words_are_in_one_text_in_their_order_whatever_their_case(q, selected):
    made = record(title="Potholes 道路", words=["Big \t holes"], lineage="STRASSE")
    assert selects(made, q=q) is selected


@given(
    st.lists(st.sampled_from(["a", "b", "AB", "a  b"]), min_size=1, max_size=3),
    st.lists(st.text("abAB ", min_size=1, max_size=6), max_size=3),
)
def test_words_equal_plain_search(terms, texts):
    made = record(name="x", owner="", words=texts)
    plain = [" ".join(text.lower().split()) for text in texts]
    inner = any(
        re.sub(r"\s+", " ", term.lower().strip()) in re.sub(r"\s+", " ", text.lower())
        for term in terms
        for text in [*texts, *plain]
    )
    assert selects(made, q=",".join(terms)) is inner


def test_identifiers_and_types_are_lists():
    made = record()
    assert selects(made, ids="calls,requests")
    assert not selects(made, ids="request")
    assert selects(made, type="service,dataset")
    assert not selects(made, type="Dataset")
    for external in ("town/requests", "stcloud:town/requests", "stcloud:", "x,stcloud:"):
        assert selects(made, externalIds=external)
    for external in ("requests", "other:town/requests", "stcloud", "town"):
        assert not selects(made, externalIds=external)


@pytest.mark.parametrize(
    ("box", "asked", "selected"),
    [
        ((117, 31, 118, 32), "118,32,119,33", True),
        ((117, 31, 118, 32), "118.1,31,119,33", False),
        ((177, -40, -177, -30), "-178,-35,-176,-34", True),
        ((177, -40, -177, -30), "178,-35,179,-34", True),
        ((177, -40, -177, -30), "0,-35,170,-34", False),
        ((178, -40, 179, -30), "175,-35,-175,-34", True),
        (None, "0,0,1,1", True),
        ((117, 31, 118, 32), "118,32,0,119,33,9", True),
    ],
)
def test_a_box_may_cross_180_degrees_and_what_has_no_place_is_selected(box, asked, selected):
    assert selects(record(box=box), bbox=asked) is selected


@pytest.mark.parametrize(
    ("span_us", "asked", "selected"),
    [
        ((1_000_000, 5_000_000), "1970-01-01T00:00:05Z", True),
        ((1_000_000, 5_000_000), "1970-01-01T00:00:05.000001Z/..", False),
        ((1_000_000, None), "2050-01-01T00:00:00Z/..", True),
        ((1_000_000, 5_000_000), "../1970-01-01T00:00:01Z", True),
        ((1_000_000, 5_000_000), "../1970-01-01T00:00:00.999999Z", False),
        (None, "2050-01-01", True),
    ],
)
def test_an_interval_is_closed_and_what_has_no_time_is_selected(span_us, asked, selected):
    assert selects(record(), span_us, datetime=asked) is selected


def test_all_conditions_hold_and_what_cannot_be_read_is_refused():
    assert selects(record(), q="roads", ids="requests", type="dataset")
    assert not selects(record(), q="roads", ids="requests", type="service")
    for given_text in ({"bbox": "1,2,3"}, {"datetime": "yesterday"}):
        with pytest.raises(InvalidInput, match=r"cannot be read|is no box"):
            RecordFilter.of(given_text, ZONE)
