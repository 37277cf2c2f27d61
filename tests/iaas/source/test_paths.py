"""Folders and quoted patterns stand for their files, in the order of names; what stands for none is refused."""

import gzip
import json

import pytest

import stcloud
from stcloud.errors import NotFound
from stcloud.iaas.source.paths import expanded, is_of_several
from stcloud.testing.events import HEAD, OPTIONS, define, row


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "in"
    (place / "below").mkdir(parents=True)
    for number, name in enumerate(["b.csv", "a.csv", "below/c.csv", ".hidden.csv", "[x].csv"], 1):
        (place / name).write_text(HEAD + row(number))
    (place / "d.csv.gz").write_bytes(gzip.compress((HEAD + row(9)).encode()))
    (place / "read.me").write_text("no table")
    return place


def names(*sources):
    return [path.name for path in expanded(sources)]


def test_a_folder_stands_for_the_files_right_in_it_that_can_be_read(folder):
    assert names(folder) == names(str(folder)) == ["[x].csv", "a.csv", "b.csv", "d.csv.gz"]


def test_a_pattern_stands_for_files_and_a_file_of_that_very_name_goes_first(folder):
    assert names(f"{folder}/?.csv") == ["a.csv", "b.csv"]
    assert names(f"{folder}/**/*.csv") == ["[x].csv", "a.csv", "b.csv", "c.csv"]
    assert names(folder / "[x].csv", folder / "a.csv") == ["[x].csv", "a.csv"]
    assert not is_of_several(folder / "[x].csv")


def test_what_is_no_path_and_what_is_not_there_is_left_as_it_is(folder):
    frame = object()
    assert expanded([frame, folder / "none.csv"]) == [frame, folder / "none.csv"]
    for empty in (f"{folder}/*.tsv", folder / "below" / "none*"):
        with pytest.raises(NotFound, match="no file is like"):
            expanded([empty])
    (folder / "empty").mkdir()
    with pytest.raises(NotFound, match="has no file"):
        expanded([folder / "empty"])


def test_they_are_loaded_in_order_each_in_its_commit(run, folder, tmp_path):
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    ended = run("load", tmp_path / "city", "e", f"{folder}/?.csv", *OPTIONS, "-f", "json")
    assert [one["source"] for one in json.loads(ended.out)] == ["a.csv", "b.csv"]
    city = stcloud.open(tmp_path / "city")
    loads = city.load("e", folder, definition=define())
    assert [(one.source, one.known) for one in loads] == [
        ("[x].csv", False), ("a.csv", True), ("b.csv", True), ("d.csv.gz", False),
    ]  # fmt: skip
    assert len(city.load("e", f"{folder}/a*.csv")) == 1
    assert run("load", tmp_path / "city", "e", f"{folder}/*.tsv").code == 3
