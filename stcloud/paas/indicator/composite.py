"""Composite scores: a weighted sum, the distance to the ideal (TOPSIS), or the first principal component.

Tested by `tests/paas/indicator/test_composite.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import fsum, sqrt
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.paas.indicator.indicatormatrix import IndicatorMatrix
from stcloud.paas.indicator.normalised import Normalisation, check_normalisation, constant_columns, normalised
from stcloud.paas.indicator.tiedranks import Ties, check_ties, tied_ranks

__all__ = [
    "METHODS",
    "MISSING",
    "Composite",
    "Method",
    "Missing",
    "check_options",
    "composite_of",
    "topsis",
    "weighted_sums",
]

Floats = NDArray[np.float64]
Weigher: TypeAlias = Callable[[IndicatorMatrix], Floats]
"""Gives the weights of the indicators of a matrix, ``(names,)``, together 1."""

Method: TypeAlias = Literal["sum", "topsis", "pca"]
METHODS: tuple[str, ...] = get_args(Method)
Missing: TypeAlias = Literal["leave-out", "reweigh", "refuse"]
MISSING: tuple[str, ...] = get_args(Missing)
_EQUAL = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Composite:
    """Scores of groups.

    Attributes
    ----------
    matrix
        The values of all groups.
    scores, ranks
        ``(groups,)`` float64, higher being better, and 1 being the first; NaN: the group has no score.
    weights
        ``(names,)`` float64, together 1; of the first principal component its loadings, whose squares are 1 together.
    method, normalise, ties
        How it was made.
    explained
        Share of the variance that the first principal component has; None: another method.
    constant
        Indicators of which all groups that were scored have the same value.
    """

    matrix: IndicatorMatrix
    scores: Floats
    ranks: Floats
    weights: Floats
    method: Method
    normalise: Normalisation
    ties: Ties
    explained: float | None
    constant: tuple[str, ...]


def composite_of(
    matrix: IndicatorMatrix, weigh: Weigher, method: Method = "sum", normalise: Normalisation | None = None,
    *, missing: Missing = "leave-out", ties: Ties = "min",
) -> Composite:  # fmt: skip
    """Return the scores of groups.

    Parameters
    ----------
    matrix, weigh
        The values, and what gives their weights; the first principal component has none.
    method
        ``sum``: of weights times normalised values. ``topsis``: how near to the best values of all indicators, over
        how near to these and how far from the worst ones. ``pca``: the first principal component of z-scores.
    normalise
        As for `normalised`; None: ``min-max``, of ``topsis`` ``vector``; ``pca`` is of ``z-score`` always.
    missing
        Groups without all values: ``leave-out`` has no score of them; ``reweigh`` takes the weights of the values
        that there are, brought to a sum of 1, of sums only; ``refuse``.
    ties
        As for `tied_ranks`.

    Raises
    ------
    InvalidInput
        ``unknown-method``, ``unknown-normalisation``, ``unknown-ties``, ``no-target``; ``missing-values``: some are,
        and they are refused; ``needs-complete``: ``reweigh`` of another method; ``no-spread``: no group differs;
        ``no-first-component``: two components explain the same; ``no-groups``: none has all values.
    """
    check_options(method, normalise, missing, ties)
    if missing == "refuse" and (lacking := matrix.lacking()):
        group, names = next(iter(lacking.items()))
        raise InvalidInput(
            "missing-values", f"'{group}' has no value of '{names[0]}'",
            hint='enter it, or use missing="leave-out" or "reweigh"',
            in_shell="enter it, or use --missing leave-out or reweigh",
        )  # fmt: skip
    kept = np.asarray(~np.isnan(matrix.values).all(axis=1)) if missing == "reweigh" else matrix.complete
    if not kept.any():
        raise InvalidInput(
            "no-groups", "no group has a value of each indicator",
            hint="see which are missing: city.indicators.values(...)",
            in_shell="see which are missing: stcloud indicators values CITY",
        )  # fmt: skip
    part = matrix.of_groups(kept)
    scale: Normalisation = normalise or ("vector" if method == "topsis" else "min-max")
    scale, explained = ("z-score" if method == "pca" else scale), None
    comparable = normalised(part, scale)
    if method == "pca":
        few, weights, explained = _first_component(comparable)
    else:
        weights = weigh(part)
        few = (topsis if method == "topsis" else weighted_sums)(comparable, weights)
    scores = np.full(len(matrix.groups), np.nan)
    scores[kept] = few
    constant = constant_columns(part)
    return Composite(
        matrix, scores, tied_ranks(scores, ties), weights, method, scale, ties, explained, constant
    )


def weighted_sums(comparable: Floats, weights: Floats) -> Floats:
    """Return the weighted sum of each row; of a row that lacks values, over the weights of those that it has.

    >>> weighted_sums(np.array([[1.0, 0.0], [0.5, np.nan]]), np.array([0.75, 0.25])).tolist()
    [0.75, 0.5]
    """
    sums = []
    for row in comparable:
        given = [
            (float(value), float(weight))
            for value, weight in zip(row, weights, strict=True)
            if not np.isnan(value)
        ]
        total = 1.0 if len(given) == len(row) else fsum(weight for _, weight in given)
        sums.append(fsum(value * weight for value, weight in given) / total if total > 0 else np.nan)
    return np.array(sums)


def topsis(comparable: Floats, weights: Floats) -> Floats:
    """Return how near each row is to the ideal, 0 to 1 (Hwang and Yoon, 1981), by Euclidean distances.

    Raises
    ------
    InvalidInput
        ``no-spread``: all rows are equal.

    >>> topsis(np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]), np.array([0.5, 0.5])).tolist()
    [0.5, 0.0, 0.5]
    """
    weighted = comparable * weights
    best, worst = weighted.max(axis=0), weighted.min(axis=0)
    near, far = ([_distance(row, place) for row in weighted] for place in (worst, best))
    if (best == worst).all():
        raise InvalidInput(
            "no-spread", "all groups have the same values: none is nearer to the ideal",
            hint="use other indicators, or more groups",
        )  # fmt: skip
    return np.array([low / (low + high) for low, high in zip(near, far, strict=True)])


def _distance(row: Floats, place: Floats) -> float:
    return sqrt(fsum(float(part) ** 2 for part in row - place))


def _first_component(standard: Floats) -> tuple[Floats, Floats, float]:
    """Return scores, loadings and the share of the variance of the first principal component of z-scores.

    Its sign is such that the sum of loadings is positive: a group that is better by all indicators scores higher.
    """
    count = len(standard)
    shares = np.array(
        [[fsum(left * right) / count for right in standard.T] for left in standard.T], np.float64
    )
    values, vectors = np.linalg.eigh(shares)
    total = fsum(values)
    if count < 2 or total <= 0:
        raise InvalidInput(
            "no-spread", "all groups have the same values: there is no component",
            hint="use other indicators, or more groups",
        )  # fmt: skip
    if len(values) > 1 and values[-1] - values[-2] <= _EQUAL * values[-1]:
        raise InvalidInput(
            "no-first-component", "two principal components explain the same share: none is the first",
            hint="use weights, or other indicators",
        )  # fmt: skip
    loadings = vectors[:, -1]
    total_loading = fsum(loadings)
    leading = loadings[np.abs(loadings) > _EQUAL][0] if abs(total_loading) <= _EQUAL else total_loading
    loadings = loadings * np.sign(leading)
    scores = np.array([fsum(row * loadings) for row in standard])
    return scores, loadings, float(values[-1] / total)


def check_options(method: str, normalise: str | None, missing: str, ties: str) -> None:
    """Refuse options of `composite_of` that are none, or do not go together; errors are those of it."""
    check_ties(ties)
    if normalise is not None:
        check_normalisation(normalise)
    if method not in METHODS:
        raise InvalidInput(
            "unknown-method", f"'{method}' is no way to make a score", hint=f"use {', '.join(METHODS)}"
        )
    if missing not in MISSING:
        raise InvalidInput(
            "unknown-missing",
            f"'{missing}' is no way to treat missing values",
            hint=f"use {', '.join(MISSING)}",
        )
    if missing == "reweigh" and method != "sum":
        raise InvalidInput(
            "needs-complete", f"'{method}' needs all values of a group",
            hint='use missing="leave-out", or method="sum"',
            in_shell="use --missing leave-out, or --method sum",
        )  # fmt: skip
    if method == "pca" and normalise not in (None, "z-score"):
        raise InvalidInput(
            "unknown-normalisation", f"principal components are of z-scores, not of '{normalise}'",
            hint="leave out how values are normalised",
        )  # fmt: skip
