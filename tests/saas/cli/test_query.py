"""`stcloud query`: what a table leaves out and how to see it, pages, and what is said where nothing was found."""

import json

import pytest

import stcloud
from stcloud.testing.events import define, rows


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked")
    (folder / "events.csv").write_text(rows(7))
    with stcloud.create(folder / "town", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        city.load("events", folder / "events.csv", definition=define())
    return folder / "town"


def test_a_table_has_the_layers_columns_and_all_where_all_are_wanted(run, town):
    own = run("query", town, "events").out.splitlines()[0].split()
    every = run("query", town, "events", "--all-columns").out.splitlines()[0].split()
    assert own
    assert not [name for name in own if name.startswith("st_") and name != "st_time"]
    assert {"st_key", "st_time", "st_x", "st_y", "st_cell", *own} <= set(every)


def test_other_formats_and_files_have_every_column_in_full(run, town, tmp_path):
    row = json.loads(run("query", town, "events", "-f", "json").out)[0]
    assert {"st_key", "st_x", "st_cell"} <= set(row)
    assert row["st_time"].endswith("+08:00")
    assert run("query", town, "events", "--format", "table", "-o", tmp_path / "a.txt").code == 0
    assert "st_cell" in (tmp_path / "a.txt").read_text().splitlines()[0]
    assert "+08:00" in (tmp_path / "a.txt").read_text()


def test_the_cursor_is_printed_when_pages_are_gone_through(run, town):
    plain = run("query", town, "events", "--limit", "3")
    assert plain.err.splitlines()[-1] == "there are more: use a larger --limit, or --page"
    seen, words = [], ["--page"]
    while words:
        page = run("query", town, "events", "--limit", "3", "--all-columns", *words)
        seen += [line.split()[0] for line in page.out.splitlines()[1:]]
        line = page.err.splitlines()[-1]
        words = ["--after", line.removeprefix("there are more: --after ")] if "--after" in line else []
    assert sorted(seen) == sorted({*seen})
    assert len(seen) == 7


@pytest.mark.parametrize("words", [(), ("--count",), ("--by", "day")])
def test_where_nothing_was_found_a_note_says_what_there_is(run, town, words):
    note = "nothing was found: layer events has events from 2024-03-0"
    assert note not in run("query", town, "events", *words).err
    nothing = run("query", town, "events", "--when", "2031", *words)
    assert nothing.code == 0
    assert nothing.err.splitlines()[-1].startswith(note)


def test_groups_that_a_filter_leaves_out_are_not_taken_for_nothing(run, town):
    ended = run("query", town, "events", "--by", "day", "--having", "count > 100")
    assert ended.err.splitlines()[-1] == "no group was found for which count > 100 is true"
    ended = run("query", town, "events", "--when", "2031", "--by", "day", "--having", "count > 100")
    assert "layer events has events from" in ended.err.splitlines()[-1]


def test_where_no_row_is_wanted_none_is_missed(run, town):
    assert "nothing was found" not in run("query", town, "events", "--limit", "0").err


def test_a_text_that_nothing_equals_has_the_nearest_values_in_a_note(run, town):
    ended = run(
        "query", town, "events", "--what", "id = '33'", "--measure", "count", "--measure", "min(note)"
    )
    assert ended.code == 0
    nothing, nearest = ended.err.splitlines()[-2:]
    assert nothing.startswith("nothing was found: layer events has events from 2024-03-0")
    assert nearest.startswith("id has no '33'; ")
