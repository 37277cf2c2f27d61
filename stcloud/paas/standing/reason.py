"""Why an alert was raised, and why none was: the rows, the window, the value, and the first condition that failed.

Tested by `tests/city/test_standing.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.paas.standing.alerting import StandingAlert
from stcloud.paas.standing.boundrule import BoundRule
from stcloud.paas.standing.incident import Sample, followed
from stcloud.paas.standing.rowbatch import RowBatch

__all__ = ["AlertReason", "WhyNot", "causes", "refusal"]


@dataclass(frozen=True, slots=True)
class AlertReason:
    """Why an alert was raised.

    Attributes
    ----------
    alert
        Its row.
    rule, document, version
        The rule in a line, as a TOML document, and its version.
    window
        From when to when rows are its cause, instants on the city's clock.
    value, threshold
        The highest (lowest) count or value, and what it was compared with.
    rows
        The rows, in order of time, as they were known at `known_at`.
    known_at
        The recorded instant, on the city's clock.
    """

    alert: dict[str, Any]
    rule: str
    document: str
    version: int
    window: tuple[str, str]
    value: float
    threshold: float
    rows: list[dict[str, Any]]
    known_at: str


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a rule raises nothing at an instant, or that it does.

    Attributes
    ----------
    rule, version, group, at
        The rule, its version, the group, and the instant on the city's clock.
    holds
        Whether an incident goes on at the instant.
    value, threshold
        The count or the value at the instant (None: none), and what it is compared with.
    failed
        What failed first; None: nothing.
    steps
        How many rows of the group each condition of the question left, in their order.
    """

    rule: str
    version: int
    group: str
    at: str
    holds: bool
    value: float | None
    threshold: float
    failed: str | None
    steps: tuple[tuple[str, int], ...]


def causes(
    bound: BoundRule, alert: StandingAlert, rows: pa.RecordBatch
) -> tuple[NDArray[np.int64], int, int]:
    """Return the rows that made an alert, by time, and the first and last instant of their window.

    Parameters
    ----------
    bound, alert
        The rule, and its alert.
    rows
        All rows of the rule's time, as they were known when the alert was as it is.
    """
    batch, incident = RowBatch(rows), alert.incident
    end_us = incident.last_us if incident.to_us is None else max(incident.to_us, incident.last_us)
    start_us = incident.from_us
    chosen = batch.places(bound).get(alert.group, np.empty(0, np.int64))
    if not bound.watches:
        kept = np.zeros(len(batch), np.bool_)
        kept[batch.kept(bound, np.arange(len(batch)))] = True
        chosen = chosen[kept[chosen]]
    time_us = batch.time_us[chosen]
    if bound.rule.within is None:
        inside = (time_us >= start_us) & (time_us <= incident.last_us)
    else:
        start_us -= bound.rule.within_us
        inside = (time_us > start_us) & (time_us <= incident.last_us)
    chosen = chosen[inside]
    return chosen[np.argsort(batch.time_us[chosen], kind="stable")], start_us, end_us


def refusal(bound: BoundRule, rows: pa.RecordBatch, at_us: int, group: str | None) -> WhyNot:
    """Return why a rule raises nothing of a group at an instant; None: of the group with the most rows.

    ``rows`` are all rows of the rule's time, as they are known.
    """
    batch = RowBatch(rows)
    places = batch.places(bound)
    near_us = at_us - bound.rule.within_us if bound.rule.within_us else None
    before = {name: chosen[batch.time_us[chosen] <= at_us] for name, chosen in places.items()}
    if near_us is not None:
        before = {name: chosen[batch.time_us[chosen] > near_us] for name, chosen in before.items()}
    if group is None:
        kept = set(batch.kept(bound, np.arange(len(batch))).tolist())
        group = max(
            sorted(before), key=lambda name: sum(each in kept for each in before[name].tolist()), default=""
        )
    chosen = before.get(group, np.empty(0, np.int64))
    if bound.rule.within is None:  # the newest one says what is so
        chosen = chosen[np.argsort(batch.time_us[chosen], kind="stable")][-1:]
    steps, left = _steps(bound, batch, chosen)
    value, failed = _judged(bound, batch, group, at_us, left)
    if not bound.since_us <= at_us < bound.until_us:
        failed = "the rule's time"
    elif failed is not None:
        needed = bound.rule.count if bound.rule.within else 1
        failed = next((name for name, count in steps if count < needed), failed)
    return WhyNot(
        bound.rule.id, bound.version, group, bound.zone.iso(at_us), failed is None, value, bound.rule.threshold,
        failed, tuple(steps),
    )  # fmt: skip


def _steps(
    bound: BoundRule, batch: RowBatch, chosen: NDArray[np.int64]
) -> tuple[list[tuple[str, int]], NDArray[np.int64]]:
    """Return how many rows each condition leaves, and the rows that all leave."""
    head = (
        f"rows of the group within {bound.rule.within}"
        if bound.rule.within
        else "the newest row of the group"
    )
    steps, left = [(head, len(chosen))], chosen
    for name, conditions in bound.steps:
        for condition in conditions:
            left = left[condition.mask(batch.rows.take(pa.array(left, pa.int64())))] if len(left) else left
        steps.append((name, len(left)))
    return steps, left


def _judged(
    bound: BoundRule, batch: RowBatch, group: str, at_us: int, left: NDArray[np.int64]
) -> tuple[float | None, str | None]:
    """Return the value at an instant, and why it is none for an incident; None: it is one."""
    rule = bound.rule
    if rule.within is not None:
        holds = _holds(bound, batch, group, at_us)
        return float(
            len(left)
        ), None if holds else f"{len(left)} rows are not {rule.text.partition(' rows')[0]}"
    if not len(left):
        return None, "there is no such row"
    value = batch.levels(bound, left)[0]
    if _holds(bound, batch, group, at_us):
        return value, None
    if bound.measured is not None and not _beyond(bound, value):
        side = "above" if rule.above is not None else "below"
        return value, f"{value:g} is not {side} {rule.threshold:g}"
    return value, f"it has not lasted for {rule.least}"


def _beyond(bound: BoundRule, value: float) -> bool:
    sign = bound.rule.episode_rule.sign
    return sign * value > sign * bound.rule.threshold


def _holds(bound: BoundRule, batch: RowBatch, group: str, at_us: int) -> bool:
    """Tell whether an incident goes on at an instant, by the rows up to it."""
    samples = _samples_until(bound, batch, group, at_us)
    return any(
        incident.crossed_us <= at_us and ((end := incident.ended(at_us).to_us) is None or at_us < end)
        for incident in followed(bound.tracker, samples)
    )


def _samples_until(bound: BoundRule, batch: RowBatch, group: str, at_us: int) -> list[Sample]:
    chosen = batch.places(bound).get(group, np.empty(0, np.int64))
    chosen = chosen[(batch.time_us[chosen] <= at_us) & bound.in_time(batch.time_us[chosen])]
    kept = np.zeros(len(batch), np.bool_)
    kept[batch.kept(bound, np.arange(len(batch)))] = True
    if not bound.watches:
        chosen = chosen[kept[chosen]]
    levels = kept[chosen].astype(np.float64).tolist() if bound.watches else batch.levels(bound, chosen)
    return sorted(map(batch.sample, chosen.tolist(), levels))
