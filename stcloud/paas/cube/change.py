"""Changes of a cube: the steps from which a measure of a cell, or of all cells together, has another mean.

Tested by `tests/paas/cube/test_change.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.paas.cube.amount import amounts_of
from stcloud.paas.cube.changepoint import change_points, usual_penalty

if TYPE_CHECKING:
    from stcloud.paas.cube.cube import Cube

__all__ = ["changes_of"]


def changes_of(cube: Cube, measure: str | None, penalty: float | None) -> pa.Table:
    """Return the changes of each cell, and of the cells that are always known together; see `Cube.change_points`."""
    values, known = amounts_of(cube, measure)
    steps: NDArray[np.bool_] = np.asarray(known.any(axis=1))
    always = known[steps].all(axis=0) if steps.any() else np.zeros(known.shape[1], np.bool_)
    rows: list[tuple[int | None, int, float, float]] = []
    if always.any():
        rows += _changes(None, values[:, always].sum(axis=1), steps, penalty)
    for place in range(known.shape[1]):
        rows += _changes(place, values[:, place], known[:, place], penalty)
    return pa.table(
        {
            cube.cells.noun: cube.cells.names.take(pa.array([row[0] for row in rows], pa.int64())),
            "time": pa.array([cube.labels[row[1]] for row in rows], pa.string()),
            "before": pa.array([row[2] for row in rows], pa.float64()),
            "after": pa.array([row[3] for row in rows], pa.float64()),
        }
    )


def _changes(
    cell: int | None, values: NDArray[Any], known: NDArray[np.bool_], penalty: float | None
) -> list[tuple[int | None, int, float, float]]:
    """Return the changes of one series: cell, step, mean before and mean after."""
    steps = np.flatnonzero(known)
    series = values[steps].astype(np.float64)
    cost = usual_penalty(series) if penalty is None else penalty
    if penalty is None and not cost > 0:
        return []  # too few values, or all the same
    points = change_points(series, cost)
    means = [float(part.mean()) for part in np.split(series, points)]
    return [(cell, int(steps[point]), means[at], means[at + 1]) for at, point in enumerate(points)]
