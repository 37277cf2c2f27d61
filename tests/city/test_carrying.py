"""Totals that are carried between versions of a layer: by area, by weights, from whatever table."""

import contextlib

import pandas as pd
import pyarrow as pa
import pytest

import stcloud
from stcloud.errors import InvalidInput, NotFound
from tests.city.test_episodes import Clock
from tests.city.test_indicators import areas, events

OLD, NEW = ("communities", 2015), "communities@2019-01-01"


@contextlib.contextmanager
def town_in(folder):
    """In 2015 a and b side by side; since 2019 half of a, the other half with half of b, and one far away."""
    stcloud.create(folder / "town", crs="EPSG:4548", zone="Asia/Shanghai").close()
    with stcloud.open(folder / "town", clock=Clock()) as opened:
        opened.load(
            "communities",
            areas({"a": (0, 0, 1000, 1000), "b": (1000, 0, 2000, 1000)}),
            key="code",
            valid_from="2015-01-01",
        )
        opened.load(
            "communities", areas({"a": (0, 0, 500, 1000), "c": (500, 0, 1500, 1000), "d": (9000, 0, 9100, 100)}),
            valid_from="2019-01-01",
        )  # fmt: skip
        opened.load(
            "buildings",
            areas({"h1": (100, 0, 110, 10), "h2": (600, 0, 610, 10), "h3": (1400, 0, 1600, 10)}, people=[30, 10, 8]),
            key="code", valid_from="2010-01-01",
        )  # fmt: skip
        yield opened


@pytest.fixture
def city(tmp_path):
    with town_in(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """The same, for tests that only read it."""
    with town_in(tmp_path_factory.mktemp("carried")) as opened:
        yield opened


def values(carried, name="people"):
    return {row["key"]: row[name] for row in carried}


def test_totals_are_carried_by_area(town):
    carried = town.carry({"code": ["a", "b"], "people": [100, 51]}, OLD, NEW)
    assert values(carried) == {"a": 50, "c": 75.5, "d": None}
    assert values(carried, "people_most") == {"a": 100, "c": 151, "d": None}
    assert values(carried, "people_carried") == {"a": 1, "c": 1, "d": None}
    assert carried.outside.to_pylist() == [{"key": "b", "share_outside": 0.5, "people": 25.5}]
    assert carried.mass()["people"] == {"total": 151, "carried": 125.5, "outside": 25.5, "withheld": 0}
    assert carried.facts["outside of all targets"] == "b 50.0%"
    assert carried.facts["targets outside of all sources"] == "d"
    assert carried.to_geopandas().geometry.area.tolist() == [500_000, 1_000_000, 10_000]
    assert "3 areas" in repr(carried)


def test_totals_are_carried_by_weights(town):
    table = {"code": ["a", "b"], "people": [100, 51]}
    by_people = town.carry(table, OLD, NEW, "buildings.people")
    assert values(by_people) == {"a": 75, "c": 50.5, "d": None}
    assert values(town.carry(table, OLD, NEW, "buildings:people")) == values(by_people)
    assert values(town.carry(table, OLD, NEW, "buildings")) == {"a": 50, "c": 75.5, "d": None}
    whole = town.carry(table, OLD, NEW, "buildings.people", whole=True)
    assert values(whole) == {"a": 75, "c": 51, "d": None}
    assert whole.outside["people"].to_pylist() == [25]


def test_events_may_be_weights_and_where_none_are_area_counts(city):
    city.load(
        "meters", events([("2018-01-01", 10, 10), ("2018-01-01", 700, 10)]), key="id", time="opened", x="x", y="y",
        crs="EPSG:4548",
    )  # fmt: skip
    carried = city.carry({"code": ["a", "b"], "people": [100, 50]}, OLD, NEW, "meters")
    assert values(carried) == {"a": 50, "c": 75, "d": None}
    assert carried.facts["without weights, by area"] == "b"


def test_targets_with_a_part_of_an_unknown_total_have_no_value(town):
    carried = town.carry(
        [{"code": "a", "people": 100, "homes": 3}, {"code": "b", "people": None, "homes": 1}], OLD, NEW
    )
    row = next(row for row in carried if row["key"] == "c")
    assert (row["people"], row["homes"], row["missing"]) == (None, 2, "no-total of people: b")
    assert carried.facts["without a total"] == "people: b"
    assert carried.facts["withheld"] == "people 50"
    assert values(town.carry({"code": ["b"], "people": [4]}, OLD, NEW)) == {"a": None, "c": None, "d": None}


def test_a_pinned_value_never_changes(city):
    table = {"code": ["a", "b"], "people": [100, 51]}
    first = city.carry(table, OLD, NEW, "buildings.people")
    city.load("buildings", areas({"h1": (100, 0, 110, 10)}, people=[1]), valid_from="2010-01-01")
    assert values(city.carry(table, OLD, NEW, "buildings.people")) != values(first)
    again = city.carry(table, OLD, NEW, "buildings.people", known_at=first.pin.text)
    assert again.table == first.table


def test_any_table_of_totals_is_read(town, tmp_path):
    path = tmp_path / "totals.csv"
    path.write_text("code,people,name\na, 100 ,x\nb,51,\n", encoding="utf-8")
    expected = {"a": 50, "c": 75.5, "d": None}
    columns = {"code": ["a", "b"], "people": [100, 51]}
    assert values(town.carry(path, OLD, NEW, values="people")) == expected
    for table in (pd.DataFrame(columns), pa.table(columns), columns, pa.table(columns).to_pylist()):
        assert values(town.carry(table, OLD, NEW, key="code")) == expected


@pytest.mark.parametrize(
    ("table", "options", "error", "kind"),
    [
        ({"code": ["a"], "people": ["many"]}, {}, InvalidInput, "wrong-type"),
        ({"code": ["a"], "people": ["nan"]}, {}, InvalidInput, "wrong-type"),
        ({"code": ["a"], "people": [True]}, {}, InvalidInput, "wrong-type"),
        ({"code": ["a", "a"], "people": [1, 2]}, {}, InvalidInput, "repeated-key"),
        ({"code": ["a", None], "people": [1, 2]}, {}, InvalidInput, "missing-key"),
        ({"code": ["a", "z"], "people": [1, 2]}, {}, NotFound, "unknown-feature"),
        ({"cod": ["a"], "people": [1]}, {}, NotFound, "unknown-column"),
        ({"code": ["a"]}, {}, InvalidInput, "no-totals"),
        ({"code": ["a"], "people": [1.5]}, {"whole": True}, InvalidInput, "not-whole"),
        ({"code": ["a"], "people": [1]}, {"weights": "buildings.height"}, NotFound, "unknown-column"),
        ({"code": ["a"], "people": [1]}, {"weights": "buildings.code"}, InvalidInput, "wrong-type"),
        ("nowhere.csv", {}, NotFound, "unknown-source"),
        (5, {}, InvalidInput, "no-table"),
        ([5], {}, InvalidInput, "no-table"),
        ({"code": ["a", "b"], "people": [1]}, {}, InvalidInput, "no-table"),
        ({"code": ["a", "b"], "people": [1, "x"]}, {}, InvalidInput, "no-table"),
    ],
)
def test_what_cannot_be_carried_is_refused_in_one_line(town, table, options, error, kind):
    with pytest.raises(error) as refused:
        town.carry(table, OLD, NEW, **options)
    assert refused.value.kind == kind
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("version", "kind"),
    [("communities", "no-version"), ("communities@", "no-version"), (("communities",), "no-version"),
     (("communities", 2010), "no-areas"), ("communities@soon", "unreadable-time")],
)  # fmt: skip
def test_a_version_that_is_none_is_refused(town, version, kind):
    with pytest.raises(InvalidInput) as refused:
        town.carry({"code": ["a"], "people": [1]}, version, NEW)
    assert refused.value.kind == kind


def test_a_layer_without_areas_and_one_of_several_keys_are_refused(city):
    city.load(
        "entered",
        [{"indicator": "x", "area": "a", "from": "2015-01-01", "to": None, "value": 1}],
        definition="indicator-values",
        mode="changes",
    )
    with pytest.raises(InvalidInput) as refused:
        city.carry({"code": ["a"], "people": [1]}, ("entered", 2016), NEW)
    assert refused.value.kind == "no-areas"
    with pytest.raises(InvalidInput) as refused:
        city.carry({"code": ["a"], "people": [1]}, OLD, NEW, "entered")
    assert refused.value.kind == "no-weights"
    city.load(
        "plots", areas({"a": (0, 0, 10, 10)}, part=["1"]), key=["code", "part"], valid_from="2015-01-01"
    )
    with pytest.raises(InvalidInput) as refused:
        city.carry({"code": ["a"], "people": [1]}, ("plots", 2016), NEW)
    assert refused.value.kind == "which-key"
