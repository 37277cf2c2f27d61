"""Formulas decided: which rows one holds, each part asked only of rows that it can still decide, and where.

Tested by `tests/paas/query/resolve/test_sites.py`.
"""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from stcloud.paas.query.place.extent import Extent, united
from stcloud.paas.query.place.formula import And, Formula, Not, Or
from stcloud.paas.query.place.site import Mask

__all__ = ["Tested", "extent_of", "holds", "units_of"]


class Tested(Protocol):
    """Rows with a place that leaves of formulas look at."""

    def take(self, chosen: NDArray[np.intp]) -> Self:
        """Return some of the rows, each at most once and in their order."""

    def __len__(self) -> int: ...


def holds(formula: Formula, rows: Tested) -> Mask:
    """Tell which rows with a place a formula holds; a part is asked only of rows that it can still decide."""
    if isinstance(formula, Not):
        return ~holds(formula.part, rows)
    if not isinstance(formula, And | Or):
        kept: Mask = formula.holds(rows)
        return kept
    decisive = isinstance(formula, Or)
    decided = np.full(len(rows), not decisive)
    left = np.arange(len(rows))
    for part in formula.parts:
        hit = holds(part, rows.take(left)) == decisive
        decided[left[hit]] = decisive
        left = left[~hit]
    return decided


def extent_of(formula: Formula) -> Extent | None:
    """Return what holds every row that a formula holds; None: no bound is known."""
    if isinstance(formula, Not):
        return None
    if isinstance(formula, Or):
        return united([extent_of(part) for part in formula.parts])
    if isinstance(formula, And):
        known = [extent for part in formula.parts if (extent := extent_of(part)) is not None]
        return min(known, key=lambda extent: extent.square_m, default=None)
    own: Extent | None = formula.extent
    return own


def units_of(formula: Formula) -> tuple[tuple[str, str], ...] | None:
    """Return half-open ranges that hold the unit code of every row that a formula holds; None: no bound is known."""
    if isinstance(formula, Not):
        return None
    if isinstance(formula, And | Or):
        parts = [units_of(part) for part in formula.parts]
        known = [ranges for ranges in parts if ranges is not None]
        if isinstance(formula, And):
            return known[0] if known else None
        return None if len(known) < len(parts) else tuple(pair for ranges in known for pair in ranges)
    own: tuple[tuple[str, str], ...] | None = formula.units
    return own
