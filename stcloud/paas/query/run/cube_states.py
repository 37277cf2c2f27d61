"""Features in a cube: how many were there at the start of each step, and how much.

Tested by `tests/paas/query/run/test_cube_states.py`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.paas.query.condition.period import AsOf
from stcloud.paas.query.measure.measure import Measure
from stcloud.paas.query.plan.plan import FeatureGroup, Summary
from stcloud.paas.query.run.cube_rows import counted
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.sequencing import instants_of, is_additive, steps_of, values_of
from stcloud.time import Span

__all__ = ["states_at"]

Ints = NDArray[np.int64]


def states_at(inquiry: Inquiry, goal: Summary, at_us: Ints) -> tuple[Ints, pa.Table]:
    """Return what was there at instants: the position of the instant of each row, and groups and measures.

    Parameters
    ----------
    inquiry
        Without a time.
    goal
        Groups and measures; the first one counts. Rates are given as counts.
    at_us
        ``(t,)`` int64, ascending, UTC microseconds.

    Notes
    -----
    Rows are those of the question as of each instant. Where all measures can be added up, and what features are
    grouped by does not change with time, the engine is asked once and the periods are added up; else it is asked at
    each instant before which something changed.
    """
    plain = tuple(Measure(measure.name, "count") if measure.is_rate else measure for measure in goal.measures)
    goal = replace(goal, measures=plain)
    drifting = any(condition.drifts for condition in inquiry.conditions)
    if is_additive(goal) and not drifting and not _layers(goal):
        return _added_up(inquiry, goal, at_us)
    return _each_instant(inquiry, goal, at_us, None if drifting else _changes(inquiry, goal))


def _added_up(inquiry: Inquiry, goal: Summary, at_us: Ints) -> tuple[Ints, pa.Table]:
    groups, steps = steps_of(inquiry, goal, Span(int(at_us[0]), int(at_us[-1]) + 1), None)
    first = np.searchsorted(at_us, steps.start_us, side="left")
    count = np.searchsorted(at_us, steps.end_us, side="left") - first
    count[steps.counts[0] == 0] = 0
    row = np.repeat(np.arange(len(count)), count)
    position = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    columns = [*groups.columns, *(values_of(measure, at, steps) for at, measure in enumerate(goal.measures))]
    table = pa.Table.from_arrays(columns, list(goal.names)).take(pa.array(row))
    return np.asarray(position, np.int64), table


def _each_instant(
    inquiry: Inquiry, goal: Summary, at_us: Ints, changes_us: Ints | None
) -> tuple[Ints, pa.Table]:
    """Ask as of each instant; where nothing changed since the last one, its answer is taken again."""
    zone = inquiry.subject.zone
    tables: list[pa.Table] = []
    for at, instant_us in enumerate(at_us.tolist()):
        if at and changes_us is not None and not _between(changes_us, int(at_us[at - 1]), instant_us):
            tables.append(tables[-1])
            continue
        as_of = AsOf(instant_us, zone.iso(instant_us))
        tables.append(counted(replace(inquiry, conditions=(*inquiry.conditions, as_of)), goal))
    position = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    return position.astype(np.int64), pa.concat_tables(tables)


def _between(changes_us: Ints, after_us: int, until_us: int) -> bool:
    low, high = np.searchsorted(changes_us, [after_us, until_us], side="right")
    return bool(low < high)


def _changes(inquiry: Inquiry, goal: Summary) -> Ints:
    """Return the instants at which features, or those that they are grouped by, changed, ascending."""
    instants = [instants_of(inquiry)]
    for group in _layers(goal):
        if group.at_us is not None:  # its areas are those of one instant
            continue
        layer, known_us = inquiry.resolver.layer(group.layer), inquiry.resolver.known_us(group.layer)
        believed = layer.table.believed(layer.snapshot, known_us)
        instants += [believed.start_us, believed.end_us]
    return np.unique(np.concatenate(instants))


def _layers(goal: Summary) -> list[FeatureGroup]:
    return [group for group in goal.by if isinstance(group, FeatureGroup)]
