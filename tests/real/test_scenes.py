"""Four Landsat dates, monthly grids and hourly rain on curvilinear places."""

import numpy as np
import pytest
import rasterio
import xarray as xr

import stcloud
from stcloud.errors import InvalidInput

LANDSAT = """
id = "landsat"
kind = "scene"
product = "landsat"
tile = "pucallpa"

[acquired]
file = "%Y"
zone = "America/Lima"

[raster]
bands = ["swir1", "nir", "red", "green"]
"""
RAIN = 'id = "rain"\nkind = "scene"\nproduct = "rain"\n'


def test_four_dates_are_as_they_are_in_their_files(real_data, tmp_path):
    city = stcloud.create(tmp_path / "city", crs="EPSG:32718", zone="America/Lima")
    (tmp_path / "landsat.toml").write_text(LANDSAT)
    done = city.load("landsat", real_data / "landsat", definition=tmp_path / "landsat.toml")
    assert [reckoning.accepted for reckoning in done] == [1] * len(done)
    scenes = city.scenes("landsat")
    for year in (1985, 1995, 2005, 2015):
        with rasterio.open(real_data / f"landsat/{year}.tif") as source:
            expected, transform = source.read(), source.transform
        pixels = scenes.as_of(f"{year + 4}-06-01").pixels()
        assert pixels.grid.transform == tuple(transform)[:6]
        for at, band in enumerate(("swir1", "nir", "red", "green")):
            assert np.array_equal(pixels.bands[band], expected[at])
            assert np.array_equal((pixels.missing or {}).get(band, expected[at] == 0), expected[at] == 0)
    stack = scenes.between("1980-01-01", "2020-01-01").to_xarray(bands=["nir", "red"])
    index = ((stack.nir - stack.red) / (stack.nir + stack.red)).mean(("latitude", "longitude")).values
    assert ((index > 0) & (index < 1)).all()
    assert [finding for finding in city.check() if finding.faults] == []


def test_monthly_grids_are_as_xarray_reads_them(real_data, tmp_path):
    city = stcloud.create(tmp_path / "city", crs="EPSG:32617", zone="America/New_York")
    (tmp_path / "m.toml").write_text(RAIN + '[raster]\ncrs = "EPSG:4326"\n')
    path = real_data / "rain/bcsd_obs_1999.nc"
    assert city.load("rain", path, definition=tmp_path / "m.toml").accepted == 12
    data = city.scenes("rain").all().to_xarray()
    with xr.open_dataset(path, engine="scipy") as source:
        north = source.sortby("latitude", ascending=False)
        assert np.array_equal(data.pr.values, north.pr.values, equal_nan=True)
        assert np.array_equal(data.tas.values, north.tas.values, equal_nan=True)
        assert np.allclose(data.longitude, north.longitude)
        assert np.allclose(data.latitude, north.latitude)
        assert np.array_equal(data.time.values, north.time.values)


def test_hourly_rain_needs_a_rule(real_data, tmp_path):
    city = stcloud.create(tmp_path / "city", crs="EPSG:32617", zone="America/New_York")
    path = real_data / "rain/test_stageiv_xyt.nc"
    (tmp_path / "h.toml").write_text(RAIN)
    with pytest.raises(InvalidInput) as refused:
        city.load("rain", path, definition=tmp_path / "h.toml")
    assert refused.value.kind == "curvilinear"
    rule = '[raster.regrid]\ncrs = "EPSG:32617"\nresolution = 4000\nradius_m = 4000\n'
    (tmp_path / "h.toml").write_text(RAIN + rule)
    assert city.load("rain", path, definition=tmp_path / "h.toml").accepted == 23
    with xr.open_dataset(path, engine="scipy") as source:
        name = next(iter(source.data_vars))
        for step, row, column in ((0, 5, 7), (11, 60, 40), (22, 100, 80)):
            point = float(source.lon[row, column]), float(source.lat[row, column])
            read = city.scenes("rain").all().value_at(point, name).to_numpy()[step, 0]
            near = source[name][step, row - 1 : row + 2, column - 1 : column + 2].values
            assert read in near
