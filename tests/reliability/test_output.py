"""What goes out: no file is begun before it is known where to, and no value steers a terminal or becomes markup."""

import csv
import io
import json
import os
import pty
import re
import signal
import warnings
from pathlib import Path

import geopandas
import pytest

import stcloud
from stcloud.testing.events import rows

HOSTILE = (
    "\x1b[31mred", "\x1b]0;t\x07", "\u202efdp.exe", "\u2066x\u2069", "[red]a[/red]", "[/]", "[link=file:///x]y",
    ":house:", "$x_{$", "$\\frac{", "\ufeffz", "a\nb", "a\tb", "\x7f", "=1+1", "+1", "-1", "@x", "路灯",
)  # fmt: skip
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")

WRITERS = {
    "query": ("query", "CITY", "events"), "show": ("show", "CITY", "areas", "--as-of", "2024"),
    "history": ("history", "CITY", "areas", "a"), "diff": ("diff", "CITY", "areas", "2023", "2024"),
    "timeline": ("timeline", "CITY", "areas"), "join": ("join", "CITY", "events", "areas"),
    "layers": ("layers", "CITY"), "quarantine": ("quarantine", "CITY", "events"), "check": ("check", "CITY"),
    "load": ("load", "CITY", "events", "a.csv"), "define": ("define", "a.csv"),
    "grid check": ("grid", "check", "CITY", "grid"), "grid index": ("grid", "index", "CITY", "events"),
    "grid crosswalk": ("grid", "crosswalk", "CITY", "grid"), "grid code": ("grid", "code", "340102001001001"),
    "grid equivalents": ("grid", "equivalents", "CITY", "--cell", "1"),
    "grid locate": ("grid", "locate", "CITY", "grid", "a.csv"),
    "grid divide": ("grid", "divide", "--communities", "a.geojson", "--streets", "b.geojson", "--crs", "EPSG:4548"),
}  # fmt: skip


@pytest.mark.parametrize("name", ["x.shp", "x.html", "x.ods", "x"])
@pytest.mark.parametrize("command", WRITERS)
def test_an_unknown_name_is_refused_before_anything_is_read(run, tmp_path, command, name):
    """The city does not exist, nor does a file: the output's name is what is spoken of."""
    words = [str(tmp_path / "none") if word == "CITY" else word for word in WRITERS[command]]
    ended = run(*words, "-o", tmp_path / name)
    assert ended.code == 5
    assert name in ended.line
    assert (".toml" if command == "define" else ".csv") in ended.line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", WRITERS)
def test_a_folder_is_refused_before_anything_is_read(run, tmp_path, command):
    words = [str(tmp_path / "none") if word == "CITY" else word for word in WRITERS[command]]
    name = "x.toml" if command == "define" else "x.csv"
    (tmp_path / name).mkdir()
    for path in (tmp_path / name, tmp_path / "no" / name):
        ended = run(*words, "-o", path)
        assert ended.code == 6
        assert "folder" in ended.line
    assert [one.name for one in tmp_path.rglob("*")] == [name]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("query", "CITY", "events", "--map", "x.jpg"), 2), (("query", "CITY", "events", "--map", "x"), 2),
        (("grid", "check", "CITY", "grid", "--map", "x.gif"), 2),
        (("query", "CITY", "events", "--save", "x.yaml"), 5),
    ],
)  # fmt: skip
def test_maps_and_questions_too(run, tmp_path, words, code):
    ended = run(*(tmp_path / "none" if word == "CITY" else word for word in words))
    assert ended.code == code
    assert words[-1] in ended.line


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A city whose values, source's name, quarantine and column are all made up by somebody who means harm."""
    place = tmp_path_factory.mktemp("hostile")
    lon = -74.0
    city = stcloud.create(place / "city", crs="EPSG:32618", zone="America/New_York")
    file = place / "a\x1b[31m[red].csv"
    with file.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.writer(sink)
        writer.writerow(["id", "at", "lon", "lat", "note", "[b]\u202ecol"])
        for number, text in enumerate(HOSTILE):
            writer.writerow([number, "2024-03-05 10:00", lon + number / 1000, 31.9, text, text])
            writer.writerow([f"bad{number}", text, lon, 31.9, text, text])
    options = {"time_formats": ["%Y-%m-%d %H:%M"], "lon": "lon", "lat": "lat", "max_rejected": "90%"}
    city.load("events", file, key=["id"], time="at", **options)
    areas = geopandas.GeoDataFrame(
        {"code": ["a", "b"], "name": HOSTILE[:2]},
        geometry=geopandas.points_from_xy([lon, lon + 1], [31.9, 31.9]).buffer(0.1), crs="EPSG:4326",
    )  # fmt: skip
    areas.to_file(place / "areas.geojson")
    city.load("areas", place / "areas.geojson", key=["code"], valid_from="2020-01-01")
    return place


@pytest.mark.parametrize(
    "words",
    [
        ("query", "events"), ("query", "events", "--by", "note"), ("query", "events", "--why", "1"),
        ("quarantine", "events"), ("layers",), ("layers", "events"), ("show", "areas", "--as-of", "2024"),
        ("history", "areas", "a"), ("join", "events", "areas"), ("query", "events", "--explain"),
        ("query", "events", "--what", "note = '\x1b[31m\u202e'"), ("query", "events", "--what", "\x1b[31m = 1"),
        ("query", "ev\x1b[31m\u202e"), ("query", "events", "--when", "\x9b31m\u2066"),
        ("query", "events", "--\x1b[31m"),
        ("query", "events", "--where", "areas:\x1b[31m"), ("load", "events", "\x1b[31m\u202e.csv"),
        ("query", "events", "-o", "\x1b[31m\u202e.shp"), ("history", "areas", "\x1b[31m"), ("\x1b[31m",),
        ("query", "events", "-f", "json"), ("query", "events", "-f", "geojson"), ("layers", "events", "-f", "json"),
        ("quarantine", "events", "-f", "ndjson"),
    ],
)  # fmt: skip
def test_nothing_that_a_terminal_obeys_is_printed(run, hostile, words):
    command, *rest = words
    ended = run(command, hostile / "city", *rest)
    assert ended.code in (0, 2, 3, 5)
    assert not RAW.findall(ended.out)
    assert not RAW.findall(ended.err)


def test_values_are_shown_as_text(run, hostile):
    out = run("query", hostile / "city", "events").out
    for text in (
        r"\x1b[31mred",
        r"\u202efdp.exe",
        "[red]a[/red]",
        "[/]",
        "[link=file:///x]y",
        ":house:",
        "$x_{$",
    ):
        assert out.count(text) == 2
    out = run("quarantine", hostile / "city", "events").out
    assert r"a\x1b[31m[red].csv" in out
    assert ":house:" in out


def test_data_formats_keep_values(run, hostile, tmp_path):
    city = hostile / "city"
    notes = {str(number): text for number, text in enumerate(HOSTILE)}
    for name in ("x.csv", "x.json", "x.ndjson", "x.geojson", "x.parquet", "x.gpkg"):
        path = tmp_path / name
        assert run("query", city, "events", "-o", path).code == 0
        assert {row["st_key"]: row["note"] for row in read(path)} == notes
    guarded = tmp_path / "y.csv"
    assert run("query", city, "events", "-o", guarded, "--safe-csv").code == 0
    got = {row["st_key"]: row["note"] for row in read(guarded)}
    assert got == {key: f"'{text}" if text[0] in "=+-@" else text for key, text in notes.items()}


def read(path):
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))
    if path.suffix == ".json":
        return json.loads(path.read_text())
    if path.suffix == ".ndjson":
        return [json.loads(line) for line in path.read_text().split("\n") if line]
    read_file = geopandas.read_parquet if path.suffix == ".parquet" else geopandas.read_file
    return read_file(path).to_dict("records")


@pytest.fixture
def on_terminal(command):
    """Run a command in a terminal of 80 columns; return what came out of it."""

    def out_of(*words):
        main, other = pty.openpty()
        process = command(*words, stdout=other, COLUMNS="80", TERM="xterm-256color")
        os.close(other)
        parts = []
        try:
            while part := os.read(main, 65536):
                parts.append(part)
        except OSError:  # the other end was closed
            pass
        os.close(main)
        assert process.wait() == 0
        return b"".join(parts).decode()

    return out_of


STYLE = re.compile("\x1b\\[[0-9;]*m")


def test_a_narrow_terminal_shows_every_value_whole(hostile, on_terminal):
    for words in (("query", hostile / "city", "events"), ("layers", hostile / "city")):
        out = on_terminal(*words)
        assert all(len(line) <= 80 for line in STYLE.sub("", out).splitlines())
        assert (
            len(re.findall(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?[+-]\d\d:\d\d)?(?=\s)", out)) >= 2
        )
        assert "\x1b[31m" not in out
        assert "\u202e" not in out


def test_csv_and_definitions_do_not_steer_a_terminal(hostile, on_terminal):
    out = on_terminal("query", hostile / "city", "events", "-f", "csv")
    assert not RAW.findall(out.replace("\r\n", "\n"))
    assert r"\x1b[31mred" in out
    out = on_terminal("layers", hostile / "city", "events")
    assert "\x1b[31m" not in out
    assert not RAW.findall(STYLE.sub("", out.replace("\r\n", "\n")))


def test_a_table_in_a_file_has_all_rows(run, city, tmp_path):
    (tmp_path / "many.csv").write_text(rows(300))
    assert run("load", city, "events", tmp_path / "many.csv").code == 0
    path = tmp_path / "table.txt"
    ended = run("query", city, "events", "--format", "table", "-o", path)
    assert (ended.code, ended.out) == (0, "")
    assert "are shown" not in ended.err
    assert len(path.read_text().splitlines()) == 301
    shown = run("query", city, "events")
    assert len(shown.out.splitlines()) == 51
    assert "300 rows; the first 50 are shown" in shown.err


ALONE = """
import os, resource, signal, sys
words, out, err, most_bytes = args
os.dup2(os.open(out, os.O_WRONLY), 1)
os.dup2(os.open(err, os.O_WRONLY | os.O_CREAT), 2)
if most_bytes:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
sys.argv = ["stcloud", *words]
from stcloud.saas.cli import main
main()
"""


@pytest.fixture
def alone(forks):
    """Run a command in a process of its own; return its exit code and what it wrote on stderr."""

    def command(folder, words, *, out=os.devnull, most_bytes=0):
        err = folder / "stderr.txt"
        process = forks(ALONE, words, out, str(err), most_bytes)
        process.join(60)
        return process.exitcode, err.read_text(encoding="utf-8")

    return command


@pytest.mark.costly
@pytest.mark.parametrize("name", ["x.csv", "x.json", "x.geojson", "x.parquet", "x.gpkg", "x.fgb"])
def test_a_write_that_fails_leaves_the_old_file(alone, city, tmp_path, name):
    (tmp_path / "many.csv").write_text(rows(3000))
    stcloud.open(city).load("events", tmp_path / "many.csv")
    path = tmp_path / "out" / name
    path.parent.mkdir()
    path.write_text("old")

    code, err = alone(tmp_path, ["query", str(city), "events", "-o", str(path)], most_bytes=20_000)
    assert code == 6, err
    assert f"could not write {path}" in err.splitlines()[-1]
    assert path.read_text() == "old"
    assert [one.name for one in path.parent.iterdir()] == [name]


HALF = """
import stcloud.saas.cli.output as o
o._csv = lambda answer, sink, safe: (sink.write("half"), sink.flush(), os.kill(os.getpid(), 9))
"""


def test_a_killed_write_leaves_the_old_file(command, city, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("old")
    process = command("query", city, "events", "-o", path, before=HALF)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert path.read_text() == "old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
@pytest.mark.parametrize("form", ["table", "csv", "json", "geojson", "parquet"])
def test_a_full_stdout_is_one_line(alone, city, tmp_path, form):
    code, err = alone(tmp_path, ["query", str(city), "events", "-f", form], out="/dev/full")
    assert code == 6
    assert err.splitlines()[-1].startswith("stcloud: could not write to stdout: No space")
    assert len(err.splitlines()) == 2


def test_the_output_may_not_be_a_file_of_the_city(run, city):
    before = (city / "city.toml").read_text()
    ended = run("query", city, "events", "--save", city / "city.toml")
    assert ended.code == 2
    assert "keeps its data" in ended.line
    assert (city / "city.toml").read_text() == before


def test_nothing_to_list_is_said_and_has_its_columns(run, tmp_path):
    city = tmp_path / "city"
    made = stcloud.create(city, crs="EPSG:4548", zone="Asia/Shanghai")
    listed = run("layers", city)
    assert listed.out.split()[:3] == ["layer", "kind", "title"]
    assert "has no layers yet" in listed.err
    (tmp_path / "a.csv").write_text(rows(2))
    made.load("events", tmp_path / "a.csv", key=["id"], time="at", lon="lon", lat="lat")
    rejected = run("quarantine", city, "events", "-f", "csv")
    assert rejected.out.startswith("load,layer,")
    assert "no rows of layer 'events' were rejected" in rejected.err
    assert json.loads(run("quarantine", city, "events", "-f", "json").out) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("grid", "check", "CITY", "events"), "holds events and is no unit grid"),
        (("grid", "equivalents", "CITY", "--cell", "5"), "5 is not a cell id"),
        (("grid", "equivalents", "CITY"), "either a cell or a point"),
    ],
)
def test_the_cause_is_named(run, city, words, said):
    ended = run(*(city if word == "CITY" else word for word in words))
    assert ended.code == 2
    assert said in ended.line


def test_the_list_of_commands_cuts_no_sentence(run):
    for words in ((), ("grid",), ("indicators",)):
        lines = run(*words, "--help").out.splitlines()[1:]
        assert [line for line in lines if line.endswith("...")] == []


@pytest.mark.costly
@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_a_pipe_gets_utf_8_whatever_the_locale(command, spawn, city, tmp_path, form):
    (tmp_path / "a.csv").write_text(rows(3, note="路灯"), encoding="utf-8")
    stcloud.open(city).load("events", tmp_path / "a.csv")
    words = ("query", city, "events", "-f", form)
    if form == "csv":
        process = spawn("-m", "stcloud", *words, env={"PYTHONIOENCODING": "latin-1"})
    else:
        process = command(*words, PYTHONIOENCODING="latin-1")
    out, _ = process.communicate()
    assert process.returncode == 0
    assert out.count("路灯") == 3


def test_an_engine_that_is_not_there_is_soon_said(run, city):
    pytest.importorskip("pyspark")
    ended = run("query", city, "events", "--engine", "sc://localhost:1")
    assert ended.code == 6
    assert "no Spark Connect endpoint answers at sc://localhost:1" in ended.line


def test_what_a_library_warns_of_is_one_line(run, city, monkeypatch):
    def warn(*_, **__):
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("odd\x1b[31m\nthing", stacklevel=1)

    monkeypatch.setattr("stcloud.saas.cli.query.print_answer", warn)
    ended = run("query", city, "events")
    assert ended.code == 0
    assert ended.err.splitlines()[1:] == [r"stcloud: warning: odd\x1b[31m\nthing"]
