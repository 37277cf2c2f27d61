"""The fingerprint of a cube: by it a file that was damaged or changed since it was written is told from a whole one.

Tested by `tests/paas/cube/test_reading.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.paas.cube.cell_shapes import boxes_of

if TYPE_CHECKING:
    from stcloud.paas.cube.cells import CubeCells
    from stcloud.paas.cube.cube import Cube

__all__ = ["fingerprint_of"]

_DIGITS = 32


def fingerprint_of(cube: Cube, heading: Mapping[str, Any]) -> str:
    """Return 32 hexadecimal digits that depend on all that a cube has; of shapes on all nodes.

    Parameters
    ----------
    cube, heading
        The cube, and what else a file says of it.
    """
    digest = hashlib.sha256(json.dumps(heading, sort_keys=True).encode(), usedforsecurity=False)
    for part in _parts(cube):
        digest.update(memoryview(part).nbytes.to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()[:_DIGITS]


def _parts(cube: Cube) -> Iterator[bytes | memoryview]:
    cells = cube.cells
    yield json.dumps([list(cube.labels), cells.names.to_pylist()]).encode()
    yield from map(_plain, (cube.edges_us, cube.whole, cells.x, cells.y, cells.area_m2, cube.at))
    if cells.lives is not None:
        yield from map(_plain, (cells.lives.cell, cells.lives.begin_us, cells.lives.end_us))
    yield from _shapes(cells)
    if cube.mask is not None:
        yield _plain(cube.known)  # a file has these, and not the mask alone
    for measure in cube.measures.values():
        yield _plain(measure.values)


def _shapes(cells: CubeCells) -> Iterator[memoryview]:
    """Give what is the same of shapes however a file has them: bounds of boxes, or nodes and their numbers."""
    if cells.shapes is None:
        return
    boxes = boxes_of(cells)
    if boxes is not None:
        yield _plain(boxes)
        return
    shapes = cells.shapes()
    yield _plain(shapely.get_num_coordinates(shapes).astype(np.int64))
    yield _plain(shapely.get_coordinates(shapes))


def _plain(values: NDArray[Any]) -> memoryview:
    """Return values that lie together; whatever its bits are, no number is one."""
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.nan, values.astype(np.float64))
    return np.ascontiguousarray(values).reshape(-1).data
