"""Time to close: the plain median of closed cases, and beside it the Kaplan–Meier one, which counts open cases too.

The median of the closed alone is short where many cases stay open: what is hard has not been closed yet.

Tested by `tests/paas/case/evaluation/test_timetoclose.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.errors import InvalidInput
from stcloud.iaas.conversion import numbers_of, scalar, truths_of
from stcloud.paas.case.evaluation.cohort import Cohort
from stcloud.paas.case.evaluation.evaluationplan import EvaluationPlan
from stcloud.paas.case.evaluation.factbatches import Facts, batches_of, read_facts
from stcloud.paas.case.evaluation.grouping import GroupKey, group_key
from stcloud.paas.case.evaluation.survival import SurvivalCurve
from stcloud.paas.case.evaluation.truths import Truths
from stcloud.time import Bools, Micros

__all__ = ["EndInstant", "StartInstant", "TimeToClose", "time_to_close"]

StartInstant: TypeAlias = Literal["reported", "filed", "dispatched"]
EndInstant: TypeAlias = Literal["handled", "closed"]

_STARTS, _ENDS = ("reported", "filed", "dispatched"), ("handled", "closed")
_ZERO = scalar(0, pa.int64())


@dataclass(frozen=True, slots=True, eq=False)
class TimeToClose:
    """How long the cases of a group take, by the calendar, pauses among it.

    Attributes
    ----------
    closed, open
        How many have ended, and how many have not and are censored at the instant of the evaluation.
    median_closed_us
        Plain median of those that have ended, microseconds; the mean of two in the middle; None: none has.
    median_us
        Kaplan–Meier median: the least duration by which half of all cases has ended; None: less than half has.
    curve
        The share that lasts longer, by duration.
    """

    closed: int
    open: int
    median_closed_us: int | None
    median_us: int | None
    curve: SurvivalCurve

    @classmethod
    def of(cls, lasted_us: Micros, ended: Bools) -> TimeToClose:
        """Return it for cases; arguments are those of `SurvivalCurve.of`."""
        curve = SurvivalCurve.of(lasted_us, ended)
        done = int(ended.sum())
        median = int(np.median(lasted_us[ended])) if done else None
        return cls(done, len(ended) - done, median, curve.quantile_us(), curve)


def time_to_close(
    facts: Facts, plan: EvaluationPlan, start: StartInstant = "reported", end: EndInstant = "closed"
) -> dict[tuple[str | None, ...], TimeToClose]:
    """Return how long cases take, by group.

    Parameters
    ----------
    facts
        Of cases.
    plan
        Its groups, its instant, and its period: cases that started in it.
    start, end
        From which instant to which. Cases that were cancelled, or are not counted, are left out, and so are those
        that did not start.

    Returns
    -------
    By the labels of the groups, in order, what is not known last.

    Raises
    ------
    InvalidInput
        ``unknown-instant``: another start or end; ``not-facts``.
    """
    if start not in _STARTS or end not in _ENDS:
        given, known = (start, _STARTS) if start not in _STARTS else (end, _ENDS)
        raise InvalidInput(
            "unknown-instant", f"there is no time {given!r} to close", hint=f"use {', '.join(known)}"
        )
    source, cohort = read_facts(facts), Cohort(start, plan.period)
    keys = [group_key(name, plan.zone) for name in plan.by]
    truths = Truths([plan.policies.condition("valid")])
    columns = {f"{start}_at", f"{end}_at", *truths.columns, *(key.column for key in keys if key.column)}
    numbers, lasted, ended = (
        [np.zeros((0, len(keys)), np.int64)],
        [np.zeros(0, np.int64)],
        [np.zeros(0, np.bool_)],
    )
    for rows in batches_of(source, sorted(columns)):
        within, start_us, _ = cohort.of(rows)
        chosen = np.flatnonzero(within & truths_of(truths.of(rows)[0]))
        until_us, done = _until(rows.column(f"{end}_at"), plan.at_us)
        numbers.append(
            np.array([key.numbers(rows, start_us)[chosen] for key in keys], np.int64)
            .reshape(len(keys), len(chosen))
            .T
        )
        lasted.append(np.maximum(until_us - start_us, 0)[chosen])
        ended.append(done[chosen])
    return _by_group(keys, np.concatenate(numbers), np.concatenate(lasted), np.concatenate(ended))


def _until(end_at: pa.Array, at_us: int) -> tuple[Micros, Bools]:
    """Return until when cases were seen, and whether they ended then."""
    done = truths_of(end_at.is_valid())
    end_us = numbers_of(pc.fill_null(end_at.cast(pa.int64()), _ZERO))
    return np.where(done, end_us, at_us), done


def _by_group(
    keys: Sequence[GroupKey], numbers: npt.NDArray[np.int64], lasted_us: Micros, ended: Bools
) -> dict[tuple[str | None, ...], TimeToClose]:
    """Return the times of each group, in order of the labels."""
    if not len(numbers):
        return {}
    if not keys:
        return {(): TimeToClose.of(lasted_us, ended)}
    groups, member = np.unique(numbers, axis=0, return_inverse=True)
    member = member.reshape(-1)
    order = np.argsort(member, kind="stable")
    bounds = np.cumsum(np.bincount(member, minlength=len(groups)))[:-1]
    labels = [key.labels(groups[:, place]) for place, key in enumerate(keys)]
    parts = zip(np.split(lasted_us[order], bounds), np.split(ended[order], bounds), strict=True)
    return _sorted(
        {tuple(label[group] for label in labels): TimeToClose.of(*part) for group, part in enumerate(parts)}
    )


def _sorted(
    result: Mapping[tuple[str | None, ...], TimeToClose],
) -> dict[tuple[str | None, ...], TimeToClose]:
    ordered = sorted(result, key=lambda key: [(label is None, label or "") for label in key])
    return {key: result[key] for key in ordered}
