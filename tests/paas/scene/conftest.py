"""A city with two tiles of three days, made once."""

import pytest

from tests.rasters import PIXEL, WEST, city_with, geotiff

DAYS = ("20200101", "20200201", "20200301")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Two tiles that overlap by ten columns; each day has other values."""
    folder = tmp_path_factory.mktemp("tiles")
    city = city_with(folder)
    for at, day in enumerate(DAYS):
        for tile, west in (("a", WEST), ("b", WEST + 30 * PIXEL)):
            if (tile, at) != ("b", 2):
                path = geotiff(folder / f"{tile}_{day}.tif", 10 * at + (tile == "b"), west=west)
                city.load("images", path, definition=folder / "images.toml")
    return folder


@pytest.fixture
def images(folder):
    import stcloud

    with stcloud.open(folder / "city") as city:
        yield city.scenes("images")
