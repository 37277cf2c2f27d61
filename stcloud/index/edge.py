"""Edges: on which side of one a point lies, decided exactly.

A point stands for the place just east of it, and of that the place just north of it by much less still: it lies on
no edge and no vertex. So each point is in exactly one cell of a seamless layer; a point on an edge is in the cell
east of it, and on a horizontal edge in the cell north of it, as in the lattice.

Source: J. R. Shewchuk, Adaptive precision floating-point arithmetic and fast robust geometric predicates, 1997
(the filter of ``orient2d``, grow-expansion).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from stcloud.index.kernel import kernel

__all__ = ["DOUBT", "crosses", "touches", "turn"]

_HALF_ULP = 2.0**-53
DOUBT = (3 + 16 * _HALF_ULP) * _HALF_ULP
_SPLITTER = 2.0**27 + 1


@kernel
def crosses(x: float, y: float, x1: float, y1: float, x2: float, y2: float) -> bool:
    """Tell whether an edge lies west of a point, at its height.

    An area holds the point when an odd number of its edges do.

    Parameters
    ----------
    x, y
        The point.
    x1, y1, x2, y2
        Ends of the edge, in either order; in the same metres.

    Notes
    -----
    An end at the point's height is below it, and a point on the edge is east of it.

    Examples
    --------
    >>> crosses(1.0, 0.0, 0.0, 0.0, 0.0, 2.0), crosses(0.0, 1.0, 0.0, 0.0, 0.0, 2.0)
    (True, True)
    >>> crosses(1.0, 2.0, 0.0, 0.0, 0.0, 2.0), crosses(-1.0, 1.0, 0.0, 0.0, 0.0, 2.0)
    (False, False)
    """
    if (y1 <= y) == (y2 <= y) or (x1 > x and x2 > x):
        return False
    if x1 <= x and x2 <= x:
        return True
    side = turn(x1, y1, x2, y2, x, y)
    return side <= 0 if y2 > y1 else side >= 0


@kernel
def touches(x: float, y: float, x1: float, y1: float, x2: float, y2: float) -> bool:
    """Tell whether a point lies on an edge, ends included.

    Parameters
    ----------
    x, y
        The point.
    x1, y1, x2, y2
        Ends of the edge, in either order; in the same metres.

    Examples
    --------
    >>> touches(1.0, 1.0, 0.0, 0.0, 3.0, 3.0), touches(4.0, 4.0, 0.0, 0.0, 3.0, 3.0)
    (True, False)
    """
    if min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
        return turn(x1, y1, x2, y2, x, y) == 0
    return False


@kernel
def turn(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """Return 1 when p lies left of the line from a to b, -1 right of it, 0 on it.

    Parameters
    ----------
    ax, ay, bx, by, px, py
        Coordinates; zero or between 1e-70 and 1e70 in size, so that no product underflows or overflows.

    Notes
    -----
    Exact. Whether a processor fuses a multiplication with an addition changes nothing: the filter's bound holds
    either way, and what it leaves open is computed without rounding.

    Examples
    --------
    >>> turn(0.0, 0.0, 1.0, 1.0, 0.5, 0.5), turn(0.0, 0.0, 1.0, 1.0, 0.5, 0.5000000000000001)
    (0, 1)
    """
    left, right = (ax - px) * (by - py), (ay - py) * (bx - px)
    determinant, bound = left - right, DOUBT * (abs(left) + abs(right))
    if determinant > bound:
        return 1
    if determinant < -bound:
        return -1
    return _exact_turn(ax, ay, bx, by, px, py)


@kernel
def _exact_turn(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """Sum the sixteen terms of the determinant without rounding; the greatest that is left has the sign."""
    terms = np.zeros(16)
    count = 0
    for first, second, sign in (
        (_minus(ax, px), _minus(by, py), 1.0),
        (_minus(ay, py), _minus(bx, px), -1.0),
    ):
        for left in first:
            for right in second:
                product, error = _times(sign * left, right)
                _grow(terms, count, error)
                _grow(terms, count + 1, product)
                count += 2
    for at in range(15, -1, -1):
        if terms[at] != 0:
            return 1 if terms[at] > 0 else -1
    return 0


@kernel
def _grow(terms: Any, count: int, new: float) -> None:
    """Add a number to a sum of ``count`` terms."""
    for at in range(count):
        new, terms[at] = _plus(new, terms[at])
    terms[count] = new


@kernel
def _plus(a: float, b: float) -> tuple[float, float]:
    """Return a sum and its rounding error."""
    total = a + b
    virtual = total - a
    return total, (a - (total - virtual)) + (b - virtual)


@kernel
def _minus(a: float, b: float) -> tuple[float, float]:
    return _plus(a, -b)


@kernel
def _times(a: float, b: float) -> tuple[float, float]:
    """Return a product and its rounding error, from halves whose products are exact."""
    product = a * b
    a1, a0 = _halves(a)
    b1, b0 = _halves(b)
    return product, a0 * b0 - (((product - a1 * b1) - a0 * b1) - a1 * b0)


@kernel
def _halves(a: float) -> tuple[float, float]:
    wide = _SPLITTER * a
    high = wide - (wide - a)
    return high, a - high
