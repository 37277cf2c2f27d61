"""netCDF in: an image for each step of time, on the regular grid that the coordinates make.

Values are read block by block and stay as they are stored: ``scale_factor``, ``add_offset`` and ``_FillValue`` are
facts of the image. Rows are put from north to south, longitudes on -180 to 180.

Tested by `tests/iaas/raster/test_netcdf.py`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, MissingExtra
from stcloud.iaas.raster.image import MOST_IMAGES, Block, Image, ImageFacts, refuse_size, windows
from stcloud.iaas.raster.placing import grid_of, stated_crs
from stcloud.iaas.raster.regrid import NearestPixels, nearest_pixels
from stcloud.iaas.source.rasterreading import RasterReading
from stcloud.space.rastergrid import RasterGrid

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["NetCdfSteps", "open_netcdf"]

_CALENDARS = ("standard", "gregorian", "proleptic_gregorian", "none", "")
_SIGNATURES = {b"\x89HDF": "h5netcdf", b"CDF\x01": "scipy", b"CDF\x02": "scipy"}
_LON, _LAT = ("longitude", "degrees_east", "X"), ("latitude", "degrees_north", "Y")
_X, _Y = ("projection_x_coordinate",), ("projection_y_coordinate",)
_UNEVEN = 1e-3


@dataclass(frozen=True, slots=True)
class _Place:
    """Which stored values become the pixels of the grid."""

    grid: RasterGrid
    dims: tuple[str, str]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    nearest: NearestPixels | None = None


@dataclass(frozen=True, slots=True)
class NetCdfSteps:
    """The steps of a file: when each is, ISO 8601 in UTC, and its image."""

    path: Path
    names: tuple[str, ...]
    time: str | None
    times: tuple[str, ...]
    place: _Place
    facts: ImageFacts

    def images(self) -> Iterator[tuple[str, Image]]:
        """Give instant and image of each step; an image can be read until the next one is wanted."""
        with _opened(self.path) as source:
            for step, at in enumerate(self.times):
                yield at, NetCdfImage(self, source, step)


@dataclass(frozen=True, slots=True)
class NetCdfImage:
    """The image of one step."""

    steps: NetCdfSteps
    source: xr.Dataset
    step: int

    @property
    def facts(self) -> ImageFacts:
        """What is known of it besides its values."""
        return self.steps.facts

    @property
    def _fill(self) -> float:
        """What stands where there is no value."""
        return np.nan if self.facts.nodata is None else self.facts.nodata

    def blocks(self) -> Iterator[Block]:
        """Read it once, block by block."""
        steps, place = self.steps, self.steps.place
        arrays = [_step(self.source[name], steps.time, self.step) for name in steps.names]
        with _reading(steps.path):
            for row, column, rows, columns in windows(steps.facts.grid.shape):
                window = (row, column, rows, columns)
                parts = [
                    _window(array, place, window) if place.nearest is None
                    else place.nearest.block(array.transpose(*place.dims), self._fill, *window)
                    for array in arrays
                ]  # fmt: skip
                yield row, column, np.stack(parts).astype(steps.facts.dtype, copy=False)


def open_netcdf(path: Path, reading: RasterReading) -> NetCdfSteps:
    """Return the steps of a file.

    Raises
    ------
    InvalidInput
        ``unreadable-source``; ``wrong-bands``: a variable is not there, or not a grid; ``curvilinear``;
        ``odd-calendar``; ``no-date``; ``no-grid``: coordinates are not evenly spaced; ``no-crs``, ``other-crs``,
        ``bad-nodata``, ``too-large``.
    MissingExtra
        ``missing-extra``: xarray or h5netcdf is not installed.
    """
    with _opened(path) as source:
        names = reading.bands or _grids(path, source)
        for name in names:
            if name not in source.data_vars:
                have = ", ".join(map(str, source.data_vars))
                raise InvalidInput("wrong-bands", f"{path.name} has no variable '{name}' (it has: {have})")
        first = source[names[0]]
        time, times = _times(path, source, first)
        place = _placed(path, source, first, time, reading)
        refuse_size(path.name, place.grid.shape, len(names))
        for name in names:
            if set(source[name].dims) != {*place.dims, *([time] if time else [])}:
                raise InvalidInput(
                    "wrong-bands", f"{path.name}: {name} lies on {', '.join(map(str, source[name].dims))}"
                )
        facts = _facts(path, [source[name] for name in names], place, reading)
        return NetCdfSteps(path, tuple(map(str, names)), time, times, place, facts)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[xr.Dataset]:
    """Open a file as netCDF, 3 or 4, and as nothing else; nothing is decoded."""
    if importlib.util.find_spec("xarray") is None or importlib.util.find_spec("h5netcdf") is None:
        raise MissingExtra(
            "missing-extra", "netCDF is read with xarray and h5netcdf, which are not installed",
            hint="pip install 'stcloud[scene]'",
        )  # fmt: skip
    import xarray as xr  # noqa: PLC0415  (slow to import)

    with path.open("rb") as file:
        engine = _SIGNATURES.get(file.read(4))
    if engine is None:
        raise InvalidInput("unreadable-source", f"{path.name} is no netCDF file")
    with _reading(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source = xr.open_dataset(path, engine=engine, decode_cf=False, cache=False)
    with source, _reading(path):
        yield source


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Raise what cannot be read as `InvalidInput` ``unreadable-source``, in one line."""
    try:
        yield
    except (OSError, ValueError, TypeError, KeyError, EOFError, IndexError, RuntimeError) as error:
        if isinstance(error, InvalidInput):
            raise
        text = " ".join(str(error).split())[:200]
        raise InvalidInput(
            "unreadable-source",
            f"{path.name} cannot be read as netCDF: {text}",
            hint="is it whole? get it again",
        ) from error


def _grids(path: Path, source: xr.Dataset) -> tuple[str, ...]:
    """Return the variables that are grids: numbers on two dimensions and maybe time; not coordinates and bounds."""
    bounds = {str(source[name].attrs.get("bounds", "")) for name in source.variables}
    aside = bounds | {
        name
        for variable in source.data_vars.values()
        for name in str(variable.attrs.get("coordinates", "")).split()
    }
    most = max((array.ndim for name, array in source.data_vars.items() if name not in aside), default=0)
    names = tuple(
        str(name) for name, array in source.data_vars.items()
        if name not in aside and array.ndim == most and array.ndim > 1 and array.dtype.kind in "fiu"
    )  # fmt: skip
    if not names:
        raise InvalidInput("wrong-bands", f"{path.name} has no variable on a grid")
    return names


def _times(path: Path, source: xr.Dataset, array: xr.DataArray) -> tuple[str | None, tuple[str, ...]]:
    """Return the dimension of time and its instants as text."""
    dims = [
        str(dim)
        for dim in array.dims
        if dim in source.variables and " since " in str(source[dim].attrs.get("units", ""))
    ]
    if not dims:
        raise InvalidInput(
            "no-date", f"{path.name} has no coordinate of time with units such as 'hours since 2000-01-01'"
        )
    attrs = source[dims[0]].attrs
    calendar, units = str(attrs.get("calendar", "standard")).strip().lower(), str(attrs["units"])
    if calendar not in _CALENDARS:
        raise InvalidInput(
            "odd-calendar",
            f"the times of {path.name} are of the calendar '{calendar}', whose days are not real ones",
            hint="write it anew with times of the standard calendar",
        )  # fmt: skip
    if units.split(maxsplit=1)[0].lower().startswith(("month", "year", "common_year")):
        raise InvalidInput(
            "odd-calendar", f"the times of {path.name} are '{units}': months and years are not of one length"
        )
    numbers = np.asarray(source[dims[0]].values)
    if len(numbers) > MOST_IMAGES:
        raise InvalidInput(
            "too-large", f"{path.name} has {len(numbers):,} steps; at most {MOST_IMAGES:,} are read"
        )
    from xarray.coding.times import decode_cf_datetime  # noqa: PLC0415

    try:
        instants = decode_cf_datetime(numbers, units, calendar or "standard", use_cftime=False)
    except Exception as error:
        raise InvalidInput("no-date", f"the times of {path.name} cannot be read: '{units}'") from error
    if np.isnat(instants).any():
        raise InvalidInput("no-date", f"a step of {path.name} has no time")
    rounded = np.asarray(instants, "datetime64[us]")
    return dims[0], tuple(f"{text}Z" for text in np.datetime_as_string(rounded, unit="us").tolist())


def _placed(
    path: Path, source: xr.Dataset, array: xr.DataArray, time: str | None, reading: RasterReading
) -> _Place:
    dims = [str(dim) for dim in array.dims if dim != time]
    if len(dims) != 2:
        raise InvalidInput(
            "wrong-bands",
            f"{path.name}: {array.name} lies on {', '.join(map(str, array.dims))}, not on a grid",
        )
    own = _own_crs(source, array)
    curved = [
        name for name in (*str(array.attrs.get("coordinates", "")).split(), *map(str, source.variables))
        if name in source.variables and source[name].ndim == 2 and set(source[name].dims) == set(dims)
    ]  # fmt: skip
    lat, lon = (_named(source, curved, words) for words in (_LAT, _LON))
    if lat is not None and lon is not None and not all(dim in source.variables for dim in dims):
        return _regridded(path, source, dims, (lat, lon), reading)
    if not all(dim in source.variables for dim in dims):
        raise InvalidInput(
            "no-grid", f"{path.name} does not say where its pixels lie: {', '.join(dims)} have no coordinates"
        )
    y = _named(source, dims, (*_LAT, *_Y)) or dims[0]
    x = next(dim for dim in dims if dim != y)
    crs = stated_crs(path.name, own, reading.crs)
    ys, rows = _axis(path, source[y].values, down=True)
    xs, columns = _axis(path, source[x].values, down=False, degrees=_is_one(source[x], _LON))
    width, height = (xs[-1] - xs[0]) / (len(xs) - 1), (ys[0] - ys[-1]) / (len(ys) - 1)
    transform = (width, 0.0, float(xs[0] - width / 2), 0.0, -height, float(ys[0] + height / 2))
    return _Place(grid_of(path.name, crs, transform, (len(ys), len(xs))), (y, x), rows, columns)


def _regridded(
    path: Path, source: xr.Dataset, dims: list[str], names: tuple[str, str], reading: RasterReading
) -> _Place:
    if reading.regridding is None:
        raise InvalidInput(
            "curvilinear",
            f"the places of {path.name} are curvilinear ({names[0]} and {names[1]} have two dimensions)",
            hint="declare how they become pixels: [raster.regrid] crs, resolution, radius_m",
        )  # fmt: skip
    lat, lon = (source[name].transpose(*dims).values.astype(np.float64) for name in names)
    nearest = nearest_pixels(lon, lat, reading.regridding, path.name)
    return _Place(nearest.grid, (dims[0], dims[1]), np.arange(lat.shape[0]), np.arange(lat.shape[1]), nearest)


def _own_crs(source: xr.Dataset, array: xr.DataArray) -> str | None:
    mapping = array.attrs.get("grid_mapping")
    if mapping is None or mapping not in source.variables:
        return None
    attrs = source[mapping].attrs
    for name in ("crs_wkt", "spatial_ref"):
        if attrs.get(name):
            return str(attrs[name])
    import pyproj  # noqa: PLC0415  (slow to import)

    try:
        return str(pyproj.CRS.from_cf(dict(attrs)).to_wkt())
    except (pyproj.exceptions.CRSError, KeyError, ValueError):
        return None


def _named(source: xr.Dataset, names: list[str], words: tuple[str, ...]) -> str | None:
    return next((name for name in names if _is_one(source[name], words)), None)


def _is_one(array: xr.DataArray, words: tuple[str, ...]) -> bool:
    return any(str(array.attrs.get(name, "")) in words for name in ("standard_name", "units", "axis"))


def _axis(
    path: Path, values: Any, *, down: bool, degrees: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return coordinates in the order of pixels, and where each is stored; `InvalidInput` ``no-grid``."""
    stored = np.asarray(values, np.float64)
    order = np.arange(len(stored))
    if len(stored) < 2 or not np.isfinite(stored).all():
        raise InvalidInput(
            "no-grid", f"{path.name} has coordinates that make no grid: {len(stored)} of an axis"
        )
    if stored[0] > stored[-1] if not down else stored[0] < stored[-1]:
        order = order[::-1]
    if degrees and stored.max() > 180:
        turned = np.where(stored >= 180, stored - 360, stored)
        order = np.argsort(turned, kind="stable")
        stored = turned
    axis = stored[order]
    steps = np.diff(axis)
    if (
        np.abs(steps - steps.mean()).max()
        > _UNEVEN * abs(steps.mean()) + 4 * np.finfo(np.float32).eps * np.abs(axis).max()
    ):
        raise InvalidInput(
            "no-grid", f"the coordinates of {path.name} are not evenly spaced, or cross 180°",
            hint="cut it there, or write it anew on a regular grid",
        )  # fmt: skip
    if np.asarray(values).dtype == np.float32:  # as written, 0.125 is not exact: the ends and the count are
        axis = np.linspace(round(float(axis[0]), 6), round(float(axis[-1]), 6), len(axis))
    return axis, order


def _facts(path: Path, arrays: list[xr.DataArray], place: _Place, reading: RasterReading) -> ImageFacts:
    kinds = {str(array.dtype.newbyteorder("=")) for array in arrays}
    if len(kinds) > 1:
        raise InvalidInput(
            "not-a-scene", f"{path.name} has variables of several types: {', '.join(sorted(kinds))}"
        )
    dtype = kinds.pop()
    stated = {_fill(array) for array in arrays if _fill(array) is not None}
    if reading.nodata is None and len(stated) > 1:
        raise InvalidInput(
            "bad-nodata", f"{path.name} has another fill value in each variable: {sorted(map(str, stated))}",
            hint="state nodata in the table [raster] of the definition",
        )  # fmt: skip
    nodata = reading.nodata if reading.nodata is not None else next(iter(stated), None)
    if (
        place.nearest is not None
        and place.nearest.has_gaps
        and nodata is None
        and not dtype.startswith("float")
    ):
        raise InvalidInput("bad-nodata", f"{path.name} has pixels without a value, and no value says so",
                           hint="state nodata in the table [raster] of the definition")  # fmt: skip
    scale = reading.scale or tuple(float(array.attrs.get("scale_factor", 1)) for array in arrays)
    offset = reading.offset or tuple(float(array.attrs.get("add_offset", 0)) for array in arrays)
    return ImageFacts(place.grid, tuple(str(array.name) for array in arrays), dtype, nodata, scale, offset)


def _fill(array: xr.DataArray) -> float | None:
    for name in ("_FillValue", "missing_value"):
        value = array.attrs.get(name)
        if value is not None and np.ndim(value) == 0 and not math.isnan(float(value)):
            return float(value)
    return None


def _step(array: xr.DataArray, time: str | None, step: int) -> xr.DataArray:
    return array.isel({time: step}) if time else array


def _window(array: xr.DataArray, place: _Place, window: tuple[int, int, int, int]) -> NDArray[Any]:
    """Return the stored values of a block, in the order of pixels."""
    row, column, rows, columns = window
    y, x = place.dims
    below, across = place.rows[row : row + rows], place.columns[column : column + columns]
    down, right = (slice(int(part.min()), int(part.max()) + 1) for part in (below, across))
    values = np.asarray(array.isel({y: down, x: right}).transpose(y, x).values)
    taken: NDArray[Any] = values[np.ix_(below - below.min(), across - across.min())]
    return taken
