"""Datasets: values of `pixels`, the grid of odc-geo, lazy, and whole as a netCDF file."""

import dask.array as da
import numpy as np
import odc.geo.xr  # noqa: F401  (the accessor)
import pytest
import xarray as xr

from stcloud.errors import InvalidInput


def test_an_image_has_the_values_and_the_grid(images):
    choice = images.as_of("2020-01-15")
    data, pixels = choice.to_xarray(), choice.pixels()
    assert isinstance(data.red.data, da.Array)
    assert data.red.dtype == np.float32
    assert np.array_equal(np.isnan(data.red), pixels.missing["red"])
    assert np.array_equal(
        data.red.values[~pixels.missing["red"]], pixels.bands["red"][~pixels.missing["red"]]
    )
    box = data.odc.geobox
    assert tuple(box.affine)[:6] == pixels.grid.transform
    assert (box.shape, box.crs.to_epsg()) == (pixels.grid.shape, 4548)


def test_a_stack_has_a_step_an_instant(images):
    data = images.all().to_xarray(bands="nir")
    assert data.nir.dims == ("time", "y", "x")
    assert data.time.values.astype("datetime64[h]").tolist() == [
        np.datetime64(at).astype("datetime64[h]").item()
        for at in ("2019-12-31T16", "2020-01-31T16", "2020-02-29T16")
    ]
    for at, (_, step) in enumerate(images.all().steps()):
        pixels = step.pixels(bands="nir", grid=images.all().grid())
        gone = pixels.missing["nir"]
        assert np.array_equal(data.nir[at].values[~gone], pixels.bands["nir"][~gone])
        assert np.isnan(data.nir[at].values[gone]).all()


def test_half_pixels_need_a_rule(images):
    data = images.all().to_xarray(bands="red", resolution=20, resampling="average")
    assert data.red.shape == (3, 15, 35)
    with pytest.raises(InvalidInput) as refused:
        images.all().to_xarray(resolution=20)
    assert refused.value.kind == "resampling-needed"


def test_without_dask_it_is_read_at_once(images, monkeypatch):
    import importlib.util

    lazy = images.all().to_xarray()
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "dask" else find(name, *rest)
    )
    eager = images.all().to_xarray()
    assert isinstance(eager.red.data, np.ndarray)
    xr.testing.assert_equal(lazy.compute(), eager)
    with pytest.raises(InvalidInput) as refused:
        images.all().to_xarray(most_mb=0.001)
    assert refused.value.kind == "too-large"


def test_what_is_not_installed_is_said(images, monkeypatch):
    import importlib.util

    from stcloud.errors import MissingExtra
    from stcloud.iaas.raster.drivers import require_raster

    find = importlib.util.find_spec
    gone = ("xarray", "rasterio")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name in gone else find(name, *rest)
    )
    for call in (images.all().to_xarray, require_raster):
        with pytest.raises(MissingExtra, match=r"stcloud\[scene\]") as refused:
            call()
        assert refused.value.kind == "missing-extra"
