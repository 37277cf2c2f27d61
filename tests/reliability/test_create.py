"""Making a city at the same time as others, or after one who was killed: one wins, and its city is whole."""

import json
import time

import pytest

import stcloud
from stcloud.errors import Conflict
from stcloud.iaas.store.folder import Folder

CREATE = """
import json, pathlib, time, stcloud
folder, crs, start, answer = args
answers = []
for number in range(10):
    time.sleep(max(0.0, start + number * 0.2 - time.time()))
    try:
        made = stcloud.create(pathlib.Path(folder) / str(number), crs=crs, zone="Asia/Shanghai")
        answers.append(made.configuration.crs)
    except stcloud.StcloudError as error:
        answers.append(error.kind)
pathlib.Path(answer).write_text(json.dumps(answers))
"""
CRS = ("EPSG:4548", "EPSG:32650")


def test_of_two_that_make_a_city_at_once_one_wins(forks, tmp_path):
    start = time.time() + 1.5
    answers = [tmp_path / f"{number}.json" for number in range(2)]
    started = [
        forks(CREATE, tmp_path / "cities", crs, start, answer)
        for crs, answer in zip(CRS, answers, strict=True)
    ]
    for one in started:
        one.join(60)
        assert one.exitcode == 0
    for number, pair in enumerate(zip(*(json.loads(one.read_text()) for one in answers), strict=True)):
        won = [crs for crs in CRS if crs in pair]
        assert sorted(pair) == sorted([*won, "city-exists"]), number
        assert stcloud.open(tmp_path / "cities" / str(number)).configuration.crs == won[0]
        assert [path.name for path in (tmp_path / "cities" / str(number)).iterdir()] == ["city.toml"]


@pytest.mark.parametrize("links", [True, False])
def test_who_comes_second_does_not_touch_the_first_ones_city(monkeypatch, tmp_path, links):
    """Both have seen an empty folder."""
    meant = Folder.put_text

    def late(self, *args):
        monkeypatch.setattr(Folder, "put_text", meant)
        stcloud.create(tmp_path / "city", crs=CRS[0], zone="Asia/Shanghai")
        return meant(self, *args)

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr("pathlib.Path.hardlink_to", refuse)
    monkeypatch.setattr(Folder, "put_text", late)
    with pytest.raises(Conflict) as caught:
        stcloud.create(tmp_path / "city", crs=CRS[1], zone="America/New_York")
    assert caught.value.kind == "city-exists"
    assert stcloud.open(tmp_path / "city").configuration.crs == CRS[0]
    assert [path.name for path in (tmp_path / "city").iterdir()] == ["city.toml"]


def test_what_a_killed_create_leaves_hinders_nobody(tmp_path):
    (tmp_path / "city").mkdir()
    (tmp_path / "city" / ".city.toml.0123456789abcdef").write_text("format")
    stcloud.create(tmp_path / "city", crs=CRS[0], zone="Asia/Shanghai")
    assert stcloud.open(tmp_path / "city").configuration.crs == CRS[0]


def test_a_folder_that_holds_something_is_refused(run, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    (tmp_path / "file").touch()
    for name in ("full", "file"):
        ended = run("create", tmp_path / name, "--crs", CRS[0], "--zone", "Asia/Shanghai")
        assert (ended.code, "is not empty" in ended.line) == (4, True)
