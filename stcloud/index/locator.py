"""Find the polygons that hold each of millions of points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import xxhash
from numpy.typing import ArrayLike, NDArray

from stcloud.errors import FormatError, InvalidInput
from stcloud.index import size
from stcloud.index.array import frozen
from stcloud.index.bins import Bins, Frame, bins_of
from stcloud.index.few import BoxedCells
from stcloud.index.kernel import pays
from stcloud.index.lookup import find_cells, list_cells
from stcloud.index.outline import Outlines, outlines_of
from stcloud.index.strip import Strips, strips_of

__all__ = ["Locator", "digest_of"]

Ids: TypeAlias = NDArray[Any]
Rows: TypeAlias = NDArray[np.int32]
Floats: TypeAlias = NDArray[np.float64]

_LAYOUT = 1
_CHUNK = 2**21  # points at once: the more, the less often a tile is fetched; 20 bytes each are needed
_FEW = 2**16  # are not worth a thread
_POINT_STEPS, _EDGE_STEPS = 5.0, 0.5  # of `PLAIN_STEPS`, without bins
_TYPES = {
    "layout": "i8", "digest": "U32", "frame": "f8", "labels": "i4", "starts": "i8", "codes": "i4", "xy": "f8",
    "heights": "f8", "cells": "i8", "slabs": "i8", "edges": "i4",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Locator:
    """Cells made ready to look up which of them hold a point.

    A point stands for the place just east of it, and of that the place just north of it by much less still. So a
    point on a shared edge is in the cell east of it, on a horizontal edge in the cell north of it: in exactly one
    cell of a seamless layer, also on its vertices, in whatever order they are given, on every machine.

    Parameters
    ----------
    ids
        ``(n,)`` int64 or text: what the rows stand for; the same id may stand in several rows.
    strips
        The cells, from `Locator.of`.
    digest
        128 bits as hexadecimal text: equal for equal cells and ids in the same order; it shows when to build anew.
    make_bins
        Returns the bins of the cells, when many points are first looked up.

    Examples
    --------
    >>> import shapely
    >>> cells = np.array([shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)])
    >>> locator = Locator.of(cells, np.array(["west", "east"]))
    >>> locator.locate([50.0, 100.0, 200.0], [50.0, 50.0, 50.0]).tolist()
    [0, 1, -1]
    """

    ids: Ids
    strips: Strips
    digest: str
    make_bins: Callable[[], Bins]

    @classmethod
    def of(cls, cells: ArrayLike, ids: ArrayLike, *, bin_m: float | None = None) -> Locator:
        """Make cells ready.

        Parameters
        ----------
        cells
            ``(n,)`` shapely polygons and multipolygons, in one metric CRS; they may overlap. None and empty ones hold
            nothing. The even-odd rule decides what is inside, so an invalid polygon does no harm.
        ids
            ``(n,)`` integers or text.
        bin_m
            Side of a bin in metres; None: an eighth of a middling cell. It changes no answer.

        Raises
        ------
        InvalidInput
            ``not-an-area``, ``not-finite``, ``ids-differ``, ``invalid-ids``, ``invalid-bin``, ``too-many-vertices``

        Notes
        -----
        O(bins + vertices + bins in the cells' boxes); 140,000 cells take a second or two and 70 to 200 MB.
        """
        if bin_m is not None and not 0 < bin_m < math.inf:
            raise InvalidInput("invalid-bin", f"bins of {bin_m} m", hint="give a positive length in metres")
        polygons, names = _read(cells, ids)
        strips = strips_of(polygons)
        return cls(names, strips, _digest(polygons, names), lambda: bins_of(polygons, strips, bin_m))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Locator:
        """Return the locator whose `arrays` these are.

        Parameters
        ----------
        arrays
            As `arrays` gave them, perhaps memory-mapped; they are not copied.

        Raises
        ------
        FormatError
            ``unknown-index``: another layout, build anew; ``damaged-index``
        """
        layout = arrays.get("layout")
        if layout is None or layout.tolist() != [_LAYOUT]:
            raise FormatError("unknown-index", f"the layout of the index is {layout}", hint="build it anew")
        wrong = [
            name
            for name, kind in _TYPES.items()
            if name not in arrays or arrays[name].dtype != np.dtype(kind)
        ]
        if wrong or "ids" not in arrays:
            raise FormatError(
                "damaged-index", f"the index lacks {', '.join(wrong or ['ids'])}", hint="build it anew"
            )
        part = {name: frozen(array) for name, array in arrays.items()}
        west, south, east, north, per_m, rows, columns = part["frame"].tolist()
        frame = Frame(west, south, east, north, per_m, int(rows), int(columns))
        bins = Bins(frame, part["labels"], part["starts"], part["codes"])
        strips = Strips(part["xy"], part["heights"], part["cells"], part["slabs"], part["edges"])
        _check_parts(bins, strips, len(part["ids"]))
        return cls(part["ids"], strips, part["digest"].item(), lambda: bins)

    @cached_property
    def bins(self) -> Bins:
        """Squares that know the cells in them."""
        return self.make_bins()

    @property
    def is_small(self) -> bool:
        """Whether making the cells ready anew takes less than to write and read what `arrays` returns."""
        return len(self.strips.edges) <= size.SMALL_VERTICES

    @cached_property
    def _boxed(self) -> BoxedCells:
        return BoxedCells(self.strips)

    def _is_worth_bins(self, points: int) -> bool:
        """Tell whether to look points up in the bins, which takes compiled loops."""
        return pays(find_cells, len(self.strips.edges) * _EDGE_STEPS + points * _POINT_STEPS)

    @property
    def nbytes(self) -> int:
        """Bytes that it takes in memory, about."""
        bins = self.bins[1:] if "bins" in vars(self) else ()
        return int(sum(values.nbytes for values in (self.ids, *self.strips, *bins)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return plain arrays to be kept beside the layer: each may be written with `numpy.save` and mapped back.

        Returns
        -------
        ``ids``, ``digest`` and what the bins and strips hold; read-only views, no copies.
        """
        _, labels, starts, codes = self.bins
        xy, heights, cells, strips, edges = self.strips
        return {
            "layout": np.array([_LAYOUT]), "digest": np.array([self.digest]), "ids": self.ids,
            "frame": np.array(self.bins.frame, np.float64), "labels": labels, "starts": starts, "codes": codes,
            "xy": xy, "heights": heights, "cells": cells, "slabs": strips, "edges": edges,
        }  # fmt: skip

    def locate(self, x: ArrayLike, y: ArrayLike, *, workers: int = 2) -> Rows:
        """Return the row of the cell that holds each point.

        Parameters
        ----------
        x, y
            ``(n,)`` float64, metres in the CRS of the cells. NaN and infinity are outside.
        workers
            Threads; the answer does not depend on it.

        Returns
        -------
        ``(n,)`` int32, position in ``ids``; -1 outside. Where cells overlap, the least row.

        Raises
        ------
        InvalidInput
            ``points-differ``: x and y are not two columns of one length.

        Notes
        -----
        Every point is in at most one cell, and in exactly one where the cells leave no gap. O(n), and for points near
        an edge as many steps as edges pass a thin strip of the cell at that height, often about six: a cell that a
        horizontal line would meet a thousand times costs a thousand.
        """
        xs, ys = _columns(x, y)
        if not self._is_worth_bins(len(xs)):
            return self._plain_rows(xs, ys)
        rows = np.empty(len(xs), np.int32)
        self._find(xs, ys, rows, None, closed=False, workers=workers)
        return rows

    def pairs(
        self, x: ArrayLike, y: ArrayLike, *, closed: bool = False, workers: int = 2
    ) -> tuple[NDArray[np.int64], Rows]:
        """Return every point with every cell that holds it.

        Parameters
        ----------
        x, y
            ``(n,)`` float64, metres in the CRS of the cells. NaN and infinity are outside.
        closed
            Whether cells hold their whole boundary, so that a point on a shared edge is in both.
        workers
            Threads; the answer does not depend on it.

        Returns
        -------
        ``(points, rows)``, ``(m,)`` int64 and int32: positions of points and of cells, ascending by point, then cell.

        Raises
        ------
        InvalidInput
            ``points-differ``: x and y are not two columns of one length.

        Notes
        -----
        Unless closed, the first cell of each point is the one that `locate` returns.

        Examples
        --------
        >>> import shapely
        >>> locator = Locator.of([shapely.box(0, 0, 2, 2), shapely.box(1, 0, 3, 2)], [7, 8])
        >>> [column.tolist() for column in locator.pairs([0.5, 1.5, 3.0], [1.0, 1.0, 1.0])]
        [[0, 1, 1], [0, 0, 1]]
        >>> [column.tolist() for column in locator.pairs([0.5, 1.5, 3.0], [1.0, 1.0, 1.0], closed=True)]
        [[0, 1, 1, 2], [0, 0, 1, 1]]
        """
        xs, ys = _columns(x, y)
        if not self._is_worth_bins(len(xs)):
            points, held_in = self._boxed.pairs(xs, ys, closed=closed)
            return points, held_in.astype(np.int32)
        first, counts = np.empty(len(xs), np.int32), np.empty(len(xs), np.int32)
        self._find(xs, ys, first, counts, closed=closed, workers=workers)
        starts = np.zeros(len(xs) + 1, np.int64)
        np.cumsum(counts, out=starts[1:])
        cells = np.empty(starts[-1], np.int32)

        def fill(part: slice) -> None:
            list_cells(
                xs[part], ys[part], closed, self.bins, self.strips, first[part], starts[part.start :], cells
            )

        _spread(fill, len(xs), workers)
        return np.repeat(np.arange(len(xs)), counts), cells

    def _plain_rows(self, x: Floats, y: Floats) -> Rows:
        points, held_in = self._boxed.pairs(x, y, closed=False)
        rows = np.full(len(x), -1, np.int32)
        rows[points[::-1]] = held_in[::-1]  # the least of a point comes last, and stays
        return rows

    def _find(
        self, x: Floats, y: Floats, first: Rows, counts: Rows | None, *, closed: bool, workers: int
    ) -> None:
        no_counts = np.empty(0, np.int32)

        def find(part: slice) -> None:
            part_counts = no_counts if counts is None else counts[part]
            find_cells(x[part], y[part], closed, self.bins, self.strips, first[part], part_counts)

        _spread(find, len(x), workers)


def digest_of(cells: ArrayLike, ids: ArrayLike) -> str:
    """Return the digest that a locator of these cells would have, without building it.

    Parameters
    ----------
    cells, ids
        As for `Locator.of`.

    Examples
    --------
    >>> import shapely
    >>> digest_of([shapely.box(0, 0, 1, 1)], [7]) == Locator.of([shapely.box(0, 0, 1, 1)], [7]).digest
    True
    """
    return _digest(*_read(cells, ids))


def _check_parts(bins: Bins, strips: Strips, count: int) -> None:
    frame, labels, starts, codes = bins
    xy, heights, cells, strip_starts, edges = strips
    fits = (
        len(labels) == frame.rows * frame.columns
        and len(heights) == count == len(cells) - 1
        and (starts[-1], cells[-1], strip_starts[-1]) == (len(codes), len(strip_starts) - 1, len(edges))
        and (not len(edges) or edges.max() + 1 < len(xy))
    )
    if not fits:
        raise FormatError("damaged-index", "the parts of the index do not fit", hint="build it anew")


def _read(cells: ArrayLike, ids: ArrayLike) -> tuple[Outlines, Ids]:
    geometries, names = np.asarray(cells, dtype=object), np.asarray(ids)
    if geometries.ndim != 1 or names.shape != geometries.shape:
        raise InvalidInput(
            "ids-differ", f"{geometries.shape} cells, {names.shape} ids", hint="give an id for each cell"
        )
    if names.dtype.kind in "OT" and all(isinstance(name, str) for name in names):
        names = names.astype(np.str_)
    if names.dtype.kind not in "iuU" and names.size:
        raise InvalidInput("invalid-ids", f"ids are {names.dtype}", hint="give integers or text, no nulls")
    polygons = outlines_of(geometries)
    return polygons, frozen(names if names.dtype.kind == "U" else names.astype(np.int64))


def _digest(polygons: Outlines, ids: Ids) -> str:
    text = "\n".join([polygons.digest, *map(repr, ids.tolist())])
    return xxhash.xxh3_128_hexdigest(text.encode())


def _columns(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    xs, ys = np.ascontiguousarray(x, np.float64), np.ascontiguousarray(y, np.float64)
    if np.ndim(x) != 1 or xs.shape != ys.shape:
        raise InvalidInput(
            "points-differ", f"x is {np.shape(x)}, y is {np.shape(y)}", hint="give two columns"
        )
    return frozen(xs), frozen(ys)


def _spread(work: Callable[[slice], None], count: int, workers: int) -> None:
    """Do the work for parts of about the same size, of which each thread gets as many."""
    parts = list(_parts(count, workers))
    if len(parts) == 1:
        work(parts[0])
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, parts))


def _parts(count: int, workers: int) -> Iterator[slice]:
    parts = 1 if count <= _FEW else workers * math.ceil(count / (workers * _CHUNK))
    for part in range(parts):
        yield slice(count * part // parts, count * (part + 1) // parts)
