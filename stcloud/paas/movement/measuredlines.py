"""Tracks as lines with a measure: each vertex has the instant at which the mover was there.

Tested by `tests/paas/movement/test_measuredlines.py`.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.paas.movement.fixes import Fixes, Floats
from stcloud.time.micros import SECOND_US

__all__ = ["measured_lines"]

_POINT_M, _LINE_M = 2001, 2002  # WKB as ISO 13249-3 has it
_LITTLE_ENDIAN = 1


def measured_lines(fixes: Fixes, x: Floats, y: Floats) -> NDArray[np.object_]:
    """Return ``LINESTRING M`` of each track, and ``POINT M`` of one that has a single fix.

    Parameters
    ----------
    fixes, x, y
        The tracks, and the places of their fixes in any CRS.

    Returns
    -------
    Geometries of shapely. M is in seconds since 1970-01-01T00:00:00Z, with six digits; it never decreases.
    """
    places = np.stack([x, y, fixes.time_us / SECOND_US], axis=1).astype("<f8")
    shapes: NDArray[Any] = np.empty(fixes.tracks, object)
    for track in range(fixes.tracks):
        first, end = int(fixes.starts[track]), int(fixes.starts[track + 1])
        count = () if end - first == 1 else (end - first,)
        kind = _LINE_M if count else _POINT_M
        shapes[track] = (
            struct.pack("<BI" + "I" * len(count), _LITTLE_ENDIAN, kind, *count) + places[first:end].tobytes()
        )
    return np.asarray(shapely.from_wkb(shapes), object)
