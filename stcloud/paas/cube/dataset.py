"""Cubes as datasets of xarray, by the conventions for climate and forecast metadata (CF 1.11).

Tested by `tests/paas/cube/test_dataset.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
from numpy.typing import NDArray

from stcloud.errors import MissingExtra
from stcloud.space import LONLAT

if TYPE_CHECKING:
    import xarray as xr

    from stcloud.paas.cube.cube import Cube, CubeMeasure

__all__ = ["dataset_of"]

_MAPPING = "crs"
_NO_COUNT = -1


def dataset_of(cube: Cube, most_mb: float) -> xr.Dataset:
    """Return a cube as a dataset: dimensions ``time``, ``cell`` and those of its classes.

    Parameters
    ----------
    cube
        The cube.
    most_mb
        A larger array of one measure is refused before it is made.

    Returns
    -------
    Measures are float64 and NaN in unknown bins; whole numbers are written to files as such. ``time`` is the first
    instant of each bin in UTC, with ``time_bounds``; ``time_label`` is the bin on the city's clock. Cells have ``x``,
    ``y`` (metres), ``lon``, ``lat`` and ``area`` (m²). ``known`` tells what is unknown from what has no value.

    Raises
    ------
    MissingExtra
        ``xarray-needed``
    Unsupported
        ``too-large``
    """
    try:
        import xarray as xr  # noqa: PLC0415  (slow to import, and it need not be installed)
    except ImportError as error:
        raise MissingExtra(
            "xarray-needed", "xarray is not installed", hint='pip install "stcloud[cube]", or use to_arrow'
        ) from error
    known = cube.known
    wide = known.reshape(*known.shape, *(1,) * len(cube.classes))
    variables = {
        name: (cube.dims, _values(cube, name, wide, most_mb), _attributes(measure))
        for name, measure in cube.measures.items()
    }
    dataset = xr.Dataset(
        {**variables, "known": (("time", "cell"), known, {"long_name": "whether all of the bin is known"})},
        coords=_coordinates(cube),
        attrs=_facts(cube),
    )
    dataset[_MAPPING] = xr.DataArray(0, attrs=pyproj.CRS(cube.crs).to_cf())
    for name, measure in cube.measures.items():
        if np.issubdtype(measure.values.dtype, np.integer) and measure.adds_up:
            least = int(measure.values.min(initial=0))
            fill = _NO_COUNT if least >= 0 else np.iinfo(np.int64).min
            dataset[name].encoding = {"dtype": "int64", "_FillValue": fill}
    dataset["time"].encoding = {"units": "microseconds since 1970-01-01T00:00:00", "dtype": "int64"}
    dataset["time_bounds"].encoding = dict(dataset["time"].encoding)
    return dataset


def _values(cube: Cube, name: str, known: NDArray[np.bool_], most_mb: float) -> NDArray[np.float64]:
    return np.where(known, cube.dense(name, most_mb=most_mb), np.nan).astype(np.float64, copy=False)


def _attributes(measure: CubeMeasure) -> dict[str, str]:
    return {"long_name": measure.written, "units": "1", "grid_mapping": _MAPPING, "coordinates": "lon lat"}


def _coordinates(cube: Cube) -> dict[str, Any]:
    edges = cube.edges_us.view("M8[us]")
    cells = cube.cells
    to_lonlat = pyproj.Transformer.from_crs(cube.crs, LONLAT, always_xy=True)
    lon, lat = (np.where(np.isfinite(part), part, np.nan) for part in to_lonlat.transform(cells.x, cells.y))
    names = np.asarray(cells.names.to_numpy(zero_copy_only=False))
    coordinates: dict[str, Any] = {
        "time": ("time", edges[:-1], {
            "standard_name": "time", "bounds": "time_bounds", "time_zone": str(cube.zone), "axis": "T",
        }),
        "time_bounds": (("time", "bound"), np.stack([edges[:-1], edges[1:]], axis=1)),
        "time_label": ("time", np.array(cube.labels, object), {"long_name": "bin on the city's clock"}),
        "cell": ("cell", names, {"long_name": cells.noun}),
        "x": ("cell", cells.x, {"standard_name": "projection_x_coordinate", "units": "m"}),
        "y": ("cell", cells.y, {"standard_name": "projection_y_coordinate", "units": "m"}),
        "lon": ("cell", lon, {"standard_name": "longitude", "units": "degrees_east"}),
        "lat": ("cell", lat, {"standard_name": "latitude", "units": "degrees_north"}),
        "area": ("cell", cells.area_m2, {"standard_name": "cell_area", "units": "m2"}),
    }  # fmt: skip
    for axis in cube.classes:
        values = axis.values.to_numpy(zero_copy_only=False)
        coordinates[axis.name] = (axis.name, np.array([_shown(value) for value in values], object))
    return coordinates


def _shown(value: object) -> object:
    return "" if value is None else value


def _facts(cube: Cube) -> dict[str, Any]:
    lost = {f"leftover_{reason}": count for reason, count in cube.leftovers.items()}
    return {"Conventions": "CF-1.11", "every": cube.every, "time_zone": str(cube.zone), **cube.facts, **lost}
