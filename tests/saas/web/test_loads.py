"""The second clock: loads are listed, and what differs between two beliefs or instants is what the rows say."""

import pandas as pd
import pytest


def recorded(place, layer):
    return [load["recorded"] for load in place.get(f"/collections/{layer}/loads")["loads"]]


def test_loads_are_those_of_the_layer(place):
    document = place.get("/collections/calls/loads")
    assert [load["load"] for load in document["loads"]] == [
        load.load for load in place.city.layer("calls").loads
    ]
    assert [load["accepted"] for load in document["loads"]] == [len(place.earlier), 5]
    for load in document["loads"]:
        assert place.client.get(load["links"][0]["href"]).status_code == 200


def test_two_beliefs_differ_in_what_was_loaded_between(place):
    first, second = recorded(place, "calls")
    document = place.get("/collections/calls/diff", from_known=first, to_known=second)
    before = place.earlier.set_index("id")
    after = place.calls.set_index("id")
    expected = {key: ("added", []) for key in after.index.difference(before.index)}
    for key in before.index:
        old, new = before.loc[key, "category"], after.loc[key, "category"]
        if not (old == new or (pd.isna(old) and pd.isna(new))):
            expected[key] = ("changed", ["category"])
    given = {feature["id"]: (feature["change"], feature["differs"]) for feature in document["features"]}
    assert given == expected
    assert document["numberReturned"] == len(expected)
    assert list(given) == sorted(given)


def test_a_difference_backwards_has_what_is_removed(place):
    first, second = recorded(place, "calls")
    forth = place.get("/collections/calls/diff", from_known=first, to_known=second)["features"]
    back = place.get("/collections/calls/diff", from_known=second, to_known=first)["features"]
    swapped = {"added": "removed", "removed": "added", "changed": "changed"}
    assert [(feature["id"], swapped[feature["change"]]) for feature in forth] == [
        (feature["id"], feature["change"]) for feature in back
    ]


def test_without_another_belief_it_is_the_present_one(place):
    first, second = recorded(place, "calls")
    one = place.get("/collections/calls/diff", from_known=first)
    assert (
        one["features"] == place.get("/collections/calls/diff", from_known=first, to_known=second)["features"]
    )
    assert place.get("/collections/calls/diff", from_known=second)["features"] == []


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2020-06-01", "2023-01-01"),
        ("2021-01-01", "2025-01-01"),
        ("2025-01-01", "2021-01-01"),
        ("1990-01-01", "2021-01-01"),
    ],
)
def test_two_instants_differ_as_the_library_says(start, end, place):
    at = [f"{day}T00:00:00Z" for day in (start, end)]
    document = place.get("/collections/plots/diff", from_=at[0], to=at[1])
    given = {feature["id"]: (feature["change"], feature["differs"]) for feature in document["features"]}
    answer = place.city.features("plots").diff(*at).to_records()
    expected = {
        row["st_key"]: (row["change"], [name for name in row["differs"].split(", ") if name])
        for row in answer
    }
    assert given == expected
    if start == "2020-06-01":
        assert given == {"p 2": ("changed", ["use"]), "p3": ("added", [])}


def test_a_filter_narrows_what_is_compared(place):
    document = place.get(
        "/collections/plots/diff",
        from_="2020-06-01T00:00:00Z",
        to="2023-01-01T00:00:00Z",
        filter="use = 'park'",
    )
    assert [(feature["id"], feature["change"]) for feature in document["features"]] == [
        ("p 2", "removed"),
        ("p3", "added"),
    ]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"from": "2020-06-01T00:00:00Z"},
        {"from": "2020-06-01", "to": "2021-06-01"},
        {"from": "2020-06-01T00:00:00Z", "to": "x"},
        {"from-known": "x"},
        {"from-known": "2020-06-01", "datetime": "../.."},
        {"from-known": "2020-06-01", "from": "2020-06-01T00:00:00Z"},
        {"from-known": "2020-06-01", "filter": "nope = 1"},
        {"from-known": "2020-06-01", "filter": "use = 'x'", "filter-lang": "sql"},
        {"from-known": "2020-06-01", "limit": "1"},
    ],
)
def test_what_cannot_be_compared_is_refused(parameters, place):
    response = place.client.get("/collections/plots/diff", params=parameters)
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    if set(parameters) <= {"from"}:
        assert response.json()["title"] == "which-difference"


def test_the_pages_of_differences_and_loads_are_whole(place):
    first, _ = recorded(place, "calls")
    page = place.client.get("/collections/calls/diff", params={"from-known": first, "f": "html"})
    assert page.status_code == 200
    assert "changed" in page.text
    assert place.client.get("/collections/calls/loads?f=html").status_code == 200
