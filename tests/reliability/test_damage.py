"""Damage to any file of a city: right answers or an error, never another answer; the check names it and survives."""

from __future__ import annotations

import json
import os
import random
import shutil

import pytest
import shapely

import stcloud
from stcloud.errors import FormatError, InvalidInput, StcloudError, StorageError
from stcloud.index import size
from stcloud.testing.cases import AREAS, CRS, EVENTS, GRID, events, grid_of
from stcloud.testing.examples import spread
from stcloud.testing.town import quads


@pytest.fixture(scope="module", autouse=True)
def kept_indexes():
    """Keep indexes on disk however small their layers are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(size, "SMALL_VERTICES", -1)
        yield


KINDS = ("flip", "flip", "flip", "cut", "delete", "empty")


@pytest.fixture(scope="module")
def sound(tmp_path_factory, kept_indexes):
    """A city with events loaded thrice and refused rows, a unit grid with its index, and a layer of areas."""
    home = tmp_path_factory.mktemp("sound")
    city = stcloud.create(home / "city", crs=CRS, zone="America/New_York")
    shapes, codes = quads(3, 3)
    grid_of(shapes, codes).to_file(home / "cells.gpkg")
    grid_of(shapes, codes).rename(columns={"gridCode": "name"}).to_file(home / "areas.gpkg")
    city.load("cells", home / "cells.gpkg", definition=definition(GRID, "cells"), valid_from="2015-01-01")
    city.load("areas", home / "areas.gpkg", definition=definition(AREAS, "areas"), valid_from="2015-01-01")
    rows = events(90, 1, shapely.total_bounds(shapes))
    for number in range(3):
        part = rows.iloc[: 30 * (number + 1)].copy()
        part.loc[part.index[number], "at"] = "never"
        part.to_csv(home / f"{number}.csv", index=False)
        city.load("cases", home / f"{number}.csv", definition=definition(EVENTS, "cases"), max_rejected=5)
    answers(city)
    return home / "city"


@pytest.fixture
def city(sound, tmp_path):
    return copied(sound, tmp_path / "city")


def copied(sound, place):
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(sound, place)
    return place


def definition(text, name):
    return stcloud.Definition.from_toml(text, name=name)


def rows_of(city):
    return city.query("cases").rows().to_pandas().to_csv()


def by_unit(city):
    return str(city.query("cases").count(["unit", "month"]).to_records())


def by_area(city):
    return str(city.query("cases").count(["in:areas"]).to_records())


def of_then(city):
    load = city.layer("cases").loads[0]
    return str(city.query("cases").known_at("2100-01-01").count([]).to_records()), load.accepted


def loads(city):
    return [
        (one.name, one.rows, one.span_us, [(load.load, load.counts) for load in one.loads])
        for one in city.layers()
    ]


def refused(city):
    return city.rejected("cases").to_pylist()


QUESTIONS = (rows_of, by_unit, by_area, of_then, loads, refused)


def answers(city):
    return [question(city) for question in QUESTIONS]


def damage(path, kind, chance):
    content = bytearray(path.read_bytes())
    if kind == "delete":
        path.unlink()
    elif kind == "empty" or not content:
        path.write_bytes(b"")
    elif kind == "cut":
        path.write_bytes(content[: chance.randrange(len(content))])
    else:
        at = chance.randrange(len(content))
        content[at] ^= 1 << chance.randrange(8)
        path.write_bytes(content)


def files_of(city):
    return [path for path in sorted(city.rglob("*")) if path.is_file() and ".work" not in path.parts]


@pytest.fixture(scope="module")
def wanted(sound):
    """What the city answers while it is whole."""
    return answers(stcloud.open(sound))


@pytest.mark.costly
@pytest.mark.parametrize("seed", spread(range(int(os.environ.get("STCLOUD_DAMAGES", "24"))), least=8))
def test_damage_to_any_file_gives_right_answers_or_an_error(sound, wanted, tmp_path, seed):
    chance = random.Random(seed)
    place = copied(sound, tmp_path / "city")
    path = chance.choice(files_of(place))
    kind = chance.choice(KINDS)
    damage(path, kind, chance)
    for question, answer in zip(QUESTIONS, wanted, strict=True):
        got = outcome(lambda: question(stcloud.open(place)))  # noqa: B023
        assert got == answer or is_damage(got), f"{kind} {path.relative_to(place)}: {got}"
    got = outcome(lambda: stcloud.open(place).check())
    assert isinstance(got, list) or path.name == "city.toml"


def outcome(ask):
    """Return the answer, or the error."""
    try:
        return ask()
    except StcloudError as error:
        return error


def is_damage(got):
    return isinstance(got, FormatError | StorageError | InvalidInput) and "\n" not in str(got)


def first(folder, pattern):
    return min(folder.glob(pattern))


def current(folder, name):
    """Return a file that the layer's newest version names: rewritten ones lie there for a while."""
    snapshot = stcloud.open(folder).layer(name).snapshot
    return snapshot.root / max(snapshot.files, key=lambda file: file.bytes).path


def last(folder, pattern):
    return max(folder.glob(pattern))


NAMED = {
    "a data file of events": (lambda c: current(c, "cases"), "cases", "files"),
    "a data file of features": (lambda c: current(c, "areas"), "areas", "files"),
    "the last entry of a log": (lambda c: last(c, "layers/cases/_delta_log/*.json"), "cases", "log"),
    "the first entry of a log": (lambda c: first(c, "layers/cases/_delta_log/*.json"), "cases", "log"),
    "a definition": (lambda c: c / "layers/cases.toml", "cases", "definition"),
    "the last entry of the ledger": (lambda c: last(c, "ledger/_delta_log/*.json"), None, "ledger"),
    "a file of the ledger": (lambda c: first(c, "ledger/*.parquet"), None, "ledger"),
    "a file of the quarantine": (lambda c: first(c, "quarantine/*.parquet"), None, "quarantine"),
    "the last entry of the quarantine": (
        lambda c: last(c, "quarantine/_delta_log/*.json"),
        None,
        "quarantine",
    ),
    "an array of an index": (lambda c: first(c, "index/cells/*/codes*.npy"), "cells", "index"),
    "an array of a join's index": (lambda c: first(c, "index/areas.join/*/*.npy"), "areas", "index"),
}


def faults(run, city):
    ended = run("check", city, "-f", "json")
    assert ended.code == 7, ended.err
    return {(one["layer"], one["check"]) for one in json.loads(ended.out) if one["faults"]}


@pytest.mark.costly
@pytest.mark.parametrize("kind", ["flip", "cut", "delete"])
@pytest.mark.parametrize(("find", "layer", "check"), NAMED.values(), ids=NAMED)
def test_the_check_names_what_is_damaged(run, city, find, layer, check, kind):
    damage(find(city), kind, random.Random(5))
    assert (layer, check) in faults(run, city)


FOLDERS = {
    "ledger": (None, "ledger"),
    "quarantine": ("cases", "quarantine"),
    "layers/cases": ("cases", "log"),
    "layers/cases/_delta_log": ("cases", "log"),
}


@pytest.mark.parametrize(("folder", "found"), FOLDERS.items(), ids=FOLDERS)
def test_the_check_names_what_is_missing(run, city, folder, found):
    shutil.rmtree(city / folder)
    assert found in faults(run, city)


def test_a_layer_of_which_nothing_is_left_is_named(run, city):
    shutil.rmtree(city / "layers/areas")
    (city / "layers/areas.toml").unlink()
    assert (None, "layers") in faults(run, city)


def test_a_table_without_its_definition_does_not_vanish(run, city):
    (city / "layers/cases.toml").unlink()
    for command in (("layers", city), ("query", city, "cases")):
        ended = run(*command)
        assert (ended.code, "layers/cases.toml is missing" in ended.line) == (7, True)


def test_a_quarantine_that_lacks_rows_is_not_printed(run, city):
    shutil.rmtree(city / "quarantine")
    ended = run("quarantine", city, "cases")
    assert (ended.code, "lacks" in ended.line) == (7, True)


def test_a_city_that_was_edited_by_hand_is_named_until_the_digest_is_deleted(run, city):
    path = city / "city.toml"
    text = path.read_text()
    path.write_text(text.replace("New_York", "Chicago"))
    ended = run("layers", city)
    assert (ended.code, "has changed" in ended.line) == (7, True)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("digest")))
    assert run("layers", city).code == 0
    path.write_text(text + 'calendar = "US-NY"\n')  # may be added later
    assert run("layers", city).code == 0


def test_a_definition_that_was_edited_is_named_until_its_first_line_is_deleted(run, city):
    path = city / "layers/cases.toml"
    path.write_text(path.read_text() + "\n# by hand\n")
    assert faults(run, city) == {("cases", "definition")}
    path.write_text("\n".join(path.read_text().splitlines()[1:]))
    assert run("check", city).code == 0


def test_damage_after_a_file_was_read_is_seen_in_the_same_process(city):
    opened = stcloud.open(city)
    wanted = rows_of(opened)
    path = current(city, "cases")
    good = path.read_bytes()
    chance = random.Random(11)
    for _ in range(20):
        damage(path, "flip", chance)
        with pytest.raises(FormatError):
            rows_of(opened)
        path.write_bytes(good)
        assert rows_of(opened) == wanted


def test_a_layer_whose_log_was_cut_takes_no_load(run, city, sound):
    last(city, "layers/cases/_delta_log/*.json").unlink()
    before = sorted(city.rglob("*"))
    ended = run("load", city, "cases", sound.parent / "1.csv")
    assert (ended.code, "entries are lost" in ended.line) == (7, True)
    assert [path for path in sorted(city.rglob("*")) if ".work" not in path.parts] == [
        path for path in before if ".work" not in path.parts
    ]


@pytest.mark.costly
@pytest.mark.parametrize("seed", range(6))
def test_a_load_that_would_write_a_damaged_file_anew_is_refused(city, sound, tmp_path, seed):
    """Else what is damaged would look whole."""
    rows = (sound.parent / "2.csv").read_text().splitlines()
    (tmp_path / "next.csv").write_text("\n".join([rows[0], *(f"{line}1" for line in rows[1:])]))
    damage(current(city, "cases"), "flip", random.Random(seed))
    got = outcome(lambda: stcloud.open(city).load("cases", tmp_path / "next.csv", max_rejected=99))
    assert isinstance(got, FormatError)
    assert isinstance(outcome(lambda: rows_of(stcloud.open(city))), FormatError)
    checks = [finding.check for finding in stcloud.open(city).check() if finding.faults]
    assert checks == [
        "files",
        "chain",
    ]  # rows that cannot be read are not proved to be those that were loaded
