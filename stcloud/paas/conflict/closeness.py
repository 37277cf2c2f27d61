"""Closeness: how far two features are from each other, in the plane and in depth.

Tested by `tests/paas/conflict/test_conflictsearch.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.paas.conflict.conflictrules import ConflictRule
from stcloud.paas.conflict.pairing import Pairs
from stcloud.paas.conflict.planversions import PlanVersions

__all__ = ["Close", "close_pairs"]

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Close:
    """Pairs of features that are too close.

    Attributes
    ----------
    pairs
        Which.
    place
        ``(k,)`` WKB: what they share, or the shortest line between them.
    distance_m, vertical_m
        ``(k,)`` float64: how far they are apart in the plane, and between their ranges of heights; NaN where the rule
        is about the plane alone.
    """

    pairs: Pairs
    place: pa.Array
    distance_m: Floats
    vertical_m: Floats


def close_pairs(rule: ConflictRule, plan: PlanVersions, other: PlanVersions, pairs: Pairs) -> Close:
    """Return the pairs that are closer than a rule allows: of what must be 0 m apart, those that meet."""
    left, right = pairs
    distance = shapely.distance(plan.shape[left], other.shape[right])
    close = (distance == 0) | (distance < rule.reach_m)
    gap = np.full(len(left), np.nan)
    if rule.gap_m is not None:
        lower = np.maximum(plan.zmin[left], other.zmin[right])
        upper = np.minimum(plan.zmax[left], other.zmax[right])
        gap = np.maximum(lower - upper, 0.0)
        close &= (gap == 0) | (gap < rule.gap_m)
    left, right, distance = left[close], right[close], distance[close]
    shapes = np.where(
        distance == 0,
        shapely.intersection(plan.shape[left], other.shape[right]),
        shapely.shortest_line(plan.shape[left], other.shape[right]),
    )
    return Close((left, right), pa.array(shapely.to_wkb(shapes), pa.binary()), distance, gap[close])
