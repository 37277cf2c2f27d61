"""The cells of a cube: those of the lattice in the asked place, or the areas of a group, as they were known.

Tested by `tests/paas/query/run/test_cubing.py`.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from shapely.geometry.base import BaseGeometry

from stcloud.errors import InvalidInput
from stcloud.paas.cube.cells import CubeCells, Lives
from stcloud.paas.query.plan.plan import By, by_name
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.placing import place_of_groups
from stcloud.space import Block, CellSize, Lattice, Level

__all__ = ["cells_of"]

Box = tuple[float, float, float, float]


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
    names = pc.unique(
        pa.concat_arrays([pieces.names.cast(pa.string()), occurring.cast(pa.string())])
    ).drop_null()
    names = names.take(pc.array_sort_indices(names))
    row = pc.index_in(pieces.names.cast(pa.string()), value_set=names)
    known = np.asarray(row.is_valid())
    lives = Lives(
        np.asarray(row.drop_null(), np.int64), pieces.start_us[known].astype(np.int64),
        pieces.end_us[known].astype(np.int64),
    )  # fmt: skip
    shapes = place.shapes(pa.chunked_array([names]))
    inside = shapely.point_on_surface(shapes)
    return CubeCells(
        by_name(group),
        names,
        shapely.get_x(inside),
        shapely.get_y(inside),
        _areas(shapes),
        lives,
        lambda: shapes,
    )


def _areas(shapes: np.ndarray) -> np.ndarray:
    return np.where(shapely.is_missing(shapes), np.nan, shapely.area(shapes))


def _lattice_cells(
    inquiry: Inquiry, size: CellSize, occurring: pa.Array, extent: BaseGeometry | None
) -> CubeCells:
    lattice = inquiry.subject.configuration.lattice
    place = _place(inquiry, lattice) if extent is None else extent
    filled = np.asarray(occurring.drop_null(), np.int64)
    if place is None:
        names = _in_box(lattice, size, _range(lattice, filled)) if len(filled) else filled
    else:
        names = _in_box(lattice, size, place.bounds) if not place.is_empty else filled[:0]
        shapely.prepare(place)
        names = names[shapely.intersects(place, shapely.box(*lattice.bounds(names)))]
    x, y = lattice.centres(names)
    shapes = partial(_squares, lattice, names)
    area_m2 = np.full(len(names), float(size.side_m) ** 2)
    return CubeCells(f"cell_{size.label}", pa.array(names), x, y, area_m2, None, shapes)


def _squares(lattice: Lattice, names: np.ndarray) -> np.ndarray:
    return np.asarray(shapely.box(*lattice.bounds(names)), object)


def _place(inquiry: Inquiry, lattice: Lattice) -> BaseGeometry | None:
    areas = [area for condition in inquiry.conditions if (area := condition.area(lattice)) is not None]
    return shapely.intersection_all(areas) if areas else None


def _range(lattice: Lattice, names: np.ndarray) -> Box:
    """Return the box of the centres of cells, so that only they meet it."""
    x, y = lattice.centres(names)
    return (float(x.min()), float(y.min()), float(x.max()), float(y.max()))


def _in_box(lattice: Lattice, size: CellSize, box: Box) -> np.ndarray:
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
