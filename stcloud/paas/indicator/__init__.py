"""Indicators: what numbers of a city mean, and what several of them say together (ring: paas).

Knows: definitions as data, trees of them, values as arrays, weights, scores, ranks. Must not know: layers, files,
loads, what the time is. All of it is pure: the city answers the questions that numerators and denominators are.

Nouns: an *indicator* is a numerator over a denominator, times a factor, or a value that people enter. A *node* is a
place in the *tree* that indicators hang in; a *frame* is a tree without indicators. A *matrix* has the values of
indicators by group. A *composite* is a score of each group, by *weights*; its *rank* is the place of the score.

Start at `indicatordocument.py` and `indicatortree.py`, then `indicatormatrix.py`, `normalised.py`, `weighting.py`,
`composite.py`, `tiedranks.py` and `weightsensitivity.py`.
"""

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.indicator.composite import Composite, composite_of
    from stcloud.paas.indicator.indicatormatrix import IndicatorMatrix
    from stcloud.paas.indicator.indicatortree import IndicatorTree
    from stcloud.paas.indicator.weightsensitivity import WeightSensitivity, weight_sensitivity

__all__ = [
    "Composite", "IndicatorMatrix", "IndicatorTree", "WeightSensitivity", "composite_of", "weight_sensitivity",
]  # fmt: skip

_HOMES = {
    "Composite": ".composite",
    "IndicatorMatrix": ".indicatormatrix",
    "IndicatorTree": ".indicatortree",
    "WeightSensitivity": ".weightsensitivity",
    "composite_of": ".composite",
    "weight_sensitivity": ".weightsensitivity",
}

__getattr__ = late_names(__name__, _HOMES)  # pydantic and numpy are slow to import
