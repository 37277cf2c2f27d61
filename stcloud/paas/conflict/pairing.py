"""Pairing: which versions of two plans a rule can match, and in which period.

Tested by `tests/paas/conflict/test_conflictsearch.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.paas.conflict.conflictrules import ConflictRule, RuleSide
from stcloud.paas.conflict.planversions import PlanVersions, digests_of

__all__ = ["DatedRule", "Pairs", "RulePairs", "pair_blocks", "side_of"]

Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.int64]
Pairs: TypeAlias = tuple[Ints, Ints]
"""Positions of versions of the one plan and of the other, those of one version of the first together."""

_BLOCK = 8192


@dataclass(frozen=True, slots=True)
class DatedRule:
    """A rule, and when it binds: half-open, UTC microseconds."""

    rule: ConflictRule
    from_us: int
    to_us: int


def side_of(side: RuleSide, plan: PlanVersions) -> Bools:
    """Return ``(n,)`` whether versions match a side of a rule."""
    if side.layer not in (None, plan.layer):
        return np.zeros(len(plan), np.bool_)
    if not side.use:
        return np.ones(len(plan), np.bool_)
    codes = pa.array(plan.use, pa.string()).dictionary_encode()
    wanted = np.array([use in side.use for use in codes.dictionary.to_pylist()] + [False])
    matches: Bools = wanted[codes.indices.fill_null(len(wanted) - 1).to_numpy(zero_copy_only=False)]
    return matches


@dataclass(frozen=True)
class RulePairs:
    """A rule between two plans: which versions of each it can match.

    Parameters
    ----------
    bound
        The rule.
    plan, other
        The plans.
    """

    bound: DatedRule
    plan: PlanVersions
    other: PlanVersions

    @cached_property
    def digests(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Digests of the features of both plans."""
        return self.plan.digests, self.other.digests

    @cached_property
    def rule_digest(self) -> np.uint64:
        """Digest of the rule's name."""
        name = pa.RecordBatch.from_pydict({"rule": [self.bound.rule.id]})
        return np.uint64(digests_of(name)[0])

    @cached_property
    def _sides(self) -> tuple[Bools, Bools, Bools, Bools]:
        first, second = self.bound.rule.sides
        one_first, one_second = side_of(first, self.plan), side_of(second, self.plan)
        return one_first, one_second, side_of(first, self.other), side_of(second, self.other)

    @cached_property
    def rows(self) -> tuple[Bools, Bools]:
        """Which versions of the one plan, and of the other, some pair can have."""
        one_first, one_second, other_first, other_second = self._sides
        plan = one_first & other_second.any() | one_second & other_first.any()
        other = other_first & one_second.any() | other_second & one_first.any()
        return plan, other

    def matches(self, pairs: Pairs) -> Bools:
        """Return which pairs match the sides, in either order."""
        left, right = pairs
        one_first, one_second, other_first, other_second = self._sides
        matches: Bools = one_first[left] & other_second[right] | one_second[left] & other_first[right]
        return matches

    def periods(self, pairs: Pairs) -> tuple[Ints, Ints]:
        """Return from when to when both versions are valid and the rule binds; empty where the end is not later."""
        left, right = pairs
        start = np.maximum(np.maximum(self.plan.from_us[left], self.other.from_us[right]), self.bound.from_us)
        end = np.minimum(np.minimum(self.plan.to_us[left], self.other.to_us[right]), self.bound.to_us)
        return start, end

    def there(self, pairs: Pairs, window: tuple[int, int]) -> Bools:
        """Return which pairs match, at some instant of a half-open window in time."""
        start, end = self.periods(pairs)
        held: Bools = np.maximum(start, window[0]) < np.minimum(end, window[1])
        return held & self.matches(pairs)


def pair_blocks(
    plan: PlanVersions, other: PlanVersions, rows: tuple[Bools, Bools], reach_m: float = 0.0
) -> Iterator[Pairs]:
    """Give the pairs of versions that are near each other, each once, block by block of the one plan.

    Parameters
    ----------
    plan, other
        The plans, along a curve.
    rows
        Which versions of each take part.
    reach_m
        How close they are at most; 0: their boxes meet.
    """
    left_rows, right_rows = (np.flatnonzero(chosen) for chosen in rows)
    if not len(left_rows) or not len(right_rows):
        return
    tree = shapely.STRtree(other.shape[right_rows])
    for start in range(0, len(left_rows), _BLOCK):
        block = left_rows[start : start + _BLOCK]
        shapes = plan.shape[block]
        near: Sequence[Ints] = (
            tree.query(shapes, predicate="dwithin", distance=reach_m) if reach_m else tree.query(shapes)
        )
        yield block[near[0]], right_rows[near[1]]
