"""Questions as they are typed: a shell makes the question of the command, and Python gives the same answer."""

import shlex
import subprocess

import geopandas
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shapely import box

import stcloud
from stcloud.paas.query import Question
from stcloud.saas.cli.app import command
from stcloud.saas.cli.asking import question_of
from stcloud.saas.cli.option import read_places, split
from stcloud.saas.reproduction import narrowed_text, python_text, shell_text
from tests.saas.paper.conftest import CRS, SOUTH, WEST, ZONE, calls, communities

LISTS = [name for name, field in Question.model_fields.items() if field.default == ()]
SEPARATED = ("by", "order")
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=9)
HARD = st.sampled_from([
    "status = 'open'", "-x", "--by", "a b", "$HOME", "`ls`", "a\\b", '"q"', "it's \"$x\"", "\n", "!", "*", "~",
    "北山", "=", "",
])  # fmt: skip
WORD = TEXT | HARD
NAME = st.sampled_from(["week", "class_code", '"a, b"', "a, b", "-count", "in:communities.name", "x y"])


def questions():
    single = {
        name: st.none() | WORD for name, field in Question.model_fields.items()
        if field.default is None and name != "limit"
    }  # fmt: skip
    lists = {name: st.lists(NAME if name in SEPARATED else WORD, max_size=2).map(tuple) for name in LISTS}
    return st.builds(
        Question, layer=st.sampled_from(["requests", "street lamps"]), count=st.booleans(),
        limit=st.none() | st.integers(0, 10**6), **single, **lists,
    )  # fmt: skip


def parsed(words):
    """Return the question that the command line makes of words."""
    query = command().commands["query"]
    given = query.make_context("query", list(words)).params
    given |= {name: split(given[name]) for name in SEPARATED}
    return question_of(None, given | {"now": given["now"] or "2024-07-01"})


def normal(question):
    """Return a question as the command line has it: a comma in a name is within double quotes."""
    listed = {
        name: tuple(part if '"' in part or "," not in part else f'"{part}"' for part in getattr(question, name))
        for name in SEPARATED
    }  # fmt: skip
    return question.model_copy(update=listed | {"now": question.now or "2024-07-01"})


@given(questions())
@example(Question(layer="requests", what=("a = 'b'",), limit=0, until="", order=("-count",)))
def test_the_words_of_a_shell_parsed_by_the_command_line_give_the_same_question(question):
    words = shlex.split(shell_text(question, "a city"))
    assert words[:3] == ["stcloud", "query", "a city"]
    assert parsed(words[2:]) == normal(question)


@given(st.lists(questions(), min_size=1, max_size=4))
def test_a_posix_shell_makes_the_same_words(asked):
    for question in asked:
        text = shell_text(question, "-city", options=(("--format", "csv"),))
        script = f"set -f; stcloud() {{ printf '%s\\0' \"$@\"; }}; {text}"
        printed = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True).stdout
        assert printed.decode().split("\0")[:-1] == shlex.split(text)[1:]
        assert shlex.split(text)[2] == "./-city"


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("typed")
    with stcloud.create(folder / "town", crs=CRS, zone=ZONE, calendar="NZ") as city:
        city.load("calls", calls(), key="id", time="at", x="x", y="y", crs=CRS)
        city.load("communities", communities(), key="code", valid_from="2020-01-01")
        city.load("communities", communities().iloc[:3], valid_from="2024-06-10")
        part = geopandas.GeoDataFrame(geometry=[box(WEST, SOUTH, WEST + 700, SOUTH + 900)], crs=CRS)
        part.to_crs("EPSG:4326").to_file(folder / "part.geojson")
        yield city, folder


def of_calls(known, folder):
    """Return questions about calls that have an answer, with each field that events have."""
    maybe = st.none
    narrowed = {
        "what": st.sampled_from([(), ("kind = 'noise'",), ("kind <> \"kind\"", "closed IS NOT NULL")]),
        "where": st.sampled_from([(), ("communities:a",), (f"file:{folder}/part.geojson",),
                                  (f"wkt:{box(WEST, SOUTH, WEST + 500, SOUTH + 500).wkt}", "communities:b")]),
        "when": st.sampled_from([(), ("2024-06",), ("2024-05-03/2024-05-09", "2024-06-12"), ("last month",)]),
        "weekdays": maybe() | st.just("mon-fri"), "hours": maybe() | st.just("07:00-10:00"),
        "months": maybe() | st.just("jun"), "seasons": maybe() | st.just("winter"),
        "days": maybe() | st.just("working"), "known_at": maybe() | st.just(known),
    }  # fmt: skip
    rows = st.fixed_dictionaries(
        {**narrowed, "order": st.sampled_from([(), ("-closed", "id")]), "limit": maybe() | st.integers(0, 9)}
    )
    summed = st.fixed_dictionaries({
        **narrowed, "by": st.sampled_from([("kind",), ("week", "kind"), ("in:communities.name",)]),
        "measure": st.sampled_from([(), ("count", "d = median(days(closed - at))"), ("per_km2",)]),
        "having": maybe() | st.just("kind <> 'noise' OR true"), "until": maybe() | st.just("2024-07-02"),
        "rated_at": maybe() | st.just("2024-06-01"), "order": st.sampled_from([(), ("-week",)]),
        "limit": maybe() | st.integers(0, 9),
        "compare": st.sampled_from([None, "previous", "year", "where:communities:c"]),
    })  # fmt: skip
    return (rows | summed).map(of_given)


def of_given(given):
    now = {"now": "2024-07-05T10:00"} if "last month" in given["when"] else {}
    crs = {"crs": CRS} if "wkt" in str(given["where"]) else {}
    return Question(layer="calls", **given, **now, **crs)


def outcome(answer):
    """Return what answering gives: the table, or the kind of the error."""
    try:
        return answer().table
    except stcloud.StcloudError as error:
        return error.kind


@given(st.data())
def test_the_python_text_gives_the_same_answer(town, data):
    city, folder = town
    known = city.configuration.zone.iso(city.layer("communities").loads[0].recorded_at_us)
    features = st.builds(
        Question, layer=st.just("communities"), as_of=st.sampled_from(["2024-06-01", "2024-07-01"]),
        count=st.just(True), compare=st.sampled_from([None, "as-of:2024-06-20", "where:communities:a"]),
        known_at=st.none() | st.just(known),
    )  # fmt: skip
    for question in data.draw(st.lists(of_calls(known, folder) | features, min_size=8, max_size=8)):
        text = python_text(question)
        expected = outcome(
            lambda asked=question: asked.answer(
                asked.narrow(city.query(asked.layer), read_places), read_places
            )
        )
        given = outcome(lambda typed=text: eval(typed, {"city": city, "geopandas": geopandas}))
        assert given == expected, text


@pytest.mark.parametrize("name", [name for name in Question.model_fields if name not in ("version", "layer")])
def test_every_field_of_a_question_is_in_the_command(name):
    field = Question.model_fields[name]
    value = (
        ("x",) if field.default == () else True if field.default is False else 7 if name == "limit" else "x"
    )
    question = Question(layer="requests", **{name: value})
    assert f"--{name.replace('_', '-')}" in shell_text(question, "city")


def test_a_new_list_comes_out_by_itself():
    class Wider(Question):
        group: tuple[str, ...] = ()

    question = Wider(layer="requests", when=("2024",), group=("street:9", "a b"))
    assert shell_text(question, "c") == "stcloud query c requests --when 2024 --group street:9 --group 'a b'"
    assert narrowed_text(question) == 'city.query("requests").when("2024").of_group("street:9", "a b")'
