"""Cubes as datasets: what xarray, netCDF and Zarr read is what the cube holds."""

import cf_xarray
import numpy as np
import pyarrow as pa
import pytest
import xarray as xr
from hypothesis import given, settings

from stcloud.errors import Unsupported
from stcloud.paas.cube.cube import CubeClass
from stcloud.testing.examples import examples
from tests.paas.cube.conftest import cubes
from tests.paas.cube.test_emerging import made


@given(cubes())
@settings(deadline=None, max_examples=examples(40))
def test_unknown_bins_are_missing_and_others_are_not(cube):
    """Law: a bin of the dataset is NaN if and only if it is unknown."""
    values, known, x, y = cube
    values = np.abs(values).astype(np.int64)
    dataset = made(values, known, x, y).to_xarray()
    assert (dataset["known"].to_numpy() == known).all()
    np.testing.assert_array_equal(dataset["count"].to_numpy(), np.where(known, values, np.nan))
    assert dataset["count"].dims == ("time", "cell")


@pytest.fixture
def dataset():
    values = np.array([[[3, 0], [1, 2]], [[0, 0], [5, 7]], [[1, 1], [1, 1]]], np.int64)
    known = np.array([[True, True], [True, True], [False, True]])
    axis = CubeClass("subject", pa.array(["noise", None]))
    return made(
        values, known, np.array([1_750_000.0, 1_750_100.0]), np.full(2, 5_430_000.0), classes=(axis,)
    ).to_xarray()


@pytest.mark.parametrize("form", ["netcdf", "zarr"])
def test_files_are_read_back_without_loss(dataset, tmp_path, form):
    if form == "netcdf":
        dataset.to_netcdf(tmp_path / "cube.nc", engine="h5netcdf")
        again = xr.open_dataset(tmp_path / "cube.nc", engine="h5netcdf")
    else:
        dataset.to_zarr(tmp_path / "cube.zarr", zarr_format=3, consolidated=False)
        again = xr.open_zarr(tmp_path / "cube.zarr", consolidated=False)
    np.testing.assert_array_equal(again["count"].to_numpy(), dataset["count"].to_numpy())
    for name in ("time", "cell", "x", "y", "area", "known", "subject"):
        np.testing.assert_array_equal(again[name].to_numpy(), dataset[name].to_numpy(), name)
    assert again["count"].encoding["dtype"] == np.int64
    assert again.attrs["time_zone"] == "Pacific/Auckland"
    again.close()


def test_the_metadata_are_those_of_the_conventions(dataset):
    assert cf_xarray.__version__  # what `dataset.cf` is of
    assert dataset.cf["time"].name == "time"
    assert dataset.cf.bounds["time"] == ["time_bounds"]
    assert dataset.cf["longitude"].to_numpy() == pytest.approx([174.791, 174.792], abs=0.001)
    assert dataset.attrs["Conventions"] == "CF-1.11"
    assert dataset[dataset["count"].attrs["grid_mapping"]].attrs["crs_wkt"].startswith("PROJCRS")
    assert (np.diff(dataset["time_bounds"].to_numpy(), axis=1) == np.timedelta64(1, "D")).all()


def test_large_arrays_are_of_dask_and_refused_without_it(monkeypatch):
    """A chunk has all cells and as many steps as fit; what is computed is the same."""
    monkeypatch.setattr("stcloud.paas.cube.dataset.CHUNK_BYTES", 32)
    values = np.arange(10).reshape(5, 2)
    cube = made(values, values != 3, np.array([1_750_000.0, 1_750_100.0]), np.full(2, 5_430_000.0))
    lazy = cube.to_xarray(most_mb=0.00001)["count"]
    assert lazy.chunks == ((2, 2, 1), (2,))
    monkeypatch.setattr("stcloud.paas.cube.dataset.importlib.util.find_spec", lambda _: None)
    eager = cube.to_xarray()["count"]
    assert eager.chunks is None
    np.testing.assert_array_equal(lazy.to_numpy(), eager.to_numpy())
    with pytest.raises(Unsupported) as caught:
        cube.to_xarray(most_mb=0.00001)
    assert caught.value.kind == "too-large"
    assert "install dask" in str(caught.value)
