"""The search for conflicts: each pair of plans once, block by block.

Laws: **oracle**: a double loop over all pairs of versions finds the same; **order**: neither the order of plans nor
that of features matters; **slivers counted**: the areas of conflicts and of slivers sum to those of all pairs that
match.

Tested by `tests/paas/conflict/test_conflictsearch.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.index.sharedarea import Areas
from stcloud.paas.conflict.closeness import close_pairs
from stcloud.paas.conflict.conflictrows import conflict_rows
from stcloud.paas.conflict.conflictrules import SliverClause
from stcloud.paas.conflict.exclusion import shared_of
from stcloud.paas.conflict.pairing import DatedRule, RulePairs, pair_blocks
from stcloud.paas.conflict.planversions import PlanVersions

__all__ = ["ConflictBatch", "ConflictSearch"]

Bools: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ConflictBatch:
    """Conflicts of a block.

    Attributes
    ----------
    rows
        As `stcloud.paas.conflict.conflictrows.SCHEMA`, in no order.
    slivers, sliver_m2
        How many shared pieces were left out, and their area.
    """

    rows: pa.Table
    slivers: int = 0
    sliver_m2: float = 0.0


@dataclass(frozen=True, slots=True)
class ConflictSearch:
    """What to look for.

    Parameters
    ----------
    rules
        The rules, with their periods.
    tolerance
        Which shared pieces are slivers.
    window
        Only conflicts that hold at some instant of it: half-open, UTC microseconds.
    """

    rules: tuple[DatedRule, ...]
    tolerance: SliverClause
    window: tuple[int, int]

    def batches(self, plans: Sequence[PlanVersions]) -> Iterator[ConflictBatch]:
        """Give the conflicts between plans, each once.

        Notes
        -----
        O(n log n) for n versions, and an intersection for each pair that a rule can match whose boxes meet. Memory
        holds the plans and a block.
        """
        ordered = [plan.along_curve() for plan in sorted(plans, key=lambda plan: plan.place)]
        for plan, other in itertools.combinations(ordered, 2):
            matched = [RulePairs(bound, plan, other) for bound in self.rules]
            matched = [pairs for pairs in matched if pairs.bound.rule.joins(plan.layer, other.layer)]
            sharing = [pairs for pairs in matched if pairs.bound.rule.shares]
            if sharing:
                yield from self._sharing(plan, other, sharing)
            for pairs in matched:
                if not pairs.bound.rule.shares:
                    yield from self._close(pairs)

    def _sharing(
        self, plan: PlanVersions, other: PlanVersions, rules: Sequence[RulePairs]
    ) -> Iterator[ConflictBatch]:
        """Give the conflicts of exclusions; what a pair shares is computed once for all of them."""
        rows = _any([pairs.rows[0] for pairs in rules]), _any([pairs.rows[1] for pairs in rules])
        areas = Areas.of(plan.shape), Areas.of(other.shape)
        for block in pair_blocks(plan, other, rows):
            held = [pairs.there(block, self.window) for pairs in rules]
            any_held = _any(held)
            left, right = (part[any_held] for part in block)
            shared = shared_of(*areas, left, right, self.tolerance)
            for pairs, held_by in zip(rules, held, strict=True):
                there = held_by[any_held]
                kept = there & shared.exists
                rows = conflict_rows(
                    pairs, (left[kept], right[kept]), shared.place.filter(pa.array(kept)),
                    area_m2=shared.area_m2[kept], length_m=shared.length_m[kept],
                )  # fmt: skip
                yield ConflictBatch(
                    rows, int(shared.slivers[there].sum()), float(shared.sliver_m2[there].sum())
                )

    def _close(self, pairs: RulePairs) -> Iterator[ConflictBatch]:
        """Give the conflicts of a rule about distance, or clearance."""
        rule, (one_rows, other_rows) = pairs.bound.rule, pairs.rows
        if rule.gap_m is not None:
            one_rows, other_rows = one_rows & pairs.plan.has_depth, other_rows & pairs.other.has_depth
        for left, right in pair_blocks(pairs.plan, pairs.other, (one_rows, other_rows), rule.reach_m):
            there = pairs.there((left, right), self.window)
            close = close_pairs(rule, pairs.plan, pairs.other, (left[there], right[there]))
            yield ConflictBatch(
                conflict_rows(
                    pairs, close.pairs, close.place, distance_m=close.distance_m, vertical_m=close.vertical_m
                )
            )


def _any(masks: Sequence[Bools]) -> Bools:
    held: Bools = np.logical_or.reduce(masks)
    return held
