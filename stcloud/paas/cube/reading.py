"""Cubes read back: from a dataset of xarray, or from an Arrow table, as they were written.

Tested by `tests/paas/cube/test_reading.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.paas.cube.cell_shapes import shapes_in
from stcloud.paas.cube.cells import CubeCells, Floats, Lives
from stcloud.paas.cube.cube import Cube, CubeClass, CubeMeasure
from stcloud.paas.cube.cube_table import CELLS, KNOWN, LIVES, STEPS
from stcloud.paas.cube.dataset import CHUNK_BYTES
from stcloud.paas.cube.heading import HEADING, Heading, unpacked
from stcloud.paas.cube.lattice_cells import parents_of_lattice
from stcloud.time import Zone

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["cube_of_dataset", "cube_of_table"]

Ints = NDArray[np.int64]
_HINT = "read what stcloud wrote: to_xarray, write_cube, or stcloud cube -o"


def cube_of_dataset(dataset: xr.Dataset) -> Cube:
    """Return the cube that a dataset was made of.

    Parameters
    ----------
    dataset
        As `Cube.to_xarray` makes it, or as a file of it is opened, decoded or not.

    Raises
    ------
    InvalidInput
        ``no-cube``: it was not made of a cube, or lacks a part.
    """
    if HEADING not in dataset:
        raise InvalidInput("no-cube", "the dataset was not made of a cube of stcloud", hint=_HINT)
    heading = Heading.read(str(dataset[HEADING].item()))
    try:
        return _of_dataset(dataset, heading)
    except KeyError as error:
        raise InvalidInput("no-cube", f"the dataset lacks a part of the cube: {error}", hint=_HINT) from error


def cube_of_table(table: pa.Table) -> Cube:
    """Return the cube that a table was made of by `table_of`; `InvalidInput` ``no-cube``."""
    metadata = {name.decode(): text.decode() for name, text in (table.schema.metadata or {}).items()}
    if not {HEADING, CELLS, STEPS} <= metadata.keys():
        raise InvalidInput("no-cube", "the table was not made of a cube of stcloud", hint=_HINT)
    heading = Heading.read(metadata[HEADING])
    try:
        return _of_table(table, heading, metadata)
    except KeyError as error:
        raise InvalidInput("no-cube", f"the table lacks a part of the cube: {error}", hint=_HINT) from error


def _of_dataset(dataset: xr.Dataset, heading: Heading) -> Cube:
    bounds = _micros(dataset["time_bounds"].to_numpy())
    area_m2 = dataset["area"].to_numpy().astype(np.float64)
    arrays = {str(name): dataset[name].to_numpy() for name in dataset.variables if _is_shape(str(name))}
    shapes = shapes_in(arrays, area_m2)
    lives = None
    if "life_cell" in dataset:
        life = dataset["life_bounds"].to_numpy().astype(np.int64)
        lives = Lives(dataset["life_cell"].to_numpy().astype(np.int64), life[:, 0], life[:, 1])
    numbers = dataset["cell"].to_numpy()
    names = pa.array(numbers.tolist() if numbers.dtype == object else numbers)
    x, y = dataset["x"].to_numpy(), dataset["y"].to_numpy()
    cells = _cells(heading, names, x, y, area_m2, lives, shapes)
    empty = _made(
        heading, np.append(bounds[:, 0], bounds[-1:, 1]), dataset["time_label"].to_numpy().tolist(),
        dataset["whole"].to_numpy().astype(np.bool_), cells, dataset["known"].to_numpy().astype(np.bool_),
    )  # fmt: skip
    return _filled(empty, heading, *_sparse(dataset, heading, empty))


def _cells(
    heading: Heading, names: pa.Array, x: Floats, y: Floats, area_m2: Floats, lives: Lives | None,
    shapes: NDArray[Any] | None,
) -> CubeCells:  # fmt: skip
    """Return cells; those of a lattice know which larger ones hold them."""
    noun = heading.fields["noun"]
    parents = parents_of_lattice(noun, names, x, y, heading.fields["crs"]) if lives is None else None
    return CubeCells(noun, names, x, y, area_m2, lives, None if shapes is None else lambda: shapes, parents)


def _is_shape(name: str) -> bool:
    return name in ("x_bounds", "y_bounds") or name == "shape" or name.startswith("shape_")


def _micros(instants: NDArray[Any]) -> Ints:
    if np.issubdtype(instants.dtype, np.datetime64):
        return instants.astype("M8[us]").astype(np.int64)
    return instants.astype(np.int64)


def _sparse(dataset: xr.Dataset, heading: Heading, cube: Cube) -> tuple[Ints, dict[str, NDArray[Any]]]:
    """Return the positions of the bins that have something, and their values by measure."""
    measures = heading.fields["measures"]
    positions: list[Ints] = []
    parts: dict[str, list[NDArray[Any]]] = {measure["name"]: [] for measure in measures}
    others = cube.shape[1:]
    bins = int(np.prod(others, dtype=np.int64))
    for first, stop in _runs(cube.shape[0], bins):
        read = {
            measure["name"]: _values(dataset[measure["variable"]][first:stop], measure)
            for measure in measures
        }
        there = np.zeros((stop - first, *others), np.bool_)
        for measure in measures:
            there |= _has_something(read[measure["name"]], measure)
        if "has_rows" in dataset:
            there = dataset["has_rows"][first:stop].to_numpy().astype(np.bool_)
        known = dataset["known"][first:stop].to_numpy().astype(np.bool_)
        there &= known.reshape(*known.shape, *(1,) * (there.ndim - 2))
        at = np.flatnonzero(there)
        positions.append(at + first * bins)
        for name, (values, _) in read.items():
            parts[name].append(values.reshape(-1)[at])
    at = np.concatenate([np.empty(0, np.int64), *positions])
    return at, {name: np.concatenate(values) if values else np.empty(0) for name, values in parts.items()}


def _runs(steps: int, bins: int) -> Iterator[tuple[int, int]]:
    each = max(CHUNK_BYTES // max(bins * 8, 1), 1)
    for first in range(0, steps, each):
        yield first, min(first + each, steps)


def _values(variable: xr.DataArray, measure: Mapping[str, Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return values, and where there is one; of whole numbers int64 also where a file was opened as floats."""
    values = variable.to_numpy()
    if not measure["integer"]:
        return values.astype(np.float64, copy=False), ~np.isnan(values)
    if np.issubdtype(values.dtype, np.floating):
        there = ~np.isnan(values)
        return np.where(there, values, 0).astype(np.int64), there
    fill = variable.attrs.get("_FillValue", variable.encoding.get("_FillValue"))
    return values.astype(np.int64, copy=False), values != fill


def _has_something(
    read: tuple[NDArray[Any], NDArray[np.bool_]], measure: Mapping[str, Any]
) -> NDArray[np.bool_]:
    values, there = read
    if not measure["from_zero"]:
        return there
    return np.asarray(there & (values != 0) if measure["integer"] else values != 0)


def _of_table(table: pa.Table, heading: Heading, metadata: Mapping[str, str]) -> Cube:
    steps, rows = unpacked(metadata[STEPS]), unpacked(metadata[CELLS])
    shapes = shapely.from_wkb(rows["shape"].to_numpy()) if "shape" in rows.schema.names else None
    lives = None
    if LIVES in metadata:
        lives = Lives(*(column.to_numpy() for column in unpacked(metadata[LIVES]).columns))
    x, y, area_m2 = (rows[name].to_numpy() for name in ("x", "y", "area_m2"))
    cells = _cells(heading, rows["name"].combine_chunks(), x, y, area_m2, lives, shapes)
    edges_us = np.append(steps["begin_us"].to_numpy(), steps["end_us"].to_numpy()[-1:])
    empty = _made(
        heading, edges_us, steps["label"].to_pylist(), steps["whole"].to_numpy(), cells,
        _known(metadata, len(cells)),
    )  # fmt: skip
    axes = [cells.names, *(axis.values for axis in empty.classes)]
    named = [cells.noun, *(axis["variable"] for axis in heading.fields["classes"])]
    begin_us = table["from"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    step = np.searchsorted(edges_us[:-1], begin_us)
    places = [step, *(_places(table[name], values) for name, values in zip(named, axes, strict=True))]
    values = {
        measure["name"]: _column(table[measure["variable"]], integer=measure["integer"])
        for measure in heading.fields["measures"]
    }
    at = np.ravel_multi_index(places, empty.shape).astype(np.int64) if len(table) else np.empty(0, np.int64)
    order = np.argsort(at, kind="stable")
    sorted_values = {name: column[order] for name, column in values.items()}
    return _filled(empty, heading, at[order], sorted_values)


def _known(metadata: Mapping[str, str], cells: int) -> NDArray[np.bool_] | None:
    if KNOWN not in metadata:
        return None
    known: NDArray[np.bool_] = unpacked(metadata[KNOWN])["known"].to_numpy()
    return known.reshape(-1, cells)


def _places(column: pa.ChunkedArray, values: pa.Array) -> Ints:
    """Return the position of each value among those of an axis."""
    column = column.combine_chunks().cast(values.type)
    return np.asarray(pc.index_in(column, value_set=values), np.int64)


def _column(column: pa.ChunkedArray, *, integer: bool) -> NDArray[Any]:
    kind = np.int64 if integer else np.float64
    return np.asarray(column.to_numpy()).astype(kind)


def _made(
    heading: Heading, edges_us: Ints, labels: Sequence[str], whole: NDArray[np.bool_], cells: CubeCells,
    mask: NDArray[np.bool_] | None,
) -> Cube:  # fmt: skip
    """Return a cube without bins that have something."""
    fields = heading.fields
    classes = [
        CubeClass(axis["name"], array)
        for axis, array in zip(fields["classes"], heading.class_values(), strict=True)
    ]
    first, last = fields["known_us"]
    return Cube(
        fields["every"], edges_us, tuple(labels), whole, cells, tuple(classes), np.empty(0, np.int64), {},
        (first, last), Zone(fields["time_zone"]), fields["crs"], fields["leftovers"], fields["facts"],
        fields["of_instants"], mask if fields["masked"] else None,
    )  # fmt: skip


def _filled(cube: Cube, heading: Heading, at: Ints, values: Mapping[str, NDArray[Any]]) -> Cube:
    """Return a cube with what its bins have, if it is what was written."""
    measures = {
        measure["name"]: CubeMeasure(
            measure["written"],
            values[measure["name"]],
            0.0 if measure["from_zero"] else np.nan,
            measure["joined"],
        )
        for measure in heading.fields["measures"]
    }
    filled = replace(cube, at=at, measures=measures)
    heading.require_whole(filled)
    return filled
