"""Parameters of a search: the spans of the standard, on the city's clock, and what is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import StcloudError
from stcloud.saas.web.open311.requestsearch import RequestSearch
from stcloud.time import Zone, instant_us

AUCKLAND = Zone("Pacific/Auckland")
NOW_US = instant_us("2026-09-07T09:00+12:00", AUCKLAND)
DAY_US = 86_400_000_000


def search(**given):
    return RequestSearch.of(given, AUCKLAND, NOW_US)


def test_without_dates_the_last_90_days_are_searched():
    assert search().reported_us == (NOW_US - 90 * DAY_US, None)
    assert search(start_date=" ").reported_us == (NOW_US - 90 * DAY_US, None)


def test_an_end_alone_has_the_90_days_before_it():
    end_us = instant_us("2025-01-31T00:00:00Z", AUCKLAND)
    assert search(end_date="2025-01-31T00:00:00Z").reported_us == (end_us - 90 * DAY_US, end_us + 999_999)


def test_changes_are_searched_for_at_any_age():
    assert search(updated_after="2025-01-31T00:00:00Z").reported_us == (None, None)


@pytest.mark.parametrize(
    "text", ["2026-01-31T13:00:00+13:00", "2026-01-31T13:00:00 13:00", "2026-01-31T00:00:00Z"]
)
def test_instants_have_offsets_and_a_plus_may_come_as_a_space(text):
    assert search(start_date=text).reported_us[0] == instant_us("2026-01-31T00:00:00Z", AUCKLAND)


def test_an_instant_without_a_zone_is_on_the_citys_clock():
    assert search(start_date="2026-01-31T13:00:00").reported_us[0] == instant_us(
        "2026-01-31T00:00:00Z", AUCKLAND
    )


def test_lists_are_separated_by_commas():
    wanted = search(service_code="b, a,,b", status="open", service_request_id="2,1")
    assert (wanted.codes, wanted.statuses, wanted.numbers) == ({"a", "b"}, {"open"}, ("2", "1"))


def test_a_page_has_no_more_than_the_standard_allows():
    assert (search(page_size="5000").size, search(page_size="7").size) == (1000, 7)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"page": "2"}, "unknown-parameter"), ({"start_date": "yesterday"}, "unreadable-time"),
        ({"status": "closed;drop"}, "unknown-status"), ({"page_size": "0"}, "unreadable-limit"),
        ({"page_size": "٣"}, "unreadable-limit"),
        ({"service_request_id": ",".join(map(str, range(1001)))}, "too-many-values"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(given, kind):
    with pytest.raises(StcloudError) as raised:
        search(**given)
    assert raised.value.kind == kind


@given(
    st.dictionaries(
        st.sampled_from(["start_date", "end_date", "updated_after", "status", "page_size"]), st.text()
    )
)
def test_any_text_is_read_or_refused(given):
    with contextlib.suppress(StcloudError):
        assert 1 <= search(**given).size <= 1000
