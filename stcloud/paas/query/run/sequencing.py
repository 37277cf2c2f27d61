"""The history of an answer: engines give measures by period, here they become steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.table.feature import instants, micros
from stcloud.daas.table.schema import Attribute
from stcloud.daas.table.timeline import FOREVER, Ints
from stcloud.errors import InvalidInput, NotFound, Unsupported, nearest
from stcloud.paas.query.answer.page import numbered
from stcloud.paas.query.condition.period import Related
from stcloud.paas.query.measure.measure import COUNT, Measure
from stcloud.paas.query.plan.label import labelled
from stcloud.paas.query.plan.plan import DutyGroup, Summary, by_name
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.sequence import Amount, Steps, sequence
from stcloud.time import Binning, Relation, Span, Spans, parse_when

__all__ = ["instants_of", "is_additive", "sequenced", "steps_of", "values_of"]

_ADDED = ("count", "sum", "mean")


def sequenced(inquiry: Inquiry, goal: Summary, during: str | None, end: str | None) -> pa.Table:
    """Return how much there was at every instant: groups, ``from``, ``to`` (null: no end is known), measures.

    Raises
    ------
    InvalidInput
        ``not-events``: an end is named of features, which have their own; ``no-period``: of events that have no
        end, and no column of ends is named; ``wrong-type``.
    NotFound
        ``unknown-column``
    Unsupported
        ``not-additive``: a measure that is no count, sum or mean, or a bin of time.
    """
    _period(inquiry, end)
    _refuse(goal, inquiry)
    span = Span(None, None) if during is None else parse_when(during, inquiry.subject.zone)
    groups, steps = steps_of(inquiry, goal, span, end)
    instant = pa.timestamp("us", inquiry.subject.zone.name)
    ends = [instants(at_us, FOREVER).cast(instant) for at_us in (steps.start_us, steps.end_us)]
    measures = [values_of(measure, at, steps) for at, measure in enumerate(goal.measures)]
    names = [*groups.schema.names, "from", "to", *(measure.name for measure in goal.measures)]
    return pa.Table.from_arrays([*groups.columns, *ends, *measures], names)


def is_additive(goal: Summary) -> bool:
    """Tell whether periods can be added up: counts, sums and means, by what does not change with time."""
    return not _not_additive(goal)


def steps_of(inquiry: Inquiry, goal: Summary, span: Span, end: str | None) -> tuple[pa.Table, Steps]:
    """Return the groups of each step as they are shown, and the steps.

    Parameters
    ----------
    inquiry, goal
        The question, its groups and its additive measures.
    span, end
        Steps of a group begin and end there, where it has ends; the column of ends of events, or None.
    """
    rows, parts = _held(inquiry, goal, _period(inquiry, end), None if end else span)
    width = len(goal.by)
    since, until = (micros(rows.column(width + at), FOREVER) for at in range(2))
    partial = {part.name: rows.column(width + 2 + at) for at, part in enumerate(parts)}
    amounts = [_amount(measure, at, partial) for at, measure in enumerate(goal.measures)]
    groups = rows.select(range(width))
    group = numbered(groups)
    ends = (span.start_us, span.end_us) if len(rows) or not width else (None, None)  # no row: no group
    steps = sequence(group, since, until, amounts, ends)
    first = np.unique(group, return_index=True)[1]
    zone = inquiry.subject.zone
    of = [groups.column(at).take(pa.array(first[steps.group])) for at in range(width)]
    shown = [labelled(column, by, zone) for column, by in zip(of, goal.by, strict=True)]
    return pa.Table.from_arrays(shown, [by_name(by) for by in goal.by]), steps


def instants_of(inquiry: Inquiry) -> Ints:
    """Return the instants at which rows of a question without a time begin and end, ascending."""
    period = _period(inquiry, None)
    always = replace(inquiry, conditions=(*inquiry.conditions, *inquiry.subject.kind.always()))
    rows = always.run(Summary(period, (COUNT,))).read_all()
    return np.unique(np.concatenate([micros(rows.column(at), FOREVER) for at in range(2)]))


def _held(
    inquiry: Inquiry, goal: Summary, period: tuple[Attribute, Attribute], span: Span | None
) -> tuple[pa.Table, tuple[Measure, ...]]:
    """Return what engines give for each group and period, and for which measures."""
    parts = (COUNT, *(part for at, measure in enumerate(goal.measures) for part in _parts(measure, at)))
    if span is not None:
        held = Related(Relation.INTERSECTS, Spans.of([span]), str(span))
        inquiry = replace(inquiry, conditions=(*inquiry.conditions, held))
    return inquiry.run(Summary((*goal.by, *period), parts)).read_all(), parts


def _period(inquiry: Inquiry, end: str | None) -> tuple[Attribute, Attribute]:
    """Return the columns of the period in which a row holds."""
    columns = inquiry.subject.columns
    start, name = inquiry.subject.kind.period(inquiry.subject.layer, end)
    if name not in columns:
        raise NotFound("unknown-column", f"there is no column '{name}'", nearest=nearest(name, columns))
    if columns[name].type != "instant":
        raise InvalidInput("wrong-type", f"'{name}' is a column of {columns[name].type}, not of instants")
    return columns[start], columns[name]


def _refuse(goal: Summary, inquiry: Inquiry) -> None:
    if not inquiry.subject.kind.indexed and any(condition.drifts for condition in inquiry.conditions):
        raise InvalidInput(
            "which-time", "a history of what is in a feature that itself changes is not told",
            hint="say as of when the place is meant: LAYER:ID@2024-01-01",
        )  # fmt: skip
    wrong = _not_additive(goal)
    if wrong:
        raise Unsupported(
            "not-additive", f"'{wrong[0]}' is not told at every instant",
            hint="ask for count, sum and mean, by columns, cells or units",
        )  # fmt: skip


def _not_additive(goal: Summary) -> list[str]:
    """Return the names of measures and groups that periods cannot be added up by."""
    measures = [
        measure.name
        for measure in goal.measures
        if measure.function not in _ADDED or measure.share is not None
    ]
    return measures + [by_name(by) for by in goal.by if isinstance(by, Binning | DutyGroup)]


def _parts(measure: Measure, at: int) -> list[Measure]:
    """Return what engines compute for each period, so that it can be added up."""
    if not measure.tree:
        return []
    counted = Measure(f"count{at}", "count", measure.tree)
    return [counted] if measure.function == "count" else [counted, Measure(f"sum{at}", "sum", measure.tree)]


def _amount(measure: Measure, at: int, partial: Mapping[str, pa.ChunkedArray]) -> Amount:
    count = partial[f"count{at}" if measure.tree else "count"].to_numpy().astype(np.int64)
    total = partial.get(f"sum{at}")
    if total is None:
        return Amount(count)
    whole = not pa.types.is_floating(total.type)
    return Amount(count, pc.fill_null(total.cast(pa.int64()) if whole else total, 0).to_numpy())


def values_of(measure: Measure, at: int, steps: Steps) -> pa.Array:
    """Return the values of a measure in each step, given its place among the measures; null of nothing."""
    count, total = steps.counts[at], steps.totals[at]
    if total is None:
        return pa.array(count)
    none = count == 0
    if measure.function == "mean":
        return pa.array(np.divide(total.astype(float), np.where(none, 1, count)), mask=none)
    return pa.array(
        [None if empty else value for value, empty in zip(total.tolist(), none.tolist(), strict=True)]
    )
