"""The demo runs as a person sees it, and README's pictures are those that it draws."""

import importlib.util
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

import stcloud
from stcloud.errors import Conflict
from stcloud.saas.demo import run as run_demo
from stcloud.saas.demo.script import SCRIPT
from stcloud.saas.demo.tour import typed

ROOT = Path(__file__).resolve().parents[3]


def words_of(step, first="FIRST"):
    return [word.format(folder="demo", first=first) for word in step.words]


def after(printed, command):
    """What is printed after a command, up to the next."""
    joined = printed.replace(" \\\n   ", "")
    assert command in joined, command
    return joined.split(command, 1)[1].split("\n$ ", 1)[0]


def test_every_command_of_the_script_is_shown_and_answered(demo):
    _, printed = demo
    for step in SCRIPT:
        command = typed(words_of(step)).replace(" \\\n   ", "").removesuffix("FIRST")
        assert after(printed, command).strip(), step.command


def test_lines_fit_into_80_columns(demo):
    _, printed = demo
    assert [line for line in printed.splitlines() if len(line) > 80] == []


def test_the_city_is_as_the_files_say(demo):
    folder, printed = demo
    with stcloud.open(folder) as city:
        assert len(city.features("communities").as_of("2024-06-01")) == 12
        cells = city.features("grid").as_of("2024-06-01").to_geopandas()
        assert 140 < len(cells) < 190
        assert cells.area.between(5_000, 20_000).all()
        assert "no faults" in printed
        year = city.query("requests").when("2024")
        units = year.count(by=["unit"]).to_pandas()
        assert units["count"].sum() == 4_342
        assert units["unit"].notna().all()


def test_the_storm_is_in_the_answers(demo):
    folder, printed = demo
    weeks = after(printed, "--by week")
    counts = {week: int(count) for week, count in re.findall(r"(2024-W\d\d) +(\d+)", weeks)}
    assert max(counts, key=counts.get) in ("2024-W25", "2024-W26")
    changed = stcloud.open(folder).features("lamps").diff("2024-01-01", "2024-07-01").to_pandas()
    assert set(changed["change"]) == {"added", "removed", "changed"}
    history = after(printed, "history demo lamps")
    assert "working" in history
    assert "damaged" in history


def test_planted_hot_spots_are_found_where_they_are(demo):
    """The tour says so: a new one at the lighthouse, more and more at the station, less and less in Orchard."""
    folder, printed = demo
    counts = dict(re.findall(r"^(\w+ hot|none) +(\d+)$", after(printed, "hotspots demo"), re.MULTILINE))
    with stcloud.open(folder) as city:
        spots = city.query("requests").when("2024").cube("unit", "1M").hotspots(distance_m=100)
        areas = city.features("communities").as_of("2024-06-01").to_geopandas()
    frame = spots.to_geopandas()
    assert counts == {name: str(count) for name, count in frame["class"].value_counts().items()}
    frame["geometry"] = frame.geometry.representative_point()
    inside = frame.sjoin(areas[["name", "geometry"]].to_crs(frame.crs))
    places = {name: set(rows["name"]) for name, rows in inside.groupby("class")}
    assert places["new hot"] == {"Lighthouse"}
    assert places["intensifying hot"] == {"Station"}
    assert places["diminishing hot"] == {"Orchard"}


def test_pictures_are_drawn(demo):
    folder, _ = demo
    drawn = sorted(path.name for path in (folder / "pictures").glob("*.png"))
    assert drawn == [
        "changed.png",
        "damaged.png",
        "days.png",
        "hotspots.png",
        "months.png",
        "on-time.png",
        "score.png",
        "units.png",
        "weeks.png",
    ]


def pictures():
    spec = importlib.util.spec_from_file_location("pictures", ROOT / "docs" / "pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pictures_of_readme_are_those_of_the_demo(demo):
    """By tolerance: other versions of Matplotlib and FreeType draw letters a little otherwise."""
    folder, _ = demo
    for name, drawn in pictures().PICTURES.items():
        kept, new = (
            imread(path)[..., :3] for path in (ROOT / "docs" / "images" / name, folder / "pictures" / drawn)
        )
        assert kept.shape == new.shape, f"{name}: python docs/pictures.py draws it again"
        assert np.abs(kept - new).mean() < 0.02, f"{name}: python docs/pictures.py draws it again"
        assert (ROOT / "docs" / "images" / name).stat().st_size < 200_000


def test_readme_shows_commands_of_the_demo():
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace(" \\\n", " ")
    shown = re.findall(r"^stcloud (query demo .+)$", text, re.MULTILINE)
    commands = [words_of(step) for step in SCRIPT]
    assert len(shown) == 2
    for command in shown:
        assert shlex.split(command) in commands


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(Conflict, match="something else"):
        run_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


@pytest.mark.parametrize("name", ["lantang", "Alderport"])
def test_another_city_is_left_alone(tmp_path, name):
    """The folder of a demo is replaced without a question, so a city of somebody must not be taken for one."""
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai", name=name) as city:
        city.load("calls", [{"id": "1", "at": "2024-01-01T00:00:00", "lon": 114.3, "lat": 30.5}],
                  key="id", time="at", lon="lon", lat="lat")  # fmt: skip
    with pytest.raises(Conflict, match="something else"):
        run_demo(tmp_path / "city")
    with stcloud.open(tmp_path / "city") as city:
        assert city.query("calls").count().to_records() == [{"count": 1}]
