"""Quarantine: rows of loads, and of attempts that were refused as a whole, are listed until they are loaded."""

import json

import pytest

import stcloud
from stcloud.errors import InvalidInput, NotFound
from stcloud.testing.events import HEAD, OPTIONS, define, row

BAD = row(2, at="never")


def listed(desk):
    return [(one["source"], one["row"], one["status"]) for one in desk.city.rejected("events").to_pylist()]


def test_a_refused_attempt_leaves_its_rows_with_the_status_refused(desk):
    desk.load(row(1), row(3), BAD, max_rejected=1)
    loads = desk.city.layer("events").loads
    with pytest.raises(InvalidInput, match="2 of 3 rows"):
        desk.load(row(4), BAD, row(5, at="never"))
    assert desk.city.layer("events").loads == loads
    assert listed(desk) == [
        ("1.csv", 3, "loaded"),
        ("2.csv", 2, "refused"),
        ("2.csv", 3, "refused"),
    ] or listed(desk) == [("2.csv", 2, "refused"), ("2.csv", 3, "refused"), ("1.csv", 3, "loaded")]
    assert "recorded_at" not in desk.city.rejected("events").schema.names


def test_a_refused_first_load_is_listed_though_there_is_no_layer(desk):
    with pytest.raises(InvalidInput):
        desk.load(BAD)
    assert desk.city.layers() == ()
    assert listed(desk) == [("1.csv", 1, "refused")]
    with pytest.raises(NotFound):
        desk.city.rejected("other")


def test_it_is_never_known_and_listed_once_and_gone_when_it_was_loaded(desk):
    for _ in range(3):
        with pytest.raises(InvalidInput):
            desk.city.load("events", desk_file(desk), definition=define())
    assert listed(desk) == [("a.csv", 2, "refused")]
    done = desk.city.load("events", desk_file(desk), definition=define(), max_rejected=1)
    assert (done.known, done.rejected) == (False, 1)
    assert listed(desk) == [("a.csv", 2, "loaded")]


def desk_file(desk):
    file = desk.folder / "a.csv"
    file.write_text(HEAD + row(1) + BAD)
    return file


def test_features_leave_refused_rows_too(tmp_path):
    city = stcloud.create(tmp_path / "c", crs="EPSG:32618", zone="America/New_York")
    point = {"type": "Point", "coordinates": [-74, 40.7]}
    features = [{"type": "Feature", "properties": {"code": None}, "geometry": point}] * 2
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with pytest.raises(InvalidInput):
        city.load("places", tmp_path / "a.geojson", key="code", valid_from="2020")
    assert [one["reason"] for one in city.rejected("places").to_pylist()] == ["missing-key"] * 2


def test_attempts_of_a_deleted_layer_are_not_of_the_next(desk):
    desk.load(row(1))
    with pytest.raises(InvalidInput):
        desk.load(BAD)
    desk.city.delete("events")
    desk.load(row(7), definition=define())
    assert listed(desk) == []


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_a_first_load_whose_rows_were_all_rejected_is_a_layer_and_lists_them(run, tmp_path, zone):
    city = tmp_path / "city"
    stcloud.create(city, crs="EPSG:4548", zone=zone)
    (tmp_path / "x.csv").write_text('id,t,lon,lat\n1,2024-03-05 07:30,"117,01","31,91"\n')
    options = ("--key", "id", "--time", "t", "--lon", "lon", "--lat", "lat")
    assert run("load", city, "r", tmp_path / "x.csv", *options).code == 2
    refused = json.loads(run("quarantine", city, "r", "-f", "json").out)
    assert [(one["row"], one["status"]) for one in refused] == [(1, "refused")]
    assert run("layers", city, "-f", "json").out.split() == ["[", "]"]
    done = run("load", city, "r", tmp_path / "x.csv", *options, "--max-rejected", "100%", "-f", "json")
    assert done.code == 0, done.err
    assert json.loads(done.out)[0]["rejected_by"] == {"not-a-number": 1}
    rows = json.loads(run("quarantine", city, "r", "-f", "json").out)
    assert [(one["row"], one["field"], one["value"], one["status"]) for one in rows] == [
        (1, "lon", "117,01", "loaded")
    ]
    for command in (("layers", city), ("layers", city, "r"), ("check", city), ("query", city, "r"),
                    ("query", city, "r", "--count"), ("query", city, "r", "--by", "week", "--when", "2024"),
                    ("query", city, "r", "--by", "cell:100m", "-f", "geojson"), ("vacuum", city)):  # fmt: skip
        ended = run(*command)
        assert ended.code == 0, (command, ended.err)
    (tmp_path / "y.csv").write_text("id,t,lon,lat\n1,2024-03-05 07:30,117.01,31.91\n")
    assert run("load", city, "r", tmp_path / "y.csv").code == 0
    assert run("query", city, "r", "--count", "-f", "csv").out.split() == ["count", "1"]


# a file without rows


HEADERS = {"csv": HEAD, "tsv": HEAD.replace(",", "\t")}


@pytest.mark.parametrize("mode", ["changes", "append", "delete"])
def test_a_file_of_header_only_is_a_quiet_day(desk, mode):
    desk.load(row(1))
    before = desk.rows()
    done = desk.load(mode=mode)
    assert (done.read, done.accepted, done.rejected, done.known) == (0, 0, 0, False)
    assert done.adds_up
    assert desk.rows() == before
    assert desk.load(mode=mode).known
    assert desk.faults() == []


def test_a_first_file_of_header_only_makes_a_layer_without_rows(run, tmp_path):
    city = tmp_path / "city"
    stcloud.create(city, crs="EPSG:4548", zone="Asia/Shanghai")
    (tmp_path / "a.csv").write_text(HEAD)
    done = run("load", city, "e", tmp_path / "a.csv", *OPTIONS, "-f", "json")
    assert done.code == 0, done.err
    assert json.loads(done.out)[0]["read"] == 0
    for command in (("layers", city), ("query", city, "e"), ("check", city), ("quarantine", city, "e")):
        assert run(*command).code == 0
    (tmp_path / "b.csv").write_text(HEAD + row(1))
    assert json.loads(run("load", city, "e", tmp_path / "b.csv", "-f", "json").out)[0]["accepted"] == 1
    lacking = [one for one in OPTIONS if one not in ("--time-format", "%Y-%m-%d %H:%M:%S")]
    refused = run("load", city, "f", tmp_path / "a.csv", *lacking)
    assert (refused.code, "holds no rows" in refused.line) == (2, True)


EMPTY = json.dumps({"type": "FeatureCollection", "features": []})


def test_an_empty_snapshot_must_be_meant(run, tmp_path):
    city = tmp_path / "city"
    stcloud.create(city, crs="EPSG:4548", zone="Asia/Shanghai")
    point = {"type": "Point", "coordinates": [117, 31.9]}
    whole = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"code": "a"}, "geometry": point}
    ]}  # fmt: skip
    (tmp_path / "a.geojson").write_text(json.dumps(whole))
    (tmp_path / "b.geojson").write_text(EMPTY)
    (tmp_path / "c.csv").write_text("code,geometry\n")
    first = run("load", city, "p", tmp_path / "b.geojson", "--key", "code", "--valid-from", "2020")
    assert (first.code, "holds no rows" in first.line) == (2, True)
    assert run("load", city, "p", tmp_path / "a.geojson", "--key", "code", "--valid-from", "2020").code == 0
    for file in ("b.geojson", "c.csv"):
        ended = run("load", city, "p", tmp_path / file, "--valid-from", "2021")
        assert (ended.code, "holds no rows" in ended.line, "--empty" in ended.line) == (2, True, True)
    for mode in ("changes", "append", "delete"):
        quiet = run(
            "load", city, "p", tmp_path / "b.geojson", "--valid-from", "2021", "--mode", mode, "-f", "json"
        )
        assert quiet.code == 0, quiet.err
        assert json.loads(quiet.out)[0]["read"] == 0
    meant = run("load", city, "p", tmp_path / "b.geojson", "--valid-from", "2022", "--empty", "-f", "json")
    assert meant.code == 0, meant.err
    assert json.loads(meant.out)[0]["ended"] == 1
    assert run("show", city, "p", "--as-of", "2023", "--count", "-f", "csv").code in (0, 2)
    assert json.loads(run("show", city, "p", "--as-of", "2023", "-f", "json").out) == []
    assert len(json.loads(run("show", city, "p", "--as-of", "2021-06", "-f", "json").out)) == 1


@pytest.mark.parametrize(("name", "content"), [("a.json", "[]"), ("a.json", " [ ] "), ("a.geojson", EMPTY)])
def test_an_empty_collection_of_events_is_a_quiet_day(desk, name, content):
    file = desk.folder / name
    file.write_text(content)
    with pytest.raises(InvalidInput, match="holds no rows"):
        desk.city.load("events", file, key="id", time="at", lon="lon", lat="lat")
    desk.load(row(1))
    done = desk.city.load("events", file)
    assert (done.read, done.new_columns, done.missing_columns) == (0, (), ())
    assert desk.notes() == {"1": "x"}
