"""A pinned answer never changes: each layer is taken at the instant that the pin names for it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import stcloud
from stcloud.errors import InvalidInput
from stcloud.paas.query.answer.pin import Pin

ZONE = "America/New_York"
DAY_US = 86_400_000_000
FIRST_US = 1_717_243_200_000_000
EVENTS = "id,t,x,y\n1,2024-05-01 23:30,500050,4500050\n2,2024-05-02 00:30,500150,4500050\n"
MORE = "id,t,x,y\n3,2024-05-03 12:00,500060,4500060\n"
WEST = "POLYGON ((500000 4500000, 500100 4500000, 500100 4500100, 500000 4500100, 500000 4500000))"
BOTH = "POLYGON ((500000 4500000, 500200 4500000, 500200 4500100, 500000 4500100, 500000 4500000))"


class Clock:
    """Tells what it is set to."""

    def __init__(self) -> None:
        self.us = FIRST_US

    def __call__(self) -> int:
        return self.us


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def city(tmp_path, clock):
    stcloud.create(tmp_path / "city", crs="EPSG:32618", zone=ZONE)
    return stcloud.open(tmp_path / "city", clock=clock)


def load_events(city, folder, text):
    file = folder / f"{abs(hash(text))}.csv"
    file.write_text(text)
    city.load("cases", file, key="id", time="t", x="x", y="y", crs="EPSG:32618")


def load_areas(city, folder, shape):
    file = folder / f"{abs(hash(shape))}.csv"
    pd.DataFrame({"code": ["a"], "geometry": [shape]}).to_csv(file, index=False)
    options = (
        {} if "areas" in {layer.name for layer in city.layers()} else {"key": "code", "crs": "EPSG:32618"}
    )
    city.load("areas", file, valid_from="2024-01-01", **options)


QUERIES = {
    "where": lambda query: query.where("areas:a").count(),
    "near": lambda query: query.where("near:areas:a:10m").count(),
    "by": lambda query: query.count(by=["in:areas"]),
    "rows": lambda query: query.where("not areas:a").rows(),
    "join": lambda query: query.join("areas"),
    "compare": lambda query: query.measure(compare=replace(query, conditions=()).where("areas:a")),
    "compare another": lambda query: query.measure(
        compare=replace(query, conditions=(), known=None).where("areas:a")
    ),
    "rate": lambda query: query.measure("per_km2", by=["in:areas"]),
}


@pytest.mark.costly
@pytest.mark.parametrize("name", QUERIES)
def test_a_pinned_answer_never_changes(city, clock, tmp_path, name):
    """The other layer's clock goes back: its load comes after the answer, and is recorded before it."""
    load_areas(city, tmp_path, WEST)
    clock.us = FIRST_US + 2 * DAY_US
    load_events(city, tmp_path, EVENTS)
    before = QUERIES[name](city.query("cases"))
    pin = before.pin
    clock.us = FIRST_US + DAY_US
    load_areas(city, tmp_path, BOTH)
    clock.us = FIRST_US + 3 * DAY_US
    load_events(city, tmp_path, MORE)
    after = QUERIES[name](city.query("cases"))
    again = QUERIES[name](city.query("cases").known_at(pin.text))
    assert again.table.equals(before.table)
    assert again.pin == pin
    assert not after.table.equals(before.table)
    assert dict(pin.layers).keys() == {"cases", "areas"}


def test_pages_of_one_answer_are_pinned(city, clock, tmp_path):
    load_areas(city, tmp_path, WEST)
    clock.us += 2 * DAY_US
    load_events(city, tmp_path, EVENTS + "4,2024-05-04 00:00,500070,4500070\n")
    first = city.query("cases").where("areas:a").rows(1)
    clock.us -= DAY_US
    load_areas(city, tmp_path, BOTH)
    second = city.query("cases").where("areas:a").rows(5, after=first.next)
    assert [row["st_key"] for row in (*first.to_records(), *second.to_records())] == ["1", "4"]


def test_an_answer_says_what_it_was_pinned_at(city, tmp_path):
    load_events(city, tmp_path, EVENTS)
    plain = city.query("cases").count().pin
    assert dict(plain.rules).keys() == {"zone"}
    working = city.query("cases").when("2024-05", days="working", calendar="US").count().pin
    assert dict(working.rules)["calendar"].startswith("holidays ")


def test_rules_that_changed_since_are_said(city, tmp_path):
    load_events(city, tmp_path, EVENTS)
    pin = city.query("cases").count().pin
    other = Pin(pin.layers, (("zone", "00000000"),))
    facts = city.query("cases").known_at(other).count().facts
    assert facts["rules"] == "other than when it was pinned: zone"
    assert "rules" not in city.query("cases").known_at(pin).count().facts


def test_a_pin_of_another_query_is_refused(city, tmp_path):
    load_events(city, tmp_path, EVENTS)
    pin = city.query("cases").count().pin
    load_areas(city, tmp_path, WEST)
    with pytest.raises(InvalidInput, match="does not say at which instant layer 'areas'") as error:
        city.query("cases").where("areas:a").known_at(pin).count()
    assert error.value.kind == "layer-not-pinned"


@pytest.mark.parametrize(
    "text", ["pin:", "pin:{}", "pin:[1]", 'pin:{"layers": 3}', 'pin:{"layers": {"a": "x"}}']
)
def test_what_is_no_pin_is_refused(city, tmp_path, text):
    load_events(city, tmp_path, EVENTS)
    with pytest.raises(InvalidInput) as error:
        city.query("cases").known_at(text)
    assert error.value.kind == "unreadable-pin"


def test_features_as_they_were_known_do_not_tell_what_came_later(city, clock, tmp_path):
    """The end of a belief is recorded by a later load: at the earlier instant nobody knew it."""
    load_areas(city, tmp_path, WEST)
    known = clock.us
    asked = {
        "as of": lambda: city.layer("areas").as_of("2024-02-01", known_at=known),
        "in a place": lambda: city.layer("areas").as_of(
            "2024-02-01", known_at=known, where="bbox:-80,30,-70,50"
        ),
        "between": lambda: city.layer("areas").between("2024-02-01", "2024-03-01", known_at=known),
        "history": lambda: city.layer("areas").history("a", known_at=known),
        "query": lambda: city.query("areas").as_of("2024-02-01").known_at(known).rows(),
        "query a place": lambda: (
            city.query("areas").as_of("2024-02-01").where("near:-75,40.65:90km").known_at(known).rows()
        ),
    }
    before = {name: ask().table for name, ask in asked.items()}
    clock.us += DAY_US
    load_areas(city, tmp_path, BOTH)
    for name, ask in asked.items():
        assert ask().table.equals(before[name]), name
        assert before[name].num_rows == 1, name
    assert city.layer("areas").history("a").table["st_recorded_to"].null_count == 1
