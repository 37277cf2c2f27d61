"""The grid on which pixels are wanted: that of the scenes, a part of it, or one of a stated CRS and resolution.

Tested by `tests/paas/scene/test_target.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from stcloud.errors import InvalidInput
from stcloud.iaas.raster.image import MOST_PIXELS
from stcloud.space import LONLAT, GivenCRS, crs_text, read_crs, same_crs, transformer
from stcloud.space.rastergrid import RasterGrid

__all__ = ["Box", "target_grid"]

Box = tuple[float, float, float, float]
"""West, south, east, north."""
_CLOSE = 1e-6


def target_grid(
    grids: Sequence[RasterGrid], bbox: Box | None, crs: GivenCRS | None, resolution: float | None
) -> RasterGrid:
    """Return the grid that answers are given on.

    Without CRS and resolution it has the pixels of the last of the grids; else its edges are multiples of the
    resolution. It covers the box, or else all grids.

    Parameters
    ----------
    grids
        Of the scenes; the last one decides.
    bbox
        In degrees of longitude and latitude.
    crs, resolution
        A stated CRS, and the size of pixels in its units.

    Raises
    ------
    InvalidInput
        ``resolution-needed``: another CRS is wanted, and nothing says how large its pixels are; ``bad-box``;
        ``too-large``; ``outside-scenes``: no scene reaches into the box.
    """
    base = grids[-1]
    stated = crs_text(crs)
    wanted = base.crs if stated is None or same_crs(stated, base.crs) else crs_text(read_crs(stated))
    if resolution is not None and not (math.isfinite(resolution) and resolution > 0):
        raise InvalidInput("bad-resolution", f"pixels of {resolution} have no size")
    if wanted != base.crs and resolution is None:
        raise InvalidInput(
            "resolution-needed", f"pixels in {wanted} need a size, in units of that CRS",
            hint="state resolution, e.g. resolution=30",
        )  # fmt: skip
    boxes = [_moved(grid.bounds, grid.crs, wanted) for grid in dict.fromkeys(grids)]
    if bbox is not None:
        box = _moved(_checked(bbox), LONLAT, wanted)
        if not any(_meet(box, other) for other in boxes):
            raise InvalidInput(
                "outside-scenes", f"no scene reaches into the box {tuple(bbox)}",
                hint="give west, south, east, north in degrees; `list` has where the scenes are",
                in_shell="give W,S,E,N in degrees; --format geojson shows where the scenes are",
            )  # fmt: skip
        boxes = [box]
    west, south = (min(box[place] for box in boxes) for place in (0, 1))
    east, north = (max(box[place] for box in boxes) for place in (2, 3))
    width, height = base.resolution if resolution is None else (resolution, resolution)
    left, top = (base.transform[2], base.transform[5]) if resolution is None else (0.0, 0.0)
    first, last = _floor((west - left) / width), _ceil((east - left) / width)
    upper, lower = _floor((top - north) / height), _ceil((top - south) / height)
    shape = (max(1, lower - upper), max(1, last - first))
    if shape[0] * shape[1] > MOST_PIXELS:
        raise InvalidInput(
            "too-large", f"{shape[0]:,} x {shape[1]:,} pixels are too many", hint="state a coarser resolution"
        )
    return RasterGrid(wanted, (width, 0.0, left + first * width, 0.0, -height, top - upper * height), shape)


def _meet(box: Box, other: Box) -> bool:
    """Tell whether two boxes have a point in common."""
    return box[0] <= other[2] and other[0] <= box[2] and box[1] <= other[3] and other[1] <= box[3]


def _checked(bbox: Box) -> Box:
    west, south, east, north = map(float, bbox)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise InvalidInput(
            "bad-box", f"{tuple(bbox)} is no box of longitudes and latitudes",
            hint="give west, south, east, north in degrees",
        )  # fmt: skip
    return west, south, east, north


def _moved(box: Box, source: str, target: str) -> Box:
    """Return the box around a box in another CRS; its edges bend."""
    if source == target or same_crs(source, target):
        return box
    west, south, east, north = box
    share = np.linspace(0, 1, 21)
    x = np.concatenate([west + share * (east - west)] * 2 + [np.full(21, west), np.full(21, east)])
    y = np.concatenate([np.full(21, south), np.full(21, north)] + [south + share * (north - south)] * 2)
    xs, ys = (np.asarray(axis) for axis in transformer(source, target).transform(x, y))
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise InvalidInput("bad-box", f"the box {box} cannot be shown in {target}")
    return float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())


def _floor(pixels: float) -> int:
    """Return the whole pixel at or below; what is a rounding error beyond an edge counts as the edge."""
    nearest = round(pixels)
    return nearest if abs(pixels - nearest) < _CLOSE * max(1.0, abs(pixels) * 1e-3) else math.floor(pixels)


def _ceil(pixels: float) -> int:
    return -_floor(-pixels)
