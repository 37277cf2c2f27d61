"""Pages of lists, formats of lines, and errors, as the protocol has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from stcloud.errors import InvalidInput, NotFound
from stcloud.saas.web.sharing.sharingdocument import error_document, page_of, response_format


@given(names=some.sets(some.text("abcdef", min_size=1, max_size=3)), size=some.integers(1, 4))
def test_pages_have_each_item_once(names, size):
    items = [{"name": name} for name in sorted(names)]
    pages, token = [], ""
    while True:
        page = page_of(items, {"maxResults": str(size), "pageToken": token})
        pages.append(page["items"])
        if "nextPageToken" not in page:
            break
        token = page["nextPageToken"]
    assert [item for page in pages for item in page] == items
    assert all(len(page) == size for page in pages[:-1])


def test_no_results_may_be_wanted():
    items = [{"name": "a"}, {"name": "b"}]
    assert page_of(items, {"maxResults": "0"}) == {"items": []}
    assert page_of(items, {"maxResults": "0", "pageToken": "a"}) == {"items": [], "nextPageToken": "a"}
    assert page_of(items, {}) == {"items": items}


@pytest.mark.parametrize("text", ["-1", "x", "1.5", "", "2147483648", "9" * 30, "²"])
def test_what_is_no_number_of_results_is_refused(text):
    with pytest.raises(InvalidInput) as refused:
        page_of([], {"maxResults": text})
    assert refused.value.kind == "bad-limit"


@pytest.mark.parametrize(
    ("header", "form"),
    [
        (None, "parquet"),
        ("responseformat=parquet", "parquet"),
        ("ResponseFormat=Delta", "delta"),
        ("readerfeatures=deletionvectors; responseformat=delta", "delta"),
        ("responseformat=delta,parquet;readerfeatures=deletionvectors", "parquet"),
        ("asyncquery=true", "parquet"),
        (";=;", "parquet"),
    ],
)
def test_lines_come_in_our_format_unless_no_other_is_taken(header, form):
    assert response_format(header) == form


def test_an_error_has_a_code_and_a_message():
    document, media = error_document(NotFound("not-shared", "there is no table 'x' here", hint="look again"))
    assert document == {"errorCode": "not-shared", "message": "there is no table 'x' here; look again"}
    assert media.type == "application/json"
    assert error_document(ValueError("secret"))[0]["errorCode"] == "internal-error"
    assert "secret" not in str(error_document(ValueError("secret")))
