"""Datasets out: netCDF 4, deflated.

Tested by `tests/paas/scene/test_export.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stcloud.iaas.store.oserror import storage_errors

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["write_netcdf"]


def write_netcdf(path: Path, dataset: xr.Dataset) -> None:
    """Write a dataset, chunk by chunk where it is lazy; `StorageError`: it cannot be written."""
    for name in dataset:  # beside its grid_mapping, without which other readers find no CRS
        dataset[name].encoding |= {"zlib": True, "complevel": 4}
    with storage_errors(f"write {path}"):
        dataset.to_netcdf(path, engine="h5netcdf")
