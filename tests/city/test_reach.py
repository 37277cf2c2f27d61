"""Reach in a city: layers as they were at an instant and as they were known, before and after, what is refused."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import InvalidDefinition, InvalidInput, NotFound
from stcloud.testing.examples import examples

CRS, ZONE = "EPSG:2193", "Pacific/Auckland"
X, Y = 1_750_000.0, 5_430_000.0
CORNER = np.array([X, Y])
YEARS = (2020, 2021, 2022)


def frame(rows, **columns):
    shapes = [shapely.transform(shape, lambda at: at + CORNER) for shape in rows.values()]
    return geopandas.GeoDataFrame({"id": list(rows), **columns}, geometry=shapes, crs=CRS)


def line(*points):
    return shapely.LineString(points)


STREETS = {
    "a": line((0, 0), (1000, 0)), "b": line((1000, 0), (1000, 1000)), "c": line((0, 0), (0, 1000)),
    "d": line((0, 1000), (1000, 1000)),
}  # fmt: skip
SCHOOLS = {"s1": shapely.Point(100, 10), "s2": shapely.Point(1010, 900)}
HOMES = {
    "h1": shapely.Point(500, 0), "h2": shapely.box(990, 490, 1000, 510), "h3": shapely.Point(0, 900),
    "h4": shapely.Point(500, 500),
}  # fmt: skip


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A bridge closes in 2021, a second school opens in 2022; a correction of 2020 came last: h1 has more people."""
    with stcloud.create(tmp_path_factory.mktemp("reach") / "city", crs=CRS, zone=ZONE) as made:
        made.load(
            "streets", frame(STREETS, kind=["lane", "lane", None, "steps"]), key="id", valid_from="2020-01-01"
        )
        closed = {name: shape for name, shape in STREETS.items() if name != "b"}
        made.load("streets", frame(closed, kind=["lane", None, "steps"]), valid_from="2021-01-01")
        made.load(
            "schools", frame({"s1": SCHOOLS["s1"]}, level=["primary"]), key="id", valid_from="2020-01-01"
        )
        made.load("schools", frame(SCHOOLS, level=["primary", "middle"]), valid_from="2022-01-01")
        made.load("homes", frame(HOMES, people=[10, 20, 30, 40]), key="id", valid_from="2020-01-01")
        areas = {"west": shapely.box(-50, -50, 700, 1100), "east": shapely.box(700, -50, 1100, 1100)}
        made.load("areas", frame(areas, name=["W", "E"]), key="id", valid_from="2020-01-01")
        made.load("river", frame({"r": line((400, -50), (400, 50))}), key="id", valid_from="2022-01-01")
        made.load("homes", frame(HOMES, people=[11, 20, 30, 40]), valid_from="2020-01-01")
        calls = pd.DataFrame({"id": [1], "at": ["2020-03-01"], "x": [X], "y": [Y]})
        made.load("calls", calls, key="id", time="at", x="x", y="y", crs=CRS)
        yield made


def asked(city, **options):
    return city.reach("streets", "schools", **{"people": "homes:people", "at": "2020-06-01"} | options)


def minutes(reach):
    return dict(zip(*(reach.people().table[name].to_pylist() for name in ("key", "minutes")), strict=True))


def test_minutes_are_exact_within_edges(city):
    reach = asked(city, speed=1.0)
    assert minutes(reach) == {
        "h1": pytest.approx(410 / 60), "h2": pytest.approx(1415 / 60), "h3": pytest.approx(1010 / 60), "h4": None
    }  # fmt: skip
    people = reach.people().to_pandas().set_index("key")
    assert people.loc["h1", ["service", "services", "reached"]].tolist() == ["s1", 1, True]
    assert reach.people().table["why"].to_pylist() == [None, "too far", "too far", "unplaced"]
    assert reach.facts["people"] == "homes: 11 of 101 reached (10.9%), 1 of 4 places unplaced"


@settings(max_examples=examples(24))
@given(st.sampled_from(YEARS), st.booleans(), st.sampled_from(["homes:people", "homes"]))
def test_law_of_instants(city, tmp_path_factory, year, early, people):
    """A question for an instant is that of a city that has only what was valid and known then."""
    known_us = city.layer("homes").loads[0].recorded_at_us if early else None
    at, names = f"{year}-06-01", ("streets", "schools", "homes", "areas", "river")
    asked_then = {"people": people, "by": "in:areas", "barriers": "river", "at": at}
    if early and year == 2022:
        asked_then["barriers"] = ()  # rivers came later
    known = asked_then if known_us is None else asked_then | {"by": None, "known_at": known_us}
    with stcloud.create(tmp_path_factory.mktemp("only") / "city", crs=CRS, zone=ZONE) as only:
        for name in names:
            rows = city.features(name).as_of(at, known_at=known_us).to_geopandas()
            rows = rows.drop(columns=[column for column in rows.columns if column.startswith("st_")])
            if len(rows):
                only.load(name, rows, key="id", valid_from="2019-01-01")
        there = [layer.name for layer in only.layers()]
        plain = {name: value for name, value in known.items() if name != "known_at"}
        plain["barriers"] = [name for name in ("river",) if name in there and known["barriers"]]
        mine, theirs = (
            made.reach("streets", "schools", **options) for made, options in ((city, known), (only, plain))
        )
        assert mine.groups().table.equals(theirs.groups().table)
        assert mine.people().table.equals(theirs.people().table)
        assert mine.streets().table.equals(theirs.streets().table)


def test_an_answer_is_pinned(city):
    first_us = city.layer("homes").loads[0].recorded_at_us
    assert asked(city, known_at=first_us).groups().table["people"].to_pylist() == [100]
    reach = asked(city, by="in:areas")
    assert {name for name, _ in reach.pin.layers} == {"streets", "schools", "homes", "areas"}
    assert asked(city, by="in:areas", known_at=reach.pin).groups().table.equals(reach.groups().table)


def test_groups_have_shares_a_circle_and_a_place(city):
    groups = asked(city, by="in:areas", speed=1.0).groups()
    east, west = groups.to_records()
    assert (east["in_areas"], east["people"], east["reached"], east["straight"]) == ("east", 20, 0, 0)
    assert (west["places"], west["people"], west["reached"], west["unplaced"]) == (3, 81, 11, 40)
    assert west["straight"] == 81  # a circle passes where no street does
    assert west["share_difference"] == pytest.approx(1 - 11 / 81)
    assert groups.to_geopandas().geometry.area.round().tolist() == [400 * 1150, 750 * 1150]
    assert asked(city, by="in:areas.name").groups().table["in_areas_name"].to_pylist() == ["E", "W"]
    assert len(asked(city, by="id").groups()) == 4
    assert asked(city, by="in:areas").to_pandas().equals(asked(city, by="in:areas").groups().to_pandas())


def test_services_have_those_they_reach(city):
    services = asked(city, at="2022-06-01", minutes=60).services().to_records()
    assert [row["service"] for row in services] == ["s1", "s2"]
    assert (
        sum(row["nearest_people"] for row in services)
        == asked(city, at="2022-06-01", minutes=60).groups().to_records()[0]["reached"]
    )
    only = asked(city, at="2022-06-01", what="level = 'primary'")
    assert len(only.services()) == 1
    assert only.facts["what"] == "level = 'primary'"
    assert set(city.reach("streets", "schools", at="2022-06-01").services().table.schema.names) == {
        "service", "snap_m", "placed", "st_geom"
    }  # fmt: skip


def test_speeds_of_classes_and_barriers_are_data(city, tmp_path):
    (tmp_path / "speeds.csv").write_text("kind,speed_mps\nsteps,0.5\nlane,0\n")
    slow = asked(city, speeds=tmp_path / "speeds.csv", speed=1.0, snap="400 m")
    assert len(slow.streets().to_pandas()["street"].unique()) == 2  # two lanes are not walked
    assert slow.streets().to_pandas()["length_m"].sum() == pytest.approx(2000)
    cut = asked(city, at="2022-06-01", barriers="river", speed=1.0, minutes=60)
    assert cut.facts["barriers"] == "river"
    assert minutes(cut)["h1"] is None
    assert minutes(asked(city, at="2022-06-01", speed=1.0))["h1"] == pytest.approx(410 / 60)


def test_before_and_after(city):
    before, after = (asked(city, at=at, by="in:areas", minutes=20) for at in ("2021-12-31", "2022-01-01"))
    assert after.compare(after).table["reached_change"].to_pylist() == [0, 0]
    gained = after.changes(before).to_records()
    lost = before.changes(after).to_records()
    assert [row["key"] for row in gained] == [row["key"] for row in lost]
    assert {row["change"] for row in gained} <= {"gained"}
    assert {row["change"] for row in lost} <= {"lost"}
    bridge = (
        asked(city, at="2021-06-01", minutes=25)
        .changes(asked(city, at="2020-06-01", minutes=25))
        .to_records()
    )
    assert [(row["key"], row["change"], row["people"]) for row in bridge] == [("h2", "lost", 20)]
    assert bridge[0]["minutes"] is None
    assert "before" in after.compare(before).facts
    with pytest.raises(InvalidInput) as refused:
        after.compare(asked(city))
    assert refused.value.kind == "other-groups"


def test_gaps_and_those_without_a_street_are_listed(city):
    reach = asked(city)
    assert reach.gaps().table["key"].to_pylist() == ["h4", "h2"]
    (off,) = reach.unplaced().to_records()
    assert (off["layer"], off["key"], off["distance_m"]) == ("homes", "h4", 500)
    assert len(reach.areas()) == 2
    assert "people: homes: 41 of 101" in repr(reach)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"speed": 0}, "bad-speed"), ({"minutes": -5}, "bad-minutes"), ({"people": "homes:"}, "unreadable-people"),
        ({"people": ":people"}, "unreadable-people"),
        ({"people": None, "by": "in:areas"}, "no-people"),
        ({"people": "homes:peple"}, "unknown-column"), ({"people": "house"}, "unknown-layer"),
        ({"by": "in:area"}, "unknown-layer"),
        ({"by": "in:areas.nam"}, "unknown-column"),
        ({"by": "nam"}, "unknown-column"),
        ({"by": "in:calls"}, "not-features"),
        ({"people": "calls"}, "not-features"), ({"by": "people"}, "column-exists"),
        ({"barriers": "schools"}, "not-barriers"),
        ({"level": "height"}, "unknown-column"),
        ({"level": "kind"}, "wrong-type"),
        ({"speeds": {"column": "class", "speed_mps": {}}}, "unknown-column"),
        ({"speeds": {"column": 3}}, "invalid-definition"),
        ({"at": "2019-06-01"}, "no-streets"),
        ({"what": "levle = 1"}, "unknown-column"),
        ({"snap": "near"}, "unknown-distance"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_in_one_line(city, options, kind):
    with pytest.raises((InvalidInput, NotFound, InvalidDefinition)) as refused:
        asked(city, **options).groups()
    assert refused.value.kind == kind
    assert "\n" not in refused.value.message or kind == "invalid-definition"


def test_points_are_no_streets_and_degrees_no_metres(city, tmp_path):
    with pytest.raises(InvalidInput) as refused:
        city.reach("schools", "schools", at="2020-06-01")
    assert refused.value.kind == "not-streets"
    with pytest.raises(InvalidInput) as refused:
        stcloud.create(tmp_path / "degrees", crs="EPSG:4326", zone=ZONE)
    assert refused.value.kind == "metric-crs-needed"
    with pytest.raises(TypeError):
        city.reach("streets", "schools", pace=1)
    with pytest.raises(InvalidInput) as refused:
        city.reach("streets", "schools", at="2020-06-01").groups()
    assert refused.value.kind == "no-people"


def test_what_was_purged_is_not_answered_otherwise(tmp_path):
    with stcloud.create(tmp_path / "city", crs=CRS, zone=ZONE) as made:
        made.load("streets", frame(STREETS), key="id", valid_from="2020-01-01")
        made.load("homes", frame(HOMES), key="id", valid_from="2020-01-01")
        made.load(
            "areas", frame({"west": shapely.box(-50, -50, 700, 1100)}), key="id", valid_from="2020-01-01"
        )
        pin = made.reach("streets", "homes", people="homes", by="in:areas").pin
        made.purge("areas", what="id = 'west'")
        with pytest.raises(NotFound) as refused:
            made.reach("streets", "homes", people="homes", by="in:areas", known_at=pin)
        assert refused.value.kind == "purged"
        assert (
            made.reach("streets", "homes", people="homes", by="in:areas").groups().to_records()[0]["places"]
            == 4
        )
