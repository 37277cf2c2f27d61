"""The graticule: where round longitudes and latitudes meet the edges of a map.

Tested by `tests/saas/report/test_map.py`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import Unsupported
from stcloud.saas.report.scale import round_steps
from stcloud.space import LONLAT, project

__all__ = ["Ticks", "graticule"]

Ticks: TypeAlias = list[tuple[float, str]]

_SAMPLES = 200


def graticule(
    extent: tuple[float, float, float, float], crs: str, most: tuple[int, int]
) -> tuple[Ticks, Ticks]:
    """Find where meridians meet the lower edge of a map and parallels its left edge.

    Parameters
    ----------
    extent
        ``(xmin, ymin, xmax, ymax)``, metres in ``crs``.
    crs
        The map's projected CRS.
    most
        At most so many steps along the lower and along the left edge.

    Returns
    -------
    ``(x, label)`` ascending and ``(y, label)`` ascending; none along an edge where longitude or latitude
    does not rise (about a pole, across the antimeridian), nor where no transformation to degrees is known.

    Examples
    --------
    >>> meridians, parallels = graticule((499_000, 3_540_000, 505_000, 3_544_000), "EPSG:4548", (2, 2))
    >>> [label for _, label in meridians], [label for _, label in parallels]
    (['117.00°E', '117.05°E'], ['32.00°N'])
    """
    xmin, ymin, xmax, ymax = extent
    xs, ys = np.linspace(xmin, xmax, _SAMPLES), np.linspace(ymin, ymax, _SAMPLES)
    try:
        lon, _ = project(xs, ymin, crs, LONLAT)
        _, lat = project(xmin, ys, crs, LONLAT)
    except Unsupported:
        return [], []
    return _ticks(xs, lon, most[0], "EW"), _ticks(ys, lat, most[1], "NS")


def _ticks(along: NDArray[np.float64], degrees: NDArray[np.float64], most: int, sides: str) -> Ticks:
    if not (np.diff(degrees) > 0).all():  # false for NaN as well
        return []
    values, decimals = round_steps(float(degrees[0]), float(degrees[-1]), most)
    at = np.interp(values, degrees, along)
    labels = [f"{abs(value):.{decimals}f}°{sides[value < 0] if value else ''}" for value in values]
    return list(zip(at.tolist(), labels, strict=True))
