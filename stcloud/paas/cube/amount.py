"""Amounts in the bins of a cube, for statistics: numbers in all bins that are known.

Tested by `tests/paas/cube/test_emerging.py` and `tests/paas/cube/test_change.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput

if TYPE_CHECKING:
    from stcloud.paas.cube.cube import Cube

__all__ = ["amounts_of"]


def amounts_of(cube: Cube, measure: str | None) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the values of all bins, ``(t, c)``, and which are known.

    Parameters
    ----------
    cube
        Without classes.
    measure
        Of the cube; None: its first.

    Raises
    ------
    NotFound
        ``unknown-measure``
    InvalidInput
        ``has-classes``: the cube has axes besides time and cell; ``no-value``: known bins have no value.
    """
    if cube.classes:
        raise InvalidInput(
            "has-classes", f"the cube has bins by {', '.join(axis.name for axis in cube.classes)} too",
            hint="make a cube without by, of one class: what(...)",
            in_shell="leave out by, and ask for one class with --what",
        )  # fmt: skip
    values, known = cube.dense(measure), cube.known
    if not np.issubdtype(values.dtype, np.integer) and np.isnan(values[known]).any():
        raise InvalidInput(
            "no-value", f"known bins have no value of {cube.measure(measure).written}",
            hint="use a count or a sum, of which nothing is 0",
        )  # fmt: skip
    return values, known
