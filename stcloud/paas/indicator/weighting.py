"""Weights of indicators: stated by the tree or by the caller, equal, or by entropy.

Tested by `tests/paas/indicator/test_weighting.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum, isfinite, log

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.indicator.indicatormatrix import IndicatorMatrix
from stcloud.paas.indicator.normalised import normalised

__all__ = ["entropy_weights", "equal_weights", "given_weights"]

Floats = NDArray[np.float64]


def equal_weights(matrix: IndicatorMatrix) -> Floats:
    """Return the same weight for each indicator; together they are 1."""
    return np.full(len(matrix.names), 1 / len(matrix.names))


def given_weights(matrix: IndicatorMatrix, stated: Mapping[str, float]) -> Floats:
    """Return weights as they are stated, brought to a sum of 1.

    Raises
    ------
    NotFound
        ``unknown-indicator``: a weight is of none of these indicators.
    InvalidInput
        ``unclear-weights``: an indicator has none, or one is negative or no number; ``no-weight``: all are 0.
    """
    strange = next((name for name in stated if name not in matrix.names), None)
    if strange is not None:
        raise NotFound(
            "unknown-indicator", f"there is no indicator '{strange}' that a weight could be of",
            nearest=nearest(strange, matrix.names),
        )  # fmt: skip
    lacking = next((name for name in matrix.names if name not in stated), None)
    if lacking is not None:
        raise InvalidInput(
            "unclear-weights", f"'{lacking}' has no weight", hint="state one of each indicator"
        )
    wrong = next((name for name, weight in stated.items() if not isfinite(weight) or weight < 0), None)
    if wrong is not None:
        raise InvalidInput(
            "unclear-weights", f"the weight of '{wrong}' is {stated[wrong]:g}", hint="state 0 or more of each"
        )
    total = fsum(stated.values())
    if total == 0:
        raise InvalidInput("no-weight", "all weights are 0", hint="state one that is greater")
    return np.array([stated[name] / total for name in matrix.names])


def entropy_weights(matrix: IndicatorMatrix) -> Floats:
    """Return weights by entropy: an indicator counts the more, the more unequally its values are spread.

    With ``p`` the share of each of the ``n`` groups that have a value in the sum of a column, normalised by min-max,
    the entropy of the column is ``e = -sum(p ln p) / ln n`` with ``0 ln 0 = 0``; its weight is ``1 - e``, brought to
    a sum of 1 (Shannon's entropy, as multi-criteria decisions use it). A column without differences weighs 0.

    Raises
    ------
    InvalidInput
        ``no-spread``: there are fewer than two groups, or none differ.

    Examples
    --------
    >>> columns = {"even": [1.0, 2.0, 3.0], "flat": [5.0, 5.0, 5.0]}
    >>> matrix = IndicatorMatrix.of(["a", "b", "c"], columns, {"even": "higher", "flat": "higher"})
    >>> entropy_weights(matrix).tolist()
    [1.0, 0.0]
    """
    spread = [
        1 - _entropy([float(value) for value in column[~np.isnan(column)]]) for column in normalised(matrix).T
    ]
    total = fsum(spread)
    if total <= 0:
        raise InvalidInput(
            "no-spread", "no indicator tells a group from another: entropy gives no weights",
            hint="use equal or stated weights, or more groups",
        )  # fmt: skip
    return np.array([each / total for each in spread])


def _entropy(column: list[float]) -> float:
    if len(column) < 2 or min(column) == max(column):
        return 1.0
    total = fsum(column)
    return -fsum(part * log(part) for value in column if (part := value / total) > 0) / log(len(column))
