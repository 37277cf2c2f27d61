"""How far ranks depend on weights: by drawn changes of the weights, and by leaving out each indicator.

Tested by `tests/paas/indicator/test_weightsensitivity.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.paas.indicator.composite import Composite, Missing, Weigher, composite_of, topsis, weighted_sums
from stcloud.paas.indicator.normalised import normalised
from stcloud.paas.indicator.tiedranks import tied_ranks

__all__ = ["WeightSensitivity", "check_draws", "weight_sensitivity"]

Floats = NDArray[np.float64]
_MOST_DRAWS = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class WeightSensitivity:
    """How the ranks of groups change.

    Attributes
    ----------
    lowest, highest
        ``(groups,)`` float64: the best and the worst rank (the lowest and the highest number) of all draws, and with
        the weights as they are; NaN: the group has no score. None: no weights were drawn.
    kept
        ``(groups,)`` float64: share of the draws in which the group has the rank that it has.
    without
        Ranks without each indicator, ``(groups,)`` float64, by its name.
    """

    lowest: Floats | None
    highest: Floats | None
    kept: Floats | None
    without: dict[str, Floats]


def weight_sensitivity(
    composite: Composite, weigh: Weigher, *, spread: float = 0.1, draws: int = 1000, seed: int | None = None
) -> WeightSensitivity:
    """Return how far the ranks of a composite depend on its weights.

    Parameters
    ----------
    composite, weigh
        The composite, and what gave its weights: anew without each indicator.
    spread
        Each weight is multiplied by a number drawn evenly from ``1 - spread`` to ``1 + spread``, and all are brought
        to a sum of 1 again; from 0 to 1.
    draws, seed
        How often, and the seed of numpy's PCG64: the same seed draws the same. ``draws=0``, and a composite without
        weights (``pca``): none are drawn.

    Raises
    ------
    InvalidInput
        ``no-seed``: weights are drawn, and no seed is given; ``bad-seed``, ``bad-spread``, ``bad-draws``.
    """
    check_draws(composite.method, spread, draws, seed)
    without = {name: _ranks_without(composite, weigh, name) for name in composite.matrix.names}
    if len(without) == 1:
        without = {}
    if draws == 0 or composite.method == "pca":
        return WeightSensitivity(None, None, None, without)
    assert seed is not None  # noqa: S101  (checked)
    ranks = _drawn_ranks(composite, spread, draws, seed)
    all_ranks = np.vstack([composite.ranks, *ranks])
    kept = np.where(np.isnan(composite.ranks), np.nan, np.mean(np.array(ranks) == composite.ranks, axis=0))
    return WeightSensitivity(all_ranks.min(axis=0), all_ranks.max(axis=0), kept, without)


def check_draws(method: str, spread: float, draws: int, seed: int | None) -> None:
    """Refuse draws of weights that are none; errors are those of `weight_sensitivity`."""
    if not 0 <= spread <= 1:
        raise InvalidInput(
            "bad-spread", f"a spread of {spread:g} is not from 0 to 1", hint="use 0.1: ten per cent"
        )
    if not 0 <= draws <= _MOST_DRAWS:
        raise InvalidInput("bad-draws", f"{draws:,} draws are not from 0 to {_MOST_DRAWS:,}", hint="use 1000")
    if seed is not None and seed < 0:
        raise InvalidInput("bad-seed", f"{seed} is no seed", hint="give a whole number of 0 or more")
    if seed is None and draws and method != "pca":
        raise InvalidInput(
            "no-seed", "weights are drawn at random, and no seed says how",
            hint="give a seed, any whole number, or draws=0", in_shell="give --seed, any whole number, or --draws 0",
        )  # fmt: skip


def _drawn_ranks(composite: Composite, spread: float, draws: int, seed: int) -> list[Floats]:
    """Return the ranks of all groups by each draw."""
    matrix = composite.matrix
    scored = ~np.isnan(composite.scores)
    comparable = normalised(matrix.of_groups(scored), composite.normalise)
    score = topsis if composite.method == "topsis" else weighted_sums
    chance = np.random.Generator(np.random.PCG64(seed))
    ranks = []
    for _ in range(draws):
        weights = composite.weights * chance.uniform(1 - spread, 1 + spread, len(composite.weights))
        total = weights.sum()
        drawn = np.full(len(matrix.groups), np.nan)
        drawn[scored] = score(comparable, weights / total if total > 0 else composite.weights)
        ranks.append(tied_ranks(drawn, composite.ties))
    return ranks


def _ranks_without(composite: Composite, weigh: Weigher, name: str) -> Floats:
    """Return ranks without an indicator, of the groups that were scored with it; NaN where it leaves no score."""
    matrix = composite.matrix
    scored = ~np.isnan(composite.scores)
    ranks = np.full(len(matrix.groups), np.nan)
    if len(matrix.names) == 1:
        return ranks
    part = matrix.of_groups(scored).without(name)
    missing: Missing = "leave-out" if part.complete.all() else "reweigh"
    normalise = None if composite.method == "pca" else composite.normalise
    try:
        fewer = composite_of(part, weigh, composite.method, normalise, missing=missing, ties=composite.ties)
    except InvalidInput as error:
        if error.kind not in ("no-spread", "no-first-component", "no-weight", "no-groups"):
            raise
        return ranks
    ranks[scored] = fewer.ranks
    return ranks
