"""Straight moves at constant speed, cut where they cross lines and instants: each piece is in one cell and one bin.

Tested by `tests/index/test_crossing.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.index.array import Ints, Metres

__all__ = ["Cuts", "Moves", "Parts", "cut", "cuts_by_edges", "cuts_by_instants", "cuts_by_lines"]


class Moves(NamedTuple):
    """Straight moves at constant speed.

    Parameters
    ----------
    from_us, to_us
        ``(n,)`` int64, UTC microseconds; a move that takes no time is a place at an instant.
    x, y, to_x, to_y
        ``(n,)`` float64, metres.
    """

    from_us: Ints
    to_us: Ints
    x: Metres
    y: Metres
    to_x: Metres
    to_y: Metres

    def taken(self, rows: Any) -> Moves:
        """Return some of them, by position, mask or slice."""
        return Moves(*(column[rows] for column in self))

    def at(self, rows: Any, at_us: Any) -> tuple[Metres, Metres]:
        """Return where moves were at instants; at their ends exactly there, whatever rounding does between."""
        lasted = np.maximum(self.to_us[rows] - self.from_us[rows], 1)
        share = (at_us - self.from_us[rows]) / lasted
        ended = np.asarray(at_us >= self.to_us[rows]) & (self.to_us[rows] > self.from_us[rows])
        x = self.x[rows] + share * (self.to_x[rows] - self.x[rows])
        y = self.y[rows] + share * (self.to_y[rows] - self.y[rows])
        return np.where(ended, self.to_x[rows], x), np.where(ended, self.to_y[rows], y)


Cuts: TypeAlias = tuple[NDArray[Any], Ints]
"""``(move, after_us)``: the position of a move, and after how many microseconds of it there is a cut."""


class Parts(NamedTuple):
    """Pieces of moves that take time, ordered by move, then time.

    Parameters
    ----------
    move
        ``(k,)`` int64, the position of its move.
    from_us, to_us
        ``(k,)`` int64: the pieces of a move follow each other without a gap from its beginning to its end.
    """

    move: Ints
    from_us: Ints
    to_us: Ints


def cut(moves: Moves, cuts: Iterable[Cuts]) -> Parts:
    """Return the pieces of moves between cuts.

    Parameters
    ----------
    moves
        The moves.
    cuts
        Where they are cut, in any order, the same place perhaps repeatedly.

    Examples
    --------
    >>> zero, move = np.zeros(1), np.zeros(1, np.int64)
    >>> moves = Moves(move + 5, move + 15, zero, zero, zero + 10, zero)
    >>> [part.tolist() for part in cut(moves, [(move, move + 4)])]
    [[0, 0], [5, 9], [9, 15]]
    """
    some = list(cuts)
    count, lasted_us = len(moves.from_us), moves.to_us - moves.from_us
    move = np.concatenate([np.arange(count), *(place for place, _ in some)]).astype(np.int64)
    after_us = np.concatenate([np.zeros(count, np.int64), *(after for _, after in some)])
    if some:
        order = np.lexsort((after_us, move))
        move, after_us = move[order], after_us[order]
    until_us = lasted_us[move]
    same = move[1:] == move[:-1]
    until_us[:-1][same] = after_us[1:][same]
    takes = until_us > after_us
    move, began_us = move[takes], moves.from_us[move[takes]]
    return Parts(move, began_us + after_us[takes], began_us + until_us[takes])


def cuts_by_lines(moves: Moves, origin: tuple[int, int], side_m: int) -> list[Cuts]:
    """Return where moves cross the lines of a square lattice.

    Parameters
    ----------
    moves
        The moves.
    origin, side_m
        A corner of a square, and the side of all of them, whole metres.
    """
    return [
        _crossings(moves, start, end, corner, side_m)
        for start, end, corner in ((moves.x, moves.to_x, origin[0]), (moves.y, moves.to_y, origin[1]))
    ]


def _crossings(moves: Moves, start: Metres, end: Metres, corner: int, side_m: int) -> Cuts:
    first, last = (
        (np.floor(values).astype(np.int64) - corner) // side_m for values in (start, end)
    )  # lines are whole metres: rounding down to these decides as a comparison does
    move, step = _repeated(np.abs(last - first))
    line = np.where(last[move] > first[move], first[move] + 1 + step, first[move] - step)
    share = (corner + line * side_m - start[move]) / (end[move] - start[move])
    return move, _after(moves, move, share)


def cuts_by_instants(moves: Moves, instants_us: Ints) -> Cuts:
    """Return where instants, ascending, lie within moves."""
    low = np.searchsorted(instants_us, moves.from_us, side="right")
    high = np.maximum(np.searchsorted(instants_us, moves.to_us, side="left"), low)
    move, step = _repeated(high - low)
    return move, instants_us[low[move] + step] - moves.from_us[move]


def cuts_by_edges(moves: Moves, edges: NDArray[np.float64]) -> list[Cuts]:
    """Return where moves meet straight edges, ``(m, 4)`` float64 ``x1, y1, x2, y2``; of those along it their ends."""
    if not len(edges) or not len(moves.x):
        return []
    paths = shapely.linestrings(
        np.stack([moves.x, moves.y, moves.to_x, moves.to_y], axis=1).reshape(-1, 2, 2)
    )
    move, edge = shapely.STRtree(shapely.linestrings(edges.reshape(-1, 2, 2))).query(paths)
    dx, dy = (moves.to_x - moves.x)[move], (moves.to_y - moves.y)[move]
    ends = edges[edge]
    ex, ey = ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]
    cross = dx * ey - dy * ex
    px, py = ends[:, 0] - moves.x[move], ends[:, 1] - moves.y[move]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (px * ey - py * ex) / cross
    met = np.isfinite(share) & (share >= 0) & (share <= 1)
    cuts = [(move[met], _after(moves, move[met], share[met]))]
    square = dx * dx + dy * dy
    beside = ~np.isfinite(share) & (square > 0)  # parallel: the move may run along the edge
    for qx, qy in ((px, py), (px + ex, py + ey)):
        along = (qx[beside] * dx[beside] + qy[beside] * dy[beside]) / square[beside]
        within = (along > 0) & (along < 1)
        cuts.append((move[beside][within], _after(moves, move[beside][within], along[within])))
    return cuts


def _after(moves: Moves, move: Ints, share: Metres) -> Ints:
    """Return shares of moves as whole microseconds after their beginning."""
    lasted_us = moves.to_us[move] - moves.from_us[move]
    return np.clip(np.rint(share * lasted_us).astype(np.int64), 0, lasted_us)


def _repeated(counts: Ints) -> tuple[Ints, Ints]:
    """Return each position as often as its count says, and how often it was given before."""
    move = np.repeat(np.arange(len(counts)), counts)
    return move, np.arange(len(move)) - np.repeat(np.cumsum(counts) - counts, counts)
