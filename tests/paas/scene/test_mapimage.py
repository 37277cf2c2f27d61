"""A pixel of a picture in Web Mercator shows the scene's pixel that holds the place of its middle."""

import numpy as np
import pytest

from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.scene.mapimage import footprints_of, map_image, only_scene, scene_id
from stcloud.space import LONLAT, transformer
from tests.paas.scene.imagery import COLUMNS, CRS, ROWS, SIDE, SOUTH, WEST, city_of, values_of


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    images = {f"image_{year}0101.tif": values_of(year) for year in (2020, 2021)}
    with city_of(tmp_path_factory.mktemp("mapimage"), images) as city:
        yield city.scenes("sat")


def test_a_pixel_shows_the_pixel_that_holds_its_middle(scenes):
    image = map_image(scenes.as_of("2020-06-01"), 300, bands="red")
    rgba = image.rgba()
    assert rgba.shape == (4, *image.grid.shape)
    a, _, c, _, e, f = image.grid.transform
    rows, columns = np.indices(image.grid.shape)
    x, y = transformer(image.grid.crs, CRS).transform(c + (columns + 0.5) * a, f + (rows + 0.5) * e)
    column, row = (
        np.floor((x - WEST) / SIDE).astype(int),
        np.floor((SOUTH + ROWS * SIDE - y) / SIDE).astype(int),
    )
    inside = (column >= 0) & (column < COLUMNS) & (row >= 0) & (row < ROWS)
    values = np.zeros(image.grid.shape)
    values[inside] = values_of(2020)[0][row[inside], column[inside]]
    there = inside & (values > 0)
    assert np.mean(there == (rgba[3] > 0)) > 0.999  # a middle may lie on an edge
    low, high = np.percentile(values[there], (2, 98))
    expected = np.round(np.clip((values - low) / (high - low), 0, 1) * 255)
    assert np.mean(np.abs(rgba[0][there] - expected[there]) <= 2) > 0.99


def test_the_corners_are_those_of_the_picture(scenes):
    box = (117.0005, 30.541, 117.004, 30.5435)
    image = map_image(scenes.as_of("2021-06-01"), 64, box)
    west, south, east, north = box
    corners = [(west, north), (east, north), (east, south), (west, south)]
    assert np.allclose(image.corners, corners, atol=1e-9)
    assert image.grid.shape[1] == 64
    whole = map_image(scenes.all().steps()[0][1], 10)
    lon, lat = zip(*whole.corners, strict=True)
    x, y = transformer(LONLAT, CRS).transform(lon, lat)
    assert min(x) <= WEST + 1
    assert max(y) >= SOUTH + ROWS * SIDE - 1


def test_a_picture_is_bounded(scenes):
    tall = map_image(scenes.as_of("2020-06-01"), 2_048, (117.0, 30.0, 117.001, 31.0))
    assert max(tall.grid.shape) == 2_048
    assert tall.grid.shape[1] < 10
    for width in (0, 2_049):
        with pytest.raises(InvalidInput, match="pixels wide"):
            map_image(scenes.as_of("2020-06-01"), width)
    for box in ((2, 1, 1, 2), (0, 89, 1, 90), (-200, 0, 1, 1)):
        with pytest.raises(InvalidInput) as refused:
            map_image(scenes.as_of("2020-06-01"), 10, box)
        assert refused.value.kind == "bad-box"
    with pytest.raises(NotFound, match="no scene"):
        map_image(scenes.as_of("2000-06-01"), 10)
    with pytest.raises(InvalidInput, match="several instants"):
        map_image(scenes.all(), 10)


def test_a_scene_is_named_by_its_time_and_content(scenes):
    names = [scene_id(scene) for scene in scenes.all().list()]
    assert len(set(names)) == 2
    for name, scene in zip(names, scenes.all().list(), strict=True):
        year = 2019 if scene.acquired_us < 1_600_000_000_000_000 else 2020
        assert name.startswith(f"{year}1231T160000Z-")
        assert only_scene(scenes.all(), name).list() == [scene]
    with pytest.raises(NotFound) as missing:
        only_scene(scenes.all(), "20191231T160000Z-x")
    assert missing.value.kind == "unknown-scene"
    assert len(footprints_of(scenes.all())) == 2
