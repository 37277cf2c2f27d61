"""Kinds of errors, raised through the command line or the Python interface.

Kinds that a room's own tests name are not repeated here; `tests/architecture/test_error_kinds.py` compares all of
them with what the package can raise.
"""

import sys
from dataclasses import replace

import geopandas
import pytest
from shapely import Point, box

import stcloud
from stcloud.errors import StcloudError
from stcloud.testing.events import DEFINITION, HEAD, row, rows

DEGREES = """
id = "areas"
kind = "feature"
key = ["k"]
{}
[space]
column = "geometry"
crs = "OGC:CRS84"
"""
WIDE = ",".join(f"c{number}" for number in range(20_001))


@pytest.fixture
def files(tmp_path):
    """Write files that commands name, and return the folder."""
    squares = geopandas.GeoDataFrame(
        {"k": ["a", "b"], "code": [None, "990101001001"]},
        geometry=[box(117, 31.9, 117.01, 31.91), box(117.01, 31.9, 117.02, 31.91)],
        crs="OGC:CRS84",
    )
    squares.to_file(tmp_path / "areas.geojson")
    squares.to_crs("EPSG:4548").to_file(tmp_path / "metres.gpkg", engine="pyogrio")
    geopandas.GeoDataFrame(geometry=[Point(117, 31.9)], crs="OGC:CRS84").to_file(tmp_path / "points.geojson")
    texts = {
        "more.csv": rows(7),
        "ragged.csv": HEAD + "1,2\n3,4\n",
        "wide.csv": WIDE + "\n",
        "extra.csv": HEAD.strip() + ",extra\n" + row(1, "more"),
        "listed.toml": 'extra_columns = "refuse"\n' + DEFINITION + "[columns.note]\n",
        "st.toml": DEFINITION + "[columns.st_note]\n",
        "nothing.json": "{",
        "dated.toml": DEGREES.format('[valid]\nfile = "%Y-%m-%d"'),
        "degrees.toml": DEGREES.format(""),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


DIVIDE = (
    "grid divide --communities {files}/areas.geojson --streets {files}/areas.geojson -o {files}/cells.gpkg"
)
COMMANDS = {
    "cell-or-point": ("grid equivalents {city}", 2),
    "code-needed": (f"{DIVIDE} --crs EPSG:4548", 2),
    "crs-needed": (DIVIDE, 2),
    "definition-needed": ("load {city} fresh {files}/more.csv", 2),
    "events-have-no-period": ("load {city} events {files}/more.csv --valid-from 2024-01-01", 2),
    "extra-column": ("load {city} fresh {files}/extra.csv --definition {files}/listed.toml", 2),
    "file-needed": ("query {city} events -f gpkg", 2),
    "malformed-rows": ("load {city} fresh {files}/ragged.csv --key id --time at --lon lon --lat lat", 2),
    "no-city": ("layers {files}", 3),
    "no-layer": ("query {city}", 2),
    "no-picture": ("query {city} events --title Where", 2),
    "not-json": ("query {city} --saved {files}/nothing.json", 2),
    "other-crs": (
        "load {city} areas {files}/metres.gpkg --definition {files}/degrees.toml --valid-from 2024-01-01", 2,
    ),
    "period-in-snapshot": (
        "load {city} areas {files}/areas.geojson --key k --valid-from 2024-01-01 --valid-to 2025-01-01", 2,
    ),
    "too-many-columns": ("load {city} fresh {files}/wide.csv --key c1 --time c2", 2),
    "two-kinds": ("load {city} fresh {files}/more.csv --key id --time at --valid-from 2024-01-01", 2),
    "undated-file": ("load {city} areas {files}/areas.geojson --definition {files}/dated.toml", 2),
    "undo-alone": ("load {city} events {files}/more.csv --undo abc", 2),
    "unknown-datum": ("load {city} fresh {files}/more.csv --key id --time at --lon lon --lat lat --datum wgs48", 2),
    "unknown-definition": ("load {city} fresh {files}/more.csv --definition nyc-112", 3),
    "unknown-distance": ("query {city} events --where near:117,31.9:far", 2),
    "unknown-engine": ("query {city} events --engine postgres", 2),
    "unknown-scheme": ("grid code 990101001001001 --scheme unit-grid-16", 2),
    "unknown-source": ("query {city} --saved {files}/absent.toml", 3),
    "unmeasurable": ("query {city} events --measure max(accenti(note))", 5),
    "unreadable-point": ("grid equivalents {city} --point here", 2),
    "valid-from-needed": ("load {city} areas {files}/areas.geojson --definition {files}/degrees.toml", 2),
    "bad-rename": ("layers {city} --rename events", 2),
    "unset-field": ("layers {city} events --set owner", 2),
    "no-such-field": ("layers {city} events --set license=CC0-1.0", 2),
    "rename-alone": ("layers {city} events --rename events=calls", 2),
    "which-layer": ("layers {city} --delete", 2),
    "yes-needed": ("layers {city} events --delete", 2),
}  # fmt: skip


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_is_refused_with_its_kind(run, city, files, kinds, kind):
    words, code = COMMANDS[kind]
    ended = run(*words.format(city=city, files=files).split(" "))
    assert (kinds[-1:], ended.code) == ([kind], code), ended
    assert len(ended.line) > 30


CAUSES = {
    "query {city} events --when 2024 --relation inside": "'inside' is no relation of intervals",
    "query {city} events --by week --compare previos": "there is no period 'previos' to compare with",
    "query {city} events --when 2024 --days work": "no 'work' days; did you mean 'working'?",
    "query {city} events --measure days(at-at)": "a duration is no measure by itself: median(days(at-at))",
    "query {city} events --measure median(days(closd-at))": "there is no column 'closd'",
    "query {city} events --measure sum(note)": "'sum' is of numbers and durations, 'note' is of type text",
    "timeline {city} areas --end X": "cannot name an end of 'areas': it holds features",
    "define {files}/more.csv --id Bad": "'Bad' cannot name a definition",
    "load {city} fresh {files}/more.csv --key id --time at --lon lon": "lon is named without lat",
    "load {city} fresh {files}/more.csv --key id --time at --lat lat": "lat is named without lon",
    "load {city} fresh {files}/more.csv --key id --time at --y lat": "y is named without x",
    "load {city} events {files}/more.csv --key note": "was defined with --key 'id', not 'note'",
    "load {city} events {files}/more.csv --time-format iso": "with --time-format '%Y-%m-%d %H:%M:%S', not 'iso'",
    "load {city} events {files}/more.csv --x lon": "was defined with --x '', not 'lon'",
}


@pytest.mark.parametrize(("words", "cause"), CAUSES.items(), ids=CAUSES)
def test_an_error_names_the_cause(run, city, files, words, cause):
    stcloud.open(city).load("areas", files / "areas.geojson", key=["k"], valid_from="2024-01-01")
    ended = run(*words.format(city=city, files=files).split(" "))
    assert cause in ended.line
    assert ended.code in (2, 3)
    assert "None" not in ended.line
    assert "('" not in ended.line


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("newer-city", "format = 1", "format = 99"),
        ("damaged-city", "format = 1", "format = one"),
        ("damaged-city", "EPSG:4548", "EPSG:4549"),
    ],
)
def test_a_city_that_is_newer_or_damaged_is_not_opened(city, kind, old, new):
    file = city / "city.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(stcloud.StcloudError) as caught:
        stcloud.open(city)
    assert caught.value.kind == kind


def overflowing(city, files):
    largest = str((1 << 63) - 1)
    (files / "great.csv").write_text(
        f"{HEAD.strip()},n\n{row(1, largest)}{row(2, largest)}", encoding="utf-8"
    )
    typed = stcloud.Definition.from_toml(f'{DEFINITION}[columns.n]\ntype = "integer"\n', name="great")
    city.load("great", files / "great.csv", definition=typed)
    city.query("great").measure("sum(n)").to_records()


def in_rows_of(height_m):
    from stcloud.paas.grid.numbering import standard_order

    standard_order([0], [0], ["a"], row_m=height_m)


def alone(query):
    """Return a query that knows no other layer."""
    return replace(query, subject=replace(query.subject, features=None))


def shown_by_unit(city, files):
    city.load("areas", files / "areas.geojson", key=["k"], valid_from="2024-01-01")
    city.features("areas").as_of("2024-02-01", where="unit:990101")


CALLS = {
    "asked-twice": lambda city, _: city.query("events").known_at("2024-03-01").known_at("2024-03-02"),
    "invalid-row": lambda *_: in_rows_of(0.0),
    "no-features": lambda city, _: alone(city.query("events")).where("areas:a"),
    "no-place": lambda city, _: city.query("events").where(),
    "too-great": overflowing,
    "unknown-mode": lambda city, files: city.load("events", files / "more.csv", mode="merge"),
    "where-later": shown_by_unit,
}


@pytest.mark.parametrize("kind", CALLS)
def test_a_call_is_refused_with_its_kind(city, files, kind):
    with pytest.raises(StcloudError) as caught:
        CALLS[kind](stcloud.open(city), files)
    assert caught.value.kind == kind


def test_what_is_wrong_with_a_definition_is_one_error_with_every_fault(run, city, files, kinds):
    ended = run("load", city, "fresh", files / "more.csv", "--definition", files / "st.toml")
    assert ended.code == 2
    assert kinds == ["reserved-column", "invalid-definition"]
    assert "the prefix st_ is stcloud's own" in ended.line


def test_a_grid_keeps_its_column_of_units(run, city, files, kinds):
    (files / "located.csv").write_text("x,y,unit\n1,2,3\n", encoding="utf-8")
    cells = geopandas.GeoDataFrame(
        {"gridCode": ["990101001001001"]},
        geometry=[box(500_000, 3_380_000, 500_100, 3_380_100)],
        crs="EPSG:4548",
    )
    cells.to_file(files / "cells.gpkg", engine="pyogrio")
    assert (
        run(
            "load", city, "grid", files / "cells.gpkg", "--definition", "unit-grid", "--valid-from", "2020"
        ).code
        == 0
    )
    ended = run("grid", "locate", city, "grid", files / "located.csv")
    assert (kinds[-1:], ended.code) == (["column-exists"], 2), ended


def test_all_rows_are_written_or_something_else_is_shown(run, city, kinds, tmp_path):
    for words in (("query", city, "events", "--count"), ("join", city, "events", "events", "-f", "csv")):
        ended = run(*words, "--to", tmp_path / "out")
        assert (kinds[-1:], ended.code) == (["rows-only"], 2), ended


def test_an_engine_that_is_not_installed_or_does_not_answer(city, monkeypatch):
    with pytest.raises(stcloud.StcloudError) as caught:
        stcloud.open(city, engine="sc://localhost:1").query("events").count().to_records()
    assert caught.value.kind in ("engine-unreachable", "missing-spark")
    monkeypatch.setitem(sys.modules, "pyspark.sql.connect.client", None)
    with pytest.raises(stcloud.StcloudError) as caught:
        stcloud.open(city, engine="sc://localhost:1").query("events").count().to_records()
    assert caught.value.kind == "missing-spark"


def test_a_gdal_without_its_functions_is_told(forks, city, files):
    code = (
        "import ctypes, pathlib, stcloud\n"
        "ctypes.CDLL = lambda *_: object()\n"
        "try:\n"
        "    stcloud.open(args[0]).load('areas', args[1], key=['k'], valid_from='2024-01-01')\n"
        "except stcloud.StcloudError as error:\n"
        "    pathlib.Path(args[2]).write_text(error.kind)\n"
    )
    forks(code, str(city), str(files / "metres.gpkg"), str(files / "kind")).join()
    assert (files / "kind").read_text() == "no-gdal"


def test_a_reckoning_that_does_not_add_up_is_a_fault_of_ours(run, city, files, kinds, monkeypatch):
    monkeypatch.setattr(stcloud.Reckoning, "adds_up", property(lambda _: False))
    assert run("load", city, "events", files / "more.csv").code == 70
    assert kinds[-1] == "reckoning"
    assert len(stcloud.open(city).layer("events").loads) == 1
