"""What is wrong ends with one clear line, its exit code, and a city that is as it was."""

import gzip
import json
import random
import shutil
import subprocess
from pathlib import Path

import geopandas
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

import stcloud
from stcloud.testing.events import DEFINITION, HEAD, OPTIONS, on_disk, row, rows
from stcloud.testing.examples import spread

NOISE = random.Random(1).randbytes(4000)
ZIPPED = gzip.compress(rows(20_000).encode())
POINT = {"type": "Point", "coordinates": [117, 31.9]}


def events_json(**other):
    return json.dumps([{"id": "1", "at": "2024-03-01 10:00:00", "lon": 117, "lat": 31.9, **other}])


FILES = {
    "cut within quotes": ("a.csv", rows(20) + '21,2024-03-01 10:00:00,117,31.9,"cut he', 2, "ends within quotes"),
    "cut within quotes of a middle field": ("a.csv", rows(20) + '21,"2024-03-01 1', 2, "ends within quotes"),
    "a quote that swallows many rows": (
        "a.csv", HEAD + '0,2024-03-01 10:00:00,117,31.9,"x\n' + rows(999)[len(HEAD):] * 160, 2, "quote is not closed",
    ),
    "empty": ("a.csv", "", 2, "is empty"),
    "nothing but line ends": ("a.csv", "\n\n", 2, "holds no line"),
    "header line missing": ("a.csv", rows(3)[len(HEAD):], 3, "no column 'id'"),
    "bytes": ("a.csv", NOISE, 2, "not a text file"),
    "bytes called GeoJSON": ("a.geojson", NOISE, 2, "cannot be read"),
    "bytes called GeoPackage": ("a.gpkg", NOISE, 2, "cannot be read"),
    "bytes called Parquet": ("a.parquet", NOISE, 2, "cannot be read"),
    "bytes called JSON": ("a.json", NOISE, 2, "does not hold JSON objects"),
    "Latin-1 in a value": ("a.csv", rows(3, note="café").encode("latin-1"), 2, "--encoding"),
    "Latin-1 in the header": ("a.csv", rows(3).replace("note", "né").encode("latin-1"), 2, "--encoding"),
    "gzip, cut": ("a.csv.gz", ZIPPED[: len(ZIPPED) // 2], 2, "Truncated"),
    "gzip, its last bytes cut": ("a.csv.gz", ZIPPED[:-4], 2, "Truncated"),
    "gzip, garbled": ("a.csv.gz", b"\x1f\x8b" + NOISE, 2, "cannot be read"),
    "gzip, another checksum": ("a.csv.gz", ZIPPED[:-8] + bytes(4) + ZIPPED[-4:], 2, "cannot be read"),
    "a header with a name twice": ("a.csv", rows(3).replace("note", "at"), 2, "'at' more than once"),
    "names equal but for case": ("a.csv", rows(3).replace("note", "AT"), 2, "'at' and 'AT'"),
    "names stored alike": ("a.csv", rows(3).replace("note", "a b,a_b"), 2, "'a b' and 'a_b'"),
    "a name that begins with st_": ("a.csv", rows(3).replace("note", "ST_x"), 2, "begins with st_"),
    "a column without a name": ("a.csv", rows(3).replace("note", ""), 2, "has no name"),
    "NUL bytes": ("a.csv", rows(3, note="a\0b"), 2, "nul-character"),
    "more bad rows than allowed": ("a.csv", rows(6).replace("2024", "2O24"), 2, "6 of 6 rows"),
    "a name that tells no format": ("a.xyz", rows(3), 5, "does not tell its format"),
    "GeoJSON, cut": ("a.geojson", '{"type": "FeatureCollection", "features": [{"type": "Fea', 2, "cannot be read"),
    "JSON array, cut": ("a.json", events_json()[:-9], 2, "cannot be read"),
    "JSON array of numbers": ("a.json", "[1, 2]", 2, "does not hold JSON objects"),
    "JSON of blanks": ("a.json", " \n ", 2, "holds no JSON object"),
    "JSON in Latin-1": ("a.json", events_json(note="$").encode().replace(b"$", b"\xe9"), 2, "undecodable-text"),
    "JSON nested too deep": ("a.json", '[{"id": ' + "[" * 5000 + "]" * 5000 + "}]", 2, "too deep"),
    "NDJSON with a broken line": ("a.ndjson", events_json()[1:-1] + "\n{oops\n", 2, "row 2: malformed-row"),
    "JSON without a column": ("a.json", '{"id": "1", "at": "2024"}', 3, "no column 'lon'"),
}  # fmt: skip


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(("name", "content", "code", "words"), FILES.values(), ids=FILES)
def test_a_bad_file_is_told_in_one_line_and_changes_nothing(run, city, tmp_path, name, content, code, words):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    ended = run("load", city, "fresh", file, *OPTIONS)
    assert ended.code == code
    assert words in ended.line
    assert not ended.out
    assert not (city / "layers/fresh").exists()
    assert run("load", city, "events", file).code in (code, 2)  # the same for a layer that is there


@pytest.mark.usefixtures("unchanged")
def test_parquet_that_is_damaged(run, city, tmp_path):
    file = tmp_path / "a.parquet"
    table = pa.table(
        {"id": ["1"], "at": ["2024-03-01 10:00:00"], "lon": [117.0], "lat": [31.9], "note": ["x"]}
    )
    pq.write_table(table, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert "cannot be read" in run("load", city, "events", file).line
    rotten = bytearray(whole)
    rotten[4:60] = NOISE[:56]
    file.write_bytes(rotten)
    ended = run("load", city, "events", file)
    assert (ended.code, "cannot be read" in ended.line) == (2, True)
    pq.write_table(pa.Table.from_arrays(table.columns, ["id", "id", "lon", "lat", "note"]), file)
    assert "two columns of one name" in run("load", city, "events", file).line
    pq.write_table(table.set_column(4, "note", pa.array([b"\xff"])), file)
    assert "not-text in 'note'" in run("load", city, "events", file).line


@pytest.mark.usefixtures("unchanged")
def test_a_folder_and_a_missing_file_are_no_sources(run, city, tmp_path):
    (tmp_path / "nothing").mkdir()
    ended = run("load", city, "events", tmp_path / "nothing")
    assert (ended.code, "has no file that could be loaded" in ended.line) == (3, True)
    ended = run("load", city, "events", tmp_path / "none.csv")
    assert (ended.code, "there is no file" in ended.line) == (3, True)


DEFINITIONS = {
    "a column that the file lacks": (DEFINITION.replace('"lon"', '"long"'), 3, "did you mean 'lon'?"),
    "several faults": (
        DEFINITION.replace("events", "My Events").replace("column", "colum").replace('"event"', '"evnt"'),
        2, "id: ", "kind: ", "did you mean 'column'?",
    ),
    "no TOML": (DEFINITION + "\n[[", 2, "is not TOML"),
    "not UTF-8": (DEFINITION.encode() + b'source = "\xe9"', 2, "not UTF-8"),
    "a datum that is none": (DEFINITION + 'datum = "mars"', 2, "space.datum"),
    "a CRS that is none": (DEFINITION + 'crs = "EPSG:1"', 2, "EPSG:1"),
    "a column that must not be": ('extra_columns = "refuse"\n' + DEFINITION, 2, "'note'"),
}  # fmt: skip


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("content", "code", "words"), [(a, b, c) for a, b, *c in DEFINITIONS.values()], ids=DEFINITIONS
)
def test_a_bad_definition_is_told_in_one_line(run, city, tmp_path, content, code, words):
    file, definition = tmp_path / "a.csv", tmp_path / "fresh.toml"
    file.write_text(rows())
    definition.write_bytes(content if isinstance(content, bytes) else content.encode())
    ended = run("load", city, "fresh", file, "--definition", definition)
    assert ended.code == code
    assert all(word in ended.line for word in words), ended.line


WORDS = {
    "load fresh A --definition no-such": (3, "no bundled definition"),
    "load fresh A --definition district-request": (3, "did you mean 'district-requests'?"),
    "load fresh A --definition none.toml": (3, "there is no definition file"),
    "load fresh A": (2, "name a definition"),
    "load events A --definition nyc-311": (2, "another definition"),
    "load events A --key note": (2, "key"),
    "load fresh A --key idd --time at --lon lon --lat lat": (3, "did you mean 'id'?"),
    "load fresh A --time at --lon lon": (2, "lon is named without lat"),
    "load fresh A --time at --x lon --y lat": (2, "crs must be declared"),
    "load fresh A --time at --x lon --y lat --crs EPSG:0": (2, "EPSG:0"),
    "load fresh A --time at --lon lon --lat lat --zone Mars/X": (2, "Mars/X"),
    "load fresh A --time at --lon lon --lat lat --time-format %Q": (2, "%Q"),
    "load fresh A --time at --lon lon --lat lat --encoding utf-99": (2, "utf-99"),
    "load fresh A --time at --lon lon --lat lat --encoding base64": (2, "base64"),
    "load fresh A --lon lon --lat lat": (2, "--time"),
    "load fresh A --time at": (2, "--lon and --lat"),
    "load events A --max-rejected x": (2, "limit"),
    "load events A --max-rejected -1": (2, "limit"),
    "load events A --max-rejected 200%": (2, "limit"),
    "load events A --mode snap": (2, "--mode"),
    "load events": (2, "sources"),
    "load none A --mode delete --definition D": (3, "to delete from"),
    "define A --id ../x --time at --lon lon --lat lat": (2, "cannot name"),
    "query event": (3, "did you mean 'events'?"),
    "query none": (3, "it has: events"),
    "query events --when 2024-13": (2, "2024-13"),
    "query events --when tomorrow": (2, "tomorrow"),
    "query events --where bbox:1,2,3": (2, "bbox"),
    "query events --where nowhere": (2, "nowhere"),
    "query events --where wkt:POLYGON((0": (2, "WKT"),
    "query events --where near:117,31:5": (2, "write 200m or 0.2km"),
    "query events --where near:117,31:5miles": (2, "write 200m or 0.2km"),
    "query events --where near:117,31:-5m": (2, "'-5m' is no distance"),
    "query events --where near:117,99:5m": (2, "lon first"),
    "query events --where near:117,31:5m@2024": (2, "leave out @"),
    "query events --where near:117": (2, "near:LON,LAT:200m"),
    "query events --where near:plases:5m": (3, "no layer 'plases'"),
    "query events --where near:events:5m": (2, "holds events"),
    "query events --where places:1": (3, "no layer 'places'"),
    "query events --where events:1": (2, "holds events"),
    "query events --where event:": (2, "LAYER:ID"),
    "query events --where places:a:b": (2, "quote an id with a colon"),
    'query events --where places:"a': (2, "a double quote is not closed"),
    "query events --where (bbox:1,2,3,4": (2, "a '(' is not closed"),
    "query events --where bbox:1,2,3,4)": (2, "')' closes nothing"),
    "query events --where not": (2, "a place is missing at its end"),
    "query events --where unit:1101": (2, "not indexed"),
    "query events --where cell:abc": (2, "abc"),
    "query events --where file:none.geojson": (3, "none.geojson"),
    "query events --what note=": (2, "CQL2"),
    "query events --what nothing=1": (3, "nothing"),
    "query events --known-at x": (2, "'x'"),
    "query events --weekdays someday": (2, "someday"),
    "query events --hours 25:00-26:00": (2, "25:00"),
    "query events --engine mainframe": (2, "mainframe"),
    "query events --limit -1": (2, "--limit"),
    "query events --format xml": (2, "xml"),
    "query events --nope": (2, "--nope"),
    "quer events": (2, "did you mean 'query'?".capitalize()),
    "layers none": (3, "it has: events"),
    "quarantine none": (3, "it has: events"),
    "check none": (3, "it has: events"),
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(("words", "code", "said"), [(w, *e) for w, e in WORDS.items()], ids=WORDS)
def test_a_bad_word_of_a_command_is_told_in_one_line(run, city, tmp_path, words, code, said):
    (tmp_path / "a.csv").write_text(rows())
    (tmp_path / "d.toml").write_text(DEFINITION)
    command, *rest = words.split()
    meant = {"A": tmp_path / "a.csv", "D": tmp_path / "d.toml"}
    where = () if command == "define" else (city,)
    ended = run(command, *where, *(meant.get(one, one) for one in rest))
    assert ended.code == code
    assert said.casefold() in ended.line.casefold()


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("words", ["--by nothing", "--by cell:7m", "-o no/such/folder.csv"])
def test_what_is_wrong_with_an_answer_comes_after_what_was_understood(run, city, words):
    ended = run("query", city, "events", *words.split())
    assert ended.code in (2, 6)
    assert ended.err.splitlines()[-1].startswith("stcloud: ")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/etc",
        "a/b",
        "",
        "..",
        ".",
        "日志",
        "é",
        "A",
        "a b",
        "a\n",
        "a%2e",
        "x" * 64,
        "x" * 5000,
        "-x",
        "1a",
    ],
)
def test_no_name_leads_out_of_the_city(run, city, tmp_path, name):
    file = tmp_path / "a.csv"
    file.write_text(rows())
    for command in (("load", *OPTIONS, "--", city, name, file), ("query", "--", city, name)):
        ended = run(*command)
        assert ended.code == 2
        assert "cannot name a layer" in ended.line


CITIES = {
    "degrees": ("--crs EPSG:4326 --zone UTC", 2, "metres"),
    "no CRS": ("--crs nope --zone UTC", 2, "nope"),
    "no zone": ("--crs EPSG:4548 --zone Asia/Shangha", 2, "did you mean 'Asia/Shanghai'"),
}


@pytest.mark.parametrize(("words", "code", "said"), CITIES.values(), ids=CITIES)
def test_a_city_that_cannot_be_is_not_begun(run, tmp_path, words, code, said):
    ended = run("create", tmp_path / "new", *words.split())
    assert (ended.code, said in ended.line) == (code, True)
    assert not (tmp_path / "new").exists()


def test_a_city_is_made_in_an_empty_folder_only(run, city, tmp_path):
    configuration = ("--crs", "EPSG:4548", "--zone", "UTC")
    for place in (city, tmp_path / "first.csv"):
        ended = run("create", place, *configuration)
        assert (ended.code, "choose another" in ended.line) == (4, True)
    assert run("create", tmp_path / "first.csv" / "x", *configuration).code == 6
    assert run("query", tmp_path / "none", "events").code == 3


@pytest.mark.parametrize("name", ["a b", 'it\'s "so"', "star*?", "h#sh;蓝塘"])
def test_a_city_may_lie_in_a_folder_of_almost_any_name(run, tmp_path, name):
    place, file = tmp_path / name, tmp_path / "a.csv"
    for count in (5, 6):
        file.write_text(rows(count))
        assert count == 6 or run("create", place, "--crs", "EPSG:4548", "--zone", "UTC").code == 0
        assert run("load", place, "events", file, *OPTIONS).code == 0
    assert run("query", place, "events", "--count", "-f", "csv").out.split() == ["count", "6"]
    assert run("check", place).code == 0


@pytest.mark.parametrize("name", ["a[1]", "100%20", "a|b", "back\\slash"])
def test_a_folder_that_the_store_mistakes_for_another_is_refused(run, tmp_path, name):
    ended = run("create", tmp_path / name, "--crs", "EPSG:4548", "--zone", "UTC")
    assert (ended.code, "rename the folder" in ended.line) == (2, True)


def replaced(old, new):
    return lambda text: text.replace(old, new)


def edited(old, new):
    """Replace a text and delete the digest, as somebody does who edits the file on purpose."""
    return lambda text: b"".join(
        line for line in text.replace(old, new).splitlines(True) if not line.startswith(b"digest")
    )


CONFIGURATIONS = {
    "of a newer format": (replaced(b"format = 1", b"format = 99"), "upgrade"),
    "empty": (lambda _: b"", "city.toml"),
    "cut": (lambda text: text[:60], "city.toml"),
    "not text": (lambda _: b"\xff\xfe\x00", "city.toml"),
    "with another CRS": (replaced(b"4548", b"4547"), "has changed since it was written"),
    "with a CRS that is none": (edited(b"4548", b"99999"), "EPSG:99999"),
    "with a CRS in degrees": (edited(b"4548", b"4326"), "metres"),
    "with a zone that is none": (replaced(b"Shanghai", b"Nowhere"), "Asia/Nowhere"),
}


@pytest.mark.parametrize(("change", "said"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_a_configuration_that_we_cannot_have_written_is_told(run, city, change, said):
    configuration = city / "city.toml"
    configuration.write_bytes(change(configuration.read_bytes()))
    for command in ("layers", "check"):
        ended = run(command, city)
        assert (ended.code, said in ended.line) == (7, True)


LOGS = {
    "garbled": lambda file: file.write_bytes(b"{oops"),
    "empty": lambda file: file.write_bytes(b""),
    "without its first entry": lambda file: file.with_name(f"{0:020}.json").unlink(),
}


@pytest.mark.parametrize("damage", LOGS.values(), ids=LOGS)
@pytest.mark.parametrize("command", ["query C events", "check C", "layers C", "load C events A"])
def test_a_damaged_log_is_told_and_left_alone(run, city, tmp_path, damage, command):
    file = tmp_path / "a.csv"
    file.write_text(rows(6))
    damage(city / "layers/events/_delta_log" / f"{1:020}.json")
    before = on_disk(city)
    ended = run(*({"C": city, "A": file}.get(word, word) for word in command.split()))
    assert (ended.code, "the log of events" in ended.line) == (7, True)
    assert on_disk(city) == before


def overwrite(file):
    """Put noise where the keys of a Parquet file are."""
    chunk = pq.read_metadata(file).row_group(0).column(0)
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    content = bytearray(file.read_bytes())
    content[start : start + chunk.total_compressed_size] = NOISE[: chunk.total_compressed_size]
    file.write_bytes(content)


FILE_DAMAGES = {
    "cut": lambda file: file.write_bytes(file.read_bytes()[:-500]),
    "overwritten": overwrite,
    "gone": Path.unlink,
}


@pytest.mark.parametrize("damage", FILE_DAMAGES.values(), ids=FILE_DAMAGES)
def test_a_damaged_file_of_a_layer_is_told_by_questions_loads_and_the_check(run, city, tmp_path, damage):
    file = tmp_path / "a.csv"
    file.write_text(rows(6))
    damage(next((city / "layers/events").glob("*.parquet")))
    asked = run("query", city, "events", "-f", "json")
    assert asked.code in (6, 7)
    assert asked.err.splitlines()[-1].startswith("stcloud: a file of the layer")
    loaded = run("load", city, "events", file)
    assert (loaded.code in (6, 7), "a file of the layer" in loaded.line) == (True, True)
    checked = run("check", city, "-f", "json")
    assert checked.code == 7
    if damage is not overwrite:
        assert next(one for one in json.loads(checked.out) if one["faults"])["check"] == "files"


def test_a_definition_that_the_city_kept_may_be_mended(run, city):
    kept = city / "layers/events.toml"
    text = kept.read_text()
    kept.write_text(text.replace("column", "colum"))
    assert run("query", city, "events").code == 2
    kept.write_text(text)
    (city / "layers/Copy of events.toml").write_text("anything")
    assert "Copy" not in run("layers", city).out
    assert run("query", city, "events").code == 0


def test_a_failed_first_load_does_not_bind_the_next(run, folder, tmp_path):
    """What a failed load would have made of a layer is forgotten: types, columns, definition."""
    file, first, second = tmp_path / "a.csv", tmp_path / "first.toml", tmp_path / "second.toml"
    file.write_text(HEAD + row(1, note="1") + row(1, note="2"))
    typed = '\n[columns.note]\ntype = "{}"\n'
    first.write_text('duplicates = "refuse"\n' + DEFINITION + typed.format("integer"))
    second.write_text(DEFINITION + typed.format("number"))
    assert "conflicting-key" in run("load", folder, "events", file, "--definition", first).line
    assert {path for path in on_disk(folder) if not path.startswith("quarantine/")} == {"city.toml"}
    assert run("load", folder, "events", file, "--definition", second).code == 0


def loaded(run, folder, file, *options):
    """What a layer holds after a load: rows and refusals."""
    ended = run("load", folder, "events", file, *options, "-f", "json")
    assert ended.code == 0, ended.err
    shown = json.loads(run("query", folder, "events", "-f", "json").out)
    return sorted(shown, key=lambda one: one["id"]), json.loads(
        run("quarantine", folder, "events", "-f", "json").out
    )


READ_WELL = {
    "byte order mark": ("a.csv", b"\xef\xbb\xbf" + rows().encode(), ()),
    "byte order mark and quotes": ("a.csv", b"\xef\xbb\xbf" + rows().replace("id,", '"id",').encode(), ()),
    "semicolons": ("a.csv", rows().replace(",", ";"), ()),
    "tabs": ("a.tsv", rows().replace(",", "\t"), ()),
    "bars": ("a.txt", rows().replace(",", "|"), ()),
    "CRLF": ("a.csv", rows().replace("\n", "\r\n"), ()),
    "no line end at the end": ("a.csv", rows()[:-1], ()),
    "blank lines": ("a.csv", "\n\n" + rows().replace("\n3,", "\n\n3,"), ()),
    "gzip": ("a.csv.gz", gzip.compress(rows().encode()), ()),
    "gzip in two members": (
        "a.csv.gz", gzip.compress(rows()[:60].encode()) + gzip.compress(rows()[60:].encode()), (),
    ),
    "plain text called gzip": ("a.csv.gz", rows(), ()),
    "GB 18030": ("a.csv", rows().encode("gb18030"), ("--encoding", "gb18030")),
    "UTF-16": ("a.csv", rows().encode("utf-16"), ("--encoding", "utf-16")),
    "UTF-16 by its mark": ("a.csv", rows().encode("utf-16"), ()),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "options"), READ_WELL.values(), ids=READ_WELL)
def test_a_file_that_is_only_unusual_is_read_well(run, folder, tmp_path, name, content, options):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    found, refused = loaded(run, folder, file, *OPTIONS, *options)
    assert [(one["id"], one["lon"], one["note"]) for one in found] == [
        (str(number), 117 + number / 100, "x") for number in range(1, 6)
    ]
    assert not refused


VALUES = {
    "a line end in quotes": ('"a\nb"', "a\nb"),
    "quotes in quotes": ('"say ""no"""', 'say "no"'),
    "Chinese": ("道路不洁", "道路不洁"),
    "leading zeros": ("007", "007"),
    "a megabyte": ("z" * 1_000_000, "z" * 1_000_000),
    "white space": ("  x ", "  x "),
}


@pytest.mark.parametrize(("written", "meant"), VALUES.values(), ids=VALUES)
def test_a_value_is_kept_as_it_is_written(run, folder, tmp_path, written, meant):
    file = tmp_path / "a.csv"
    file.write_text(rows(3000 if "\0" in written else 2) + row(9000, note=written))
    found, refused = loaded(run, folder, file, *OPTIONS)
    assert next(one["note"] for one in found if one["id"] == "9000") == meant
    assert not refused


@pytest.mark.parametrize(
    "name", ["row", "month", "number", "count", "key", "a.b", 'say "a"', "a\nb", "😀", " x ", "a,b"]
)
def test_a_column_may_have_any_name(run, folder, tmp_path, name):
    file = tmp_path / "a.csv"
    file.write_text(rows(3).replace("note", '"' + name.replace('"', '""') + '"'))
    found, _ = loaded(run, folder, file, *OPTIONS)
    assert [one[name] for one in found] == ["x"] * 3


def test_keys_keep_their_leading_zeros(run, folder, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(HEAD + "".join(row(1).replace("1,", f"{key},", 1) for key in ("7", "07", "007")))
    found, _ = loaded(run, folder, file, *OPTIONS)
    assert [one["st_key"] for one in found] == ["007", "07", "7"]


@pytest.mark.parametrize("odd", ["inf", "-inf", "nan", "1e400"])
def test_a_number_beyond_all_bounds_does_not_hide_the_others(run, folder, tmp_path, odd):
    file = tmp_path / "a.csv"
    file.write_text(rows(3) + row(4, lon=odd))
    found, _ = loaded(run, folder, file, *OPTIONS)
    assert [one["st_unplaced"] for one in found] == [None, None, None, "not-finite"]
    assert run("check", folder).code == 0


def test_ragged_rows_go_to_quarantine_with_their_number(run, folder, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(
        rows(30) + '31,2024-03-01 10:00:00,117,31.9,"a\nb"\n\n32,cut\n' + row(33) + row(34, "more")
    )
    found, refused = loaded(run, folder, file, *OPTIONS, "--max-rejected", "2")
    assert len(found) == 32
    assert [(one["row"], one["value"]) for one in refused] == [(32, "32,cut"), (34, row(34, "more").strip())]
    assert {one["reason"] for one in refused} == {
        "malformed-row: 2 fields where the header has 5", "malformed-row: 6 fields where the header has 5",
    }  # fmt: skip


def test_every_format_gives_the_same_rows(run, tmp_path):
    said = pd.DataFrame(
        {"id": ["001", "2", "3"], "at": ["2024-03-01 10:00:00"] * 3, "n": [1, 2, 3], "note": ["a", None, "c"]}
    )
    lon, lat = [117.01, 117.02, 117.03], [31.9] * 3
    flat = said.assign(lon=lon, lat=lat)
    shaped = geopandas.GeoDataFrame(said, geometry=geopandas.points_from_xy(lon, lat), crs=4326)
    flat.to_csv(tmp_path / "a.csv", index=False)
    flat.to_parquet(tmp_path / "a.parquet")
    flat.to_json(tmp_path / "a.json", orient="records")
    flat.to_json(tmp_path / "a.ndjson", orient="records", lines=True)
    shaped.to_file(tmp_path / "b.geojson")
    shaped.to_file(tmp_path / "b.gpkg")
    shaped.to_parquet(tmp_path / "b.parquet")
    shutil.copy(tmp_path / "b.geojson", tmp_path / "b.json")
    for name in ("a.csv", "a.json", "b.geojson"):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    answers = {}
    for file in sorted(tmp_path.glob("?.*")):
        place = tmp_path / f"city-{file.name}"
        assert run("create", place, "--crs", "EPSG:4548", "--zone", "UTC").code == 0
        options = OPTIONS if file.name.startswith("a") else (*OPTIONS[:6], "--crs", "EPSG:4326")
        found, _ = loaded(run, place, file, *options)
        answers[file.name] = [
            {k: str(v) if k == "n" else v for k, v in one.items() if k not in ("lon", "lat")} for one in found
        ]  # typed files keep the number
    assert len(answers) == 11
    for name, answer in answers.items():
        assert answer == answers["a.csv"], name


def test_what_is_no_point_is_refused_and_what_is_nowhere_is_kept(run, folder, tmp_path):
    shapes = [
        shapely.Point(117, 31.9), shapely.LineString([(117, 31), (117, 32)]), shapely.Point(117, 32).buffer(1), None,
    ]  # fmt: skip
    said = {"id": ["1", "2", "3", "4"], "at": ["2024-03-01 10:00:00"] * 4}
    geopandas.GeoDataFrame(said, geometry=shapes, crs=4326).to_file(tmp_path / "a.geojson")
    found, refused = loaded(run, folder, tmp_path / "a.geojson", *OPTIONS[:6], "--max-rejected", "2")
    assert [(one["id"], one["st_unplaced"]) for one in found] == [("1", None), ("4", "missing")]
    assert [(one["row"], one["reason"]) for one in refused] == [(2, "not-a-point"), (3, "not-a-point")]


def test_a_geopackage_with_two_layers_needs_one_named(run, folder, tmp_path):
    file, definition = tmp_path / "a.gpkg", tmp_path / "d.toml"
    for layer in ("north", "south"):
        said = {"id": [layer], "at": ["2024-03-01 10:00:00"]}
        geopandas.GeoDataFrame(said, geometry=[shapely.Point(117, 31.9)], crs=4326).to_file(file, layer=layer)
    ended = run("load", folder, "events", file, *OPTIONS[:6])
    assert (ended.code, "north, south" in ended.line) == (2, True)
    space = '[space]\ncolumn = "geometry"\nencoding = "wkb"\ncrs = "EPSG:4326"\n[read]\nlayer = "south"\n'
    definition.write_text(DEFINITION.split("[space]")[0] + space)
    found, _ = loaded(run, folder, file, "--definition", definition)
    assert [one["id"] for one in found] == ["south"]


def test_nested_values_stay_json(run, folder, tmp_path):
    file = tmp_path / "a.json"
    file.write_text(
        events_json(tags=["a", 1, 1.5, True, None], more={"b": {"c": 2}}, big=12345678901234567890, no=False)
    )
    found, _ = loaded(run, folder, file, *OPTIONS)
    assert json.loads(found[0]["tags"]) == ["a", 1, 1.5, True, None]
    assert json.loads(found[0]["more"]) == {"b": {"c": 2}}
    assert (found[0]["big"], found[0]["no"]) == ("12345678901234567890", "false")


def test_json_that_speaks_of_features_is_not_geojson(run, folder, tmp_path):
    file = tmp_path / "a.json"
    file.write_text(events_json(note="Feature"))
    assert loaded(run, folder, file, *OPTIONS)[0][0]["note"] == "Feature"


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_file_whose_name_is_a_pattern_is_read_and_no_other(run, folder, tmp_path, kind):
    content = {"json": events_json(), "csv": rows(1)}[kind]
    for name in ("day[1]", "day1", "day*", "dayx"):
        (tmp_path / f"{name}.{kind}").write_text(
            content.replace("1", "7" if name in ("day1", "dayx") else "1")
        )
    for name in ("day[1]", "day*"):
        assert [one["id"] for one in loaded(run, folder, tmp_path / f"{name}.{kind}", *OPTIONS)[0]] == ["1"]


# What the world around does: disks and pipes; signals are in test_signals.py


@pytest.fixture
def disk(tmp_path):
    """Mount a small file system; skip where that is not allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = []

    def mount(*options):
        asked = ["mount", "-t", "tmpfs", "-o", ",".join(options), "stcloud-test", str(place)]
        if (
            shutil.which("mount") is None
            or subprocess.run(asked, capture_output=True, check=False).returncode
        ):
            pytest.skip("mounting a file system is not permitted here")
        mounted.append(place)
        return place

    yield mount
    for one in mounted:
        subprocess.run(["umount", "-l", str(one)], check=True)


def remount(place, *options):
    subprocess.run(["mount", "-o", ",".join(("remount", *options)), str(place)], check=True)


def test_a_full_disk_is_told_and_the_city_is_as_it_was(run, city, tmp_path, disk):
    place = disk("size=3m") / "city"
    shutil.copytree(city, place)
    file = tmp_path / "big.csv"
    noise = random.Random(7)
    file.write_text(HEAD + "".join(row(number, note=noise.randbytes(60).hex()) for number in range(40_000)))
    before = on_disk(place)
    ended = run("load", place, "events", file)
    assert ended.code == 6
    assert "space" in ended.line
    assert on_disk(place) == before
    file.write_text(rows(6))
    assert run("load", place, "events", file).code == 0
    assert run("check", place).code == 0


@pytest.mark.parametrize("room_kb", spread([30, 60, 90, 120, 200, 300, 450], least=3))
def test_a_disk_that_fills_at_any_step_leaves_a_city_that_is_whole(run, city, tmp_path, disk, room_kb):
    place = disk("size=4m") / "city"
    shutil.copytree(city, place)
    file = tmp_path / "a.csv"
    noise = random.Random(7)
    file.write_text(
        HEAD + "".join(row(number, note=noise.randbytes(30).hex()) for number in range(2000)) + "1,bad\n"
    )
    free = shutil.disk_usage(place).free
    (place.parent / "ballast").write_bytes(bytes(max(0, free - (room_kb << 10))))
    ended = run("load", place, "events", file)
    (place.parent / "ballast").unlink()
    assert ended.code in (0, 6)
    assert "Traceback" not in ended.err
    assert ended.err.count("stcloud: ") == (ended.code == 6)
    assert run("check", place).code == 0
    again = run("load", place, "events", file, "-f", "json")
    assert again.code == 0
    assert json.loads(again.out)[0]["read"] == 2001
    assert run("query", place, "events", "--count", "-f", "csv").out.split()[-1] == "2000"
    assert run("check", place).code == 0


def test_a_city_on_a_read_only_disk_can_be_asked_but_not_loaded(run, city, tmp_path, disk):
    place = disk("size=4m") / "city"
    shutil.copytree(city, place)
    remount(place.parent, "ro")
    file = tmp_path / "a.csv"
    file.write_text(rows(6))
    ended = run("load", place, "events", file)
    assert (ended.code, "ead-only" in ended.line) == (6, True)
    assert run("create", place.parent / "other", "--crs", "EPSG:4548", "--zone", "UTC").code == 6
    assert run("query", place, "events", "--count", "-f", "csv").out.split() == ["count", "5"]
    assert run("check", place).code == 0


LIMITED = """
import resource
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
"""


def test_a_file_that_may_not_grow_is_told(command, city, tmp_path):
    """The stand-in for a full disk where nothing can be mounted: a limit on the size of files."""
    file = tmp_path / "big.csv"
    file.write_text(rows(60_000))
    before = on_disk(city)
    process = command("load", city, "events", file, before=LIMITED)
    _, said = process.communicate()
    assert (process.returncode, said.count("\n")) == (6, 1), said
    assert on_disk(city) == before


def test_a_reader_that_stops_reading_is_no_error(spawn, city, tmp_path):
    file = tmp_path / "big.csv"
    file.write_text(rows(60_000))
    stcloud.open(city).load("events", file)
    process = spawn("-m", "stcloud", "query", city, "events", "--format", "csv")
    assert process.stdout.readline().startswith("st_key")
    process.stdout.close()
    process.stdout = None
    said = process.stderr.read()
    assert process.wait() == 0
    assert "stcloud:" not in said
    assert "rror" not in said


def test_progress_makes_no_noise_where_nobody_watches(command, city, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(rows(6))
    process = command("load", city, "events", file, "-f", "json")
    out, said = process.communicate()
    assert json.loads(out)[0]["accepted"] == 1
    assert said.startswith("a.csv: no datum is declared")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("kind", ["events", "features"])
def test_a_row_outside_the_lattice_is_a_fault_of_its_own(run, folder, tmp_path, kind):
    text = (folder / "city.toml").read_text(encoding="utf-8")
    moved = "".join(
        "lattice_origin = [0, 4000000]\n" if line.startswith("lattice_origin") else line
        for line in text.splitlines(keepends=True)
        if not line.startswith("digest")
    )
    (folder / "city.toml").write_text(moved, encoding="utf-8")
    file = tmp_path / "a.geojson"
    places = {"south": 31.9, "north": 37}  # 3,531 and 4,096 km north
    made = [
        {
            "type": "Feature",
            "properties": {"id": name, "at": "2024-03-01 10:00:00"},
            "geometry": {"type": "Point", "coordinates": [117, lat]},
        }
        for name, lat in places.items()
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": made}))
    how = ("--valid-from", "2024-01-01") if kind == "features" else ("--time", "at")
    done = run("load", folder, "l", file, "--key", "id", *how, "--max-rejected", "1", "--format", "json")
    assert done.code == 0, done.err
    refused = json.loads(run("quarantine", folder, "l", "--format", "json").out)
    if kind == "features":
        assert [(one["row"], one["reason"]) for one in refused] == [(1, "outside-lattice")]
    else:
        assert refused == []
        rows = run("query", folder, "l", "--format", "ndjson").out.splitlines()
        found = {row["id"]: row["st_unplaced"] for row in map(json.loads, rows)}
        assert found == {"south": "outside", "north": None}
