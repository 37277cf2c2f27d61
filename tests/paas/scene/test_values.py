"""Values at points: those of the pixels, and no more than a block a scene is read."""

import numpy as np

import stcloud
from stcloud.iaas.raster.window import RasterReader
from stcloud.space import LONLAT, project
from tests.rasters import CRS, NORTH, PIXEL, WEST, city_with, geotiff, values_of


def test_values_are_those_of_the_pixels(images):
    chance = np.random.default_rng(1)
    x, y = WEST + chance.uniform(-50, 750, 60), NORTH - chance.uniform(-50, 350, 60)
    lon, lat = project(x, y, CRS, LONLAT)
    choice = images.as_of("2020-01-15")
    found = choice.value_at(list(zip(lon, lat, strict=True)), "red").to_numpy()[0]
    pixels = choice.pixels(bands="red")
    column, row = np.floor((x - WEST) / PIXEL).astype(int), np.floor((NORTH - y) / PIXEL).astype(int)
    for at in range(60):
        inside = 0 <= row[at] < 30 and 0 <= column[at] < 70
        if not inside or pixels.missing["red"][row[at], column[at]]:
            assert np.isnan(found[at])
        else:
            assert found[at] == pixels.bands["red"][row[at], column[at]]


def test_a_stack_gives_a_row_a_step(images):
    (lon,), (lat,) = project([WEST + 105], [NORTH - 105], CRS, LONLAT)
    frame = images.all().value_at((lon, lat), "nir")
    assert [str(at) for at in frame.index] == [
        "2020-01-01 00:00:00+08:00", "2020-02-01 00:00:00+08:00", "2020-03-01 00:00:00+08:00",
    ]  # fmt: skip
    expected = [values_of(10 * at)[1][10, 10] for at in range(3)]
    assert [0 if np.isnan(value) else value for value in frame[0]] == expected
    assert images.as_of("2010").value_at((lon, lat), "nir").shape == (0, 1)


def test_one_pixel_of_each_scene_reads_one_block(tmp_path, monkeypatch):
    """One block."""
    city = city_with(tmp_path)
    for day in range(1, 6):
        geotiff(tmp_path / f"a_2020010{day}.tif", values_of(day, 2, 1100, 1100))
    city.load("images", f"{tmp_path}/a_*.tif", definition=tmp_path / "images.toml")
    blocks = []
    read = RasterReader.read

    def counted(self, key, facts, grid, bands, resampling):
        row = round((facts.grid.transform[5] - grid.transform[5]) / PIXEL)
        column = round((grid.transform[2] - facts.grid.transform[2]) / PIXEL)
        rows, columns = (
            {at // 512 for at in (first, first + size - 1)}
            for first, size in zip((row, column), grid.shape, strict=True)
        )
        blocks.append((key, len(rows) * len(columns)))
        return read(self, key, facts, grid, bands, resampling)

    monkeypatch.setattr(RasterReader, "read", counted)
    (lon,), (lat,) = project([WEST + 5120.5], [NORTH - 5120.5], CRS, LONLAT)
    frame = stcloud.open(tmp_path / "city").scenes("images").all().value_at((lon, lat), "red")
    expected = [int(values_of(day, 2, 1100, 1100)[0][512, 512]) for day in range(1, 6)]
    assert [0 if np.isnan(value) else int(value) for value in frame[0]] == expected
    assert len(blocks) == 5
    assert {count for _, count in blocks} == {1}
