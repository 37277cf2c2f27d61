"""`stcloud load` of several files: each reckoning when it is there, whole JSON, and what a failure says."""

import csv
import io
import json

import pytest

import stcloud
from stcloud.errors import StcloudError
from stcloud.testing.events import HEAD, OPTIONS, row, rows

BAD = HEAD + "".join(row(number, at="never") for number in range(1, 6))


@pytest.fixture
def city(tmp_path):
    folder = tmp_path / "city"
    stcloud.create(folder, crs="EPSG:4548", zone="Asia/Shanghai")
    for name, content in {
        "a.csv": rows(3), "b.csv": HEAD + row(4), "c.csv": HEAD + row(1, note="changed"), "bad.csv": BAD,
    }.items():  # fmt: skip
        (tmp_path / name).write_text(content)
    return folder


def files(city, *names):
    return [city.parent / name for name in names]


def test_json_is_one_array_also_of_one_file(run, city):
    (only,) = json.loads(run("load", city, "e", *files(city, "a.csv"), *OPTIONS, "-f", "json").out)
    assert (only["source"], only["accepted"], only["known"]) == ("a.csv", 3, False)
    assert (only["rejected_by"], only["unplaced_by"], only["new_columns"]) == ({}, {}, [])
    both = json.loads(run("load", city, "e", *files(city, "b.csv", "c.csv"), "-f", "json").out)
    assert [one["source"] for one in both] == ["b.csv", "c.csv"]


def test_reasons_stand_in_the_json_also_of_a_known_load(run, city):
    (city.parent / "d.csv").write_text(HEAD + row(1, at="never") + row(2, lon="") + row(3))
    args = ("load", city, "e", *files(city, "d.csv"), *OPTIONS, "--max-rejected", "2", "-f", "json")
    for known in (False, True):
        (only,) = json.loads(run(*args).out)
        assert only["known"] is known
        assert only["rejected_by"] == {"unreadable-time": 1}
        assert only["unplaced_by"] == {"missing": 1}


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "table"])
@pytest.mark.parametrize("keep_going", [False, True])
def test_a_failure_leaves_what_came_before_it_printed_and_says_how_many(run, city, form, keep_going):
    more = ("--keep-going",) if keep_going else ()
    sources = files(city, "a.csv", "bad.csv", "none.csv", "b.csv")
    ended = run("load", city, "e", *sources, *OPTIONS, "-f", form, *more)
    assert ended.code == 2  # of the first that failed
    last = ended.err.splitlines()[-1]
    assert last.startswith("stcloud: ")
    assert "bad.csv" in last
    assert (
        "2 of 4 files were loaded (a.csv, b.csv)" if keep_going else "1 of 4 files was loaded (a.csv)"
    ) in last
    assert ("none.csv" in ended.err) is keep_going
    loaded = ["a.csv", "b.csv"] if keep_going else ["a.csv"]
    assert sources_of(ended.out, form) == loaded
    assert [one.source for one in stcloud.open(city).layer("e").loads] == loaded


def sources_of(out, form):
    if form == "json":
        return [one["source"] for one in json.loads(out)]
    if form == "ndjson":
        return [json.loads(line)["source"] for line in out.splitlines()]
    if form == "csv":
        return [one["source"] for one in csv.DictReader(io.StringIO(out))]
    head, *lines = out.splitlines()
    return [line.split()[head.split().index("source")] for line in lines]


def test_when_nothing_could_be_loaded_the_array_is_empty(run, city):
    ended = run("load", city, "e", *files(city, "bad.csv"), *OPTIONS, "-f", "json")
    assert (ended.code, json.loads(ended.out)) == (2, [])
    assert "of 1 file" not in ended.line


def test_the_first_file_may_fail_and_the_next_define_the_layer(run, city):
    ended = run("load", city, "e", *files(city, "none.csv", "a.csv"), *OPTIONS, "--keep-going", "-f", "json")
    assert ended.code == 3
    assert [one["accepted"] for one in json.loads(ended.out)] == [3]


def test_each_reckoning_is_handed_over_when_it_is_there(city):
    opened, seen = stcloud.open(city), []

    def on_loaded(reckoning):
        seen.append((reckoning.source, len(stcloud.open(city).layer("e").loads)))

    with pytest.raises(StcloudError) as caught:
        opened.load(
            "e", *files(city, "a.csv", "b.csv", "bad.csv"), on_loaded=on_loaded, key="id", time="at", lon="lon",
            lat="lat", time_formats="%Y-%m-%d %H:%M:%S",
        )  # fmt: skip
    assert seen == [("a.csv", 1), ("b.csv", 2)]
    assert [one.source for one in caught.value.context["reckonings"]] == ["a.csv", "b.csv"]
    assert caught.value.kind == "too-many-rejected"


def test_a_file_that_was_changed_since_says_by_which_load(run, city):
    a, b = files(city, "a.csv", "c.csv")
    assert run("load", city, "e", a, *OPTIONS).code == 0
    plain = run("load", city, "e", a)
    assert (plain.code, "nothing changed" in plain.err) == (0, True)
    (change,) = json.loads(run("load", city, "e", b, "-f", "json").out)
    again = run("load", city, "e", a, "-f", "json")
    assert again.code == 0
    assert len(again.err.splitlines()) == 1
    assert f"changed since by load {change['load']}; --again loads it" in again.err
    assert "a.csv: loaded on 20" in again.err
    (known,) = json.loads(again.out)
    assert (known["known"], known["changed_by"]) == (True, change["load"])
    assert run("load", city, "e", a, "--again").code == 0
    assert "nothing changed" in run("load", city, "e", a).err
    assert "changed since" in run("load", city, "e", b).err


def test_a_load_of_other_keys_changed_nothing_of_a_file(run, city):
    a, b = files(city, "a.csv", "b.csv")
    (city.parent / "d.csv").write_text(HEAD + row(4, note="changed"))
    assert run("load", city, "e", a, b, city.parent / "d.csv", *OPTIONS).code == 0
    assert "nothing changed" in run("load", city, "e", a).err
    assert "changed since" in run("load", city, "e", b).err


def test_until_when_a_file_is_complete_is_stated_corrected_and_shown(run, city):
    args = ("load", city, "e", *files(city, "a.csv"), *OPTIONS)
    ended = run(*args, "--complete-to", "2023-08-31", "-f", "json", "--log", city.parent / "log")
    (only,) = json.loads(ended.out)
    assert only["complete_to"] == "2023-09-01T00:00+08:00"
    assert "a.csv: complete to 2023-09-01T00:00+08:00" in ended.err
    (corrected,) = json.loads(run(*args, "--complete-to", "2023-07", "-f", "json").out)
    assert (corrected["source"], corrected["complete_to"]) == (only["load"], "2023-08-01T00:00+08:00")
    (known,) = json.loads(run(*args, "-f", "json").out)
    assert known["known"]
    assert known["complete_to"] == corrected["complete_to"]
    assert json.loads(run("layers", city, "-f", "json").out)[0]["complete_to"] == corrected["complete_to"]
    run("load", city, "e", *files(city, "b.csv"))
    loads = json.loads(run("layers", city, "e", "-f", "json").out)["loads"]
    assert [load["complete_to"] for load in loads] == [only["complete_to"], corrected["complete_to"], None]
    logged = [json.loads(line) for line in (city.parent / "log").read_text().splitlines()]
    assert [line["complete_to"] for line in logged] == [None, only["complete_to"], None]
    refused = run(*args, "--complete-to", "yesterday")
    assert refused.code == 2
    assert "latest-month" in refused.err
    assert run("load", city, "e", "--undo", only["load"], "--complete-to", "2023").code == 2
