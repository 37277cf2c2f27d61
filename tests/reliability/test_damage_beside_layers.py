"""Damage to what lies beside layers: rules, indicators, names, descriptions, cases; right, or told, and found."""

import random
import shutil

import pytest

import stcloud
from stcloud.errors import InternalError, StcloudError
from stcloud.testing.events import define, rows

INDICATORS = {
    "id": "town",
    "indicators": {
        "rate": {"title": "R", "direction": "lower", "unit": "x", "numerator": {"layer": "calls"}},
    },
}
RULE = {
    "id": "busy", "more_than": 1, "within": "1h", "from": "2024-01-01", "question": {"layer": "calls"},
}  # fmt: skip


def tick():
    tick.now_us += 1_000_000
    return tick.now_us


tick.now_us = 1_800_000_000_000_000


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A city with a renamed and described layer, a rule, indicators, and a case."""
    home = tmp_path_factory.mktemp("beside")
    stcloud.create(home / "city", crs="EPSG:4548", zone="Asia/Shanghai", calendar="CN").close()
    (home / "first.csv").write_text(rows(), encoding="utf-8")
    with stcloud.open(home / "city", clock=tick) as city:
        city.load("events", home / "first.csv", definition=define())
        city.rename("events", "calls")
        city.describe("calls", owner="Roads")
        city.indicators.define(INDICATORS)
        city.standing.add(RULE)
        with city.cases("matters", create="urban-management") as cases:
            cases.open(number="7", actor="a", role="operator", fields={"source": "hotline"})
    return home / "city"


@pytest.fixture
def city(sound, tmp_path):
    shutil.copytree(sound, tmp_path / "city")
    return tmp_path / "city"


def cases_of(city):
    with city.cases("matters") as cases:
        return str(cases.find())


QUESTIONS = {
    "names.toml": lambda city: (
        city.query("calls").count().to_records(),
        [each.name for each in city.layers()],
    ),
    "layers/events.about.toml": lambda city: str(city.layer("calls").description),
    "indicators/0001.toml": lambda city: city.indicators.list().to_records(),
    "rules/busy/0001.toml": lambda city: str(city.standing.versions("busy")),
    "cases/matters.sqlite": cases_of,
}


UNNAMED = {
    ("layers/events.about.toml", "remove"),
    ("layers/events.about.toml", "folder"),
    ("cases/matters.sqlite", "remove"),
    ("cases/matters.sqlite", "folder"),
    ("indicators/0001.toml", "remove"),
    ("indicators/0001.toml", "folder"),
    ("rules/busy/0001.toml", "remove"),
    ("rules/busy/0001.toml", "folder"),
}
"""What is as if it had never been there: nothing else in the city names it, and what asks for it is told so."""


def flip(path, chance):
    content = bytearray(path.read_bytes())
    content[chance.randrange(min(len(content), 100))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def cut(path, chance):
    path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size)])


def folder(path, _):
    path.unlink()
    path.mkdir()


KINDS = {
    "flip": flip, "cut": cut, "empty": lambda path, _: path.write_bytes(b""), "folder": folder,
    "remove": lambda path, _: path.unlink(),
}  # fmt: skip


def outcome(ask, place):
    """Return the answer, or the error; what is wrong with the error fails the test."""
    try:
        with stcloud.open(place, clock=tick) as city:
            return ask(city)
    except StcloudError as error:
        return error


@pytest.mark.parametrize(
    ("file", "kind"), [(file, kind) for file in QUESTIONS for kind in KINDS if (file, kind) not in UNNAMED]
)
def test_damage_beside_layers_is_told_and_found(sound, city, file, kind):
    ask = QUESTIONS[file]
    wanted = outcome(ask, sound)
    assert not isinstance(wanted, StcloudError)
    content = (city / file).read_bytes()
    for seed in range(8 if kind in ("flip", "cut") else 1):
        KINDS[kind](city / file, random.Random(seed))
        got = outcome(ask, city)
        told = isinstance(got, StcloudError) and not isinstance(got, InternalError) and "\n" not in str(got)
        assert told or got == wanted, (file, kind, seed)
        found = outcome(lambda city: [each for each in city.check() if each.faults], city)
        assert found or not told, (file, kind, seed, got)
        if (city / file).is_dir():
            (city / file).rmdir()
        (city / file).write_bytes(content)
        for beside in (city / file).parent.glob("matters.sqlite-*"):
            beside.unlink()


def test_a_text_in_a_log_of_cases_that_is_none_is_damage(city):
    """SQLite notes no checksum, so a byte of a text is found where the text is read, and none is shown."""
    path = city / "cases/matters.sqlite"
    content = path.read_bytes()
    assert content.count(b"hotline")
    path.write_bytes(content.replace(b"hotline", b"hot\xffine"))
    found = outcome(lambda city: [each.check for each in city.check() if each.faults], city)
    assert found == ["cases"]
