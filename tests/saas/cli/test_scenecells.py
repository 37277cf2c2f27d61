"""`stcloud scenes --by`: statistics of pixels by cell as tables, files and maps; `stcloud join --how at`."""

import json

import geopandas
import numpy as np
import pandas as pd
import pytest

import stcloud
from tests.paas.scene.imagery import CRS, SOUTH, WEST, city_of, values_of

NDVI = "(nir - red)/(nir + red)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("imagery")
    with city_of(folder, {f"image_{year}0601.tif": values_of(year) for year in (2020, 2021)}) as city:
        chance, count = np.random.default_rng(5), 30
        at = pd.Timestamp("2020-07-01") + pd.to_timedelta(chance.integers(0, 730, count), unit="D")
        x, y = WEST + chance.uniform(0, 900, count), SOUTH + chance.uniform(0, 480, count)
        frame = pd.DataFrame({"id": np.arange(count), "at": at, "x": x, "y": y})
        city.load("requests", frame, key=["id"], time="at", x="x", y="y", crs=CRS)
    return folder / "city"


def test_a_table_has_a_line_a_cell_and_says_how_it_was_understood(run, folder):
    done = run(
        "scenes",
        folder,
        "sat",
        "--as-of",
        "2020-07-01",
        "--by",
        "in:areas",
        "--stat",
        "mean,p90",
        "--band",
        NDVI,
    )
    assert done.code == 0
    assert done.out.splitlines()[0].split() == ["in_areas", "mean", "p90", "coverage"]
    assert len(done.out.splitlines()) == 5
    assert max(map(len, done.out.splitlines())) <= 80
    assert f"by in:areas, band {NDVI}" in done.err


def test_formats_files_and_the_pin_give_what_python_gives(run, folder, tmp_path):
    with stcloud.open(folder) as city:
        expected = city.scenes("sat").as_of("2020-07-01").by("in:areas", "mean", "nir")
    words = ("scenes", folder, "sat", "--as-of", "2020-07-01", "--by", "in:areas", "--band", "nir")
    done = run(*words, "-f", "json", "--pin")
    assert json.loads(done.out) == expected.to_arrow().to_pylist()
    assert expected.pin.text in done.err
    assert run(*words, "--known-at", expected.pin.text, "-f", "json").out == done.out
    assert run(*words, "-o", tmp_path / "cells.gpkg").code == 0
    read = geopandas.read_file(tmp_path / "cells.gpkg")
    assert read["mean"].to_numpy() == pytest.approx(expected.to_pandas()["mean"].to_numpy(), nan_ok=True)
    assert read.geometry.area.sum() == pytest.approx(expected.to_geopandas().area.sum())


def test_a_map_shades_the_cells(run, folder, tmp_path):
    words = ("scenes", folder, "sat", "--as-of", "2020-07-01", "--by", "100m", "--band", "nir")
    done = run(*words, "--map", tmp_path / "map.png", "-f", "csv")
    assert (done.code, "map: " in done.err) == (0, True)
    assert (tmp_path / "map.png").stat().st_size > 10_000


def test_a_period_gives_a_line_an_instant_and_cell(run, folder):
    words = ("scenes", folder, "sat", "--between", "2020,2022", "--by", "in:areas", "--band", "nir")
    rows = json.loads(run(*words, "-f", "json").out)
    assert [row["time"][:4] for row in rows] == ["2020"] * 4 + ["2021"] * 4
    done = run(*words, "--map", "map.png")
    assert (done.code, done.err.splitlines()[-1].startswith("stcloud: a map shows one image")) == (5, True)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--band", "nir"), "--band is of cells"), (("--stat", "mean"), "--stat is of cells"),
        (("--by", "100m", "--bands", "nir"), "--bands is of pixels"),
        (("--by", "100m", "--stat", "mode", "--band", "nir"), "there is no statistic 'mode'"),
        (("--by", "100m", "--band", "nirr"), "there is no band 'nirr'"),
        (("--by", "100m"), "the scenes have several bands"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_one_line(run, folder, words, text):
    done = run("scenes", folder, "sat", "--as-of", "2020-07-01", *words)
    assert done.code != 0
    assert len(done.err.splitlines()) == 1
    assert text in done.err


def test_events_take_the_value_of_a_scene(run, folder):
    done = run("join", folder, "requests", "sat", "--how", "at", "--band", "nir", "-f", "json")
    with stcloud.open(folder) as city:
        expected = city.query("requests").join("sat", "at", band="nir").to_pandas()
    rows = pd.DataFrame(json.loads(done.out))
    assert rows["sat_nir"].to_numpy(float) == pytest.approx(expected["sat_nir"].to_numpy(), nan_ok=True)
    assert rows["sat_nir"].notna().any()
    assert "join at sat as of each event's own time" in done.err
