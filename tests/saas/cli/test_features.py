"""Layers of features on the command line: load, undo, show, history, diff, timeline, layers, delete."""

import csv
import io
import json
import shutil
import sys

import geopandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from shapely import box

import stcloud
from stcloud.iaas.store.folder import Folder
from stcloud.paas.query import Answer
from stcloud.saas.cli.option import OutputFormat
from stcloud.saas.cli.vectorfile import write_vector
from stcloud.space import Lattice

CRS = "EPSG:4548"
WEST, EAST = box(500000, 3500000, 500500, 3500500), box(500500, 3500000, 501000, 3500500)
OLD = {"a": ("West", WEST), "b": ("East", EAST)}
NEW = {"a": ("Whole", WEST.union(EAST))}
EVENTS = "id,at,lon,lat\n1,2024-01-01 08:00,117.0,31.6\n"


def write(path, features):
    rows = [{"code": code, "name": name} for code, (name, _) in features.items()]
    shapes = [shape for _, shape in features.values()]
    frame = geopandas.GeoDataFrame(rows, geometry=shapes, crs=CRS).to_crs("OGC:CRS84")
    path.write_text(frame.to_json(drop_id=True), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A city to be copied, with two dated versions of its communities and a layer of events."""
    place = tmp_path_factory.mktemp("model")
    city = stcloud.create(place / "city", crs=CRS, zone="Asia/Shanghai")
    old, new = write(place / "old.geojson", OLD), write(place / "new.geojson", NEW)
    city.load("communities", old, key=["code"], valid_from="2013-01-01")
    city.load("communities", new, valid_from="2023-01-01")
    (place / "events.csv").write_text(EVENTS)
    city.load("requests", place / "events.csv", key=["id"], time="at", lon="lon", lat="lat")
    return place


@pytest.fixture
def city(model, tmp_path):
    shutil.copytree(model, tmp_path, dirs_exist_ok=True)
    return tmp_path / "city"


def records(ended):
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def reckoning(ended):
    (found,) = records(ended)
    return found


def line(ended):
    """The one line of an error."""
    lines = ended.err.splitlines()
    assert len(lines) == 1, ended.err
    assert lines[0].startswith("stcloud: ")
    assert ended.out == ""
    return lines[0]


# load


def test_the_first_load_with_a_period_derives_a_definition_of_features(run, tmp_path):
    folder, file = tmp_path / "new", write(tmp_path / "old.geojson", OLD)
    assert run("create", folder, "--crs", CRS, "--zone", "Asia/Shanghai").code == 0
    told = run("load", folder, "communities", file, "--valid-from", "2013-01-01")
    assert told.code == 2
    assert "--key" in line(told)
    done = run(
        "load", folder, "communities", file, "--valid-from", "2013-01-01", "--key", "code", "-f", "json"
    )
    assert reckoning(done)["accepted"] == 2
    assert 'kind = "feature"' in done.err
    assert stcloud.open(folder).layer("communities").kind == "feature"


def test_the_mode_snapshot_alone_makes_a_layer_of_features_and_asks_for_its_instant(run, tmp_path):
    folder, file = tmp_path / "new", write(tmp_path / "old.geojson", OLD)
    stcloud.create(folder, crs=CRS, zone="Asia/Shanghai")
    told = run("load", folder, "communities", file, "--mode", "snapshot", "--key", "code")
    assert told.code == 2
    assert "--valid-from" in line(told)


def test_extra_counts_are_printed_where_there_are_some(run, city):
    again = ("--valid-from", "2023-01-01", "--again")
    loaded = run(
        "load", city, "communities", city.parent / "old.geojson", city.parent / "new.geojson", *again
    )
    assert loaded.code == 0, loaded.err
    head, *rows = loaded.out.splitlines()
    assert head.split()[-1] == "ended"
    assert [row.split()[-1] for row in rows] == ["0", "1"]


def test_changes_speak_of_their_period_only(run, city):
    file = write(city.parent / "name.geojson", {"a": ("Renamed", WEST)})
    period = ("--valid-from", "2015", "--valid-to", "2016")
    assert (
        reckoning(run("load", city, "communities", file, "--mode", "changes", *period, "-f", "json"))["read"]
        == 1
    )
    names = [
        row["name"]
        for at in ("2014-06-01", "2015-06-01", "2016-06-01")
        for row in records(run("show", city, "communities", "--as-of", at, "-f", "json"))
        if row["code"] == "a"
    ]
    assert names == ["West", "Renamed", "West"]


def test_delete_ends_keys_and_append_refuses_known_ones(run, city):
    file = write(city.parent / "a.geojson", {"a": ("Whole", WEST)})
    ended = run("load", city, "communities", file, "--mode", "delete", "--valid-from", "2024", "-f", "json")
    assert reckoning(ended)["updated"] == 1
    assert records(run("show", city, "communities", "--as-of", "2024-06-01", "-f", "json")) == []
    refused = run(
        "load", city, "communities", file, "--mode", "append", "--valid-from", "2014", "--max-rejected", "9"
    )
    assert "known" in refused.err
    assert refused.code == 0


def test_a_layer_of_a_file_with_several_is_named_by_an_option(run, tmp_path):
    folder, file = tmp_path / "new", tmp_path / "both.gpkg"
    stcloud.create(folder, crs=CRS, zone="Asia/Shanghai")
    for name, shape in (("west", WEST), ("east", EAST)):
        geopandas.GeoDataFrame({"code": [name]}, geometry=[shape], crs=CRS).to_file(file, layer=name)
    told = ("load", folder, "communities", file, "--valid-from", "2013", "--key", "code")
    assert "--source-layer" in line(run(*told))
    assert run(*told, "--source-layer", "east").code == 0
    assert records(run("show", folder, "communities", "--as-of", "2014", "-f", "json"))[0]["code"] == "east"
    assert run(*told, "--source-layer", "west").code == 0  # it counts for one load
    assert records(run("show", folder, "communities", "--as-of", "2014", "-f", "json"))[0]["code"] == "west"


def test_a_period_is_refused_of_events(run, city):
    told = run("load", city, "requests", city.parent / "events.csv", "--valid-from", "2024")
    assert told.code == 2
    assert "--valid-from" in line(told)


def test_a_load_needs_a_source(run, city):
    told = run("load", city, "communities")
    assert told.code == 2
    assert "sources" in line(told)


def test_undo_takes_back_a_load(run, city):
    last = stcloud.open(city).layer("communities").loads[-1].load
    undone = reckoning(run("load", city, "communities", "--undo", last, "-f", "json"))
    assert undone["source"] == last
    shown = records(run("show", city, "communities", "--as-of", "2024-06-01", "-f", "json"))
    assert [row["code"] for row in shown] == ["a", "b"]
    told = run("load", city, "communities", "--undo", last)
    assert (told.code, "already" in line(told)) == (2, True)


def test_undo_stands_alone_and_knows_its_loads(run, city):
    for more in ((city.parent / "old.geojson",), ("--valid-from", "2024"), ("--key", "code")):
        told = run("load", city, "communities", *more, "--undo", "x")
        assert (told.code, "--undo" in line(told)) == (2, True)
    told = run("load", city, "communities", "--undo", "nothing")
    assert (told.code, "nothing" in line(told)) == (3, True)


# show, history, diff, timeline


def test_show_tells_what_was_there_and_what_was_understood(run, city):
    told = run("show", city, "communities", "--as-of", "2019-06-01", "-f", "json")
    rows = records(told)
    assert [row["name"] for row in rows] == ["West", "East"]
    assert "st_geom" not in rows[0]
    assert "as_of 2019-06-01T00:00+08:00" in told.err
    assert "known_at" in told.err


def test_show_is_asked_as_it_was_known_and_for_a_place(run, city):
    first = stcloud.open(city).layer("communities").loads[0].recorded_at_us
    known = stcloud.open(city).configuration.zone.iso(first)
    at = ("show", city, "communities", "-f", "json", "--as-of")
    assert len(records(run(*at, "2024-06-01", "--known-at", known))) == 2
    place = geopandas.GeoSeries([box(500600, 3500100, 500700, 3500200)], crs=CRS).to_crs("OGC:CRS84")[0]
    assert [row["code"] for row in records(run(*at, "2019", "--where", f"wkt:{place.wkt}"))] == ["b"]


def test_history_tells_every_version(run, city):
    names = [row["name"] for row in records(run("history", city, "communities", "a", "-f", "json"))]
    assert sorted(set(names)) == ["West", "Whole"]


def test_diff_tells_changes_and_lineage(run, city):
    at = ("diff", city, "communities", "2019-06-01", "2024-06-01", "-f", "json")
    assert [(row["st_key"], row["change"], row["differs"]) for row in records(run(*at))] == [
        ("a", "changed", "name, st_geom"),
        ("b", "removed", ""),
    ]
    went = [(row["old"], row["new"], round(row["share_of_new"], 3)) for row in records(run(*at, "--lineage"))]
    assert went == [("a", "a", 0.5), ("b", "a", 0.5)]


def test_timeline_counts(run, city):
    found = records(run("timeline", city, "communities", "-f", "json"))
    assert [(row["from"][:4], (row["to"] or "")[:4], row["count"]) for row in found] == [
        ("2013", "2023", 2),
        ("2023", "", 1),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("history", "communities", "c"), 3, "no feature 'c'"),
        (("show", "community", "--as-of", "2024"), 3, "communities"),
        (("show", "requests", "--as-of", "2024"), 2, "events"),
        (("history", "requests", "1"), 2, "events"),
        (("diff", "requests", "2023", "2024"), 2, "events"),
        (("timeline", "requests"), 2, "events"),
        (("show", "communities", "--as-of", "soon"), 2, "soon"),
        (("show", "communities"), 2, "--as-of"),
        (("diff", "communities", "2024", "2024-13"), 2, "2024-13"),
        (("diff", "communities", "2024"), 2, "T2"),
        (("timeline", "communities", "--known-at", "x"), 2, "x"),
        (("show", "communities", "--as-of", "2024", "--where", "bbox:1"), 2, "bbox:1"),
        (("show", "communities", "--as-of", "2024", "-f", "gpkg"), 2, "--output"),
        (("timeline", "communities", "-f", "geojson"), 5, "no place"),
        (("layers", "--delete"), 2, "LAYER"),
        (("layers", "communities", "--delete"), 2, "--yes"),
        (("layers", "community", "--delete", "--yes"), 3, "communities"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(run, city, monkeypatch, arguments, code, said):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    command, *rest = arguments
    ended = run(command, city, *rest)
    *facts, last = ended.err.splitlines()
    assert (ended.code, ended.out) == (code, "")
    assert len(facts) <= (
        said in ("--output", "no place")
    )  # what was understood is noted before it is written
    assert last.startswith("stcloud: ")
    assert said in last


# files


@pytest.mark.parametrize("name", ["x.gpkg", "x.fgb", "x.parquet", "x.geojson"])
def test_a_file_read_back_is_what_was_shown(run, city, name):
    path = city.parent / name
    asked = run("show", city, "communities", "--as-of", "2019-06-01", "-o", path)
    assert (asked.code, asked.out) == (0, "")
    found = geopandas.read_parquet(path) if name == "x.parquet" else geopandas.read_file(path)
    wanted = stcloud.open(city).features("communities").as_of("2019-06-01").to_geopandas(found.crs)
    assert found.crs == ("EPSG:4326" if name == "x.geojson" else CRS)
    assert "st_geom" not in found.columns
    found = found.sort_values("code", ignore_index=True)
    assert list(found["name"]) == list(wanted["name"])
    assert [str(at)[:19] for at in found["st_valid_from"].dt.tz_convert("UTC")] == ["2012-12-31 16:00:00"] * 2
    assert found["st_valid_to"].notna().all()
    tolerance = 1e-3 if found.crs == CRS else 1e-8  # metres, degrees
    assert found.normalize().geom_equals_exact(wanted.normalize(), tolerance).all()
    assert sorted(one.name for one in city.parent.iterdir() if one.name.startswith(".")) == []


def test_csv_has_wkt_in_the_citys_crs_as_its_last_column(run, city):
    done = run("show", city, "communities", "--as-of", "2024-06-01", "-f", "csv")
    (row,) = csv.DictReader(io.StringIO(done.out))
    assert list(row)[-1] == "geometry"
    assert "st_geom" not in row
    exact = stcloud.open(city).features("communities").as_of("2024-06-01").geometry()[0]
    assert shapely.from_wkt(row["geometry"]).equals_exact(exact, 0)


def test_ndjson_and_table_have_no_geometry(run, city):
    for form in ("ndjson", "table"):
        done = run("diff", city, "communities", "2019", "2024", "-f", form)
        assert done.code == 0
        assert "POLYGON" not in done.out
        assert len(done.out.splitlines()) >= 2


def test_what_has_no_place_is_plain_parquet(run, city):
    path = city.parent / "counts.parquet"
    assert run("timeline", city, "communities", "-o", path).code == 0
    assert pq.read_table(path)["count"].to_pylist() == [2, 1]


def test_events_and_an_empty_answer_go_into_vector_files(run, city):
    path = city.parent / "x.gpkg"
    assert run("query", city, "requests", "-o", path).code == 0
    assert len(geopandas.read_file(path)) == 1
    for name in ("y.gpkg", "y.fgb"):
        assert run("show", city, "communities", "--as-of", "2000", "-o", city.parent / name).code == 0
        assert len(geopandas.read_file(city.parent / name)) == 0


def test_a_file_is_replaced_by_a_whole_one_only(run, city):
    path = city.parent / "x.gpkg"
    path.write_text("mine")
    assert run("timeline", city, "communities", "-o", path).code == 5
    assert path.read_text() == "mine"
    assert run("show", city, "communities", "--as-of", "2019", "-o", path).code == 0
    assert len(geopandas.read_file(path)) == 2
    told = run("show", city, "communities", "--as-of", "2019", "-o", city.parent / "none" / "x.gpkg")
    assert told.code == 6


def answer(**columns):
    shape = shapely.to_wkb(WEST)
    return Answer(
        pa.table({**{name: [value] for name, value in columns.items()}, "st_geom": [shape]}),
        Lattice.for_crs(CRS),
    )


def test_columns_that_a_vector_file_takes_for_one_are_refused(tmp_path):
    for form in (OutputFormat.GPKG, OutputFormat.FGB):
        with pytest.raises(stcloud.errors.Unsupported) as caught:
            write_vector(answer(fid="1", Fid="2"), form, tmp_path / "x")
        assert caught.value.kind == "same-names"
    assert list(tmp_path.iterdir()) == []


def test_the_names_that_a_geopackage_wants_for_itself_are_free(tmp_path):
    write_vector(answer(fid="f", geom="g"), OutputFormat.GPKG, tmp_path / "x.gpkg")
    found = geopandas.read_file(tmp_path / "x.gpkg")
    assert (found["fid"][0], found["geom"][0]) == ("f", "g")


def test_a_feature_without_a_place_goes_into_a_vector_file(tmp_path):
    table = pa.table({"code": ["a", "b"], "st_geom": [shapely.to_wkb(WEST), None]})
    for form in (OutputFormat.GPKG, OutputFormat.FGB):
        write_vector(Answer(table, Lattice.for_crs(CRS)), form, tmp_path / f"x.{form}")
        assert geopandas.read_file(tmp_path / f"x.{form}").geometry.isna().tolist() == [False, True]


# layers


def test_layers_tells_features_too(run, city):
    rows = {row["layer"]: row for row in records(run("layers", city, "-f", "json"))}
    found = rows["communities"]
    assert (found["kind"], found["versions"], found["loads"]) == ("feature", 3, 2)
    assert (found["first"][:10], found["last"][:10]) == ("2013-01-01", "2023-01-01")
    assert found["first_load"] < found["last_load"]
    assert found["extent"]
    assert found["bytes"] > 0
    assert rows["requests"]["events"] == 1


def test_layers_tells_columns_and_loads_of_features(run, city):
    whole = records(run("layers", city, "communities", "-f", "json"))
    assert [one["column"] for one in whole["columns"]] == ["code", "name"]
    assert [(one["mode"], one.get("ended", 0)) for one in whole["loads"]] == [
        ("snapshot", 0),
        ("snapshot", 1),
    ]
    table = run("layers", city, "communities").out
    assert "old.geojson" in table
    assert 'kind = "feature"' in table


def test_a_deleted_layer_is_gone_and_may_be_loaded_again(run, city):
    gone = run("layers", city, "communities", "--delete", "--yes")
    assert (gone.code, gone.out) == (0, "")
    assert [row["layer"] for row in records(run("layers", city, "-f", "json"))] == ["requests"]
    assert not (city / "layers" / "communities").exists()
    assert not (city / "layers" / "communities.toml").exists()
    assert run("show", city, "communities", "--as-of", "2024").code == 3
    again = (
        "load",
        city,
        "communities",
        city.parent / "old.geojson",
        "--valid-from",
        "2013-01-01",
        "--key",
        "code",
    )
    assert reckoning(run(*again, "-f", "json"))["accepted"] == 2
    assert len(records(run("show", city, "communities", "--as-of", "2024", "-f", "json"))) == 2
    assert run("check", city).code == 0
    last = stcloud.open(city).layer("communities").loads[-1].load
    assert run("load", city, "communities", "--undo", last).code == 0
    assert records(run("show", city, "communities", "--as-of", "2024", "-f", "json")) == []


def test_a_layer_of_events_is_deleted_and_loaded_again_by_an_open_city(city):
    opened = stcloud.open(city, clock=lambda: 0)
    for _ in range(2):
        opened.delete("requests")
        told = {"key": ["id"], "time": "at", "lon": "lon", "lat": "lat"}
        loaded = opened.load("requests", city.parent / "events.csv", **told)
        assert (loaded.known, loaded.accepted) == (False, 1)
        assert opened.query("requests").count().to_records() == [{"count": 1}]
    assert [one.mode for one in opened.layer("requests").loads] == ["changes"]


def test_a_deletion_that_fails_leaves_the_layer_as_it_is(run, city, monkeypatch):
    delete = ("layers", city, "communities", "--delete", "--yes")
    with monkeypatch.context() as failing:
        failing.setattr(Folder, "staging", failed)
        assert run(*delete).code == 6
    assert len(records(run("show", city, "communities", "--as-of", "2024", "-f", "json"))) == 1
    again = run(
        "load", city, "communities", city.parent / "new.geojson", "--valid-from", "2023-01-01", "-f", "json"
    )
    assert reckoning(again)["known"] is True
    assert run("check", city, "communities").code == 0
    assert run(*delete).code == 0
    assert run("show", city, "communities", "--as-of", "2024").code == 3


def failed(self, name):
    raise OSError("the disk is gone")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("said", "left"), [("n\n", True), ("y\n", False)])
def test_a_layer_is_deleted_after_asking(run, city, monkeypatch, said, left):
    monkeypatch.setattr(sys, "stdin", Terminal(said))
    asked = run("layers", city, "communities", "--delete")
    assert asked.code == 0
    assert "2 loads" in asked.err
    assert (city / "layers" / "communities.toml").exists() is left
