"""Cells of a cube that are those of a lattice: their squares, and the larger cells that hold them, by their numbers.

Tested by `tests/paas/cube/test_lattice_cells.py`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, StcloudError
from stcloud.paas.cube.cells import CubeCells, Floats, Ints, Parents
from stcloud.space import CellSize, Lattice, Level, parse_cell_size

__all__ = ["larger_names", "lattice_cells", "not_nested", "parents_of_lattice"]

_NOUN = "cell_"


def lattice_cells(size: CellSize, lattice: Lattice, names: Ints) -> CubeCells:
    """Return cells or blocks of a lattice, by their numbers, ascending."""
    x, y = lattice.centres(names)
    area_m2 = np.full(len(names), float(size.side_m) ** 2)
    return CubeCells(
        f"{_NOUN}{size.label}", pa.array(names), x, y, area_m2, None, partial(_squares, lattice, names),
        partial(_larger_cells, size, lattice, names), boxes=partial(_bounds, lattice, names),
    )  # fmt: skip


def larger_names(size: CellSize, larger: CellSize, lattice: Lattice, names: Ints) -> tuple[Ints, Ints]:
    """Return the numbers of the larger cells that hold cells, ascending, and which of them holds each, ``(c,)``.

    Raises
    ------
    InvalidInput
        ``not-nested``
    """
    if larger.side_m % size.side_m or larger.side_m <= size.side_m:
        raise not_nested(f"{_NOUN}{size.label}", f"{_NOUN}{larger.label}")
    level = larger if isinstance(larger, Level) else Level.M10
    above = lattice.cells(*lattice.centres(names), level)
    above = above if isinstance(larger, Level) else larger.of(above)
    numbers, parent = np.unique(above, return_inverse=True)
    return numbers, np.asarray(parent, np.int64)


def parents_of_lattice(noun: str, names: pa.Array, x: Floats, y: Floats, crs: str) -> Parents | None:
    """Return what gives the larger cells of cells that were read; None: they are not those of the CRS's lattice."""
    if not noun.startswith(_NOUN) or not pa.types.is_int64(names.type) or not len(names):
        return None
    numbers = names.to_numpy()
    try:
        size, lattice = parse_cell_size(noun.removeprefix(_NOUN)), Lattice.for_crs(crs)
        centres = lattice.centres(numbers)
    except StcloudError:  # a column of that name, or a CRS that is not known here
        return None
    if not all(map(np.array_equal, centres, (x, y))):
        return None
    return partial(_larger_cells, size, lattice, numbers)


def not_nested(smaller: str, larger: str) -> InvalidInput:
    """Return the error of cells that do not lie in larger ones."""
    return InvalidInput(
        "not-nested", f"a cell of '{smaller}' does not always lie in one of '{larger}'",
        hint="100m to 1km, unit to community, street or district; or make another cube of the question",
    )  # fmt: skip


def _larger_cells(size: CellSize, lattice: Lattice, names: Ints, wanted: str) -> tuple[CubeCells, Ints]:
    if not wanted[:1].isdigit():
        raise not_nested(f"{_NOUN}{size.label}", wanted)
    larger = parse_cell_size(wanted)
    numbers, parent = larger_names(size, larger, lattice, names)
    return lattice_cells(larger, lattice, numbers), parent


def _squares(lattice: Lattice, names: Ints) -> NDArray[Any]:
    return np.asarray(shapely.box(*lattice.bounds(names)), object)


def _bounds(lattice: Lattice, names: Ints) -> Floats:
    return np.stack(lattice.bounds(names))
