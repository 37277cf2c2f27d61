"""The fingerprint of a cube: by it a file that was damaged or changed since it was written is told from a whole one.

Tested by `tests/paas/cube/test_reading.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stcloud.paas.cube.cube import Cube

__all__ = ["fingerprint_of"]


def fingerprint_of(cube: Cube, heading: Mapping[str, Any]) -> str:
    """Return 32 hexadecimal digits that depend on all that a cube has but the shapes of its cells.

    Parameters
    ----------
    cube, heading
        The cube, and what else a file says of it.
    """
    digest = hashlib.blake2b(json.dumps(heading, sort_keys=True).encode(), digest_size=16)
    for part in _parts(cube):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def _parts(cube: Cube) -> Iterator[bytes]:
    cells = cube.cells
    yield json.dumps([list(cube.labels), cells.names.to_pylist()]).encode()
    yield from map(_bytes, (cube.edges_us, cube.whole, cells.x, cells.y, cells.area_m2, cube.at))
    if cells.lives is not None:
        yield from map(_bytes, (cells.lives.cell, cells.lives.begin_us, cells.lives.end_us))
    if cube.mask is not None:
        yield _bytes(cube.known)  # a file has these, and not the mask alone
    for measure in cube.measures.values():
        yield _bytes(measure.values)


def _bytes(values: NDArray[Any]) -> bytes:
    """Return values as bytes; whatever its bits are, no number is one."""
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.nan, values.astype(np.float64))
    return np.ascontiguousarray(values).tobytes()
