"""A call gives addresses that are encoded, and parameters once each."""

import json

import pytest

from stcloud.errors import InvalidInput
from stcloud.saas.web.call import CityRequest, encoded, link, link_header
from stcloud.saas.web.media import CSV, GEOJSON, HTML, JSON
from stcloud.saas.web.service import Service


def call(*query, headers=None, path="/collections/calls/items"):
    return CityRequest(
        service=Service({}), city=None, base="http://example.org/town", path=path, segments={}, query=query,
        headers=headers or {}, body=b"", now_us=0,
    )  # fmt: skip


def test_a_parameter_is_there_once():
    assert call(("n", "1"), ("f", "csv")).parameters == {"n": "1", "f": "csv"}
    with pytest.raises(InvalidInput) as error:
        call(("n", "1"), ("n", "1")).parameters  # noqa: B018
    assert error.value.kind == "repeated-parameter"


def test_an_unknown_parameter_is_refused_with_the_nearest():
    assert call(("limit", "1"), ("f", "csv")).known_parameters(["limit"]) == {"limit": "1", "f": "csv"}
    with pytest.raises(InvalidInput, match="there is no parameter 'limi'") as error:
        call(("limi", "1")).known_parameters(["limit"])
    assert "limit" in error.value.hint


def test_addresses_are_encoded():
    url = call().url("collections", "calls", "items", "a/b ?&ä", from_known="x&y", datetime=None)
    assert url == "http://example.org/town/collections/calls/items/a%2Fb%20%3F%26%C3%A4?from-known=x%26y"
    assert call().url() == "http://example.org/town/"
    assert call().url(from_="1") == "http://example.org/town/?from=1"


def test_an_address_is_repeated_with_changes():
    request = call(("n", "1"), ("after", "x"), ("q", "a b"))
    assert request.again(after=None, known="pin:{}") == (
        "http://example.org/town/collections/calls/items?n=1&q=a%20b&known=pin%3A%7B%7D"
    )


def test_links_name_the_other_formats():
    links = call(("n", "1")).own_links(GEOJSON, (GEOJSON, HTML, CSV))
    assert [(made["rel"], made["type"]) for made in links] == [
        ("self", "application/geo+json"), ("alternate", "text/html"), ("alternate", "text/csv"),
    ]  # fmt: skip
    assert link_header(links[:1]) == (
        '<http://example.org/town/collections/calls/items?n=1>; rel="self"; type="application/geo+json"'
    )
    assert link("http://x", "next", JSON, "Next") == {
        "href": "http://x", "rel": "next", "type": "application/json", "title": "Next",
    }  # fmt: skip


def test_a_reply_says_how_it_may_be_kept():
    assert call().reply(b"", JSON).headers["cache-control"] == "no-cache"
    request = call(headers={"if-none-match": "*"})
    request.extra["ETag"] = '"x"'
    assert request.reply(b"x", JSON).status_code == 304


def test_numbers_that_json_lacks_are_null():
    assert json.loads(encoded({"a": float("nan"), "b": float("inf")})) == {"a": None, "b": None}
