"""Schema drift: what a file lacks or brings beside what its layer keeps is refused or named, never silent."""

import itertools
import json

import pytest

import stcloud
from stcloud.daas.definition import Definition
from stcloud.errors import InvalidInput, NotFound
from stcloud.testing.events import DEFINITION, HEAD, define, row

ZONES = (("EPSG:4548", "Asia/Shanghai", "117", "31.9"), ("EPSG:32618", "America/New_York", "-74", "40.7"))


def test_a_file_that_lacks_a_column_of_the_layer_is_refused(desk):
    desk.load(row(1, note="known"))
    before = desk.rows()
    with pytest.raises(InvalidInput) as caught:
        desk.load("1,2024-03-02 10:00:00,117.01,31.9\n", head="id,at,lon,lat\n")
    assert caught.value.kind == "vanished-column"
    assert "'note'" in caught.value.message
    assert "note" in caught.value.hint
    assert desk.rows() == before


def test_a_column_that_may_be_missing_is_named_and_new_ones_are(desk):
    first = desk.load(row(1, note="known"), row(2, note="other"))
    assert (first.new_columns, first.missing_columns) == ((), ())
    line = "1,2024-03-02 10:00:00,117.01,31.9,blue\n"
    second = desk.load(line, head="id,at,lon,lat,colour\n", allow_missing="note")
    assert (second.new_columns, second.missing_columns) == (("colour",), ("note",))
    assert desk.notes() == {"1": None, "2": "other"}
    kept = desk.city.layer("events").loads[-1]
    assert (kept.new_columns, kept.missing_columns) == (("colour",), ("note",))
    with pytest.raises(InvalidInput, match="'colour'"):
        desk.load(row(1, note="again"))


def test_an_optional_column_is_missing_and_named(desk):
    desk.load(
        row(1),
        definition=Definition.from_toml(define().to_toml() + "[columns]\nnote = {optional = true}", name="x"),
    )
    done = desk.load("3,2024-03-02 10:00:00,117.01,31.9\n", head="id,at,lon,lat\n")
    assert done.missing_columns == ("note",)


def test_a_declared_column_may_be_missing_for_one_load_but_never_a_key(desk):
    desk.load(row(1), definition=define(note="text"))
    head, line = "id,at,lon,lat\n", "1,2024-03-02 10:00:00,117.01,31.9\n"
    with pytest.raises(NotFound, match="'note'"):
        desk.load(line, head=head)
    assert desk.load(line, head=head, allow_missing=["note"]).missing_columns == ("note",)
    with pytest.raises(NotFound, match="no column 'id'"):
        desk.load(line.replace("1,", "", 1), head="at,lon,lat\n", allow_missing=["note", "id"])


def test_a_column_that_nobody_knows_cannot_be_allowed_to_miss(desk):
    desk.load(row(1))
    with pytest.raises(NotFound) as caught:
        desk.load(row(2), allow_missing="nott")
    assert (caught.value.kind, caught.value.nearest) == ("unknown-column", ("note",))


@pytest.mark.parametrize("deleting", ["keys only", "whole rows"])
def test_rows_to_delete_need_no_columns_of_the_layer(desk, deleting):
    desk.load(row(1), row(2))
    head = "id\n" if deleting == "keys only" else "id,other\n"
    assert desk.load("1\n" if deleting == "keys only" else "1,x\n", head=head, mode="delete").updated == 1


def test_features_may_lack_a_column_for_one_load(tmp_path):
    city = stcloud.create(tmp_path / "c", crs="EPSG:32618", zone="America/New_York")
    point = {"type": "Point", "coordinates": [-74, 40.7]}
    for name, column in (("a", "name"), ("b", "other")):
        feature = {"type": "Feature", "properties": {"code": "k", column: "x"}, "geometry": point}
        whole = {"type": "FeatureCollection", "features": [feature]}
        (tmp_path / f"{name}.geojson").write_text(json.dumps(whole))
    city.load("places", tmp_path / "a.geojson", key=["code"], valid_from="2020")
    with pytest.raises(InvalidInput, match="'name'"):
        city.load("places", tmp_path / "b.geojson", valid_from="2021")
    done = city.load("places", tmp_path / "b.geojson", valid_from="2021", allow_missing=["name"])
    assert (done.new_columns, done.missing_columns) == (("other",), ("name",))


def test_the_command_says_both_and_so_does_its_json(run, tmp_path):
    city = tmp_path / "city"
    stcloud.create(city, crs="EPSG:4548", zone="Asia/Shanghai")
    (tmp_path / "a.csv").write_text(HEAD + row(1))
    (tmp_path / "b.csv").write_text("id,at,lon,lat,colour\n1,2024-03-02 10:00:00,117.01,31.9,blue\n")
    options = ("--key", "id", "--time", "at", "--lon", "lon", "--lat", "lat")
    assert run("load", city, "e", tmp_path / "a.csv", *options).code == 0
    refused = run("load", city, "e", tmp_path / "b.csv")
    assert refused.code == 2
    assert "'note'" in refused.line
    assert "--allow-missing note" in refused.line
    done = run("load", city, "e", tmp_path / "b.csv", "--allow-missing", "note", "--format", "json")
    assert done.code == 0
    assert "new columns: colour" in done.err
    assert "missing columns, empty in its rows: note" in done.err
    record = json.loads(done.out)
    record = record[0] if isinstance(record, list) else record
    assert (record["new_columns"], record["missing_columns"]) == (["colour"], ["note"])


ROLES = ("key", "time", "end", "lon", "lat")
COLUMNS = {"key": "id", "time": "opened", "end": "closed", "lon": "lon", "lat": "lat"}


@pytest.mark.costly
@pytest.mark.parametrize("renamed", [(one,) for one in ROLES] + list(itertools.combinations(ROLES, 2)))
@pytest.mark.parametrize(("crs", "zone", "lon", "lat"), ZONES, ids=[one[1] for one in ZONES])
def test_a_rename_counts_for_what_rows_are_about(tmp_path, renamed, crs, zone, lon, lat):
    """The same rows under other names are the same rows."""
    city = stcloud.create(tmp_path / "c", crs=crs, zone=zone)
    others = "".join(
        f'"New {COLUMNS[one]}" = {{rename = "{COLUMNS[one]}", optional = true}}\n' for one in renamed
    )
    definition = Definition.from_toml(
        'id = "e"\nkind = "event"\nkey = ["id"]\n[time]\ncolumn = "opened"\nend = "closed"\n'
        f'[space]\nlon = "lon"\nlat = "lat"\n[columns]\n{others}',
        name="e.toml",
    )
    names = list(COLUMNS.values())
    again = [f"New {name}" if role in renamed else name for role, name in COLUMNS.items()]
    line = f"1,2024-01-02 03:04,2024-01-02 05:00,{lon},{lat}\n"
    (tmp_path / "one.csv").write_text(",".join(names) + "\n" + line)
    (tmp_path / "two.csv").write_text(",".join(again) + "\n" + line + line.replace("1", "2", 1))
    city.load("e", tmp_path / "one.csv", definition=definition)
    done = city.load("e", tmp_path / "two.csv")
    assert (done.accepted, done.unchanged, done.unplaced) == (1, 1, 0)
    assert (done.new_columns, done.missing_columns) == ((), ())
    rows = city.query("e").rows().to_pandas()
    assert set(rows["opened"].astype(str).str[:10]) == {"2024-01-02"}


def test_a_rename_counts_for_valid_periods_and_geometry_columns(tmp_path):
    city = stcloud.create(tmp_path / "c", crs="EPSG:32618", zone="America/New_York")
    definition = Definition.from_toml(
        'id = "f"\nkind = "feature"\nkey = ["code"]\n[valid]\nfrom = "since"\nto = "until"\n'
        '[space]\ncolumn = "the_geom"\ncrs = "EPSG:4326"\n'
        '[columns]\nStart = {rename = "since"}\nEnd = {rename = "until"}\nshape = {rename = "the_geom"}\n'
        'ID = {rename = "code"}',
        name="f.toml",
    )
    line = 'a,2020-01-01,2021-01-01,"POINT (-74 40.7)"\n'
    (tmp_path / "one.csv").write_text("code,since,until,the_geom\n" + line)
    (tmp_path / "two.csv").write_text("ID,Start,End,shape\n" + line + line.replace("a", "b", 1))
    city.load("f", tmp_path / "one.csv", definition=definition, mode="changes")
    done = city.load("f", tmp_path / "two.csv", mode="changes")
    assert (done.accepted, done.unchanged) == (1, 1)


def test_two_columns_for_one_role_are_refused(tmp_path):
    city = stcloud.create(tmp_path / "c", crs="EPSG:32618", zone="America/New_York")
    others = "".join(f'{name} = {{rename = "at", optional = true}}\n' for name in ("When", "Then"))
    definition = Definition.from_toml(f"{DEFINITION}[columns]\n{others}", name="events.toml")
    (tmp_path / "a.csv").write_text(
        "id,When,Then,lon,lat\n1,2024-03-02 10:00:00,2024-03-02 10:00:00,-74,40.7\n"
    )
    with pytest.raises((InvalidInput, NotFound)):
        city.load("e", tmp_path / "a.csv", definition=definition)


def test_a_column_that_only_a_load_brought_which_was_taken_back_may_be_missing(desk):
    desk.load(row(1, note="known"))
    renamed = desk.load(
        "1,2024-03-02 10:00:00,117.01,31.9,x\n", head="id,at,lon,lat,remark\n", allow_missing="note"
    )
    with pytest.raises(InvalidInput, match="'remark'"):
        desk.load(row(2))
    desk.city.undo("events", renamed.load)
    assert desk.load(row(2)).missing_columns == ("remark",)
    assert desk.load(row(3)).missing_columns == ("remark",)
    assert desk.notes()["1"] == "known"
    with pytest.raises(InvalidInput, match="'note'"):
        desk.load("4,2024-03-02 10:00:00,117.01,31.9\n", head="id,at,lon,lat\n")


def test_a_column_that_a_load_still_has_is_needed_though_the_one_that_brought_it_was_taken_back(desk):
    desk.load(row(1))
    head, line = "id,at,lon,lat,note,remark\n", "{},2024-03-02 10:00:00,117.01,31.9,a,x\n"
    brought = desk.load(line.format(2), head=head)
    desk.load(line.format(3), head=head)
    desk.city.undo("events", brought.load)
    with pytest.raises(InvalidInput, match="'remark'"):
        desk.load(row(4))
