"""Files of scenes, read back with rasterio and xarray."""

import numpy as np
import pytest
import rasterio
import xarray as xr

from stcloud.errors import InvalidInput


def test_a_tif_has_the_pixels(images, tmp_path):
    choice = images.as_of("2020-01-15")
    choice.to_file(tmp_path / "x.tif", bands=["nir"])
    pixels = choice.pixels(bands="nir")
    with rasterio.open(tmp_path / "x.tif") as source:
        assert (source.descriptions, source.nodata, source.crs.to_epsg()) == (("nir",), 0, 4548)
        read = source.read(1, masked=True)
        assert tuple(source.transform)[:6] == pixels.grid.transform
    assert np.array_equal(read.mask, pixels.missing["nir"])
    assert np.array_equal(read.data[~read.mask], pixels.bands["nir"][~read.mask])
    assert [path.name for path in tmp_path.iterdir()] == ["x.tif"]


def test_a_netcdf_has_the_stack(images, tmp_path):
    images.all().to_file(tmp_path / "x.nc")
    with xr.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as read:
        whole = images.all().to_xarray()
        assert np.array_equal(read.red.values, whole.red.values, equal_nan=True)
        assert np.array_equal(read.time.values, whole.time.values)
        assert read.odc.geobox == whole.odc.geobox
        mapping = read[read.red.attrs["grid_mapping"]]
        assert "crs_wkt" in mapping.attrs


def test_a_stack_is_no_tif(images, tmp_path):
    with pytest.raises(InvalidInput) as refused:
        images.all().to_file(tmp_path / "x.tif")
    assert refused.value.kind == "stack-of-times"
