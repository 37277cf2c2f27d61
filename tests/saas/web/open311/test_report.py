"""Reports are what their forms say, or are refused in one line."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.saas.web.open311.report import PublicReport, read_report
from tests.saas.web.open311.conftest import form


def read(**given):
    return read_report(urlencode(form(**given)).encode())


def test_contacts_and_texts_are_kept_apart_from_place_and_service():
    report = read(
        first_name="Ann", last_name="Lee", email="a@example.org", phone="021", address_string="1 Queen St"
    )
    assert report == PublicReport(
        "matter-01001", (174.76, -36.85),
        {
            "reporter": "Ann Lee", "email": "a@example.org", "phone": "021", "address": "1 Queen St",
            "description": "a broken thing",
        },
    )  # fmt: skip
    assert report.person == "a@example.org"


def test_attributes_are_read_by_their_codes():
    report = read(**{"attribute[urgent]": "true", "attribute[component][]": "17"})
    assert report.attributes == {"urgent": "true", "component": "17"}


def test_an_address_is_a_place():
    assert read(lat=None, long=None, address_string="1 Queen St").at is None


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"website": "http://spam.example"}, "report-refused"), ({"description": "."}, "bad-value"),
        ({"description": None}, "missing-field"), ({"service_code": None}, "missing-field"),
        ({"lat": None, "long": None}, "missing-field"), ({"lat": None}, "not-a-place"),
        ({"lat": "91"}, "not-a-place"),
        ({"long": "nan"}, "not-a-place"), ({"lat": "1_0"}, "not-a-place"), ({"lat": "٣"}, "not-a-place"),
        ({"description": "see <a href=x>here</a>"}, "bad-value"), ({"description": "x" * 4001}, "bad-value"),
        ({"phone": "1\n2"}, "bad-value"), ({"phone": "1\0"}, "bad-value"), ({"email": "e" * 301}, "bad-value"),
        ({"colour": "red"}, "unknown-parameter"), ({"attribute[a b]": "1"}, "unknown-parameter"),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused(given, kind):
    with pytest.raises(InvalidInput) as raised:
        read(**given)
    assert raised.value.kind == kind


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"description=%ff", "unreadable-form"), (b"\xff", "unreadable-form"),
        (b"&".join([b"a=1"] * 200), "unreadable-form"),
        (b"description=abc&description=abd", "repeated-parameter"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_form_is_refused(body, kind):
    with pytest.raises(InvalidInput) as raised:
        read_report(body)
    assert raised.value.kind == kind


@given(
    st.dictionaries(
        st.sampled_from([*form(), "email", "attribute[urgent]", "website"]), st.text() | st.none()
    )
)
def test_any_form_is_read_or_refused(given):
    try:
        report = read(**given)
    except InvalidInput:
        return
    assert all(text == text.strip() for text in report.texts.values())
