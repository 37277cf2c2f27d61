"""What a row of open data says of a request, by the columns of its definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidDefinition, InvalidInput
from stcloud.iaas.bundle import request_columns
from stcloud.paas.case.requested import RequestColumns, import_of, read_import

ROW = {"st_key": "7", "st_time": 5, "seen": 99, "lon": 117.1, "lat": 31.9, "cell": "34010200100101"}
BY_STATUS = RequestColumns(
    definition="x", status="status", closed="closed", cancelled="cancelled", changed="changed",
    closed_when=("Done",), cancelled_when=("Gone",),
)  # fmt: skip
BY_DATE = RequestColumns(definition="x", closed="closed", status="status")


@pytest.mark.parametrize(
    ("row", "end"),
    [
        ({"status": "Open"}, (None, None)),
        ({"status": "Done", "closed": 7}, ("closed", 7)),
        ({"status": "Done"}, ("closed", None)),
        ({"status": "Done", "changed": 8}, ("closed", 8)),
        ({"status": "Open", "closed": 7}, (None, None)),  # the status decides
        ({"closed": 7}, ("closed", 7)),  # unless there is none
        ({"status": "Gone"}, ("cancelled", None)),
        ({"status": "Open", "cancelled": 6}, ("cancelled", 6)),
        ({"status": "Done", "cancelled": 6, "closed": 7}, ("closed", 7)),
    ],
)
def test_how_a_request_ended(row, end):
    request = BY_STATUS.request(ROW | row)
    assert (request.ended, request.ended_us) == end


def test_without_statuses_a_request_has_ended_when_it_has_the_date():
    assert BY_DATE.request(ROW | {"status": "Open", "closed": 7}).ended == "closed"
    assert BY_DATE.request(ROW | {"status": "Closed"}).ended is None


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("a\nb \t c", "a b c"),
        ("", None),
        ("  ", None),
        ("x" * 300, "x" * 200),
        (3, 3),
        (True, True),
        (None, None),
    ],
)
def test_facts_are_one_line_or_nothing(value, kept):
    facts = BY_DATE.request(ROW | {"status": value}).facts
    assert facts.get("status") == kept
    assert ("status" in facts) == (kept is not None)


@given(st.text(), st.floats(-180, 180), st.floats(-90, 90))
def test_facts_never_hold_a_line_break(text, lon, lat):
    facts = BY_DATE.request(ROW | {"status": text, "lon": lon, "lat": lat}).facts
    assert facts["lon"] == lon
    assert len(str(facts.get("status", "")).splitlines()) <= 1
    assert len(facts.get("status", "")) <= 200


def test_bundled_columns_are_those_of_their_definitions():
    for name in request_columns():
        columns = read_import(name)
        assert columns.definition == name
        assert columns.columns


def test_facts_without_a_column_are_left_out():
    columns = read_import("nyc-311").among({"Agency", "Status", "Closed Date"})
    assert columns.columns == ("Agency", "Status", "Closed Date")
    assert columns.among(set()).columns == ("Status", "Closed Date")  # how a request ended is always needed


def test_what_is_not_known_is_refused():
    with pytest.raises(InvalidInput, match="stl-csb") as refused:
        read_import("stl")
    assert refused.value.kind == "unknown-import"
    with pytest.raises(InvalidInput):
        import_of("somebody else")
    with pytest.raises(InvalidDefinition) as misspelt:
        RequestColumns.from_toml('definition = "x"\nclosd = "a"\n', name="x.toml")
    assert "closed" in str(misspelt.value)
