"""`stcloud purge`: asks, counts, prints, refuses."""

import json

import pytest

import stcloud
from stcloud.testing.events import HEAD, define, row
from stcloud.testing.residue import places_of


@pytest.fixture
def city(tmp_path):
    place = tmp_path / "city"
    stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai")
    file = tmp_path / "first.csv"
    file.write_text(HEAD + row(1, note="SECRET") + row(2) + row(20))
    stcloud.open(place).load("events", file, definition=define())
    return place


def test_nothing_is_removed_where_nobody_can_answer(run, city):
    refused = run("purge", city, "events", "--before", "2024-03-10")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert places_of(city, "SECRET")
    assert stcloud.open(city).query("events").count().table.to_pylist() == [{"count": 3}]


def test_a_dry_run_counts_and_leaves_all(run, city):
    counted = run("purge", city, "events", "--what", "note = 'SECRET'", "--dry-run", "-f", "json")
    assert json.loads(counted.out) == [
        {
            "layer": "events", "load": "", "scope": "rows that a filter on note keeps", "rows": 1, "versions": 1,
            "quarantined": 0, "loads": 1,
        }
    ]  # fmt: skip
    assert places_of(city, "SECRET")


@pytest.mark.parametrize(("answer", "kept"), [("y\n", False), ("n\n", True), ("\n", True)])
def test_it_asks_with_scope_and_counts(city, monkeypatch, capsys, answer, kept):
    import io
    import sys

    from stcloud.saas.cli.purge import purge

    given = io.StringIO(answer)
    given.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", given)
    monkeypatch.setattr(
        "typer.confirm", lambda prompt, err: print(prompt, file=sys.stderr) or answer == "y\n"
    )
    purge(city, "events", what=["note = 'SECRET'"], columns=["note"])
    asked = capsys.readouterr().err
    assert "note of rows that a filter on note keeps: 1 rows (1 versions), 0 values in quarantine" in asked
    assert "SECRET" not in asked
    assert bool(places_of(city, "SECRET")) is kept


def test_a_batch_says_yes_and_repeats(run, city, tmp_path):
    done = run("purge", city, "events", "--before", "2024-03-10", "--yes", "-f", "csv")
    assert done.code == 0
    assert "rows before 2024-03-10,2,2,0,1" in done.out
    assert places_of(city, "SECRET") == []
    repeated = run("purge", city, "events", "--again", "--yes")
    assert repeated.code == 0
    assert "nothing to remove" in repeated.err
    loads = run("layers", city, "events", "-f", "csv")
    assert loads.out.splitlines()[0].endswith(",purged")
    file = tmp_path / "next.csv"
    file.write_text(HEAD + row(1, note="SECRET") + row(21))
    loaded = run("load", city, "events", file, "-f", "json")
    assert json.loads(loaded.out)[0]["purged"] == 1
    assert run("check", city).code == 0


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        ((), 2, "--before"),
        (("--before", "soon"), 2, "soon"),
        (("--again", "--before", "2024"), 2, "--again"),
        (("--what", "fone = 1"), 3, "fone"),
        (("--before", "2024", "--columns", "id"), 2, "--columns"),
        (("--before", "2024", "--columns", "a,,b"), 2, "nothing between commas"),
        (("--before", "2024", "-f", "geojson"), 2, "geojson"),
    ],
)
def test_what_cannot_be_meant_is_refused(run, city, options, code, text):
    refused = run("purge", city, "events", "--yes", *options)
    assert (refused.code, text in refused.err) == (code, True), refused.err


def test_a_pinned_question_says_what_to_do(run, city):
    pin = stcloud.open(city).query("events").count().pin.text
    run("purge", city, "events", "--what", "note = 'SECRET'", "--yes")
    refused = run("query", city, "events", "--known-at", pin)
    assert refused.code == 3
    assert "leave out --known-at" in refused.err
