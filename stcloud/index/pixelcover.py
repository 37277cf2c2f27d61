"""The share of every pixel of a raster that lies in a polygon, computed exactly along the polygon's edges.

An edge is cut at the lines between rows and columns. A piece inside a pixel covers the part of the pixel right of it,
and all that lies right of that in the row, up to the next edge. Summed from left to right, with the direction of the
edge as the sign, that is the share of each pixel. Pixels that no edge meets follow from those left of them.

Tested by `tests/index/test_pixelweights.py`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from stcloud.index.kernel import kernel

__all__ = ["Covered", "Rings", "cover", "most_pieces"]


class Rings(NamedTuple):
    """Polygons in columns and rows of a raster.

    Parameters
    ----------
    xy
        ``(v, 2)`` float64: column and row of vertices, ring by ring, each ring closed.
    rings, owners
        int64: where each ring starts in ``xy``, and where each polygon starts in ``rings``; one more than there are.
    """

    xy: Any
    rings: Any
    owners: Any


class Covered(NamedTuple):
    """What `cover` writes: pixels are numbered row by row.

    Parameters
    ----------
    edges, pixel, fraction
        ``(n + 1,)`` int64, where the pixels of each polygon start that it covers in part; numbers of pixels; float32.
    runs, first, length
        ``(n + 1,)`` int64, where the runs of whole pixels of each polygon start; first pixel and length of each run.
    """

    edges: Any
    pixel: Any
    fraction: Any
    runs: Any
    first: Any
    length: Any


class _Row(NamedTuple):
    """Scratch of one row: heights of edges, and shares of pixels right of them, by column."""

    heights: Any
    shares: Any


class _Pieces(NamedTuple):
    """Scratch of the pieces of one polygon: row, column, height, share of the pixel; order by row."""

    row: Any
    column: Any
    height: Any
    share: Any
    order: Any


@kernel
def most_pieces(polygons: Any, shape: Any, most: Any) -> None:
    """Write how many pieces the edges of each polygon have at most, to ``most``, ``(n,)`` int64."""
    rows, columns = shape
    for owner in range(len(polygons.owners) - 1):
        count = 0
        for ring in range(polygons.owners[owner], polygons.owners[owner + 1]):
            for at in range(polygons.rings[ring], polygons.rings[ring + 1] - 1):
                x1, x2 = polygons.xy[at, 0], polygons.xy[at + 1, 0]
                y1, y2 = polygons.xy[at, 1], polygons.xy[at + 1, 1]
                across = abs(min(max(x1, 0.0), float(columns)) - min(max(x2, 0.0), float(columns)))
                along = abs(min(max(y1, 0.0), float(rows)) - min(max(y2, 0.0), float(rows)))
                count += int(across) + 3 * int(along) + 12
        most[owner] = count


@kernel
def cover(polygons: Any, shape: Any, sign: Any, least: Any, most: Any, covered: Any) -> None:
    """Write the pixels of each polygon to ``covered``.

    Parameters
    ----------
    polygons, shape
        `Rings`; rows and columns of the raster.
    sign
        1.0 where rows are numbered downwards along the left side of a shell as its vertices are, else -1.0.
    least
        A smaller share of a pixel counts as none, and one that lacks less of a whole pixel counts as whole.
    most
        The most pieces that any polygon has.
    covered
        `Covered`, with room for as many pixels and runs as all polygons have pieces.
    """
    rows, columns = shape
    starts = np.zeros(rows + 2, np.int64)
    line = _Row(np.zeros(columns), np.zeros(columns))
    pieces = _Pieces(
        np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most), np.empty(most), np.empty(most, np.int64)
    )  # fmt: skip
    for owner in range(len(polygons.owners) - 1):
        count = 0
        for ring in range(polygons.owners[owner], polygons.owners[owner + 1]):
            for at in range(polygons.rings[ring], polygons.rings[ring + 1] - 1):
                count = _cut_at_rows(polygons.xy[at], polygons.xy[at + 1], shape, pieces, count)
        at_edge, at_run = covered.edges[owner], covered.runs[owner]
        if count > 0:
            low, high = _sort_by_row(pieces, count, starts)
            for row in range(low, high + 1):
                begin, end = starts[row], starts[row + 1]
                if begin < end:
                    left, right = _collect(pieces, begin, end, line)
                    at_edge, at_run = _write_row(
                        row, left, right, columns, sign, least, line, covered, at_edge, at_run
                    )
        covered.edges[owner + 1], covered.runs[owner + 1] = at_edge, at_run


@kernel
def _cut_at_rows(start: Any, end: Any, shape: Any, pieces: Any, count: Any) -> Any:
    """Add the pieces of an edge, row by row; return how many pieces there are now."""
    rows = shape[0]
    x1, y1, x2, y2 = start[0], start[1], end[0], end[1]
    if y1 == y2 or max(y1, y2) <= 0.0 or min(y1, y2) >= rows:
        return count
    turn = 1.0
    if y1 > y2:
        x1, y1, x2, y2, turn = x2, y2, x1, y1, -1.0
    slope = (x2 - x1) / (y2 - y1)
    least, greatest = min(x1, x2), max(x1, x2)
    above = max(y1, 0.0)
    at_x = x1 if above == y1 else min(max(x1 + (above - y1) * slope, least), greatest)
    for row in range(math.floor(above), min(rows, math.ceil(y2))):
        below = min(y2, row + 1.0)
        to_x = x2 if below == y2 else min(max(x1 + (below - y1) * slope, least), greatest)
        count = _cut_at_columns(at_x, above, to_x, below, turn, row, shape[1], pieces, count)
        at_x, above = to_x, below
    return count


@kernel
def _cut_at_columns(
    x1: Any, y1: Any, x2: Any, y2: Any, turn: Any, row: Any, columns: Any, pieces: Any, count: Any
) -> Any:
    """Add the pieces of a part of an edge inside one row; what lies left of the raster counts at its left side."""
    low, high = min(x1, x2), max(x1, x2)
    height = y2 - y1
    if low >= columns or height <= 0.0:
        return count
    if high <= 0.0:
        return _add(row, 0, turn * height, turn * height, pieces, count)
    per_column = height / (high - low) if high > low else 0.0
    used = 0.0
    if low < 0.0:
        used = -low * per_column
        count = _add(row, 0, turn * used, turn * used, pieces, count)
        low = 0.0
    column = int(low)
    while column < columns:
        right = min(high, column + 1.0)
        if right >= high:
            part = height - used
        else:
            part = (right - low) * per_column
            used += part
        count = _add(
            row,
            column,
            turn * part,
            turn * part * (1.0 - ((low - column) + (right - column)) / 2),
            pieces,
            count,
        )
        low = right
        if right >= high:
            break
        column += 1
    return count


@kernel
def _add(row: Any, column: Any, height: Any, share: Any, pieces: Any, count: Any) -> Any:
    pieces.row[count], pieces.column[count] = row, column
    pieces.height[count], pieces.share[count] = height, share
    return count + 1


@kernel
def _sort_by_row(pieces: Any, count: Any, starts: Any) -> Any:
    """Order the pieces by row; return the first and the last; ``starts`` tells where each row begins."""
    low = high = pieces.row[0]
    for at in range(count):
        low, high = min(low, pieces.row[at]), max(high, pieces.row[at])
    starts[low : high + 2] = 0
    for at in range(count):
        starts[pieces.row[at] + 1] += 1
    for row in range(low, high + 1):
        starts[row + 1] += starts[row]
    for at in range(count - 1, -1, -1):
        row = pieces.row[at]
        starts[row + 1] -= 1
        pieces.order[starts[row + 1]] = at
    for row in range(low, high + 1):  # now each place holds where the row before it begins
        starts[row] = starts[row + 1]
    starts[high + 1] = count
    return low, high


@kernel
def _collect(pieces: Any, begin: Any, end: Any, line: Any) -> Any:
    """Sum the pieces of a row by column; return the first and the last column that have some."""
    left = right = pieces.column[pieces.order[begin]]
    for place in range(begin, end):
        at = pieces.order[place]
        column = pieces.column[at]
        line.heights[column] += pieces.height[at]
        line.shares[column] += pieces.share[at]
        left, right = min(left, column), max(right, column)
    return left, right


@kernel
def _write_row(
    row: Any, left: Any, right: Any, columns: Any, sign: Any, least: Any, line: Any, covered: Any, at_edge: Any,
    at_run: Any,
) -> Any:  # fmt: skip
    """Write the pixels of a row and clear the scratch; return where the next ones go."""
    base = row * columns
    height, running = 0.0, False
    for column in range(left, columns):
        share = sign * (height + line.shares[column])
        height += line.heights[column]
        line.heights[column] = line.shares[column] = 0.0
        if share >= 1.0 - least:
            if running:
                covered.length[at_run - 1] += 1
            else:
                covered.first[at_run], covered.length[at_run] = base + column, 1
                at_run, running = at_run + 1, True
            continue
        running = False
        if share > least:
            covered.pixel[at_edge], covered.fraction[at_edge] = base + column, share
            at_edge += 1
        elif column > right:
            break
    return at_edge, at_run
