"""Why an answer is empty: the layer's time, and of texts that nothing equals the nearest values there are."""

import tempfile

import geopandas
import pandas as pd
import pytest
from shapely import box

import stcloud
from stcloud.paas.query.run import nothing
from stcloud.space import project

CRS = "EPSG:32760"
WEST, SOUTH = 300_000.0, 5_900_000.0
KINDS = ["pothole", "potholes", "Street light", "tree"]


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nothing")
    hours = [f"2024-03-{1 + row // 20:02} {row % 20:02}:30" for row in range(80)]
    events = pd.DataFrame(
        {
            "id": range(80), "at": hours, "kind": [KINDS[row % 4] for row in range(80)], "size": None,
            "code": [f"code {row:03}" for row in range(80)], "x": WEST, "y": SOUTH,
        }
    )  # fmt: skip
    events["size"] = events["size"].astype("float64")
    later = events.head(1).assign(id=99, kind="sinkhole")
    areas = geopandas.GeoDataFrame(
        {"name": ["Old Town", "Harbour"]},
        geometry=[box(WEST, SOUTH, WEST + 9, SOUTH + 9), box(WEST + 9, SOUTH, WEST + 18, SOUTH + 9)],
        crs=CRS,
    )
    with stcloud.create(folder / "city", crs=CRS, zone="Pacific/Auckland") as city:
        city.load("events", events, key="id", time="at", x="x", y="y", crs=CRS)
        city.load("events", later)
        city.load("areas", areas, key="name", valid_from="2013-01-01")
        yield city


def reasons(query, *measures, by=()):
    answer = query.measure(*measures, by=by) if measures or by else query.rows()
    return query.why_empty(answer)


EXTENT = "nothing was found: layer events has events from 2024-03-01 to 2024-03-04"


def test_an_answer_with_something_has_no_reason(city):
    events = city.query("events")
    assert reasons(events) == reasons(events, "count") == reasons(events, by=["kind"]) == ()
    assert reasons(events, "mean(id)", "count(size)") == ()
    assert reasons(events, "min(id)") == ()  # which is 0


def test_nothing_in_a_time_is_said_with_the_time_of_the_layer(city):
    never = city.query("events").when("2031")
    assert reasons(never) == reasons(never, "count") == reasons(never, by=["day"]) == (EXTENT,)
    assert reasons(never, "mean(size)") == reasons(never, "count", "max(id)") == (EXTENT,)
    assert reasons(never, "distinct(kind)") == (EXTENT,)


def test_rows_without_a_value_are_not_taken_for_nothing(city):
    events = city.query("events")
    assert reasons(events, "mean(size)") == ("no value was found: none of the 81 rows has one",)
    assert reasons(events, "count(size)") == ()  # none is an answer


@pytest.mark.parametrize(
    ("filter_text", "note"),
    [
        ("kind = 'pothol'", "kind has no 'pothol'; nearest: 'pothole', 'potholes'"),
        ("'street light' = kind", "kind has no 'street light'; nearest: 'Street light'"),
        ("kind IN ('pothole ', 'tree') AND size > 3", "kind has no 'pothole '; nearest: 'pothole', 'potholes'"),
        ("kind = 'zzz'", "kind has no 'zzz'; it has 'Street light', 'pothole', 'potholes', 'sinkhole', 'tree'"),
        ("code = 'zzz'", "code has no 'zzz'; it has 80 other values"),
    ],
)  # fmt: skip
def test_a_text_that_no_value_equals_has_the_nearest(city, filter_text, note):
    query = city.query("events").what(filter_text)
    assert reasons(query) == (EXTENT, note)
    assert reasons(query, "mean(id)") == (EXTENT, note)


@pytest.mark.parametrize(
    "filter_text", ["kind = 'tree' AND id > 100", "NOT (kind <> 'gone')", "kind LIKE 'x%'", "id = 5000"]
)
def test_what_is_there_or_is_no_text_has_no_nearest(city, filter_text):
    assert reasons(city.query("events").what(filter_text)) == (EXTENT,)


def test_values_are_those_that_were_known_at_the_pin(city):
    before = city.layer("events").loads[0].recorded_at_us
    query = city.query("events").what("kind = 'sinkhol'")
    assert "nearest: 'sinkhole'" in reasons(query)[1]
    assert "sinkhole" not in reasons(query.known_at(before))[1]


def test_features_have_reasons_too(city):
    query = city.query("areas").as_of("2020").what("name = 'Old Towne'")
    assert reasons(query) == (
        "nothing was found: layer areas has features since 2013-01-01",
        "name has no 'Old Towne'; nearest: 'Old Town'",
    )


def test_a_place_outside_of_the_layer_is_told_and_so_are_exchanged_coordinates(city):
    lon, lat = project(WEST, SOUTH, CRS, "EPSG:4326")
    outside = f"the place is outside of where layer events has events: lon {lon:.4f} to {lon:.4f}, lat"
    exchanged = "with latitude and longitude exchanged it is inside: write the longitude first"
    events = city.query("events")
    far = reasons(events.where(f"near:{lon + 1},{lat}:200m"))
    assert len(far) == 2
    assert far[1].startswith(outside)
    inside = events.when("2031").where(f"near:{lon},{lat}:200m")
    assert reasons(inside) == (EXTENT,)  # it is there, at no such time
    turned = city_reasons_in_new_york()
    assert turned[1].startswith("the place is outside of where layer events has events: lon -73.98")
    assert turned[2:] == (exchanged,)


def city_reasons_in_new_york():
    """Ask with the latitude first, in a city where both orders are degrees."""
    with (
        tempfile.TemporaryDirectory() as folder,
        stcloud.create(f"{folder}/city", crs="EPSG:32618", zone="America/New_York") as city,
    ):
        at = {"id": 1, "at": "2024-03-01 08:00", "lon": -73.98, "lat": 40.75}
        city.load("events", [at], key="id", time="at", lon="lon", lat="lat")
        return reasons(city.query("events").where("near:40.75,-73.98:500m"))


def test_what_was_not_known_yet_is_told_with_its_first_load(city):
    first = city.layer("events").loads[0].recorded_at_us
    query = city.query("events").known_at("2020-01-01")
    said = f"its first load was recorded at {city.configuration.zone.iso(first)[:16]}"
    assert reasons(query, "count") == (f"nothing was found: layer events was not known yet: {said}",)


def test_only_so_many_rows_and_values_are_looked_at(city, monkeypatch):
    query = city.query("events").what("code = 'code 0001'")
    assert "nearest: " in reasons(query)[1]
    monkeypatch.setattr(nothing, "_MOST_VALUES", 79)
    assert reasons(query) == (EXTENT,)
    monkeypatch.setattr(nothing, "_MOST_VALUES", 80)
    monkeypatch.setattr(nothing, "_MOST_ROWS", 80)
    (_, note) = reasons(query)
    assert " in the " in note
    assert "rows that were looked at" in note
    monkeypatch.setattr(nothing, "_MOST_ROWS", 0)
    assert reasons(query) == (EXTENT,)


def test_an_empty_layer_is_said_to_be_empty(tmp_path):
    never = pd.DataFrame({"id": [1], "at": ["never"], "kind": ["a"], "x": [WEST], "y": [SOUTH]})
    with stcloud.create(tmp_path / "city", crs=CRS, zone="UTC") as empty:
        empty.load(
            "events",
            never,
            key="id",
            time="at",
            x="x",
            y="y",
            crs=CRS,
            time_formats="iso",
            max_rejected="100%",
        )
        query = empty.query("events").what("kind = 'b'")
        assert query.why_empty(query.rows()) == ("nothing was found: layer events is empty",)
