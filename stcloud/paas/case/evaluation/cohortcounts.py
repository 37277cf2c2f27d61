"""Counts of the indicators of one evaluation, cohort by cohort, in one pass over facts.

Tested by `tests/paas/case/evaluation/test_evaluation.py`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.iaas.conversion import numbers_of, scalar, truths_of
from stcloud.paas.case.evaluation.casecounts import CaseCounts, GroupsOfRows, counts_of, sums_of
from stcloud.paas.case.evaluation.cohort import Cohort
from stcloud.paas.case.evaluation.evaluationplan import Measured
from stcloud.paas.case.evaluation.grouping import GroupKey
from stcloud.paas.case.evaluation.indicatortable import IndicatorColumns
from stcloud.paas.case.evaluation.schemeclauses import Basis
from stcloud.paas.case.evaluation.truths import Truths
from stcloud.time import Bools, Micros

__all__ = ["CohortCounts", "CountedCases", "count_cases"]

_WORKERS = 2
_AHEAD = 4
_ZERO = scalar(0, pa.int64())


@dataclass(frozen=True, slots=True, eq=False)
class CountedCases:
    """What was counted.

    Attributes
    ----------
    columns
        Of each indicator, where its counts are.
    counts
        By group.
    undated
        How many cases have no instant of a basis.
    """

    columns: Mapping[str, IndicatorColumns]
    counts: CaseCounts
    undated: Mapping[Basis, int]


@dataclass(frozen=True, slots=True, eq=False)
class _BatchCounts:
    """Counts of a batch, of one cohort."""

    cohort: CohortCounts
    groups: GroupsOfRows | None
    counts: npt.NDArray[np.int64] | None
    undated: int


class CohortCounts:
    """The indicators of one cohort: which conditions they look at, and where their counts go.

    Parameters
    ----------
    cohort
        Of all of them.
    indicators
        What is counted.
    first
        The first column of counts that is theirs.

    Attributes
    ----------
    nodes
        Conditions, each once.
    columns
        Of each indicator, where its counts are.
    after
        The first column of counts behind theirs.
    """

    def __init__(self, cohort: Cohort, indicators: Sequence[Measured], first: int) -> None:
        self.cohort, self.first = cohort, first
        nodes = (
            node for each in indicators for node in (each.numerator, each.denominator) if node is not None
        )
        self.nodes = tuple(dict.fromkeys(nodes))
        places = {node: first + place for place, node in enumerate(self.nodes)}
        self.after = first + len(self.nodes)
        self.columns: dict[str, IndicatorColumns] = {}
        self._sums: list[tuple[Measured, int]] = []
        for each in indicators:
            total = None
            if each.clause.times is not None or each.clause.start is not None:
                self._sums.append((each, places[each.numerator] - first))
                total, self.after = self.after, self.after + 2
            denominator = None if each.denominator is None else places[each.denominator]
            self.columns[each.name] = IndicatorColumns(
                each.clause, places[each.numerator], denominator, total
            )

    def of(
        self, rows: pa.RecordBatch, masks: Sequence[Bools], numbers: Callable[[Micros], list[Micros]]
    ) -> _BatchCounts:
        """Return the counts of a batch.

        Parameters
        ----------
        rows
            Facts.
        masks
            For each condition where it is true.
        numbers
            Gives those of the groups, by the instants of the cohort.
        """
        within, at_us, undated = self.cohort.of(rows)
        if not within.any():
            return _BatchCounts(self, None, None, undated)
        chosen_us = np.where(within, at_us, at_us[within.argmax()])  # bins of no others need be told apart
        groups = GroupsOfRows(numbers(chosen_us), within)
        parts = [counts_of(groups, masks)]
        parts += [sums_of(groups, masks[place], _values(each, rows)) for each, place in self._sums]
        return _BatchCounts(self, groups, np.column_stack(parts), undated)

    def add(self, part: _BatchCounts, counts: CaseCounts) -> None:
        """Add the counts of a batch."""
        if part.groups is not None and part.counts is not None:
            counts.add(part.groups, np.arange(self.first, self.after), part.counts)


def count_cases(
    batches: Iterable[pa.RecordBatch], indicators: Sequence[Measured], keys: Sequence[GroupKey]
) -> CountedCases:
    """Count the cases of indicators by group.

    Parameters
    ----------
    batches
        Facts, with the columns that indicators and groups look at.
    indicators
        What is counted; those of a cohort share a pass.
    keys
        What tells the groups apart.
    """
    cohorts: list[CohortCounts] = []
    for cohort in dict.fromkeys(each.cohort for each in indicators):
        first = cohorts[-1].after if cohorts else 0
        cohorts.append(CohortCounts(cohort, [each for each in indicators if each.cohort == cohort], first))
    nodes = tuple(dict.fromkeys(node for cohort in cohorts for node in cohort.nodes))
    truths = Truths(nodes)
    places = [[nodes.index(node) for node in cohort.nodes] for cohort in cohorts]
    counts = CaseCounts(cohorts[-1].after if cohorts else 0)
    undated: dict[Basis, int] = dict.fromkeys((each.cohort.basis for each in cohorts), 0)

    def parts_of(rows: pa.RecordBatch, texts: Mapping[str, Micros]) -> list[_BatchCounts]:
        masks = [truths_of(truth) for truth in truths.of(rows)]

        def numbers(at_us: Micros) -> list[Micros]:
            return [texts[key.name] if key.name in texts else key.numbers(rows, at_us) for key in keys]

        return [
            cohort.of(rows, [masks[place] for place in needed], numbers)
            for cohort, needed in zip(cohorts, places, strict=True)
        ]

    for parts in _in_order(parts_of, _with_texts(batches, keys)):
        for part in parts:
            undated[part.cohort.cohort.basis] += part.undated
            part.cohort.add(part, counts)
    return CountedCases(
        {name: at for cohort in cohorts for name, at in cohort.columns.items()}, counts, undated
    )


def _with_texts(
    batches: Iterable[pa.RecordBatch], keys: Sequence[GroupKey]
) -> Iterator[tuple[pa.RecordBatch, dict[str, Micros]]]:
    """Give each batch with the numbers of its texts, which are numbered in order of the batches."""
    for rows in batches:
        yield rows, {key.name: key.numbers(rows, np.zeros(0, np.int64)) for key in keys if not key.timed}


def _in_order(work: Callable[..., Any], batches: Iterator[tuple[Any, ...]]) -> Iterator[Any]:
    """Give what comes of each batch, in order; the next ones are worked on meanwhile."""
    first = next(batches, None)
    second = next(batches, None)
    if first is not None and second is None:
        yield work(*first)
    if first is None or second is None:
        return
    with ThreadPoolExecutor(_WORKERS) as pool:
        pending: deque[Future[Any]] = deque((pool.submit(work, *first), pool.submit(work, *second)))
        for batch in batches:
            if len(pending) >= _AHEAD:
                yield pending.popleft().result()
            pending.append(pool.submit(work, *batch))
        while pending:
            yield pending.popleft().result()


def _values(each: Measured, rows: pa.RecordBatch) -> Micros:
    """Return what an indicator adds up of each row; of hours microseconds."""
    clause = each.clause
    if clause.times is not None:
        return _whole(rows.column(clause.times))
    assert clause.start is not None and clause.end is not None  # noqa: S101, PT018  (of the unit hours)
    return _whole(rows.column(clause.end)) - _whole(rows.column(clause.start))


def _whole(column: pa.Array) -> Micros:
    whole = column.cast(pa.int64())
    filled: Micros = numbers_of(pc.fill_null(whole, _ZERO) if whole.null_count else whole)
    return filled
