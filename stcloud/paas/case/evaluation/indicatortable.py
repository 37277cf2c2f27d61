"""Tables of indicators: counts by group become rates with two decimals, beside the counts that they are made of.

Tested by `tests/paas/case/evaluation/test_indicatortable.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.iaas.conversion import scalar, texts, whole_numbers
from stcloud.paas.case.evaluation.casecounts import CaseCounts
from stcloud.paas.case.evaluation.grouping import GroupKey
from stcloud.paas.case.evaluation.schemeclauses import IndicatorClause
from stcloud.time.micros import HOUR_US

__all__ = ["IndicatorColumns", "rate_percent", "table_of"]

Counts = npt.NDArray[np.int64]
_ZERO = scalar(0, pa.int64())


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
    return _hundredths((numerator * 20_000 + of) // (2 * of), denominator)


def table_of(
    indicators: Mapping[str, IndicatorColumns], keys: Sequence[GroupKey], counts: CaseCounts
) -> tuple[pa.Table, pa.Table]:
    """Return a row for each group, and a row of all groups."""
    numbers, listed = counts.keys, counts.counts
    labels = [key.labels(numbers[:, place]) if len(numbers) else [] for place, key in enumerate(keys)]
    order = sorted(
        range(len(numbers)), key=lambda row: [(label[row] is None, label[row] or "") for label in labels]
    )
    groups = {
        key.name: _texts([label[row] for row in order]) for key, label in zip(keys, labels, strict=True)
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
                f"{name}_numerator": whole_numbers(numerator),
                f"{name}_denominator": whole_numbers(denominator),
            }
        elif place.total is None:
            columns[name] = whole_numbers(numerator)
        elif place.clause.times is not None:
            columns[name] = whole_numbers(np.array(_total(counts, place.total), np.int64))
        else:
            hours = _hours(_total(counts, place.total), numerator.tolist())
            columns |= {name: _hundredths(hours, numerator), f"{name}_cases": whole_numbers(numerator)}
    return columns


def _total(counts: Counts, place: int) -> list[int]:
    """Return sums of any size, from their two halves."""
    return [(high << 26) + low for high, low in counts[:, place : place + 2].tolist()]


def _hours(total_us: Sequence[int], cases: Sequence[int]) -> Counts:
    """Return averages in hundredths of an hour, halves up; 0 where there are no cases."""
    averages = [
        (total * 200 + count * HOUR_US) // (2 * count * HOUR_US) if count else 0
        for total, count in zip(total_us, cases, strict=True)
    ]
    return np.array(averages, np.int64)


def _hundredths(values: Counts, cases: Counts) -> pa.DoubleArray:
    """Return a hundredth of each value; null where there are no cases."""
    parts = pc.divide(whole_numbers(values).cast(pa.float64()), scalar(100.0, pa.float64()))
    return pc.if_else(pc.equal(whole_numbers(cases), _ZERO), scalar(None, pa.float64()), parts)


def _texts(labels: Sequence[str | None]) -> pa.StringArray:
    known = texts([label or "" for label in labels])
    if None not in labels:
        return known
    missing = whole_numbers(np.array([label is None for label in labels], np.int64))
    return pc.if_else(pc.equal(missing, _ZERO), known, scalar(None, pa.string()))
