"""Files of series: netCDF of the CF conventions, written whole or not at all.

Tested by `tests/saas/cli/test_series.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from stcloud.errors import MissingExtra
from stcloud.saas.wholefile import refuse_unwritable, whole_file

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SERIES_SUFFIX", "check_series_path", "write_series"]

SERIES_SUFFIX = ".nc"
_PACKED = {"zlib": True, "complevel": 1, "shuffle": True}


def check_series_path(path: Path) -> None:
    """Refuse a file that a series could not be written to, before anything is read. Nothing is created.

    Raises `MissingExtra` ``missing-cube``, and what `refuse_unwritable` raises.
    """
    try:
        import h5netcdf  # noqa: F401, PLC0415
        import xarray  # noqa: F401, PLC0415
    except ImportError as error:
        raise MissingExtra(
            "missing-cube", f"netCDF files need {error.name}", hint="pip install 'stcloud[cube]'"
        ) from error
    refuse_unwritable(path)


def write_series(made: Callable[[], xr.Dataset], path: Path) -> xr.Dataset:
    """Write the dataset that a function makes into a new netCDF file; what is there is replaced by a whole one."""
    check_series_path(path)
    dataset = made()
    packed = [name for name, variable in dataset.data_vars.items() if variable.dims == ("station", "time")]
    with whole_file(path) as whole:
        dataset.to_netcdf(whole, engine="h5netcdf", encoding=dict.fromkeys(packed, _PACKED))
    return dataset
