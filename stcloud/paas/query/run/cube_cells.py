"""The cells of a cube: those of the lattice in the asked place, or the areas of a group, as they were known.

Tested by `tests/paas/query/run/test_cubing.py`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from stcloud.errors import InvalidInput
from stcloud.paas.cube.apportion import CellShares
from stcloud.paas.cube.cells import CubeCells, Lives, Shapes
from stcloud.paas.cube.lattice_cells import larger_names, lattice_cells, not_nested
from stcloud.paas.query.plan.plan import By, FeatureGroup, Part, by_name, restated_in
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.measuring import read_by
from stcloud.paas.query.run.placing import place_of_groups
from stcloud.paas.query.run.rate import rated_us
from stcloud.space import Block, CellSize, Lattice, Level

__all__ = ["cells_in_box", "cells_of", "read_cell"]

Ints = NDArray[np.int64]
Box = tuple[float, float, float, float]


def read_cell(text: str, inquiry: Inquiry) -> By:
    """Read what cells are: ``100m``, ``unit``, ``in:LAYER`` …; raises as `Query.measure`."""
    return read_by(f"cell:{text}" if text[:1].isdigit() else text, inquiry)


def cells_of(
    inquiry: Inquiry, group: By, at_us: int, occurring: pa.Array, extent: BaseGeometry | None
) -> CubeCells:
    """Return the cells of a cube.

    Parameters
    ----------
    inquiry, group
        The question, and what its cells are.
    at_us
        Instant at which areas are taken that changed, UTC microseconds.
    occurring
        Names of cells that have something.
    extent
        Cells of the lattice are those that meet it; None: that meet the question's place, or else are in the
        bounding range of those that have something.

    Raises
    ------
    InvalidInput
        ``no-cells``: the group has no place.
    """
    if isinstance(group, CellSize):
        return _lattice_cells(inquiry, group, occurring, extent)
    place = place_of_groups(inquiry, [group], at_us)
    if place is None:
        raise InvalidInput(
            "no-cells", f"'{by_name(group)}' is no cell: it has no place",
            hint="use 100m, 1km, unit, community or in:LAYER",
        )  # fmt: skip
    pieces = place.read()
    fixed_us = _fixed_us(inquiry, group)
    if fixed_us is not None:  # all events are located on these areas, whenever they happened
        pieces = pieces.at(fixed_us)
    given = pieces.names.cast(pa.string())
    names = pc.unique(pa.concat_arrays([given, occurring.cast(pa.string())])).drop_null()
    names = names.take(pc.array_sort_indices(names))
    row = pc.index_in(given, value_set=names)
    named = np.asarray(row.is_valid())
    lives = Lives(
        np.asarray(row.drop_null(), np.int64), pieces.start_us[named].astype(np.int64),
        pieces.end_us[named].astype(np.int64),
    )  # fmt: skip
    shapes = place.shapes(pa.chunked_array([names]))
    inside = shapely.point_on_surface(shapes)
    x, y, area_m2 = shapely.get_x(inside), shapely.get_y(inside), _areas(shapes)
    return CubeCells(
        by_name(group), names, x, y, area_m2, lives if fixed_us is None else None, lambda: shapes,
        partial(_larger_areas, inquiry, group, at_us, names), partial(_shares, inquiry, at_us, names, lambda: shapes),
    )  # fmt: skip


def _fixed_us(inquiry: Inquiry, group: By) -> int | None:
    """Return the instant of the one version of the areas that all events are located on; None: there is none."""
    if isinstance(group, FeatureGroup):
        return group.at_us
    restated = restated_in(inquiry.conditions)
    return None if restated is None or not isinstance(group, Part) else restated.at_us


def _larger_areas(
    inquiry: Inquiry, group: By, at_us: int, names: pa.Array, wanted: str
) -> tuple[CubeCells, Ints]:
    """Return the streets, communities … of units by the beginning of their codes."""
    larger = read_cell(wanted, inquiry)
    if not (isinstance(group, Part) and isinstance(larger, Part) and larger.length < group.length):
        raise not_nested(by_name(group), by_name(larger))
    above = pc.utf8_slice_codeunits(names, 0, larger.length)
    cells = cells_of(inquiry, larger, at_us, pc.unique(above), None)
    return cells, np.asarray(pc.index_in(above, value_set=cells.names), np.int64)


def _larger_cells(
    inquiry: Inquiry, size: CellSize, lattice: Lattice, names: Ints, wanted: str
) -> tuple[CubeCells, Ints]:
    """Return the cells of a larger size that hold cells of the lattice."""
    larger = read_cell(wanted, inquiry)
    if not isinstance(larger, CellSize):
        raise not_nested(by_name(size), by_name(larger))
    numbers, parent = larger_names(size, larger, lattice, names)
    return _lattice_of(inquiry, larger, lattice, numbers), parent


def _shares(inquiry: Inquiry, at_us: int, names: pa.Array, shapes: Shapes, wanted: str) -> CellShares:
    """Return what share of each cell lies in others, as these are at an instant."""
    from stcloud.paas.grid.crosswalk import crosswalk_versions  # noqa: PLC0415  (numba is slow to import)

    own = shapes()
    bounds = shapely.box(*shapely.total_bounds(own)) if len(own) else shapely.Polygon()
    cells = cells_of(inquiry, read_cell(wanted, inquiry), at_us, pa.array([], pa.int64()), bounds)
    others = np.empty(0, object) if cells.shapes is None else cells.shapes()
    there = cells.at(np.array([at_us]))[0] & ~shapely.is_missing(others)
    kept = np.flatnonzero(there)
    cells = CubeCells(
        cells.noun, cells.names.take(pa.array(kept)), cells.x[kept], cells.y[kept], cells.area_m2[kept],
        None, lambda: others[kept],
    )  # fmt: skip
    table = crosswalk_versions(own, names.to_pylist(), others[kept], cells.names.to_pylist())
    mine, both = table.left >= 0, (table.left >= 0) & (table.right >= 0)
    covered = np.bincount(table.right[both], table.shares("right")[both], len(kept)).astype(np.float64)
    return CellShares(cells, table.left[mine], table.right[mine], table.shares("left")[mine], covered)


def _areas(shapes: np.ndarray) -> np.ndarray:
    return np.where(shapely.is_missing(shapes), np.nan, shapely.area(shapes))


def _lattice_cells(
    inquiry: Inquiry, size: CellSize, occurring: pa.Array, extent: BaseGeometry | None
) -> CubeCells:
    lattice = inquiry.subject.configuration.lattice
    place = _place(inquiry, lattice) if extent is None else extent
    filled = np.asarray(occurring.drop_null(), np.int64)
    if place is None:
        names = cells_in_box(lattice, size, _range(lattice, filled)) if len(filled) else filled
    else:
        names = cells_in_box(lattice, size, place.bounds) if not place.is_empty else filled[:0]
        shapely.prepare(place)
        names = names[shapely.intersects(place, shapely.box(*lattice.bounds(names)))]
    return _lattice_of(inquiry, size, lattice, names)


def _lattice_of(inquiry: Inquiry, size: CellSize, lattice: Lattice, names: Ints) -> CubeCells:
    cells = lattice_cells(size, lattice, names)
    assert cells.shapes is not None  # noqa: S101  (squares)
    return replace(
        cells, parents=partial(_larger_cells, inquiry, size, lattice, names),
        shares=partial(_shares, inquiry, rated_us(inquiry), cells.names, cells.shapes),
    )  # fmt: skip


def _place(inquiry: Inquiry, lattice: Lattice) -> BaseGeometry | None:
    areas = [area for condition in inquiry.conditions if (area := condition.area(lattice)) is not None]
    return shapely.intersection_all(areas) if areas else None


def _range(lattice: Lattice, names: np.ndarray) -> Box:
    """Return the box of the centres of cells, so that only they meet it."""
    x, y = lattice.centres(names)
    return (float(x.min()), float(y.min()), float(x.max()), float(y.max()))


def cells_in_box(lattice: Lattice, size: CellSize, box: Box) -> np.ndarray:
    """Return the cells or blocks that meet a box, ascending."""
    if isinstance(size, Level):
        return lattice.cells_of_box(*box, size)
    return _blocks_in(lattice, size, box)


def _blocks_in(lattice: Lattice, size: Block, box: Box) -> np.ndarray:
    km = lattice.cells_of_box(*box, Level.KM1)
    column, row = np.divmod(np.arange(size.across**2), size.across)
    names = (km[:, None] * 100 + size.above + (column * 10 + row)[None, :]).ravel()
    west, south, east, north = lattice.bounds(names)
    meets = (west <= box[2]) & (east > box[0]) & (south <= box[3]) & (north > box[1])
    return np.sort(names[meets])
