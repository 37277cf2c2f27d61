"""Nothing that is written kills the process: the real command, and Python in a process of its own."""

import sys
from pathlib import Path

import pytest

import stcloud
from stcloud.testing.events import define, rows

STCLOUD = Path(sys.executable).with_name("stcloud")
DEEP = 20_000
OPTIONS = {
    "not": ("--what", "not " * DEEP + "id = '1'"),
    "and": ("--what", " and ".join(["a"] * DEEP)),
    "JSON": ("--what", '{"op": "not", "args": [' * 5000 + "true"),
    "a measure": ("--measure", "sum(" + "+".join(["1"] * DEEP) + ")"),
    "a text that is measured": ("--measure", "sum('abc')"),
    "a place of not": ("--where", "not " * DEEP + "cell:1"),
    "WKT": ("--where", "wkt:" + "GEOMETRYCOLLECTION(" * 5000 + "POINT(1 2)" + ")" * 5000),
}
IN_PYTHON = """
import sys, stcloud
from stcloud.errors import StcloudError
asked, deep, wide = stcloud.open(sys.argv[1]).query("events"), 20_000, 1_000_000
square = {"type": "Polygon", "coordinates": [[[117, 31], [117.1, 31], [117, 31.1], [117, 31]]]}
nested = "GEOMETRYCOLLECTION(" * deep + "POINT(1 2)" + ")" * deep
for _ in range(deep):
    square = {"type": "GeometryCollection", "geometries": [square]}
questions = {
    "brackets": lambda: asked.what("(" * deep + "id = '1'" + ")" * deep),
    "a sum": lambda: asked.what("+".join(["1"] * deep) + " > 0"),
    "collections": lambda: asked.what(f"S_WITHIN(geometry, {nested})"),
    "a GeoJSON collection": lambda: asked.what({"op": "s_within", "args": [{"property": "geometry"}, square]}),
    "a place of a GeoJSON collection": lambda: asked.where(square),
    "a measure of minus": lambda: asked.measure("sum(" + "-" * deep + "1)"),
    "a measure of brackets": lambda: asked.measure("sum(" + "(" * deep + "1" + ")" * deep + ")"),
    "a measure of 300 terms": lambda: asked.measure("sum(" + "+".join(["1"] * 300) + ")"),
    "a measure of nothing": lambda: asked.measure("mean(NULL)"),
    "having": lambda: asked.measure(by=["day"], having="not " * deep + "count = 1"),
    "places in brackets": lambda: asked.where("(" * wide + "cell:1" + ")" * wide),
    "places": lambda: asked.where(" and ".join(["cell:13507429318"] * deep)),
    "WKT": lambda: asked.where("wkt:" + "GEOMETRYCOLLECTION(" * wide + "POINT(1 2)" + ")" * wide),
    "WKT of polygons": lambda: asked.where("wkt:" + "POLYGON(" * wide),
    "a long name": lambda: asked.where("a" * wide + ":b"),
    "colons": lambda: asked.where("near" + ":a" * wide),
    "digits": lambda: asked.where("near:117,31:" + "9" * 5000 + "m"),
    "a way of joining": lambda: asked.join("events", "nearest " + "9" * 5000),
    "a cursor": lambda: asked.rows(1, after="W1tb" * 30_000),
    "an order": lambda: asked.rows(1, order=["a" * 500]),
    "a group": lambda: asked.count(by=["(" * 500]),
    "a time": lambda: asked.when("2024-" * 100),
    "a time of slashes": lambda: asked.when("/" * 500),
}
for name, ask in questions.items():
    try:
        ask()
        print(name, "| answered", flush=True)
    except StcloudError as error:
        lines = str(error).splitlines()
        print(name, "|", "refused" if len(lines) == 1 and len(lines[0]) < 900 else lines[0][:99])
    except Exception as error:
        print(name, "|", type(error).__name__, str(error)[:99])
"""


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deep")
    made = stcloud.create(folder / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    (folder / "a.csv").write_text(rows(20))
    made.load("events", folder / "a.csv", definition=define())
    return folder / "city"


@pytest.mark.costly
@pytest.mark.parametrize("name", OPTIONS)
def test_the_command_ends_in_a_line(name, city, command, spawn):
    """One is the installed command, the others are processes forked from one: their stack is as large."""
    words = ("query", city, "events", "--count", *OPTIONS[name])
    process = spawn(STCLOUD, *words) if name == "not" else command(*words)
    _, said = process.communicate(timeout=120)
    assert process.returncode in (2, 5), (process.returncode, said[-500:])
    assert len(said.strip().splitlines()) == 1, said[-500:]
    assert "a fault of stcloud" not in said


@pytest.mark.thorough
def test_a_process_survives_what_is_asked_in_python(city, spawn):
    """Law: each is refused in one line of readable length; a process that dies prints no more."""
    process = spawn("-c", IN_PYTHON, city)
    printed, said = process.communicate(timeout=300)
    assert process.returncode == 0, said[-500:]
    answers = dict(line.split(" | ", 1) for line in printed.splitlines())
    assert len(answers) == IN_PYTHON.count("lambda")
    assert answers == dict.fromkeys(answers, "refused")
