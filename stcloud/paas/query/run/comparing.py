"""A question compared with another: with the period before, the same period a year earlier, or anything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from stcloud.daas.table.timeline import Ints
from stcloud.errors import InvalidInput, Unsupported
from stcloud.paas.query.answer.page import numbered
from stcloud.paas.query.condition.ofgroup import OfGroup
from stcloud.paas.query.condition.period import AsOf, Related
from stcloud.paas.query.plan.plan import By, Condition, Summary, by_name
from stcloud.paas.query.resolve.rows_of_kind import stated_times_of
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.time import Bin, Binning, Span, Spans, Zone, check_comparison, earlier

__all__ = ["beside", "earlier_of", "shifts"]

Column: TypeAlias = pa.Array | pa.ChunkedArray

_COUNTED = ("count", "distinct", "open", "negative")


def earlier_of(inquiry: Inquiry, which: str) -> Inquiry:
    """Return the question about an earlier period: ``previous``, or ``year``; of an instant, a year earlier.

    Raises
    ------
    InvalidInput
        ``no-period``: there is no condition on time, or it has several spans or an open end; and as `earlier`.
    """
    instants = [condition for condition in inquiry.conditions if isinstance(condition, AsOf)]
    if (
        len(instants) == 1
        and which == "year"
        and not any(isinstance(condition, Related) for condition in inquiry.conditions)
    ):
        return replace(
            inquiry,
            conditions=tuple(
                _year_before(condition, inquiry.subject.zone) for condition in inquiry.conditions
            ),
        )
    check_comparison(which)
    moved = earlier(Spans.of([_span(inquiry)]), which, inquiry.subject.zone)
    first = next(condition for condition in inquiry.conditions if condition.time() is not None)
    other = replace(
        inquiry,
        conditions=tuple(_moved(condition, moved, condition is first) for condition in inquiry.conditions),
    )
    return replace(
        other, conditions=tuple(_beside(condition, inquiry, other) for condition in other.conditions)
    )


def _beside(condition: Condition, inquiry: Inquiry, other: Inquiry) -> Condition:
    """Return a group of bins as the bin of the earlier period that stands beside it; other conditions as they are."""
    if not isinstance(condition, OfGroup) or condition.value is None or not isinstance(condition.by, Binning):
        return condition
    (behind,) = shifts((condition.by,), inquiry, other)
    return condition.earlier(behind, inquiry.subject.zone)


def _moved(condition: Condition, spans: Spans, first: bool) -> Condition:  # noqa: FBT001
    """Return a condition of the earlier question: the first on time gets its period, others no span."""
    return condition.within(spans if first else Spans.always())


def _year_before(condition: Condition, zone: Zone) -> Condition:
    if not isinstance(condition, AsOf):
        return condition
    (span,) = earlier(Spans.of([Span(condition.at_us, condition.at_us + 1)]), "year", zone).parts
    assert span.start_us is not None  # noqa: S101  (both ends are moved)
    return AsOf(span.start_us, zone.iso(span.start_us))


def shifts(by: Sequence[By], inquiry: Inquiry, other: Inquiry) -> tuple[int, ...]:
    """Return by how much the numbers of bins of an earlier period are behind: the first week beside the first week.

    Raises
    ------
    Unsupported
        ``no-hours``: hours of two periods do not stand beside each other where the clock changes.
    """
    if any(isinstance(condition, AsOf) for condition in inquiry.conditions):
        return (0,) * len(by)  # bins are those of beginnings
    if any(group is Bin.HOUR for group in by):
        raise Unsupported(
            "no-hours",
            "hours of two periods cannot be put beside each other",
            hint="compare by day, or hour-of-day",
        )
    starts = np.array([_span(question).start_us for question in (inquiry, other)], np.int64)
    zone = inquiry.subject.zone
    return tuple(_behind(group, starts, zone) for group in by)


def _behind(by: By, starts: Ints, zone: Zone) -> int:
    if not isinstance(by, Binning) or by.recurs:
        return 0
    now, then = by.numbers(starts, zone).tolist()
    return int(now - then)


def beside(table: pa.Table, other: pa.Table, goal: Summary, suffix: str) -> pa.Table:
    """Return measures with those of another question beside them, by group, null last.

    Parameters
    ----------
    table, other
        Groups and measures of both.
    goal
        The groups and measures of both.
    suffix
        Of the fields of the other: ``NAME_suffix``, then ``NAME_change`` and ``NAME_change_pct`` of numbers.

    Notes
    -----
    What is in one only has 0 of what is counted in the other, null of all else. A change from 0 has no percentage.
    """
    names = [by_name(group) for group in goal.by]
    groups = pa.concat_tables([table.select(names), other.select(names)])
    number = numbered(groups) if names else np.zeros(len(table) + len(other), np.int64)
    first = np.unique(number, return_index=True)[1]
    columns: dict[str, Column] = {name: groups[name].take(pa.array(first)) for name in names}
    places = [_places(part, len(first)) for part in (number[: len(table)], number[len(table) :])]
    for name in table.schema.names[len(names) :]:
        now = _taken(table[name], places[0], name, goal)
        then = _taken(other[name], places[1], name, goal)
        columns |= {name: now, f"{name}_{suffix}": then, **_change(name, now, then)}
    return pa.table(columns)


def _places(number: Ints, count: int) -> Ints:
    """Return the row of each group, -1 where there is none."""
    rows = np.full(count, -1)
    rows[number] = np.arange(len(number))
    return rows


def _taken(column: pa.ChunkedArray, place: Ints, name: str, goal: Summary) -> pa.ChunkedArray:
    values = column.take(pa.array(place, mask=place < 0))
    functions = {measure.name: measure.function for measure in goal.measures} | {
        name: name for name in ("open", "negative")
    }
    return values.fill_null(0) if functions.get(name) in _COUNTED else values


def _change(name: str, now: pa.ChunkedArray, then: pa.ChunkedArray) -> dict[str, Column]:
    if not pa.types.is_integer(now.type) and not pa.types.is_floating(now.type):
        return {}
    known = ~(np.asarray(now.is_null()) | np.asarray(then.is_null()))
    current, previous = (column.cast(pa.float64()).to_numpy() for column in (now, then))
    with np.errstate(invalid="ignore", divide="ignore"):
        change, share = current - previous, (current - previous) / previous * 100
    whole = pa.types.is_integer(now.type)
    difference = pa.array(change, mask=~known).cast(pa.int64()) if whole else pa.array(change, mask=~known)
    return {
        f"{name}_change": difference,
        f"{name}_change_pct": pa.array(share, mask=~known | (previous == 0)),
    }


def _span(inquiry: Inquiry) -> Span:
    spans = Spans.always()
    timed = [time for condition in inquiry.conditions if (time := condition.time()) is not None]
    starts = stated_times_of(inquiry.conditions)
    for time in timed:
        spans = spans.intersect(time)
    several = (len(timed) > 1 and len(starts) < len(timed)) or any(
        isinstance(condition, AsOf) for condition in inquiry.conditions
    )
    if (
        not timed
        or several
        or len(spans.parts) != 1
        or None in (spans.parts[0].start_us, spans.parts[0].end_us)
    ):
        raise InvalidInput(
            "no-period", "there is no one period to compare with: the question has none, several, or an open one",
            hint="ask when, e.g. 2024-03; of an instant there is a year earlier, or another: as-of:2023-01-01",
        )  # fmt: skip
    return spans.parts[0]
