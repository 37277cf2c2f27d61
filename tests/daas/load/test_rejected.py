"""Rejected rows come out as they were in the source; mended, they are loaded as if they had always been so."""

import csv
import json

import geopandas
import pytest
from shapely import Point, Polygon

import stcloud
from stcloud.errors import InvalidInput, NotFound
from stcloud.testing.events import HEAD, OPTIONS, define, row

ALL = {"max_rejected": 100}


@pytest.fixture
def city(tmp_path):
    return stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")


def text_of(run, city, layer, load, path):
    ended = run("quarantine", city.parent / "city", layer, "--load", load, "-o", path)
    assert ended.code == 0, ended.err
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def mend(path, rows, **changes):
    for one in rows:
        one.update({name: change(one) for name, change in changes.items()})
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def counted(city, layer="e"):
    answer = city.query(layer).rows() if layer == "e" else city.features(layer).as_of("2024-06-01")
    return answer.to_pandas()


def test_events_are_mended_and_loaded(run, city, tmp_path):
    bad = [
        row(2, at="never"),
        row(3, lon="east", note='"a, ""b"""'),
        ",2024-03-01 08:00:00,117.0,31.9,no key\n",
    ]
    (tmp_path / "a.csv").write_text(HEAD + row(1) + "".join(bad) + "9,too,short\n" + row(4))
    first = city.load("e", tmp_path / "a.csv", definition=define(), **ALL)
    assert (first.accepted, first.rejected) == (2, 4)
    file = tmp_path / "rejected.csv"
    rows = text_of(run, tmp_path / "city", "e", first.load, file)
    assert [(one["st_row"], one["st_field"], one["st_reason"]) for one in rows] == [
        ("2", "at", "unreadable-time"), ("3", "lon", "not-a-number"), ("4", "id", "missing-key"),
        ("5", "", "malformed-row: 3 fields where the header has 5"),
    ]  # fmt: skip
    assert rows[1]["note"] == 'a, "b"'
    assert (rows[0]["at"], rows[0]["id"], rows[3]["id"], rows[3]["st_value"]) == (
        "never",
        "2",
        "",
        "9,too,short",
    )
    mended = {
        "at": lambda one: "2024-03-05 10:00:00", "lon": lambda one: "117.2", "lat": lambda one: "31.9",
        "id": lambda one: one["id"] or f"n{one['st_row']}",
    }  # fmt: skip
    second = city.load("e", mend(file, rows, **mended))
    assert (second.read, second.accepted, second.rejected, second.new_columns) == (4, 4, 0, ())
    assert set(counted(city)["id"]) == {"1", "2", "3", "4", "n4", "n5"}
    assert not {name for name in counted(city).columns if name in ("st_row", "st_reason")}


def test_rows_that_were_not_mended_are_rejected_again(run, city, tmp_path):
    (tmp_path / "a.csv").write_text(HEAD + row(1) + row(2, at="never"))
    first = city.load("e", tmp_path / "a.csv", definition=define(), **ALL)
    text_of(run, tmp_path / "city", "e", first.load, tmp_path / "rejected.csv")
    second = city.load("e", tmp_path / "rejected.csv", **ALL)
    assert second.rejected_by == {"unreadable-time": 1}


def test_a_source_in_another_encoding_and_form_comes_back_as_utf8_and_is_read(run, city, tmp_path):
    text = (HEAD + row(1, note="路灯") + row(2, at="never", note="井盖")).replace(",", ";")
    (tmp_path / "a.csv").write_bytes(text.encode("gb18030"))
    definition = define().model_copy(update={"extra_columns": "refuse"}).to_toml()
    definition = definition.replace("[time]", '[read]\nencoding = "gb18030"\ndelimiter = ";"\n\n[time]')
    (tmp_path / "d.toml").write_text(definition + '\n[columns.note]\ntype = "text"\n')
    first = city.load("e", tmp_path / "a.csv", definition=tmp_path / "d.toml", **ALL)
    rows = text_of(run, tmp_path / "city", "e", first.load, tmp_path / "rejected.csv")
    city.load("e", mend(tmp_path / "rejected.csv", rows, at=lambda one: "2024-03-05 10:00:00"))
    assert sorted(counted(city)["note"]) == ["井盖", "路灯"]


def test_rows_that_are_refused_when_keys_are_compared_come_out_too(run, city, tmp_path):
    (tmp_path / "a.csv").write_text(HEAD + row(1) + row(2))
    city.load("e", tmp_path / "a.csv", definition=define())
    (tmp_path / "b.csv").write_text(HEAD + row(2, note="again") + row(3))
    second = city.load("e", tmp_path / "b.csv", mode="append", **ALL)
    assert second.rejected_by == {"known-key": 1}
    (only,) = text_of(run, tmp_path / "city", "e", second.load, tmp_path / "rejected.csv")
    assert (only["st_row"], only["st_reason"], only["id"], only["note"]) == ("1", "known-key", "2", "again")


def test_features_of_a_vector_file_are_mended_and_never_loaded_as_a_snapshot(run, city, tmp_path):
    bow = Polygon([(117, 31.9), (117.01, 31.91), (117.01, 31.9), (117, 31.91)])
    shapes = [
        Point(117, 31.9).buffer(0.001),
        Point(117.1, 31.9).buffer(0.001),
        Point(117.2, 31.9).buffer(0.001),
        bow,
    ]
    frame = geopandas.GeoDataFrame({"code": ["a", None, "c", "d"]}, geometry=shapes, crs="OGC:CRS84")
    frame.to_file(tmp_path / "f.geojson")
    first = city.load("f", tmp_path / "f.geojson", key=["code"], valid_from="2024-01-01", **ALL)
    assert (first.accepted, first.rejected, first.repaired) == (3, 1, 1)
    file = tmp_path / "rejected.csv"
    rows = text_of(run, tmp_path / "city", "f", first.load, file)
    assert [(one["st_row"], one["st_reason"]) for one in rows] == [("2", "missing-key")]
    mend(file, rows, code=lambda one: "b")
    with pytest.raises(InvalidInput, match="would end every other") as refused:
        city.load("f", file, valid_from="2024-01-01")
    assert refused.value.kind == "rejected-rows"
    city.load("f", file, valid_from="2024-01-01", mode="changes")
    area = counted(city, "f").set_index("code")
    assert sorted(area.index) == ["a", "b", "c", "d"]


def test_what_cannot_be_given_says_why(run, city, tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text(HEAD + row(1) + row(2, at="never"))
    with monkeypatch.context() as older:
        older.setattr("stcloud.daas.load.rejected.RejectedRows.records", lambda *_: {})
        first = city.load("e", tmp_path / "a.csv", definition=define(), **ALL)
    for load, kind in ((first.load, "rows-not-kept"), ("0000", "unknown-load")):
        with pytest.raises((InvalidInput, NotFound)) as refused:
            city.rejected("e", load=load)
        assert refused.value.kind == kind
    again = city.load("e", tmp_path / "a.csv", again=True, **ALL)
    assert city.rejected("e", load=again.load)["st_row"].to_pylist() == [2]
    (tmp_path / "b.csv").write_text(HEAD + row(2, at="never"))
    with pytest.raises(InvalidInput):
        city.load("e", tmp_path / "b.csv")
    refused_load = next(one["load"] for one in city.rejected("e").to_pylist() if one["status"] == "refused")
    with pytest.raises(InvalidInput) as refused:
        city.rejected("e", load=refused_load)
    assert refused.value.kind == "load-refused"


def test_a_load_without_rejected_rows_has_none(run, city, tmp_path):
    (tmp_path / "a.csv").write_text(HEAD + row(1))
    ended = run("load", tmp_path / "city", "e", tmp_path / "a.csv", *OPTIONS, "-f", "json")
    load = json.loads(ended.out)[0]["load"]
    ended = run("quarantine", tmp_path / "city", "e", "--load", load)
    assert ended.code == 0
    assert ended.err == f"no rows of load {load} were rejected\n"
