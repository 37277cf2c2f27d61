"""Straight lines of one CRS in another: projected by their points, divided where they bend.

Tested by `tests/space/test_shape.py` and `tests/space/test_area.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput

if TYPE_CHECKING:
    import pyproj

__all__ = ["TOLERANCE_M", "bend", "forwarded", "require_lonlat", "too_far"]

Floats: TypeAlias = NDArray[np.float64]

# Half of the promised centimetre: the deviation is sampled at three points of each piece only.
TOLERANCE_M = 0.005
_SAMPLES = np.array([0.25, 0.5, 0.75])
_MAX_HALVINGS = 20
_MAX_VERTICES = 2_000_000


def bend(
    points: Floats, ring: NDArray[np.intp], forward: pyproj.Transformer, tolerance: float = TOLERANCE_M
) -> tuple[Floats, NDArray[np.intp]]:
    """Project the points of lines or rings, dividing segments until none deviates.

    Parameters
    ----------
    points
        ``(n, 2)`` float64 in the source CRS.
    ring
        ``(n,)`` number of the line or ring that each is of, ascending.
    forward
        To the target CRS.
    tolerance
        How far a segment may be from its true curve, in units of the target; default: of a CRS in metres.

    Returns
    -------
    Both, projected; every point given is among them.

    Raises
    ------
    InvalidInput
        ``area-not-projectable``
    """
    for _ in range(_MAX_HALVINGS):
        projected = forwarded(points, forward)
        deviating = np.flatnonzero(
            (ring[1:] == ring[:-1]) & (_deviation_m(points, projected, forward) > tolerance)
        )
        if not deviating.size:
            return projected, ring
        if len(points) + deviating.size > _MAX_VERTICES:
            break
        middles = (points[deviating] + points[deviating + 1]) / 2
        points = np.insert(points, deviating + 1, middles, axis=0)
        ring = np.insert(ring, deviating + 1, ring[deviating])
    raise too_far()


def forwarded(points: Floats, forward: pyproj.Transformer) -> Floats:
    """Project points, ``(..., 2)``; raise ``area-not-projectable`` where one has no image."""
    projected = np.stack(forward.transform(points[..., 0], points[..., 1]), axis=-1)
    if not np.isfinite(projected).all():
        raise too_far()
    return projected


def too_far() -> InvalidInput:
    """Return the error of a shape that the target cannot show."""
    return InvalidInput(
        "area-not-projectable",
        "the area reaches farther than the city's CRS does",
        hint="ask for a smaller area",
    )


def _deviation_m(points: Floats, projected: Floats, forward: pyproj.Transformer) -> Floats:
    """Largest distance of each segment's true curve from its chord, sampled; ``(n - 1,)``."""
    steps = np.diff(points, axis=0)
    curve = forwarded(points[:-1, None] + _SAMPLES[:, None] * steps[:, None], forward)
    off = curve - projected[:-1, None]
    chord = np.diff(projected, axis=0)
    length = np.hypot(chord[:, 0], chord[:, 1])
    across = np.abs(off[..., 0] * chord[:, None, 1] - off[..., 1] * chord[:, None, 0])
    # A chord without length (a closed curve's) has no "across": take the plain distance.
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(length[:, None] > 0, across / length[:, None], np.hypot(off[..., 0], off[..., 1]))
    return np.asarray(distance.max(axis=1), np.float64)


def require_lonlat(west: float, south: float, east: float, north: float) -> None:
    """Raise ``lon-lat-out-of-range`` for bounds that no longitudes and latitudes have."""
    # Written so that NaN is refused too.
    if not (abs(west) <= 180 and abs(east) <= 180 and abs(south) <= 90 and abs(north) <= 90):
        raise InvalidInput(
            "lon-lat-out-of-range",
            f"the area reaches from lon {west:g}, lat {south:g} to lon {east:g}, lat {north:g}",
            hint="give lon first, then lat, in degrees; or name the CRS",
        )
