"""Tables of indicators: counts by group become rates with two decimals, beside the counts that they are made of.

Tested by `tests/paas/case/evaluation/test_indicatortable.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stcloud.paas.case.evaluation.casecounts import CaseCounts
from stcloud.paas.case.evaluation.grouping import GroupKey
from stcloud.paas.case.evaluation.schemeclauses import IndicatorClause
from stcloud.time.micros import HOUR_US

__all__ = ["IndicatorColumns", "rate_percent", "table_of"]

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class IndicatorColumns:
    """Where the counts of an indicator are; None: it has none."""

    clause: IndicatorClause
    numerator: int
    denominator: int | None
    total: int | None


def rate_percent(numerator: Counts, denominator: Counts) -> pa.DoubleArray:
    """Return rates in per cent with two decimals, halves up; null where the denominator is 0.

    >>> rate_percent(np.array([1, 0, 1]), np.array([3, 0, 8])).to_pylist()
    [33.33, None, 12.5]
    """
    of = np.maximum(denominator, 1)
    return pa.array((numerator * 20_000 + of) // (2 * of) / 100, mask=denominator == 0)


def table_of(
    indicators: Mapping[str, IndicatorColumns], keys: Sequence[GroupKey], counts: CaseCounts
) -> tuple[pa.Table, pa.Table]:
    """Return a row for each group, and a row of all groups."""
    numbers, listed = counts.keys, counts.counts
    labels = [key.labels(numbers[:, place]) for place, key in enumerate(keys) if len(numbers)]
    order = sorted(
        range(len(numbers)), key=lambda row: [(label[row] is None, label[row] or "") for label in labels]
    )
    groups = {
        key.name: pa.array([labels[place][row] for row in order], pa.string())
        if len(numbers)
        else pa.array([], pa.string())
        for place, key in enumerate(keys)
    }
    whole = listed.sum(axis=0, keepdims=True)
    total = pa.table(_columns(indicators, whole))
    if not keys:
        return total, total
    return pa.table(groups | _columns(indicators, listed[order])), total


def _columns(indicators: Mapping[str, IndicatorColumns], counts: Counts) -> dict[str, pa.Array]:
    columns: dict[str, pa.Array] = {}
    for name, place in indicators.items():
        numerator = counts[:, place.numerator]
        if place.denominator is not None:
            denominator = counts[:, place.denominator]
            columns[name] = rate_percent(numerator, denominator)
            columns |= {
                f"{name}_numerator": pa.array(numerator),
                f"{name}_denominator": pa.array(denominator),
            }
        elif place.total is None:
            columns[name] = pa.array(numerator)
        elif place.clause.times is not None:
            columns[name] = pa.array(_total(counts, place.total), pa.int64())
        else:
            hours = _hours(_total(counts, place.total), numerator.tolist())
            columns |= {name: pa.array(hours, pa.float64()), f"{name}_cases": pa.array(numerator)}
    return columns


def _total(counts: Counts, place: int) -> list[int]:
    """Return sums of any size, from their two halves."""
    return [(high << 26) + low for high, low in counts[:, place : place + 2].tolist()]


def _hours(total_us: Sequence[int], cases: Sequence[int]) -> list[float | None]:
    return [
        None if not count else ((total * 200 + count * HOUR_US) // (2 * count * HOUR_US)) / 100
        for total, count in zip(total_us, cases, strict=True)
    ]
