"""`stcloud layers --rename`."""

import json

import pytest

import stcloud
from stcloud.testing.events import OPTIONS, rows


@pytest.fixture
def city(tmp_path):
    (tmp_path / "first.csv").write_text(rows())
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    return tmp_path / "city"


@pytest.fixture
def loaded(run, city):
    assert run("load", city, "events", city.parent / "first.csv", *OPTIONS).code == 0
    return city


def test_a_layer_is_renamed_and_may_be_so_again(run, loaded):
    ended = run("layers", loaded, "--rename", "events=calls")
    assert (ended.code, ended.out) == (0, "")
    assert (
        ended.err == "layer 'events' is called 'calls' from now on; it keeps its history, loads and indexes\n"
    )
    again = run("layers", loaded, "--rename", "events=calls")
    assert (again.code, again.err) == (0, "layer 'calls' is called so already: nothing was done\n")
    assert [layer["layer"] for layer in json.loads(run("layers", loaded, "-f", "json").out)] == ["calls"]
    assert "was loaded already" in run("load", loaded, "calls", loaded.parent / "first.csv").err


def test_a_nightly_job_with_the_old_name_ends_with_a_line_and_makes_no_layer(run, loaded):
    run("layers", loaded, "--rename", "events=calls")
    ended = run("load", loaded, "events", loaded.parent / "first.csv", *OPTIONS)
    assert ended.code == 3
    assert ended.err.splitlines()[-1].startswith("stcloud: layer 'events' has been called 'calls' since 20")
    assert [layer.name for layer in stcloud.open(loaded).layers()] == ["calls"]
    asked = run("query", loaded, "events", "--by", "week")
    assert (asked.code, "has been called 'calls' since" in asked.line) == (3, True)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--rename", "events"], 2, "is no old and new name; write --rename OLD=NEW"),
        (["--rename", "=calls"], 2, "is no old and new name"),
        (["--rename", "events="], 2, "is no old and new name"),
        (["--rename", "events=a=b"], 2, "cannot name a layer"),
        (["--rename", "events=Calls"], 2, "cannot name a layer"),
        (["--rename", "event=calls"], 3, "has no layer 'event'"),
        (["events", "--rename", "events=calls"], 2, "leave out LAYER and other options"),
        (["--delete", "--rename", "events=calls"], 2, "leave out LAYER and other options"),
    ],
)
def test_what_cannot_be_is_one_line(run, loaded, options, code, words):
    ended = run("layers", loaded, *options)
    assert (ended.code, words in ended.line) == (code, True), ended.err
    assert [layer.name for layer in stcloud.open(loaded).layers()] == ["events"]
