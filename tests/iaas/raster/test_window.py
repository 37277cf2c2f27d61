"""Windows against rasterio, and resampling against GDAL's warper over the whole image."""

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.warp import reproject
from rasterio.windows import Window

from stcloud.errors import InvalidInput
from stcloud.iaas.raster.arrayfiles import ArrayFiles
from stcloud.iaas.raster.image import ImageFacts
from stcloud.iaas.raster.window import RasterReader, offset_of
from stcloud.iaas.store.local import LocalStore
from stcloud.space.rastergrid import RasterGrid
from stcloud.testing.examples import examples
from tests.rasters import CRS, NORTH, PIXEL, WEST, geotiff, values_of

VALUES = values_of(5, 2, 200, 150, "uint16")
GRID = RasterGrid(CRS, (PIXEL, 0.0, WEST, 0.0, -PIXEL, NORTH), (200, 150))
FACTS = ImageFacts(GRID, ("a", "b"), "uint16", 0)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("window")
    (folder / "_scenes").mkdir()
    geotiff(folder / "_scenes/x.tif", VALUES, nodata=0)
    with RasterReader(ArrayFiles(LocalStore(folder))) as reader:
        yield reader


@settings(max_examples=examples(200), deadline=None)
@given(st.integers(-30, 220), st.integers(-30, 170), st.integers(1, 80), st.integers(1, 80))
def test_a_window_is_that_of_rasterio(reader, row, column, rows, columns):
    """Values."""
    values, missing = reader.read(
        "_scenes/x.tif", FACTS, GRID.window(row, column, rows, columns), [1, 0], None
    )
    with rasterio.open(reader.files.store.root / "_scenes/x.tif") as source:
        expected = source.read(
            [2, 1], window=Window(column, row, columns, rows), boundless=True, fill_value=0
        )
    assert np.array_equal(values, expected)
    assert np.array_equal(missing, expected == 0)


def whole(grid, method):
    """Warp the whole image at once, with rasterio alone."""
    source = np.where(VALUES == 0, np.nan, VALUES.astype("float64"))
    made = np.full((2, *grid.shape), np.nan)
    for band, target in zip(source, made, strict=True):
        reproject(
            band, target, src_transform=rasterio.Affine(*GRID.transform), src_crs=CRS, src_nodata=np.nan,
            dst_transform=rasterio.Affine(*grid.transform), dst_crs=grid.crs, dst_nodata=np.nan,
            resampling=Resampling[method], tolerance=0,
        )  # fmt: skip
    return made


@pytest.mark.parametrize("method", ["nearest", "bilinear", "cubic", "average", "max"])
@pytest.mark.parametrize("shift", [0.5, 0.25])
def test_half_pixels_are_resampled_as_gdal_does(reader, method, shift):
    grid = RasterGrid(CRS, (PIXEL, 0.0, WEST + shift * PIXEL, 0.0, -PIXEL, NORTH - shift * PIXEL), (190, 140))
    values, missing = reader.read("_scenes/x.tif", FACTS, grid, [0, 1], method)
    expected = whole(grid, method)
    assert np.array_equal(missing, np.isnan(expected))
    assert np.allclose(values[~missing], expected[~missing], rtol=1e-9)


@pytest.mark.parametrize("method", ["nearest", "bilinear", "cubic", "average"])
@pytest.mark.parametrize("pixel", [7.0, 10.0, 23.0])
def test_blocks_give_what_the_whole_gives(reader, method, pixel):
    """Blocks."""
    grid = RasterGrid(CRS, (pixel, 0.0, WEST + 5.0, 0.0, -pixel, NORTH - 2.5), (90, 80))
    values, missing = reader.read("_scenes/x.tif", FACTS, grid, [0], method)
    assert not missing.all()
    for row in range(0, 90, 37):
        for column in range(0, 80, 41):
            part = grid.window(row, column, min(37, 90 - row), min(41, 80 - column))
            block, gone = reader.read("_scenes/x.tif", FACTS, part, [0], method)
            place = (0, slice(row, row + 37), slice(column, column + 41))
            assert np.array_equal(gone[0], missing[place])
            assert np.allclose(block[0][~gone[0]], values[place][~gone[0]], rtol=1e-9)


def test_another_crs_is_that_of_pyproj(reader):
    """Nearest: each pixel is the one in which its centre lies, but for centres within a thousandth of an edge."""
    grid = RasterGrid("EPSG:4326", (0.0001, 0.0, 117.0, 0.0, -0.0001, 31.62), (100, 100))
    values, missing = reader.read("_scenes/x.tif", FACTS, grid, [0], "nearest")
    lon, lat = np.meshgrid(117.0 + 0.0001 * (np.arange(100) + 0.5), 31.62 - 0.0001 * (np.arange(100) + 0.5))
    x, y = Transformer.from_crs("EPSG:4326", CRS, always_xy=True).transform(lon, lat)
    column, row = np.floor((x - WEST) / PIXEL).astype(int), np.floor((NORTH - y) / PIXEL).astype(int)
    inside = (row >= 0) & (row < 200) & (column >= 0) & (column < 150)
    expected = np.where(inside, VALUES[0][np.clip(row, 0, 199), np.clip(column, 0, 149)], 0)
    assert inside.mean() > 0.3
    assert np.mean(np.where(missing[0], 0, values[0]) == expected) > 0.995


def test_grids_that_do_not_agree_need_a_rule(reader):
    grid = RasterGrid(CRS, (PIXEL, 0.0, WEST + 5, 0.0, -PIXEL, NORTH), (9, 9))
    assert offset_of(GRID, grid) is None
    with pytest.raises(InvalidInput) as refused:
        reader.read("_scenes/x.tif", FACTS, grid, [0], None)
    assert refused.value.kind == "resampling-needed"


def test_places_without_pixels_have_no_values(reader):
    far = RasterGrid(CRS, (PIXEL, 0.0, WEST + 1e5, 0.0, -PIXEL, NORTH), (9, 9))
    for method in (None, "bilinear"):
        assert reader.read("_scenes/x.tif", FACTS, far, [0], method)[1].all()


@pytest.mark.thorough
def test_a_large_image_is_resampled_part_by_part(reader, monkeypatch):
    grid = RasterGrid(CRS, (25.0, 0.0, WEST + 5.0, 0.0, -25.0, NORTH - 2.5), (70, 55))
    whole = {
        method: reader.read("_scenes/x.tif", FACTS, grid, [0, 1], method) for method in ("average", "nearest")
    }
    monkeypatch.setattr("stcloud.iaas.raster.window.MOST_READ", 900)
    for method, (values, missing) in whole.items():
        parts, gone = reader.read("_scenes/x.tif", FACTS, grid, [0, 1], method)
        assert np.array_equal(gone, missing)
        assert np.allclose(parts[~gone], values[~gone], rtol=1e-9)


def test_overviews_give_measured_values_of_the_neighbourhood(tmp_path):
    from stcloud.iaas.raster.geotiff import open_geotiff
    from stcloud.iaas.raster.image import content_digest
    from stcloud.iaas.source.rasterreading import RasterReading

    values = np.add.outer(np.arange(1400), np.arange(1300))[None].astype("uint16") + 1
    image = open_geotiff(geotiff(tmp_path / "2020.tif", values), RasterReading("p", "t"))[0]
    files = ArrayFiles(LocalStore(tmp_path / "place"))
    files.write(image, content_digest(image), tmp_path)
    key = files.key(content_digest(image))
    grid = RasterGrid(CRS, (PIXEL * 10, 0.0, WEST, 0.0, -PIXEL * 10, NORTH), (140, 130))
    with RasterReader(files) as reader:
        coarse, missing = reader.read(key, image.facts, grid, [0], "overview")
        exact, _ = reader.read(key, image.facts, grid, [0], "nearest")
    assert not missing.any()
    assert np.abs(coarse.astype(int) - exact).max() <= 12
    assert coarse.dtype == np.uint16


@pytest.mark.parametrize("method", ["nearest", "bilinear", "average"])
def test_coarser_pixels_are_those_of_gdal(reader, method):
    grid = RasterGrid(CRS, (25.0, 0.0, WEST, 0.0, -25.0, NORTH), (80, 60))
    values, missing = reader.read("_scenes/x.tif", FACTS, grid, [0, 1], method)
    alone, gone = reader.read("_scenes/x.tif", FACTS, grid, [0], method)
    assert np.array_equal(gone[0], missing[0]), "a band is what it is, whatever bands are read with it"
    assert np.array_equal(alone[0], values[0], equal_nan=True)
    expected = whole(grid, method)
    assert np.array_equal(missing, np.isnan(expected))
    assert np.allclose(values[~missing], expected[~missing], rtol=1e-9)
