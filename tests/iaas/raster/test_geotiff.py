"""GeoTIFF in: values and facts are those of rasterio; what cannot be a scene is refused in one line."""

import struct

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from stcloud.errors import InvalidInput
from stcloud.iaas.raster.geotiff import open_geotiff
from stcloud.iaas.raster.image import content_digest
from stcloud.iaas.raster.source import open_raster
from stcloud.iaas.source.protocol import Reading
from stcloud.iaas.source.rasterreading import Acquired, RasterReading
from tests.rasters import geotiff, values_of

NAMED = RasterReading("p", "t", Acquired(file="%Y"))


def opened(path, **stated):
    return open_raster(
        path, Reading(raster=RasterReading("p", "t", **{"acquired": Acquired(file="%Y"), **stated}))
    )


def row(path, **stated):
    (batch,) = opened(path, **stated).batches()
    return batch.rows.to_pylist()[0]


def test_values_and_facts_are_those_of_rasterio(tmp_path):
    values = values_of(1, 3, 700, 600, "int16")
    path = geotiff(tmp_path / "2020.tif", values, nodata=-9)
    image, _ = open_geotiff(path, NAMED)
    whole = np.zeros_like(values)
    for at_row, at_column, block in image.blocks():
        assert max(block.shape[1:]) <= 512
        whole[:, at_row : at_row + block.shape[1], at_column : at_column + block.shape[2]] = block
    assert np.array_equal(whole, values)
    facts = image.facts
    with rasterio.open(path) as source:
        assert facts.grid.bounds == tuple(source.bounds)
        assert (facts.grid.shape, facts.dtype, facts.nodata) == (source.shape, "int16", -9)
    assert facts.bands == ("band1", "band2", "band3")


def test_the_digest_is_of_the_content_whatever_the_file_is_like(tmp_path):
    values = values_of(1)
    plain = open_geotiff(geotiff(tmp_path / "2020.tif", values), NAMED)[0]
    packed = open_geotiff(geotiff(tmp_path / "2021.tif", values, compress="lzw", tiled=True, blockxsize=16,
                                  blockysize=16), NAMED)[0]  # fmt: skip
    assert content_digest(plain) == content_digest(packed)
    values[1, 2, 3] += 1
    assert content_digest(open_geotiff(geotiff(tmp_path / "2022.tif", values), NAMED)[0]) != content_digest(
        plain
    )


def test_what_the_definition_states_goes_before_the_file(tmp_path):
    path = geotiff(tmp_path / "2020.tif", 1, nodata=7)
    facts = open_geotiff(
        path, RasterReading("p", "t", bands=("a", "b"), nodata=0, scale=(0.5,), offset=(1, 2))
    )[0].facts
    assert (facts.bands, facts.nodata, facts.scale, facts.offset) == (("a", "b"), 0, (0.5, 0.5), (1, 2))


def test_a_date_is_read_from_a_tag(tmp_path):
    path = geotiff(tmp_path / "x.tif", 1, tags={"TIFFTAG_DATETIME": "2020:03:04 05:06:07"})
    tagged = Acquired(tag="TIFFTAG_DATETIME", formats=("%Y:%m:%d %H:%M:%S",))
    assert row(path, acquired=tagged)["acquired"] == "2020-03-04T05:06:07.000000"
    zoned = geotiff(tmp_path / "y.tif", 1, tags={"WHEN": "2020-03-04T05:06:07+02:00"})
    assert row(zoned, acquired=Acquired(tag="WHEN"))["acquired"] == "2020-03-04T03:06:07.000000Z"


def test_longitudes_of_0_to_360_are_those_of_maps(tmp_path):
    path = geotiff(tmp_path / "2020.tif", 1, crs="EPSG:4326", west=285.0, north=5.0, pixel=0.1)
    assert open_geotiff(path, NAMED)[0].facts.grid.bounds[0] == pytest.approx(-75.0)


def truncated(folder):
    path = geotiff(folder / "2020.tif", values_of(1, 1, 400, 400))
    path.write_bytes(path.read_bytes()[:20_000])
    return path


def hostile(folder):
    """A header that claims a million by a million pixels."""
    path = geotiff(folder / "2020.tif", values_of(1, 1, 8, 8))
    data = bytearray(path.read_bytes())
    at = struct.unpack_from("<I", data, 4)[0]
    for entry in range(struct.unpack_from("<H", data, at)[0]):
        place = at + 2 + 12 * entry
        if struct.unpack_from("<H", data, place)[0] in (256, 257):
            struct.pack_into("<HII", data, place + 2, 4, 1, 1_000_000)
    path.write_bytes(bytes(data))
    return path


def masked(folder):
    path = geotiff(folder / "2020.tif", 1)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as made:
        made.write_mask(np.ones(made.shape, bool))
    return path


def plain(name="2020", values=1, **how):
    return lambda folder: geotiff(folder / f"{name}.tif", values, **how)


def no_tiff(folder):
    (folder / "2020.tif").write_bytes(b"GIF89a" * 99)
    return folder / "2020.tif"


SOUTH_UP = Affine(9, 0, 5e5, 0, 9, 3e6)
COLOURS = {0: (0, 0, 0), 1: (9, 9, 9)}
BAD = {
    "truncated": (truncated, {}, "unreadable-source", "whole"),
    "hostile": (hostile, {}, "too-large", "1,000,000 x 1,000,000"),
    "no-crs": (plain(crs=None), {}, "no-crs", "never guessed"),
    "other-crs": (plain(), {"crs": "EPSG:32650"}, "other-crs", "EPSG:32650"),
    "metres-as-degrees": (plain(crs="EPSG:4326"), {}, "other-crs", "degrees are from"),
    "no-transform": (plain(transform=Affine.identity()), {}, "no-grid", "georeference"),
    "south-up": (plain(transform=SOUTH_UP), {}, "no-grid", "north to south"),
    "no-date": (plain("image"), {}, "no-date", "image"),
    "bad-date": (plain("20201341"), {"acquired": Acquired(file="%Y%m%d")}, "no-date", "2020 13 41"),
    "no-tag": (plain(), {"acquired": Acquired(tag="WHEN")}, "no-date", "WHEN"),
    "nothing-dates": (plain(), {"acquired": Acquired()}, "no-date", "acquired"),
    "band-count": (plain(), {"bands": ("a",)}, "wrong-bands", "2 bands"),
    "palette": (plain(values=values_of(1, 1), colormap=COLOURS), {}, "no-classes", "palette"),
    "nan-nodata": (plain(), {"nodata": float("nan")}, "bad-nodata", "nan"),
    "nodata-beyond": (plain(), {"nodata": -9999}, "bad-nodata", "-9999"),
    "mask": (masked, {}, "not-a-scene", "mask"),
    "alpha": (plain(values=values_of(1, 4), photometric="rgb", alpha="yes"), {}, "not-a-scene", "alpha"),
    "complex": (plain(values=np.ones((1, 3, 3), "complex64")), {}, "not-a-scene", r"2020\.tif.*complex64"),
    "not-a-tiff": (no_tiff, {}, "unreadable-source", "2020.tif"),
}


@pytest.mark.parametrize("fault", BAD)
def test_what_cannot_be_a_scene_is_refused_in_one_line(fault, tmp_path):
    make, stated, kind, text = BAD[fault]
    path = make(tmp_path)
    with pytest.raises(InvalidInput, match=text) as refused:
        row(path, **stated)
    assert refused.value.kind == kind
    assert "\n" not in str(refused.value)


def test_a_fourth_band_that_is_named_was_measured_whatever_its_writer_calls_it(tmp_path):
    values = values_of(1, 4)
    path = geotiff(tmp_path / "2020.tif", values, photometric="rgb", alpha="yes")
    bands = ("red", "green", "blue", "nir")
    image, _ = open_geotiff(path, RasterReading("p", "t", Acquired(file="%Y"), bands=bands))
    assert image.facts.bands == bands
    assert np.array_equal(next(iter(image.blocks()))[2], values)


def test_other_drivers_of_gdal_open_nothing(tmp_path):
    target = geotiff(tmp_path / "2019.tif", 1)
    path = tmp_path / "2020.tif"
    path.write_text(
        f'<VRTDataset rasterXSize="40" rasterYSize="30"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f"<SourceFilename>{target}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(InvalidInput) as refused:
        opened(path)
    assert refused.value.kind == "unreadable-source"


def test_a_layer_of_rows_refuses_images(tmp_path):
    with pytest.raises(InvalidInput, match=r"kind = .scene") as refused:
        open_raster(geotiff(tmp_path / "2020.tif", 1), Reading())
    assert refused.value.kind == "not-rows"
