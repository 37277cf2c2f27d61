"""Order partners by distance; those as far as each other by their keys."""

from __future__ import annotations

from typing import Any

import numpy as np

from stcloud.index.kernel import kernel
from stcloud.index.segment import micrometres

__all__ = ["place_among", "rank"]

_FEW = 32


@kernel
def rank(rows: Any, far_m: Any) -> None:
    """Put partners in order.

    Parameters
    ----------
    rows, far_m
        ``(m,)`` int32 and float64 metres, written.
    """
    if len(rows) > _FEW:
        whole = np.empty(len(far_m), np.int64)
        order = np.argsort(rows, kind="mergesort")
        for k in range(len(order)):
            whole[k] = micrometres(far_m[order[k]])
        order = order[np.argsort(whole, kind="mergesort")]
        rows[:], far_m[:] = rows[order].copy(), far_m[order].copy()
    else:
        for k in range(1, len(rows)):
            _sift(k, rows[k], far_m[k], rows, far_m)


@kernel
def place_among(row: int, metres: float, best: Any, best_m: Any, count: int) -> int:
    """Put a partner among the nearest, unless it was there as near, or there are enough that are nearer.

    Parameters
    ----------
    row, metres
        The partner.
    best, best_m
        ``(k,)`` int32 and float64, the nearest in order, written.
    count
        How many there are.

    Returns
    -------
    How many there are then.
    """
    at = 0
    while at < count and best[at] != row:
        at += 1
    if at < count:
        if metres >= best_m[at]:
            return count
    elif count < len(best):
        count += 1
    elif not _after(best_m[count - 1], best[count - 1], metres, row):
        return count
    _sift(min(at, count - 1), row, metres, best, best_m)
    return count


@kernel
def _sift(at: int, row: int, metres: float, rows: Any, far_m: Any) -> None:
    """Write a partner at its place among those before ``at``, which are in order."""
    while at and _after(far_m[at - 1], rows[at - 1], metres, row):
        rows[at], far_m[at] = rows[at - 1], far_m[at - 1]
        at -= 1
    rows[at], far_m[at] = row, metres


@kernel
def _after(first_m: float, first: int, second_m: float, second: int) -> bool:
    first_um, second_um = micrometres(first_m), micrometres(second_m)
    return first_um > second_um or (first_um == second_um and first > second)
