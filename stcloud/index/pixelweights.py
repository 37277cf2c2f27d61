"""Weights: which pixels of a raster each polygon covers, and what share of each; made once, used for every raster.

Pixels that a polygon covers wholly are kept as runs, so that weights grow with the edges of polygons and not with
their areas.

Tested by `tests/index/test_pixelweights.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.errors import FormatError, InvalidInput
from stcloud.index.array import frozen
from stcloud.index.kernel import pays, plainly
from stcloud.index.pixelcover import Covered, Rings, cover, most_pieces

__all__ = ["PixelWeights"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Transform: TypeAlias = tuple[float, float, float, float, float, float]

_LAYOUT = 1
_STEPS = 8.0  # of `PLAIN_STEPS` for a piece of an edge
_AREAS = (-1, 3, 6)  # none, Polygon, MultiPolygon
_ROUNDING = 4 * float(np.finfo(np.float64).eps)  # of a share, for each row or column
_MOST_PIECES = 2**31 - 1
_TYPES = {
    "layout": "i8", "shape": "i8", "area": "f8", "edges": "i8", "fraction": "f4", "runs": "i8", "length": "i4",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class PixelWeights:
    """What share of every pixel lies in each of some polygons.

    Parameters
    ----------
    shape
        Rows and columns of the raster.
    area
        ``(n,)`` float64: areas of the polygons in pixels, also where they reach beyond the raster; 0 for none.
    edges, pixel, fraction
        ``(n + 1,)`` int64: where the pixels start that a polygon covers in part; ``(e,)`` their numbers, row by row
        from the first, int32 or int64, ascending within a polygon; ``(e,)`` float64, shares above 0 and below 1.
    runs, first, length
        ``(n + 1,)`` int64: where the runs start of pixels that a polygon covers wholly; ``(r,)`` the first pixel of
        each, ascending within a polygon, and ``(r,)`` int32 how many pixels of that row follow each other.

    Examples
    --------
    >>> weights = PixelWeights.of(np.array([shapely.box(5, 0, 30, 10)]), (10, 0, 0, 0, -10, 10), (1, 4))
    >>> weights.pixel.tolist(), weights.fraction.tolist(), weights.first.tolist(), weights.length.tolist()
    ([0], [0.5], [1], [2])
    """

    shape: tuple[int, int]
    area: Floats
    edges: Ints
    pixel: NDArray[Any]
    fraction: NDArray[np.float32]
    runs: Ints
    first: NDArray[Any]
    length: NDArray[np.int32]

    @classmethod
    def of(cls, polygons: NDArray[np.object_], transform: Transform, shape: tuple[int, int]) -> PixelWeights:
        """Compute the weights of polygons.

        Parameters
        ----------
        polygons
            ``(n,)`` valid Polygons and MultiPolygons in the raster's CRS; they may overlap, and reach beyond the
            raster. None and empty ones have no pixels.
        transform
            ``(a, b, c, d, e, f)`` in the order of `affine.Affine`: ``x = a * column + b * row + c`` and
            ``y = d * column + e * row + f`` of the corners of pixels.
        shape
            Rows and columns.

        Raises
        ------
        InvalidInput
            ``rotated-raster``, ``not-an-area``, ``not-finite``, ``too-large``

        Notes
        -----
        Exact but for rounding: shares are computed to 1e-12 of a pixel or so and kept as float32; what is less
        than coordinates are rounded by, 1e-15 of a pixel for each row or column of the raster, is none.
        O(vertices + pixels along the edges + pixels between them).
        """
        _check_raster(transform, shape)
        rings, area = _rings(polygons, transform)
        most = np.zeros(len(polygons), np.int64)
        _compiled(most_pieces, len(rings.xy))(rings, shape, most)
        pieces = int(most.sum())
        if pieces > _MOST_PIECES:
            raise InvalidInput(
                "too-large", f"the edges of the polygons meet {pieces:,} pixels",
                hint="take larger pixels, or fewer polygons at once",
            )  # fmt: skip
        covered = _room(len(polygons), pieces, shape)
        least = _ROUNDING * max(shape)
        sign = -1.0 if transform[0] * transform[4] > 0 else 1.0
        _compiled(cover, pieces)(rings, shape, sign, least, int(most.max(initial=0)), covered)
        edges, runs = int(covered.edges[-1]), int(covered.runs[-1])
        return cls(
            (int(shape[0]), int(shape[1])), frozen(area), frozen(covered.edges), frozen(covered.pixel[:edges].copy()),
            frozen(covered.fraction[:edges].copy()), frozen(covered.runs), frozen(covered.first[:runs].copy()),
            frozen(covered.length[:runs].copy()),
        )  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> PixelWeights:
        """Return the weights whose `arrays` these are; `FormatError` ``damaged-index`` or ``unknown-index``."""
        if "layout" not in arrays or arrays["layout"].tolist() != [_LAYOUT]:
            raise FormatError(
                "unknown-index", "the layout of the weights is another one", hint="build them anew"
            )
        wrong = [name for name, kind in _TYPES.items() if name not in arrays or arrays[name].dtype != kind]
        wrong += [name for name in ("pixel", "first") if name not in arrays or arrays[name].dtype.kind != "i"]
        if wrong or not _fits(arrays):
            raise FormatError(
                "damaged-index", f"the weights lack {', '.join(wrong) or 'rows'}", hint="build them anew"
            )
        part = {name: frozen(values) for name, values in arrays.items()}
        rows, columns = part["shape"].tolist()
        names = ("area", "edges", "pixel", "fraction", "runs", "first", "length")
        return cls((rows, columns), *(part[name] for name in names))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return plain arrays to be kept."""
        return {
            "layout": np.array([_LAYOUT], np.int64), "shape": np.array(self.shape, np.int64), "area": self.area,
            "edges": self.edges, "pixel": self.pixel, "fraction": self.fraction, "runs": self.runs,
            "first": self.first, "length": self.length,
        }  # fmt: skip

    def __len__(self) -> int:
        return len(self.area)

    @property
    def nbytes(self) -> int:
        """Bytes that they take in memory."""
        return sum(values.nbytes for values in self.arrays().values())

    @property
    def pixels(self) -> int:
        """How many pixels the polygons have, each counted once for each polygon."""
        return len(self.pixel) + int(self.length.sum(dtype=np.int64))

    def spread(self, first: int = 0, stop: int | None = None) -> tuple[Ints, Ints, Floats]:
        """Return every pixel of some polygons: position of the polygon, number of the pixel, share; by polygon.

        Parameters
        ----------
        first, stop
            Positions of polygons, half-open.
        """
        stop = len(self) if stop is None else stop
        edge, run = slice(self.edges[first], self.edges[stop]), slice(self.runs[first], self.runs[stop])
        owner = np.repeat(np.arange(first, stop), np.diff(self.edges[first : stop + 1]))
        run_owner = np.repeat(np.arange(first, stop), np.diff(self.runs[first : stop + 1]))
        length = self.length[run].astype(np.int64)
        before = np.repeat(np.cumsum(length) - length, length)
        whole = np.repeat(self.first[run].astype(np.int64), length) + np.arange(length.sum()) - before
        polygon = np.concatenate([owner, np.repeat(run_owner, length)])
        pixel = np.concatenate([self.pixel[edge].astype(np.int64), whole])
        fraction = np.concatenate([self.fraction[edge].astype(np.float64), np.ones(len(whole))])
        order = np.lexsort((pixel, polygon))
        return polygon[order], pixel[order], fraction[order]


def _check_raster(transform: Transform, shape: tuple[int, int]) -> None:
    a, b, _, d, e, _ = transform
    if b != 0 or d != 0:
        raise InvalidInput(
            "rotated-raster", "the rows of the raster do not run along the axes of its CRS",
            hint="resample it to a grid without rotation",
        )  # fmt: skip
    if not np.isfinite(transform).all() or a == 0 or e == 0 or min(shape) < 1:
        raise InvalidInput(
            "invalid-raster", f"a raster of {shape[0]} × {shape[1]} pixels with the transform {transform}",
            hint="give a transform with pixels that have an area",
        )  # fmt: skip


def _rings(polygons: NDArray[np.object_], transform: Transform) -> tuple[Rings, Floats]:
    """Return polygons in columns and rows, and their areas in pixels."""
    strange = np.flatnonzero(~np.isin(shapely.get_type_id(polygons), _AREAS))
    if strange.size:
        row = int(strange[0])
        raise InvalidInput("not-an-area", f"cell {row} is a {polygons[row].geom_type}", hint="give polygons")
    whole = np.where(shapely.is_missing(polygons), shapely.Polygon(), polygons)
    a, _, c, _, e, f = transform
    area = shapely.area(whole) / abs(a * e)
    filled = np.flatnonzero(~shapely.is_empty(whole))
    owners = np.zeros(len(whole) + 1, np.int64)
    if not len(filled):
        return Rings(np.empty((0, 2)), np.zeros(1, np.int64), owners), area
    oriented = shapely.orient_polygons(shapely.force_2d(whole[filled]))
    _, xy, offsets = shapely.to_ragged_array(oriented, include_z=False)
    if not np.isfinite(xy).all():
        raise InvalidInput("not-finite", "a polygon has a vertex without coordinates", hint="repair it")
    xy = np.stack([(xy[:, 0] - c) / a, (xy[:, 1] - f) / e], axis=1)
    rings_of = offsets[1] if len(offsets) == 2 else offsets[1][offsets[2]]
    counts = np.zeros(len(whole), np.int64)
    counts[filled] = np.diff(rings_of)
    np.cumsum(counts, out=owners[1:])
    return Rings(xy, offsets[0].astype(np.int64), owners), area


def _room(polygons: int, pieces: int, shape: tuple[int, int]) -> Covered:
    """Return arrays with room for all pixels along edges, of which only what is written to takes memory."""
    kind = np.int32 if shape[0] * shape[1] <= np.iinfo(np.int32).max else np.int64
    return Covered(
        np.zeros(polygons + 1, np.int64), np.empty(pieces, kind), np.empty(pieces, np.float32),
        np.zeros(polygons + 1, np.int64), np.empty(pieces, kind), np.empty(pieces, np.int32),
    )  # fmt: skip


def _compiled(function: Any, steps: int) -> Any:
    return function if pays(function, steps * _STEPS) else partial(plainly, function)


def _fits(arrays: Mapping[str, NDArray[Any]]) -> bool:
    """Tell whether arrays are as long as they say of each other, and no pixel is outside of the raster."""
    count = len(arrays["area"])
    edges, runs, shape = arrays["edges"], arrays["runs"], arrays["shape"]
    if shape.shape != (2,) or edges.shape != (count + 1,) or runs.shape != (count + 1,):
        return False
    if (np.diff(edges) < 0).any() or (np.diff(runs) < 0).any() or edges[0] != 0 or runs[0] != 0:
        return False
    pixels = int(shape[0]) * int(shape[1])
    pixel, first, length = arrays["pixel"], arrays["first"], arrays["length"]
    return bool(
        len(pixel) == len(arrays["fraction"]) == edges[-1]
        and len(first) == len(length) == runs[-1]
        and pixel.min(initial=0) >= 0
        and pixel.max(initial=0) < pixels
        and first.min(initial=0) >= 0
        and length.min(initial=1) >= 1
        and (first.astype(np.int64) + length).max(initial=0) <= pixels
    )
