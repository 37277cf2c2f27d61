"""Scenes chosen by instant, period, place and belief; pixels against plain arrays."""

import numpy as np
import pytest

import stcloud
from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.scene.pixels import Pixels, RasterGrid
from tests.rasters import CRS, NORTH, PIXEL, WEST, city_with, geotiff, values_of

WHOLE = RasterGrid(CRS, (PIXEL, 0.0, WEST, 0.0, -PIXEL, NORTH), (30, 70))


def mosaic(*layers):
    """Put arrays of tiles on the whole grid, the last one with a value wins; 0 is none."""
    whole = np.zeros((2, 30, 70), "uint8")
    for tile, seed in layers:
        first = 0 if tile == "a" else 30
        part = whole[:, :, first : first + 40]
        values = values_of(seed)
        part[values > 0] = values[values > 0]
    return whole


def test_as_of_gives_the_latest_of_each_tile(images):
    choice = images.as_of("2020-02-15")
    assert [(scene.tile, scene.facts.bands) for scene in choice.list()] == [
        ("a", ("red", "nir")),
        ("b", ("red", "nir")),
    ]
    assert len(images.as_of("2019-12-31")) == 0
    assert len(images.as_of("2020-01-01T00:00")) == 2
    assert choice.to_pandas()["until"].dt.strftime("%Y%m%d").fillna("").tolist() == ["20200301", ""]


def test_between_gives_what_was_acquired_then(images):
    assert len(images.between("2020-01-01", "2020-02-01")) == 2
    assert len(images.between("2020-01-02", "2020-03-02")) == 3
    assert len(images.all()) == 5
    with pytest.raises(InvalidInput) as refused:
        images.between("2020-02-01", "2020-02-01")
    assert refused.value.kind == "empty-period"


def test_at_gives_the_scenes_that_cover_a_point(images):
    import shapely

    from stcloud.space import LONLAT, project

    choice = images.as_of("2020-02-15")
    for x, tiles in ((WEST + 100, "a"), (WEST + 350, "ab"), (WEST + 500, "b"), (WEST + 900, "")):
        (lon,), (lat,) = project([x], [NORTH - 100], CRS, LONLAT)
        assert "".join(scene.tile for scene in choice.at((lon, lat)).scenes) == tiles
        assert "".join(scene.tile for scene in choice.at(shapely.Point(lon, lat)).scenes) == tiles


@pytest.mark.parametrize(("rule", "order"), [("latest", ("a", "b")), ("first", ("b", "a"))])
def test_pixels_are_those_of_the_tiles(images, rule, order):
    pixels = images.as_of("2020-01-15").pixels(mosaic=rule)
    assert pixels.grid == WHOLE
    expected = mosaic(*((tile, int(tile == "b")) for tile in order))
    for at, band in enumerate(("red", "nir")):
        gone = pixels.missing[band]
        assert np.array_equal(gone, expected[at] == 0)
        assert np.array_equal(pixels.bands[band][~gone], expected[at][~gone])


def test_a_box_has_the_pixels_that_touch_it(images):
    from stcloud.space import LONLAT, project

    choice = images.as_of("2020-01-15")
    lon, lat = project([WEST + 101, WEST + 188], [NORTH - 187, NORTH - 102], CRS, LONLAT)
    pixels = choice.pixels((lon[0], lat[0], lon[1], lat[1]), bands="nir")
    assert pixels.grid.shape in {(9, 9), (10, 10), (9, 10), (10, 9)}
    row, column = (
        round((NORTH - pixels.grid.transform[5]) / PIXEL),
        round((pixels.grid.transform[2] - WEST) / PIXEL),
    )
    expected = values_of(0)[1][row : row + pixels.grid.shape[0], column : column + pixels.grid.shape[1]]
    assert np.array_equal(np.where(pixels.missing["nir"], 0, pixels.bands["nir"]), expected)


def test_blocks_are_the_pixels(images):
    choice = images.as_of("2020-02-15")
    whole = choice.pixels()
    seen = np.zeros(whole.grid.shape, int)
    for (row, column, rows, columns), block in choice.blocks(size=16):
        place = (slice(row, row + rows), slice(column, column + columns))
        assert block.grid == whole.grid.window(row, column, rows, columns)
        assert np.array_equal(block.bands["red"], whole.bands["red"][place])
        seen[place] += 1
    assert (seen == 1).all()


def test_a_pin_gives_the_same_scenes(images):
    choice = images.as_of("2020-02-15")
    assert images.as_of("2020-02-15", known_at=choice.pin).scenes == choice.scenes
    assert images.as_of("2020-02-15", known_at=choice.pin.text).scenes == choice.scenes
    assert "2 scenes of images" in repr(choice)


def test_scales_are_applied(tmp_path):
    city = city_with(tmp_path)
    text = (
        (tmp_path / "images.toml")
        .read_text()
        .replace("nodata = 0", "nodata = 0\nscale = 0.5\noffset = [1, 2]")
    )
    (tmp_path / "images.toml").write_text(text)
    city.load("images", geotiff(tmp_path / "a_20200101.tif", 1), definition=tmp_path / "images.toml")
    pixels = city.scenes("images").as_of("2021").pixels()
    values = values_of(1)
    assert np.array_equal(pixels.bands["nir"], values[1] * 0.5 + 2)
    assert np.array_equal(pixels.missing["nir"], values[1] == 0)


def test_what_cannot_be_answered_is_said(images, folder):
    choice = images.as_of("2020-01-15")
    for call, kind in (
        (lambda: choice.pixels(bands="blue"), "unknown-band"),
        (lambda: choice.pixels(bands=[]), "wrong-bands"),
        (lambda: choice.pixels(mosaic="best"), "unknown-mosaic"),
        (lambda: choice.pixels(resampling="good"), "unknown-resampling"),
        (lambda: choice.pixels(resolution=7), "resampling-needed"),
        (lambda: choice.pixels(crs=4326), "resolution-needed"),
        (lambda: choice.pixels(resolution=-1), "bad-resolution"),
        (lambda: choice.pixels((3, 2, 1, 0)), "bad-box"),
        (lambda: choice.pixels(resolution=0.001, resampling="nearest"), "too-large"),
        (lambda: choice.pixels(most_mb=0.001), "too-large"),
        (lambda: images.all().pixels(), "stack-of-times"),
        (lambda: images.as_of("2010").pixels(), "no-scenes"),
        (lambda: choice.value_at((117, 31), "blue"), "unknown-band"),
        (lambda: choice.to_file(folder / "x.jpg"), "unknown-format"),
        (lambda: choice.quicklook(folder / "x.jpg"), "bad-suffix"),
        (lambda: choice.quicklook(folder / "x.png", bands=["red", "nir"]), "wrong-bands"),
    ):
        with pytest.raises((InvalidInput, NotFound, stcloud.errors.Unsupported)) as refused:
            call()
        assert refused.value.kind == kind


def test_a_layer_of_another_kind_is_refused(tmp_path):
    import pandas as pd

    city = stcloud.create(tmp_path / "city", crs=CRS, zone="UTC")
    city.load("calls", pd.DataFrame({"id": ["1"], "at": ["2020-01-01"], "lon": [117.0], "lat": [31.0]}), key="id",
              time="at", lon="lon", lat="lat")  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        city.scenes("calls")
    assert refused.value.kind == "not-scenes"


def test_pixels_have_the_shape_of_their_grid():
    with pytest.raises(InvalidInput):
        Pixels(WHOLE, {"a": np.zeros((3, 3))})
    with pytest.raises(InvalidInput):
        Pixels(WHOLE, {"a": np.zeros(WHOLE.shape)}, {"b": np.zeros(WHOLE.shape, bool)})


def test_half_a_pixel_needs_a_declared_rule(tmp_path):
    """Scenes of two dates that are shifted by half a pixel are a stack only by a stated resampling."""
    city = city_with(tmp_path)
    for day, west in (("20200101", WEST), ("20200201", WEST + PIXEL / 2)):
        city.load(
            "images", geotiff(tmp_path / f"a_{day}.tif", 1, west=west), definition=tmp_path / "images.toml"
        )
    scenes = city.scenes("images")
    assert scenes.as_of("2020-01-15").pixels().grid.transform[2] == WEST
    assert scenes.as_of("2020-02-15").pixels().grid.transform[2] == WEST + PIXEL / 2
    with pytest.raises(InvalidInput, match="shifted") as refused:
        scenes.all().to_xarray()
    assert refused.value.kind == "resampling-needed"
    stack = scenes.all().to_xarray(bands="red", resampling="bilinear").red.values
    values = np.where(values_of(1)[0] == 0, np.nan, values_of(1)[0].astype(float))
    assert np.array_equal(stack[1][:, 1:41], values, equal_nan=True)
    both = ~np.isnan(values[:, :-1]) & ~np.isnan(values[:, 1:])
    assert np.allclose(stack[0][:, 1:40][both], ((values[:, :-1] + values[:, 1:]) / 2)[both])


def test_the_best_scene_of_each_pixel_counts(images):
    pixels = images.as_of("2020-01-15").pixels(bands="red", mosaic="best:nir")
    for row in range(0, 30, 7):
        for column in range(70):
            tiles = [
                (nir[row, column - first], red[row, column - first])
                for first, (red, nir) in ((0, values_of(0)), (30, values_of(1)))
                if 0 <= column - first < 40 and nir[row, column - first] > 0
            ]
            if not tiles:
                assert pixels.missing["red"][row, column]
            else:
                best = max(nir for nir, _ in tiles)
                assert pixels.bands["red"][row, column] in [red for nir, red in tiles if nir == best]


def test_scenes_are_asked_as_features_too(folder):
    """No other room asks of which kind a layer is: footprints are shown, counted and described."""
    with stcloud.open(folder / "city") as city:
        assert city.query("images").as_of("2020-02-15").count(by=["tile"]).to_records() == [
            {"tile": "a", "count": 1}, {"tile": "b", "count": 1},
        ]  # fmt: skip
        frame = city.layer("images").as_of("2020-02-15").to_geopandas()
        assert frame.geometry.area.tolist() == pytest.approx([120_000, 120_000])
        assert len(city.layer("images").history("test|a").table) >= 3
