"""Numbering order: cells that are not where the standard order has them."""

from __future__ import annotations

import bisect
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from stcloud.paas.grid.check.inspected import InspectedGrid, Positions
from stcloud.paas.grid.check.report import Fault
from stcloud.paas.grid.check.rules import Rules
from stcloud.paas.grid.numbering import centres, standard_order

__all__ = ["out_of_order"]


def out_of_order(
    grid: InspectedGrid, rows: Positions, community: NDArray[np.object_], rules: Rules
) -> Iterator[Fault]:
    """Give the fewest cells that would have to be numbered anew.

    Parameters
    ----------
    rows
        Cells with a valid code and a polygon.
    community
        ``(n,)``, community that each code names. Its cells that begin together are numbered together.

    Notes
    -----
    Cells that noise could put elsewhere, at the edge of a row or just west of another, are not judged.
    """
    x, y = centres(grid.ground[rows])
    _, group = np.unique(
        [community[rows].astype(str), grid.start_us[rows].astype(str)], axis=1, return_inverse=True
    )
    sure = _sure(x, y, group, rules)
    rows, x, y, group = rows[sure], x[sure], y[sure], group[sure]
    order = standard_order(x, y, group, row_m=rules.row_m)
    rows, group = rows[order], group[order]
    codes = grid.codes[rows].astype(str)
    falling = (codes[1:] <= codes[:-1]) & (group[1:] == group[:-1])
    for number in np.unique(group[1:][falling]):
        members = np.flatnonzero(group == number)
        for at in _misfits(codes[members]):
            row, named = rows[members[at]], codes[members[at]]
            message = f"{named} is number {at + 1} of {len(members)} from north-west, not as its code says"
            yield grid.fault("numbering-order", (row,), message, grid.cells[row], sized=False)


def _sure(
    x: NDArray[np.float64], y: NDArray[np.float64], group: Positions, rules: Rules
) -> NDArray[np.bool_]:
    """Return a mask of cells whose place in the order noise of the coordinates cannot change."""
    noise = 2 * rules.tolerance_m
    depth = np.mod(y, rules.row_m)
    sure: NDArray[np.bool_] = (depth >= noise) & (depth <= rules.row_m - noise)
    order = np.lexsort((x, np.floor(y / rules.row_m), group))
    beside = (group[order][1:] == group[order][:-1]) & (np.diff(np.floor(y / rules.row_m)[order]) == 0)
    close = beside & (np.diff(x[order]) < noise)
    sure[order[1:][close]] = sure[order[:-1][close]] = False
    return sure


def _misfits(codes: NDArray[np.str_]) -> list[int]:
    """Return the positions that do not belong to a longest ascending run of codes."""
    tails: list[str] = []
    last: list[int] = []
    before = np.full(len(codes), -1)
    for at, code in enumerate(codes.tolist()):
        length = bisect.bisect_left(tails, code)
        tails[length : length + 1] = [code]
        last[length : length + 1] = [at]
        before[at] = last[length - 1] if length else -1
    kept, at = set[int](), last[-1]
    while at >= 0:
        kept.add(at)
        at = int(before[at])
    return [at for at in range(len(codes)) if at not in kept]
