"""A pinned answer never changes: it is kept under a strong tag; what may change has none."""

import json

import pytest

import stcloud
from tests.saas.web.town import calls, load_calls, serving

HOURS = ("2024-03-01",)


def pinned(served, **parameters):
    """Return the address of the first page at its pin, below the city."""
    response = served.get("/collections/calls/items", params=parameters)
    return response.headers["content-location"].removeprefix("http://testserver")


def immutable(response):
    return "immutable" in response.headers["cache-control"]


def test_an_answer_without_a_pin_may_change_and_says_where_it_does_not(place):
    response = place.client.get("/collections/calls/items?limit=3")
    assert not immutable(response)
    assert "etag" not in response.headers
    again = place.client.get(response.headers["content-location"])
    assert immutable(again)
    assert again.json()["features"] == response.json()["features"]


@pytest.mark.parametrize("path", ["/collections/calls/items/a%2Fb", "/collections/plots/items/p3"])
def test_a_feature_says_where_it_does_not_change(path, place):
    response = place.client.get(path)
    again = place.client.get(response.headers["content-location"])
    assert immutable(again)
    assert again.json()["properties"] == response.json()["properties"]


def test_a_pinned_answer_has_the_same_bytes_and_a_strong_tag(place):
    address = pinned(place.client, limit=3)
    first, second = (place.client.get(address) for _ in range(2))
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"]
    assert first.headers["etag"].startswith('"')
    assert first.headers["vary"].startswith("Accept, Authorization")


def test_who_has_an_answer_gets_it_not_again(place):
    address = pinned(place.client, limit=3)
    tag = place.client.get(address).headers["etag"]
    for given in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        response = place.client.get(address, headers={"If-None-Match": given})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == tag
        assert immutable(response)
    assert place.client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_of_what_is_not_there_nobody_has_an_answer(place):
    pin = place.items()["pin"]
    response = place.client.get(
        "/collections/calls/items/nope", params={"known": pin}, headers={"If-None-Match": "*"}
    )
    assert response.status_code == 404
    assert not immutable(response)


def test_other_answers_have_other_tags(place):
    address = pinned(place.client, limit=3)
    tags = [place.client.get(address, headers=headers).headers["etag"] for headers in (
        {}, {"Accept": "text/html"}, {"Accept": "text/csv"}, {"Accept-Encoding": "identity"},
    )]  # fmt: skip
    tags += [
        place.client.get(pinned(place.client, **others)).headers["etag"]
        for others in ({"limit": 4}, {"n": 1})
    ]
    assert len(set(tags)) == len(tags)


def test_features_as_they_are_now_may_change_though_they_are_pinned(place):
    pin = place.items("plots")["pin"]
    assert not immutable(place.client.get("/collections/plots/items", params={"known": pin}))
    still = {"known": pin, "datetime": "2021-01-01T00:00:00Z"}
    assert immutable(place.client.get("/collections/plots/items", params=still))


@pytest.mark.parametrize("after_us", [1, 3_600_000_000, 10**15])
def test_a_pin_of_the_future_is_not_kept(after_us, place):
    pin = json.loads(place.items()["pin"].removeprefix("pin:"))
    pin["layers"]["calls"] += after_us
    response = place.client.get("/collections/calls/items", params={"known": f"pin:{json.dumps(pin)}"})
    assert response.status_code == 200
    assert not immutable(response)
    assert "etag" not in response.headers
    assert response.json()["numberMatched"] == len(place.calls)


def test_an_instant_is_not_kept(place):
    for known in ("2100-01-01", place.get("/collections/calls/loads")["loads"][0]["recorded"]):
        assert not immutable(place.client.get("/collections/calls/items", params={"known": known}))


def test_a_pin_of_another_layer_is_refused_and_not_kept(place):
    pin = json.dumps({"layers": {"plots": 1}, "rules": {}})
    response = place.client.get("/collections/calls/items", params={"known": f"pin:{pin}"})
    assert response.status_code == 400
    assert not immutable(response)


def test_after_a_purge_what_was_kept_is_gone(tmp_path):
    city = stcloud.create(tmp_path / "town", crs="EPSG:4549", zone="Asia/Shanghai")
    load_calls(city, calls(121.4, 31.2, "Asia/Shanghai", HOURS))
    with serving(city) as client:
        address = pinned(client, limit=3)
        tag = client.get(address).headers["etag"]
        city.purge("calls", what="category = 'pothole'")
        for headers in ({}, {"If-None-Match": tag}, {"If-None-Match": "*"}):
            response = client.get(address, headers=headers)
            assert (response.status_code, response.json()["title"]) == (410, "purged")
            assert not immutable(response)
        assert client.get("/collections/calls/items?category=pothole").json()["numberMatched"] == 0
