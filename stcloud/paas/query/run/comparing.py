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
from stcloud.paas.query.condition.period import AsOf, Related
from stcloud.paas.query.plan.plan import By, Condition, Summary, by_name
from stcloud.paas.query.resolve.rows_of_kind import times_of
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.time import Bin, Span, Spans, Zone, check_comparison, earlier

__all__ = ["beside", "earlier_of", "shifts"]

Column: TypeAlias = pa.Array | pa.ChunkedArray

_COUNTED = ("count", "distinct", "open", "negative")


def earlier_of(asked: Inquiry, which: str) -> Inquiry:
    """Return the question about an earlier period: ``previous``, or ``year``; of an instant, a year earlier.

    Raises
    ------
    InvalidInput
        ``no-period``: there is no condition on time, or it has several spans or an open end; and as `earlier`.
    """
    instants = [one for one in asked.conditions if isinstance(one, AsOf)]
    if (
        len(instants) == 1
        and which == "year"
        and not any(isinstance(one, Related) for one in asked.conditions)
    ):
        return replace(
            asked, conditions=tuple(_year_before(one, asked.subject.zone) for one in asked.conditions)
        )
    check_comparison(which)
    moved = earlier(Spans.of([_span(asked)]), which, asked.subject.zone)
    first = next(one for one in asked.conditions if one.time() is not None)
    return replace(asked, conditions=tuple(_moved(one, moved, one is first) for one in asked.conditions))


def _moved(one: Condition, spans: Spans, first: bool) -> Condition:  # noqa: FBT001
    """Return a condition of the earlier question: the first on time asks for its period, others for no span."""
    return one.within(spans if first else Spans.always())


def _year_before(one: Condition, zone: Zone) -> Condition:
    if not isinstance(one, AsOf):
        return one
    (span,) = earlier(Spans.of([Span(one.at_us, one.at_us + 1)]), "year", zone).parts
    assert span.start_us is not None  # noqa: S101  (both ends are moved)
    return AsOf(span.start_us, zone.iso(span.start_us))


def shifts(by: Sequence[By], asked: Inquiry, other: Inquiry) -> tuple[int, ...]:
    """Return by how much the numbers of bins of an earlier period are behind: the first week beside the first week.

    Raises
    ------
    Unsupported
        ``no-hours``: hours of two periods do not stand beside each other where the clock changes.
    """
    if any(isinstance(one, AsOf) for one in asked.conditions):
        return (0,) * len(by)  # bins are those of beginnings
    if any(one is Bin.HOUR for one in by):
        raise Unsupported(
            "no-hours",
            "hours of two periods cannot be put beside each other",
            hint="compare by day, or hour-of-day",
        )
    starts = np.array([_span(one).start_us for one in (asked, other)], np.int64)
    zone = asked.subject.zone
    return tuple(_behind(one, starts, zone) for one in by)


def _behind(by: By, starts: Ints, zone: Zone) -> int:
    if not isinstance(by, Bin) or by.recurs:
        return 0
    now, then = by.numbers(starts, zone).tolist()
    return int(now - then)


def beside(found: pa.Table, other: pa.Table, goal: Summary, suffix: str) -> pa.Table:
    """Return measures with those of another question beside them, by group, null last.

    Parameters
    ----------
    found, other
        Groups and measures of both.
    goal
        What both tell.
    suffix
        Of the fields of the other: ``NAME_suffix``, then ``NAME_change`` and ``NAME_change_pct`` of numbers.

    Notes
    -----
    What is in one only has 0 of what is counted in the other, null of all else. A change from 0 has no percentage.
    """
    names = [by_name(one) for one in goal.by]
    groups = pa.concat_tables([found.select(names), other.select(names)])
    number = numbered(groups) if names else np.zeros(len(found) + len(other), np.int64)
    first = np.unique(number, return_index=True)[1]
    columns: dict[str, Column] = {name: groups[name].take(pa.array(first)) for name in names}
    places = [_places(part, len(first)) for part in (number[: len(found)], number[len(found) :])]
    for name in found.schema.names[len(names) :]:
        now = _taken(found[name], places[0], name, goal)
        then = _taken(other[name], places[1], name, goal)
        columns |= {name: now, f"{name}_{suffix}": then, **_change(name, now, then)}
    return pa.table(columns)


def _places(number: Ints, count: int) -> Ints:
    """Return the row of each group, -1 where there is none."""
    found = np.full(count, -1)
    found[number] = np.arange(len(number))
    return found


def _taken(column: pa.ChunkedArray, place: Ints, name: str, goal: Summary) -> pa.ChunkedArray:
    found = column.take(pa.array(place, mask=place < 0))
    functions = {one.name: one.function for one in goal.measures} | {
        name: name for name in ("open", "negative")
    }
    return found.fill_null(0) if functions.get(name) in _COUNTED else found


def _change(name: str, now: pa.ChunkedArray, then: pa.ChunkedArray) -> dict[str, Column]:
    if not pa.types.is_integer(now.type) and not pa.types.is_floating(now.type):
        return {}
    known = ~(np.asarray(now.is_null()) | np.asarray(then.is_null()))
    one, other = (column.cast(pa.float64()).to_numpy() for column in (now, then))
    with np.errstate(invalid="ignore", divide="ignore"):
        change, share = one - other, (one - other) / other * 100
    whole = pa.types.is_integer(now.type)
    told = pa.array(change, mask=~known).cast(pa.int64()) if whole else pa.array(change, mask=~known)
    return {f"{name}_change": told, f"{name}_change_pct": pa.array(share, mask=~known | (other == 0))}


def _span(asked: Inquiry) -> Span:
    spans = Spans.always()
    timed = [time for one in asked.conditions if (time := one.time()) is not None]
    starts = times_of(asked.conditions)
    for time in timed:
        spans = spans.intersect(time)
    several = (len(timed) > 1 and len(starts) < len(timed)) or any(
        isinstance(one, AsOf) for one in asked.conditions
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
