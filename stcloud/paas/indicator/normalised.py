"""Values made comparable: every column is turned so that higher is better, and brought to one scale.

Tested by `tests/paas/indicator/test_normalised.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import fsum, sqrt
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.paas.indicator.indicatormatrix import IndicatorMatrix

__all__ = ["NORMALISATIONS", "Normalisation", "check_normalisation", "constant_columns", "normalised"]

Floats = NDArray[np.float64]

Normalisation: TypeAlias = Literal["min-max", "z-score", "target", "vector"]
NORMALISATIONS: tuple[str, ...] = get_args(Normalisation)


def normalised(matrix: IndicatorMatrix, method: Normalisation = "min-max") -> Floats:
    """Return values on one scale, higher being better; NaN stays NaN.

    Parameters
    ----------
    matrix
        The values.
    method
        ``min-max``: 0 is the worst and 1 the best of the groups, 0.5 where all are equal. ``z-score``: deviations
        from the mean in standard deviations of the population, 0 where all are equal. ``target``: 0 at the floor, 1
        at the target, and not beyond. ``vector``: over the length of the column, the root of its sum of squares.

    Returns
    -------
    ``(groups, names)`` float64. Sums are exactly rounded (`math.fsum`): the order of groups changes no bit.

    Raises
    ------
    InvalidInput
        ``unknown-normalisation``; ``no-target``: an indicator has none.

    Examples
    --------
    >>> noise = IndicatorMatrix.of(["a", "b", "c"], {"noise": [60.0, 55.0, 50.0]}, {"noise": "lower"})
    >>> normalised(noise).ravel().tolist()
    [0.0, 0.5, 1.0]
    """
    check_normalisation(method)
    if method == "target":
        return _by_target(matrix)
    scale = _SCALES[method]
    columns = [scale(column) for column in (matrix.values * matrix.signs).T]
    return np.array(columns, np.float64).reshape(len(matrix.names), -1).T


def check_normalisation(method: str) -> None:
    """Refuse a way that is none; `InvalidInput` ``unknown-normalisation``."""
    if method not in NORMALISATIONS:
        raise InvalidInput(
            "unknown-normalisation", f"'{method}' is no way to make values comparable",
            hint=f"use {', '.join(NORMALISATIONS)}",
        )  # fmt: skip


def constant_columns(matrix: IndicatorMatrix) -> tuple[str, ...]:
    """Return the indicators of which all groups have the same value: they tell no group from another."""
    return tuple(
        name
        for name, column in zip(matrix.names, matrix.values.T, strict=True)
        if len(known := column[~np.isnan(column)]) and known.min() == known.max()
    )


def _by_target(matrix: IndicatorMatrix) -> Floats:
    without = [name for name, target in zip(matrix.names, matrix.targets, strict=True) if np.isnan(target)]
    if without:
        raise InvalidInput(
            "no-target", f"'{without[0]}' has no target to be compared with",
            hint="state target in its definition (and floor), or normalise by min-max",
        )  # fmt: skip
    return np.asarray(np.clip((matrix.values - matrix.floors) / (matrix.targets - matrix.floors), 0.0, 1.0))


def _known(column: Floats) -> list[float]:
    return [float(value) for value in column if not np.isnan(value)]


def _min_max(column: Floats) -> Floats:
    known = _known(column)
    low, high = min(known, default=0.0), max(known, default=0.0)
    if low == high:
        return np.where(np.isnan(column), np.nan, 0.5)
    return np.asarray((column - low) / (high - low))


def _z_score(column: Floats) -> Floats:
    known = _known(column)
    if not known or min(known) == max(known):
        return np.where(np.isnan(column), np.nan, 0.0)
    mean = fsum(known) / len(known)
    deviation = sqrt(fsum((value - mean) ** 2 for value in known) / len(known))
    return np.asarray((column - mean) / deviation)


def _vector(column: Floats) -> Floats:
    length = sqrt(fsum(value**2 for value in _known(column)))
    return column if length == 0 else np.asarray(column / length)


_SCALES: Mapping[str, Callable[[Floats], Floats]] = {
    "min-max": _min_max,
    "z-score": _z_score,
    "vector": _vector,
}
