"""Squares that know which polygons cover all of them, and which only a part."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from stcloud.index.array import frozen
from stcloud.index.kernel import kernel
from stcloud.index.outline import Outlines
from stcloud.index.strip import Strips, holds

__all__ = ["NOWHERE", "Bins", "bin_of", "bins_of"]

NOWHERE = -1  # no cell; lower numbers stand for lists: -2 for the first, -3 for the second ...

_OF_SIDE = 8  # bins along the side of a middling cell
_FEWEST, _PER_CELL, _MOST = 2**18, 128, 2**26
_MARGIN = (
    1e-3  # of a bin: what passes so close to a bin counts as in it, far more than coordinates are rounded by
)
_FINEST = 2.0**-34  # of the greatest coordinate: so that the last sentence is true


class Frame(NamedTuple):
    """Where the bins are: the box of all cells in metres, ends included; bins per metre; how many."""

    west: float
    south: float
    east: float
    north: float
    per_m: float
    rows: int
    columns: int


class Bins(NamedTuple):
    """Squares in rows from south to north, in a row from west to east.

    Parameters
    ----------
    frame
        Where they are.
    labels
        ``(rows * columns,)`` int32: the one cell that holds the whole bin, when no other meets it; NOWHERE; or
        ``-2 - k`` for the list k.
    starts
        ``(k + 1,)`` int64: where each list starts in ``codes``.
    codes
        ``(c,)`` int32, ascending in a list: ``2 * row`` of a cell whose edges meet the bin, ``2 * row + 1`` of a cell
        that holds the whole bin.
    """

    frame: Frame
    labels: Any
    starts: Any
    codes: Any


def bins_of(polygons: Outlines, strips: Strips, bin_m: float | None) -> Bins:
    """Return the bins of cells.

    Parameters
    ----------
    polygons, strips
        The cells.
    bin_m
        Side of a bin in metres; None: an eighth of a middling cell.

    Notes
    -----
    What the bins say is exact: an edge counts as meeting those it passes within a thousandth of a bin.
    O(bins + edges + bins of all cells' boxes). At most 2^26 bins, and 128 times as many as cells or 2^18: sides that
    would need more are made longer, which costs time and changes no answer.
    """
    frame = _frame(polygons, strips, bin_m)
    labels = np.full(frame.rows * frame.columns, NOWHERE, np.int32)
    boxes = _boxes(polygons, frame)
    room = int(((boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)).max(initial=0))
    passed, at, codes = np.zeros(room, np.bool_), np.empty(room, np.int64), np.empty(room, np.int32)
    sizes = np.zeros(len(labels), np.int32)
    _count(polygons, strips, frame, boxes, passed, at, codes, labels, sizes)
    starts = _number(labels, sizes)
    lists = np.empty(starts[-1], np.int32)
    _list(polygons, strips, frame, boxes, passed, at, codes, labels, starts[:-1].copy(), lists)
    kept, size = _merge(labels, starts, lists)
    return Bins(frame, frozen(labels), frozen(starts[: kept + 1].copy()), frozen(lists[:size].copy()))


def _frame(polygons: Outlines, strips: Strips, bin_m: float | None) -> Frame:
    if not len(polygons.xy):
        return Frame(np.inf, np.inf, -np.inf, -np.inf, 0.0, 1, 1)
    (west, south), (east, north) = polygons.xy.min(axis=0).tolist(), polygons.xy.max(axis=0).tolist()
    width, height, count = east - west, north - south, len(strips.heights)
    most = min(max(_FEWEST, _PER_CELL * count), _MOST)
    side = bin_m
    if side is None:
        tall = strips.heights[:, 1] - strips.heights[:, 0]
        side = float(np.median(tall[tall > 0])) / _OF_SIDE if (tall > 0).any() else max(width, height)
        side = min(side, math.sqrt(width * height / _FEWEST))
    side = max(side, float(np.abs(polygons.xy).max()) * _FINEST, max(width, height) / most, _LEAST_SIDE)
    while (width / side + 1) * (height / side + 1) > most:
        side *= 1.1
    per_m = 1.0 / side
    return Frame(west, south, east, north, per_m, int(height * per_m) + 1, int(width * per_m) + 1)


_LEAST_SIDE = 1e-6


@kernel
def bin_of(x: float, y: float, frame: Frame) -> int:
    """Return the bin of a point, NOWHERE where it is outside all of them or NaN.

    Parameters
    ----------
    x, y
        The point, metres.
    frame
        Where the bins are.
    """
    if not (frame.west <= x <= frame.east and frame.south <= y <= frame.north):
        return NOWHERE
    row = min(int((y - frame.south) * frame.per_m), frame.rows - 1)
    column = min(int((x - frame.west) * frame.per_m), frame.columns - 1)
    return row * frame.columns + column


@kernel
def _boxes(polygons: Outlines, frame: Frame) -> Any:
    """Find first and last row and column of the bins that each cell may meet; none for a cell without edges."""
    xy, first, cells = polygons
    west, south, per_m = frame.west, frame.south, frame.per_m
    boxes = np.empty((len(cells) - 1, 4), np.int64)
    for row in range(len(boxes)):
        low_u, low_v, high_u, high_v = np.inf, np.inf, -np.inf, -np.inf
        for at in range(cells[row], cells[row + 1]):
            u, v = (xy[first[at], 0] - west) * per_m, (xy[first[at], 1] - south) * per_m
            low_u, low_v, high_u, high_v = min(low_u, u), min(low_v, v), max(high_u, u), max(high_v, v)
        if low_u > high_u:
            boxes[row, :2], boxes[row, 2:] = 0, -1
        else:
            boxes[row, 0], boxes[row, 1] = (
                _clip(low_v, -_MARGIN, frame.rows),
                _clip(low_u, -_MARGIN, frame.columns),
            )
            boxes[row, 2], boxes[row, 3] = (
                _clip(high_v, _MARGIN, frame.rows),
                _clip(high_u, _MARGIN, frame.columns),
            )
    return boxes


@kernel
def _clip(place: float, margin: float, count: int) -> int:
    return min(max(math.floor(place + margin), 0), count - 1)


@kernel
def _count(
    polygons: Outlines,
    strips: Strips,
    frame: Frame,
    boxes: Any,
    passed: Any,
    at: Any,
    codes: Any,
    labels: Any,
    sizes: Any,
) -> None:
    """Count the cells that meet each bin; leave the code of the last one in its label."""
    for row in range(len(boxes)):
        for k in range(_meet(row, polygons, strips, frame, boxes[row], passed, at, codes)):
            sizes[at[k]] += 1
            labels[at[k]] = codes[k]


@kernel
def _number(labels: Any, sizes: Any) -> Any:
    """Turn codes of bins that one cell holds into the cell, number the lists of the others, return their starts."""
    lists = 0
    for at in range(len(labels)):
        if sizes[at] == 1 and labels[at] & 1:
            labels[at], sizes[at] = labels[at] >> 1, 0
        elif sizes[at]:
            labels[at], lists = -2 - lists, lists + 1
    starts = np.zeros(lists + 1, np.int64)
    lists = 0
    for at in range(len(labels)):
        if sizes[at]:
            starts[lists + 1], lists = starts[lists] + sizes[at], lists + 1
    return starts


@kernel
def _list(
    polygons: Outlines,
    strips: Strips,
    frame: Frame,
    boxes: Any,
    passed: Any,
    at: Any,
    codes: Any,
    labels: Any,
    ends: Any,
    lists: Any,
) -> None:
    """List the cells that meet each bin; ``ends`` moves on from where each list starts."""
    for row in range(len(boxes)):
        for n in range(_meet(row, polygons, strips, frame, boxes[row], passed, at, codes)):
            k = -2 - labels[at[n]]
            if k >= 0:
                lists[ends[k]] = codes[n]
                ends[k] += 1


@kernel
def _merge(labels: Any, starts: Any, lists: Any) -> tuple[int, int]:
    """Let neighbours with the same list share it; return how many lists and codes are left."""
    kept, size = 0, 0
    last = 0
    for at in range(len(labels)):
        k = -2 - labels[at]
        if k < 0:
            continue
        start, stop = starts[k], starts[k + 1]
        same = kept > 0 and size - last == stop - start
        for offset in range(stop - start):
            same = same and lists[last + offset] == lists[start + offset]
        if not same:
            last = size
            for position in range(start, stop):
                lists[size] = lists[position]
                size += 1
            starts[kept] = last
            kept += 1
        labels[at] = -1 - kept
    starts[kept] = size
    return kept, size


@kernel
def _meet(
    row: int, polygons: Outlines, strips: Strips, frame: Frame, box: Any, passed: Any, at: Any, codes: Any
) -> int:
    """Find the bins that a cell meets, with their codes; return how many. ``passed`` is False before and after."""
    xy, heights, cells, starts, edges = strips
    closed = False
    for edge in range(polygons.cells[row], polygons.cells[row + 1]):
        _note_passed(xy, polygons.first[edge], frame, box, passed)
    count, wide = 0, box[3] - box[1] + 1
    for j in range(box[0], box[2] + 1):
        known, inside = True, False
        for i in range(box[1], box[3] + 1):
            place = (j - box[0]) * wide + i - box[1]
            if passed[place]:
                passed[place], known = False, False
                at[count], codes[count] = j * frame.columns + i, 2 * row
                count += 1
                continue
            if not known:
                x, y = frame.west + (i + 0.5) / frame.per_m, frame.south + (j + 0.5) / frame.per_m
                known = True
                inside = holds(x, y, row, closed, xy, heights, cells, starts, edges)
            if inside:
                at[count], codes[count] = j * frame.columns + i, 2 * row + 1
                count += 1
    return count


@kernel
def _note_passed(xy: Any, vertex: int, frame: Frame, box: Any, passed: Any) -> None:
    """Note the bins of a box that an edge passes, or nearly does."""
    west, south, per_m = frame.west, frame.south, frame.per_m
    u1, v1 = (xy[vertex, 0] - west) * per_m, (xy[vertex, 1] - south) * per_m
    u2, v2 = (xy[vertex + 1, 0] - west) * per_m, (xy[vertex + 1, 1] - south) * per_m
    if v1 > v2:
        u1, v1, u2, v2 = u2, v2, u1, v1
    flat = v2 - v1 <= _MARGIN
    slope = 0.0 if flat else (u2 - u1) / (v2 - v1)
    for j in range(_clip(v1, -_MARGIN, frame.rows), _clip(v2, _MARGIN, frame.rows) + 1):
        low, high = u1, u2
        if not flat:
            low = u1 + (max(v1, j - _MARGIN) - v1) * slope
            high = u1 + (min(v2, j + 1 + _MARGIN) - v1) * slope
        if low > high:
            low, high = high, low
        west_i, east_i = _clip(low, -_MARGIN, frame.columns), _clip(high, _MARGIN, frame.columns)
        for i in range(max(west_i, box[1]), min(east_i, box[3]) + 1):
            passed[(j - box[0]) * (box[3] - box[1] + 1) + i - box[1]] = True
