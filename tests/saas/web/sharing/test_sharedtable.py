"""A shared table equals the answer of the same question at that pin: of towns, and of histories that are drawn."""

import json

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as some

import stcloud
from stcloud.errors import NotFound
from stcloud.saas.web.sharing.sharedtable import SharedTable, versions_of
from stcloud.testing.examples import examples
from stcloud.testing.exchange import Sender, receiving_city

FIRST_US, DAY_US = 1_720_000_000_000_000, 86_400_000_000
CITIES = (("EPSG:4548", "Asia/Shanghai", 117.0, 31.9), ("EPSG:32618", "America/New_York", -74.0, 40.7))


def rows_of(table, folder):
    pieces = list(table.pieces(folder))
    return pa.concat_tables(pieces) if pieces else table.schema.empty_table()


def answer_of(city, layer, at_us):
    """Return what the library answers, as GeoPandas has it in longitude and latitude."""
    query = city.query(layer.name).known_at(at_us)
    query = query.as_of(at_us) if layer.kind == "feature" else query
    return query.rows()


def test_a_shared_table_equals_the_answer_of_the_same_question_at_that_pin(place, tmp_path):
    for name in ("calls", "plots"):
        layer = place.city.layer(name)
        versions = versions_of(layer)
        assert [version.number for version in versions] == list(range({"calls": 2, "plots": 3}[name]))
        for version in versions:
            table = SharedTable.of(place.city, layer, number=version.number)
            answer, rows = answer_of(place.city, layer, version.at_us), rows_of(table, tmp_path)
            assert table.pin == answer.pin.text
            assert_same(rows, answer)


def assert_same(rows, answer):
    """Compare rows with an answer, by their keys, column by column, and their places to a nanodegree."""
    frame = answer.to_geopandas("OGC:CRS84")
    expected = answer.table.to_pandas().set_index("st_key").sort_index()
    got = rows.to_pandas().set_index("st_key").sort_index()
    assert got.index.tolist() == expected.index.tolist()
    ours = {"st_lon", "st_lat", "st_geom"}
    assert not {name for name in got if name.startswith("st_")} - {*ours, "st_time", "st_time_to"}
    assert {*got} - ours == {name for name in expected if not name.startswith("st_")} | (
        {"st_time", "st_time_to"} & {*expected}
    )
    for name in {*got} - ours:
        same = got[name].eq(expected[name]) | (got[name].isna() & expected[name].isna())
        assert same.all(), name
    shapes = frame.set_index("st_key").geometry.sort_index()
    made = shapely.from_wkb(got["st_geom"].to_numpy()) if "st_geom" in got else points(got)
    for shape, other in zip(made, shapes, strict=True):
        assert (shape is None) == (other is None or other.is_empty)
        assert shape is None or shapely.hausdorff_distance(shape, other) < 2e-9


def points(frame):
    return [
        None if pd.isna(x) else shapely.Point(x, y) for x, y in zip(frame.st_lon, frame.st_lat, strict=True)
    ]


LOADS = some.lists(
    some.tuples(
        some.dictionaries(some.sampled_from("abcdef"), some.integers(0, 2), min_size=1, max_size=4),
        some.sampled_from([-0.4, 0.0, 0.4]),
    ),
    min_size=1,
    max_size=4,
)
"""What each load states, by key, and how many days after the load features are so."""


@settings(deadline=None, max_examples=examples(12))
@given(place_of=some.sampled_from(CITIES), loads=LOADS)
def test_a_table_is_at_each_version_what_was_loaded_until_then(place_of, loads, tmp_path_factory):
    """The oracle is a dict: events are stated one by one; of features a load states all that is so from then on."""
    crs, zone, lon, lat = place_of
    folder, now_us = tmp_path_factory.mktemp("history"), [FIRST_US]
    stcloud.create(folder / "city", crs=crs, zone=zone).close()
    with stcloud.open(folder / "city", clock=lambda: now_us[0]) as city:
        events, spans, expected = {}, {}, {}
        for number, (stated, days) in enumerate(loads):
            now_us[0] = FIRST_US + number * DAY_US
            events |= stated
            expected["requests", load_events(city, stated, number, lon, lat)] = dict(events)
            start_us = now_us[0] + int(days * DAY_US)
            spans[start_us] = stated
            at_us = load_features(city, stated, number, lon, lat, start_us)
            begun = [start for start in spans if start <= at_us]
            expected["plots", at_us] = spans[max(begun)] if begun else {}
        for name in ("requests", "plots"):
            layer = city.layer(name)
            versions = versions_of(layer)
            assert [version.number for version in versions] == list(range(len(loads)))
            for version in versions:
                rows = rows_of(SharedTable.of(city, layer, number=version.number), folder)
                kept = dict(zip(rows["st_key"].to_pylist(), rows["n"].to_pylist(), strict=True))
                assert kept == expected[name, version.at_us]
                assert_same(rows, answer_of(city, layer, version.at_us))


def load_events(city, stated, number, lon, lat):
    """Load events, and return the recorded instant; the number of the load makes each file another one."""
    rows = [
        {"id": key, "at": "2024-03-10T06:30:00Z", "lon": lon, "lat": lat, "n": n, "load": number}
        for key, n in stated.items()
    ]
    keywords = {"key": "id", "time": "at", "lon": "lon", "lat": "lat", "datum": "wgs84"}
    return city.load("requests", pd.DataFrame(rows), **keywords).recorded_at_us


def load_features(city, stated, number, lon, lat, start_us):
    frame = gpd.GeoDataFrame(
        {"k": list(stated), "n": list(stated.values()), "load": number},
        geometry=[shapely.box(lon, lat, lon + 0.01, lat + 0.01)] * len(stated),
        crs="EPSG:4326",
    )
    start = pd.Timestamp(start_us, unit="us", tz="UTC")
    return city.load("plots", frame, key="k", valid_from=start).recorded_at_us


def test_rows_come_in_the_same_order_whatever_files_they_lie_in(shanghai, tmp_path):
    """Features come in none: their digests order them, the same way each time."""
    layer = shanghai.city.layer("plots")
    tables = [rows_of(SharedTable.of(shanghai.city, layer), tmp_path) for _ in range(2)]
    assert tables[0].equals(tables[1])
    calls = rows_of(SharedTable.of(shanghai.city, shanghai.city.layer("calls")), tmp_path)
    assert calls["st_key"].to_pylist() == shanghai.calls["id"].tolist()
    assert not list(tmp_path.iterdir())


def test_a_column_is_there_from_the_version_that_brought_it_on(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        row = {"id": ["a"], "at": ["2024-03-01"], "lon": [117.0], "lat": [31.9]}
        keywords = {"key": "id", "time": "at", "lon": "lon", "lat": "lat", "datum": "wgs84"}
        city.load("requests", pd.DataFrame(row), **keywords)
        city.load("requests", pd.DataFrame({**row, "note": ["x"]}), **keywords)
        layer = city.layer("requests")
        old, new = (SharedTable.of(city, layer, number=number) for number in (0, 1))
        assert "note" not in old.columns
        assert "note" in new.columns
        assert rows_of(old, tmp_path).schema.names == list(old.columns)
        assert json.loads(new.schema_string)["fields"][1]["type"] == "timestamp"
        assert old.state() != new.state()
        with pytest.raises(NotFound, match="it has 0 to 1") as refused:
            SharedTable.of(city, layer, number=2)
        assert refused.value.kind == "unknown-version"
        first_us = versions_of(layer)[0].at_us
        assert SharedTable.of(city, layer, at_us=first_us).version.number == 0
        assert SharedTable.since(city, layer, first_us + 1).version.number == 1
        for early in (lambda: SharedTable.of(city, layer, at_us=first_us - 1),
                      lambda: SharedTable.since(city, layer, new.version.at_us + 1)):  # fmt: skip
            with pytest.raises(NotFound, match="no such version"):
                early()


def test_a_purge_is_a_version_and_versions_before_it_are_refused(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        row = pd.DataFrame({"id": ["a", "b"], "at": "2024-03-01", "lon": 117.0, "lat": 31.9})
        city.load("requests", row, key="id", time="at", lon="lon", lat="lat", datum="wgs84")
        before = SharedTable.of(city, city.layer("requests"))
        city.purge("requests", what="id = 'a'")
        layer = city.layer("requests")
        assert [version.number for version in versions_of(layer)] == [0, 1]
        assert rows_of(SharedTable.of(city, layer), tmp_path)["st_key"].to_pylist() == ["b"]
        stale = SharedTable(city, layer, before.version)
        assert stale.state() != before.state()
        with pytest.raises(stcloud.StcloudError) as refused:
            rows_of(stale, tmp_path)
        assert refused.value.kind == "purged"


def test_a_received_layer_is_shared_as_its_owner_shares_it(tmp_path):
    """Versions are loads of the owner, with the owner's instants, whenever they were received."""
    sender = Sender(tmp_path)
    sender.load(1, 2)
    sender.load(2, 3, note="changed")
    packed = sender.pack()
    for _ in range(3):
        sender.clock.tick()
    with receiving_city(tmp_path / "city", sender.clock) as city:
        city.receive(packed)
        tables = [
            [
                rows_of(SharedTable.of(each, each.layer("events"), number=number), tmp_path).to_pylist()
                for number in (0, 1)
            ]
            for each in (sender.city, city)
        ]
    assert tables[0] == tables[1]
    assert [len(rows) for rows in tables[1]] == [2, 3]
