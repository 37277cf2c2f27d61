"""`stcloud layers`: names, descriptions, quality."""

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


def test_fields_of_the_description_are_set_cleared_and_shown(run, loaded):
    ended = run("layers", loaded, "events", "--set", "owner=Roads department", "--set", "licence=cc-by-4.0",
                "--set", "keywords=holes, lamps", "--set", "update-cycle=P1D")  # fmt: skip
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "layer 'events' has keywords, owner, licence, update_cycle\n"
    shown = json.loads(run("layers", loaded, "events", "-f", "json").out)
    assert shown["description"] == {
        "keywords": ["holes", "lamps"], "owner": "Roads department", "licence": "CC-BY-4.0", "update_cycle": "P1D",
    }  # fmt: skip
    assert "Roads department" in run("layers", loaded, "events").out
    assert run("layers", loaded, "events", "--set", "licence=", "--set", "title=Calls").code == 0
    assert "licence" not in json.loads(run("layers", loaded, "events", "-f", "json").out)["description"]
    assert [layer["title"] for layer in json.loads(run("layers", loaded, "-f", "json").out)] == ["Calls"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (
            ["events", "--set", "license=CC0-1.0"],
            2,
            "a description has no field 'license'; did you mean 'licence'?",
        ),
        (["events", "--set", "owner"], 2, "'owner' sets no field"),
        (["events", "--set", "=x"], 2, "'=x' sets no field"),
        (["events", "--set", "licence=free"], 2, "'free' is no SPDX identifier"),
        (["--set", "owner=Roads"], 2, "nothing says whose --set is; use LAYER --set"),
        (["--quality"], 2, "use LAYER --quality"),
        (["event", "--set", "owner=Roads"], 3, "has no layer 'event'"),
        (["event", "--quality"], 3, "has no layer 'event'"),
    ],
)
def test_what_cannot_be_described_is_one_line(run, loaded, options, code, words):
    ended = run("layers", loaded, *options)
    assert (ended.code, ended.out) == (code, "")
    assert words in ended.line


def test_quality_is_a_record_of_figures(run, loaded):
    (loaded.parent / "second.csv").write_text(rows(4) + "9,never,117.1,31.9,x\n")
    assert run("load", loaded, "events", loaded.parent / "second.csv", "--max-rejected", "50%").code == 0
    (figures,) = json.loads(run("layers", loaded, "events", "--quality", "-f", "json").out)
    with stcloud.open(loaded) as city:
        quality = city.quality("events")
    assert figures["lateness_s"] == round(quality.lateness_us / 1e6, 3)
    assert {name: figures[name] for name in ("layer", "rows", "unplaced", "read", "rejected", "rejected_share")} == {
        "layer": "events", "rows": 5, "unplaced": 0, "read": 10, "rejected": 1, "rejected_share": 0.1,
    }  # fmt: skip
    assert figures["last_load"].endswith("+08:00")
