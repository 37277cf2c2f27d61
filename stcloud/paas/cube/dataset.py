"""Cubes as datasets of xarray, by the conventions for climate and forecast metadata (CF 1.11).

Tested by `tests/paas/cube/test_dataset.py`.
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.errors import MissingExtra, Unsupported
from stcloud.paas.cube.cell_shapes import SHAPE, shape_variables
from stcloud.paas.cube.heading import HEADING, Heading, free_names
from stcloud.space import LONLAT, project

if TYPE_CHECKING:
    import xarray as xr

    from stcloud.paas.cube.cube import Cube, CubeMeasure

__all__ = ["CHUNK_BYTES", "TIME_UNITS", "dataset_of", "filled_with"]

CHUNK_BYTES = 32_000_000
"""A chunk has all cells and classes, and so many steps that it is about as large; at least one."""
TIME_UNITS = "microseconds since 1970-01-01T00:00:00"

_MAPPING = "crs"
_RESERVED = (
    "time", "cell", "bound", "time_bounds", "time_label", "whole", "known", "has_rows", "x", "y", "lon", "lat",
    "area", "life", "life_cell", "life_bounds", _MAPPING, HEADING,
)  # fmt: skip
_METHODS = {"sum": "sum", "min": "minimum", "max": "maximum"}
_LONGEST_ATTRIBUTE = 8_000
"""HDF5 keeps 64 kB of attributes in all."""

Block = Callable[[int, int], NDArray[Any]]


def dataset_of(cube: Cube, most_mb: float, *, exact: bool = False) -> xr.Dataset:
    """Return a cube as a dataset: dimensions ``time``, ``cell`` and those of its classes.

    Parameters
    ----------
    cube
        The cube.
    most_mb
        A larger array of one measure is refused before it is made, unless dask makes it chunk by chunk.
    exact
        Whether whole numbers are int64 and ``_FillValue`` stands where there is none, as files have them.

    Returns
    -------
    Measures are float64 and NaN in unknown bins; whole numbers are written to files as such. ``time`` is the first
    instant of each bin in UTC, with ``time_bounds``; ``time_label`` is the bin on the city's clock. Cells have ``x``,
    ``y`` (metres), ``lon``, ``lat``, ``area`` (m²) and their shapes. ``known`` tells what is unknown from what has no
    value. Where dask is installed, arrays that are larger than one chunk (`CHUNK_BYTES`) are computed chunk by chunk,
    when they are read.

    Raises
    ------
    MissingExtra
        ``xarray-needed``
    Unsupported
        ``too-large``, ``not-areas``
    """
    try:
        import xarray as xr  # noqa: PLC0415  (slow to import, and it need not be installed)
    except ImportError as error:
        raise MissingExtra(
            "xarray-needed", "xarray is not installed", hint="pip install 'stcloud[cube]', or use to_arrow"
        ) from error
    shapes = shape_variables(cube.cells, _MAPPING)
    taken = [*_RESERVED, *(name for name in shapes), f"{SHAPE}_node", f"{SHAPE}_part"]
    names = free_names([*(axis.name for axis in cube.classes), *cube.measures], taken)
    classes, measures = names[: len(cube.classes)], names[len(cube.classes) :]
    layout = _Layout(cube, ("time", "cell", *classes), cube.known, most_mb, exact)
    dataset = xr.Dataset(coords=_coordinates(cube, classes), attrs=_facts(cube))
    for variable, name in zip(measures, cube.measures, strict=True):
        dataset[variable] = layout.measure(cube.measures[name], SHAPE if SHAPE in shapes else None)
    dataset["known"] = (("time", "cell"), layout.known, {"long_name": "whether all of the bin is known"})
    if layout.has_empty_rows:
        dataset["has_rows"] = layout.rows()
    for name, variable in {**shapes, **_lives(cube)}.items():
        dataset[name] = variable
    if SHAPE not in shapes and shapes:
        dataset["x"].attrs["bounds"], dataset["y"].attrs["bounds"] = shapes
    import pyproj  # noqa: PLC0415  (slow to import, and a cube itself needs it not)

    dataset[_MAPPING] = xr.DataArray(0, attrs=pyproj.CRS(cube.crs).to_cf())
    dataset[HEADING] = xr.DataArray(np.array(Heading.of(cube, classes, measures).text, object))
    for name in ("time", "time_bounds"):
        dataset[name].encoding = {"units": TIME_UNITS, "dtype": "int64"}
    return dataset


@dataclass(frozen=True, slots=True)
class _Layout:
    """How measures become arrays of all bins."""

    cube: Cube
    dims: tuple[str, ...]
    known: NDArray[np.bool_]
    most_mb: float
    exact: bool

    @property
    def has_empty_rows(self) -> bool:
        """Whether some bin has rows, and yet no measure other than a bin without rows has."""
        differs = np.zeros(len(self.cube.at), np.bool_)
        for measure in self.cube.measures.values():
            differs |= ~np.isnan(measure.values) if np.isnan(measure.of_nothing) else measure.values != 0
        return not differs.all()

    def measure(self, measure: CubeMeasure, shape: str | None) -> tuple[Any, ...]:
        """Return a measure as a variable."""
        integer = np.issubdtype(measure.values.dtype, np.integer)
        fill = filled_with(measure.values) if integer else None
        attributes: dict[str, Any] = {
            "long_name": measure.written, "units": "1", "grid_mapping": _MAPPING, "coordinates": "lon lat",
            **({"geometry": shape} if shape else {}), **self._methods(measure),
        }  # fmt: skip
        if self.exact and fill is not None:
            array = self._array(self._block(measure.values, measure.of_nothing, np.int64, fill), np.int64)
            return self.dims, array, {**attributes, "_FillValue": np.int64(fill)}
        array = self._array(self._block(measure.values, measure.of_nothing, np.float64, np.nan), np.float64)
        encoding = {} if fill is None else {"dtype": "int64", "_FillValue": fill}
        return self.dims, array, attributes, encoding

    def _methods(self, measure: CubeMeasure) -> dict[str, str]:
        """Return how values are of the time of a bin, where CF has a word for it."""
        method = "point" if self.cube.of_instants else _METHODS.get(measure.joined)
        return {} if method is None else {"cell_methods": f"time: {method}"}

    def rows(self) -> tuple[Any, ...]:
        """Return which bins have rows."""
        there = np.ones(len(self.cube.at), np.bool_)
        array = self._array(self._block(there, 0, np.bool_, False), np.bool_)  # noqa: FBT003
        return self.dims, array, {"long_name": "whether the bin has rows"}

    def _block(self, values: NDArray[Any], of_nothing: float, kind: Any, fill: float) -> Block:
        """Return what lays out the steps from a first to a last one."""
        cube, known = self.cube, self.known
        bins = int(np.prod(cube.shape[1:], dtype=np.int64))
        nothing = fill if np.isnan(of_nothing) else of_nothing

        def block(first: int, stop: int) -> NDArray[Any]:
            array = np.full((stop - first, *cube.shape[1:]), nothing, kind)
            low, high = np.searchsorted(cube.at, (first * bins, stop * bins))
            array.reshape(-1)[cube.at[low:high] - first * bins] = values[low:high]
            if not known[first:stop].all():
                array[~known[first:stop]] = fill
            return array

        return block

    def _array(self, block: Block, kind: Any) -> Any:
        """Return all steps: as an array of dask if they are more than a chunk and dask is installed."""
        steps, *others = self.cube.shape
        size = max(int(np.prod(others, dtype=np.int64)) * np.dtype(np.float64).itemsize, 1)
        each = max(CHUNK_BYTES // size, 1)
        if steps <= each or importlib.util.find_spec("dask") is None:
            if self.cube.megabytes > self.most_mb:
                raise Unsupported(
                    "too-large",
                    f"all bins take {self.cube.megabytes:,.0f} MB, and {self.most_mb:,.0f} MB are allowed",
                    hint="install dask, which makes it chunk by chunk, or take longer steps or larger cells",
                )
            return block(0, steps)
        dask, arrays = importlib.import_module("dask"), importlib.import_module("dask.array")
        lazy = dask.delayed(block, pure=False)
        parts = [
            arrays.from_delayed(lazy(first, stop), (stop - first, *others), dtype=kind)
            for first, stop in itertools.pairwise([*range(0, steps, each), steps])
        ]
        return arrays.concatenate(parts)


def filled_with(values: NDArray[Any]) -> int:
    """Return the whole number that stands for none in a file: -1, or the least there is where some are negative."""
    return -1 if int(values.min(initial=0)) >= 0 else int(np.iinfo(np.int64).min)


def _coordinates(cube: Cube, classes: list[str]) -> dict[str, Any]:
    edges = cube.edges_us.view("M8[us]")
    cells = cube.cells
    lon, lat = project(cells.x, cells.y, cube.crs, LONLAT)
    names = np.asarray(cells.names.to_numpy(zero_copy_only=False))
    coordinates: dict[str, Any] = {
        "time": ("time", edges[:-1], {
            "standard_name": "time", "bounds": "time_bounds", "time_zone": str(cube.zone), "axis": "T",
        }),
        "time_bounds": (("time", "bound"), np.stack([edges[:-1], edges[1:]], axis=1)),
        "time_label": ("time", np.array(cube.labels, object), {"long_name": "bin on the city's clock"}),
        "whole": ("time", cube.whole, {"long_name": "whether all of the bin was wanted"}),
        "cell": ("cell", names, {"long_name": cells.noun}),
        "x": ("cell", cells.x, {"standard_name": "projection_x_coordinate", "units": "m"}),
        "y": ("cell", cells.y, {"standard_name": "projection_y_coordinate", "units": "m"}),
        "lon": ("cell", lon, {"standard_name": "longitude", "units": "degrees_east"}),
        "lat": ("cell", lat, {"standard_name": "latitude", "units": "degrees_north"}),
        "area": ("cell", cells.area_m2, {"standard_name": "cell_area", "units": "m2"}),
    }  # fmt: skip
    for name, axis in zip(classes, cube.classes, strict=True):
        coordinates[name] = (name, _shown(axis.values), {"long_name": axis.name})
    return coordinates


def _shown(values: Any) -> NDArray[Any]:
    """Return the values of a class as files keep them: numbers, else text; null is an empty text."""
    if values.null_count == 0 and values.type in (pa.int64(), pa.float64()):
        return np.asarray(values.to_numpy(zero_copy_only=False))
    return np.array(["" if value is None else str(value) for value in values.to_pylist()], object)


def _lives(cube: Cube) -> dict[str, Any]:
    """Return when cells were there, as an indexed ragged array."""
    lives = cube.cells.lives
    if lives is None:
        return {}
    bounds = np.stack([lives.begin_us, lives.end_us], axis=1)
    text = "microseconds from 1970-01-01T00:00Z, half-open, between which the cell was there"
    return {
        "life_cell": ("life", lives.cell, {"instance_dimension": "cell"}),
        "life_bounds": (("life", "bound"), bounds, {"long_name": text}),
    }


def _facts(cube: Cube) -> dict[str, Any]:
    lost = {f"leftover_{reason}": count for reason, count in cube.leftovers.items()}
    facts = {"Conventions": "CF-1.11", "every": cube.every, "time_zone": str(cube.zone), **cube.facts, **lost}
    return {name: value for name, value in facts.items() if len(str(value)) <= _LONGEST_ATTRIBUTE}
