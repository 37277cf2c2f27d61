"""Scenes beneath a map: the image that held then, where the map shows it."""

import numpy as np
import pandas as pd
import pytest

import stcloud
from stcloud.saas.report.underlay import underlays
from stcloud.saas.report.view import View
from stcloud.space import LONLAT, project
from tests.rasters import CRS, NORTH, WEST, city_with, geotiff, values_of


@pytest.fixture
def city(tmp_path):
    city = city_with(tmp_path)
    for day, seed in (("20200101", 1), ("20200301", 2)):
        city.load("images", geotiff(tmp_path / f"a_{day}.tif", seed), definition=tmp_path / "images.toml")
    lon, lat = project([WEST + 50, WEST + 350], [NORTH - 50, NORTH - 250], CRS, LONLAT)
    frame = pd.DataFrame({"id": ["1", "2"], "at": "2020-02-01", "lon": lon, "lat": lat})
    city.load("calls", frame, key="id", time="at", lon="lon", lat="lat")
    return city


def under(city, at, extent):
    subject = city.query("calls").subject
    view = View(0, 0, 40, 30, extent)
    at_us = pd.Timestamp(at, tz="Asia/Shanghai").value // 1000
    return underlays(subject, ["images"], at_us, print)(view)


def test_the_image_is_that_of_the_instant(city):
    extent = (WEST, NORTH - 300, WEST + 400, NORTH)
    (layer,) = under(city, "2020-02-01", extent)
    assert layer.label == "images, 2020-01-01"
    assert layer.image.shape == (30, 40, 4)
    assert np.array_equal(layer.image[..., 3] == 0, values_of(1)[0] == 0)
    (later,) = under(city, "2020-04-01", extent)
    assert later.label == "images, 2020-03-01"
    assert layer.colour.startswith("#")


def test_where_and_when_there_is_none_nothing_is_drawn(city):
    assert under(city, "2019-02-01", (WEST, NORTH - 300, WEST + 400, NORTH)) == []
    assert under(city, "2020-02-01", (WEST + 9000, NORTH - 300, WEST + 9400, NORTH)) == []


def test_a_map_shows_it(city, tmp_path, run):
    done = run("query", tmp_path / "city", "calls", "--map", tmp_path / "m.png", "--under", "images")
    assert done.code == 0, done.err
    assert (tmp_path / "m.png").stat().st_size > 10_000
    assert stcloud.open(tmp_path / "city").layer("images").kind == "scene"
