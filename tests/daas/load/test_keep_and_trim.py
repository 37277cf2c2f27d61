"""Identical rows can be kept, and padded texts cut."""

import itertools
import random

import pytest

import stcloud
from stcloud.daas.definition import Definition
from stcloud.errors import InvalidInput

EVENTS = """
id = "e"
kind = "event"
{more}
[time]
column = "t"
[space]
lon = "lon"
lat = "lat"
"""
FEATURES = """
id = "f"
kind = "feature"
key = ["id"]
{more}
[space]
lon = "lon"
lat = "lat"
"""
HEAD = "id,t,lon,lat,note\n"
ROW = "1,2024-03-01 10:00,117.1,31.9,x\n"
OTHER = "2,2024-03-01 10:00,117.1,31.9,y\n"


@pytest.fixture
def load(tmp_path):
    """Load lines into a layer of a city; return the city and the reckoning."""
    seconds, names = itertools.count(1_700_000_000), itertools.count()
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    city = stcloud.open(tmp_path / "city", clock=lambda: next(seconds) * 1_000_000)

    def loaded(text, document, more, **options):
        file = tmp_path / f"{next(names)}.csv"
        file.write_text(text)
        definition = Definition.from_toml(document.format(more=more), name="d")
        return city, city.load(definition.id, file, definition=definition, **options)

    return loaded


def keys(city):
    return sorted(city.query("e").rows().table["st_key"].to_pylist())


@pytest.mark.parametrize("key", ['key = ["id"]', ""], ids=["key", "no key"])
def test_identical_events_are_kept_and_come_again_unchanged(load, key):
    more = f'duplicates = "keep"\n{key}'
    lines = [ROW] * 3 + [OTHER] * 2
    city, first = load(HEAD + "".join(lines), EVENTS, more)
    assert (first.read, first.accepted, first.duplicates, first.rejected) == (5, 5, 0, 0)
    if key:
        assert keys(city) == ["1", "1 #2", "1 #3", "2", "2 #2"]
    before = keys(city)
    random.Random(1).shuffle(lines)
    for text in (HEAD + "".join(lines), HEAD + "".join(reversed(lines)) + "\n"):
        city, again = load(text, EVENTS, more)
        assert (again.unchanged, again.accepted, again.updated) == (5, 0, 0)
    assert keys(city) == before
    assert not [one for one in city.check() if one.faults]
    city, grown = load(HEAD + "".join(lines) + ROW, EVENTS, more)
    assert (grown.unchanged, grown.accepted) == (5, 1)


def test_rows_of_a_key_that_differ_are_kept_too(load):
    lines = [ROW, ROW.replace("x", "z"), ROW]
    city, first = load(HEAD + "".join(lines), EVENTS, 'key = ["id"]\nduplicates = "keep"')
    _, again = load(HEAD + "".join(lines[::-1]) + "\n", EVENTS, 'key = ["id"]\nduplicates = "keep"')
    assert (first.accepted, again.unchanged) == (3, 3)
    assert sorted(city.query("e").rows().table["note"].to_pylist()) == ["x", "x", "z"]


@pytest.mark.parametrize("mode", ["snapshot", "changes"])
def test_identical_features_are_kept(load, mode):
    lines = [ROW] * 3 + [OTHER]
    options = {"mode": mode, "valid_from": "2024-01-01"}
    city, first = load(HEAD + "".join(lines), FEATURES, 'duplicates = "keep"', **options)
    assert (first.accepted, first.duplicates, first.rejected) == (4, 0, 0)
    options["valid_from"] = "2024-02-01"
    _, again = load(HEAD + "".join(lines[::-1]), FEATURES, 'duplicates = "keep"', **options)
    assert (again.unchanged, again.accepted, again.updated, again.ended) == (4, 0, 0, 0)
    now = city.features("f").as_of("2024-06-01").to_records()
    assert sorted(one["st_key"] for one in now) == ["1", "1 #2", "1 #3", "2"]
    options["valid_from"] = "2024-03-01"
    _, fewer = load(HEAD + ROW + OTHER, FEATURES, 'duplicates = "keep"', **options)
    assert fewer.ended == (2 if mode == "snapshot" else 0)


def test_features_of_a_key_that_differ_are_refused(load):
    with pytest.raises(InvalidInput, match="conflicting-key"):
        load(HEAD + ROW + ROW.replace("x", "z"), FEATURES, 'duplicates = "keep"', valid_from="2024-01-01")


PADDED = HEAD + "1  ,2024-03-01 10:00  ,117.1,31.9, x \n2,2024-03-01 10:00,117.1,31.9,   \n"
PADDED += "3,2024-03-01 10:00,117.1,31.9,x\n"


def test_padded_texts_are_cut_where_the_definition_says_so(load):
    more = 'key = ["id"]\ntrim = true'
    city, found = load(PADDED, EVENTS, more)
    assert (found.accepted, found.trimmed, found.counts["trimmed"]) == (3, 2, 2)
    rows = {one["st_key"]: one["note"] for one in city.query("e").rows().table.to_pylist()}
    assert rows == {"1": "x", "2": None, "3": "x"}
    assert city.query("e").count(by=["note"]).to_records() == [
        {"note": "x", "count": 2},
        {"note": None, "count": 1},
    ]
    _, again = load(PADDED.replace(" x ", "x").replace("1  ,", "1,"), EVENTS, more)
    assert (again.unchanged, again.accepted, again.updated) == (3, 0, 0)
    assert city.layer("e").loads[0].trimmed == 2


def test_padded_texts_of_features_are_cut(load):
    city, found = load(PADDED, FEATURES, "trim = true", valid_from="2024-01-01")
    assert (found.accepted, found.trimmed) == (3, 2)
    rows = {one["st_key"]: one["note"] for one in city.features("f").as_of("2024-06-01").to_records()}
    assert rows == {"1": "x", "2": None, "3": "x"}


def test_what_is_not_said_is_no_part_of_a_definition():
    """Definitions of the first version keep their digest: their layers' loads stay known."""
    periods = FEATURES + '[valid]\nfrom = "a"\nto = "b"\n'
    texts = (EVENTS.format(more='key = ["id"]'), FEATURES.format(more=""), periods.format(more=""))
    found = [Definition.from_toml(text, name="d").digest() for text in texts]
    assert found == ["5f0a6c9686355b30", "2e52a914082f0307", "abcb844a8682b5e4"]
