"""Measures asked: what engines give by group, as people see it, kept, ordered and cut into pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput, Unsupported
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.page import Order, ordered, place_in, place_of, read_order
from stcloud.paas.query.compile.summary import NEGATIVE, measures_in
from stcloud.paas.query.condition.filtered import FilteredInMemory
from stcloud.paas.query.condition.predicate import Predicate
from stcloud.paas.query.measure.measure import COUNT, Measure
from stcloud.paas.query.parse.units import needed_index
from stcloud.paas.query.plan.label import labelled, zoned
from stcloud.paas.query.plan.limits import NO_LIMITS
from stcloud.paas.query.plan.plan import By, DutyGroup, Summary, by_name, is_of_units, parse_by
from stcloud.paas.query.plan.resolved import Masking
from stcloud.paas.query.resolve.holders import read_group
from stcloud.paas.query.run.comparing import beside, earlier_of, shifts
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.rate import rated, rated_us
from stcloud.time import Instant, Zone, instant_us

__all__ = ["Selection", "measured", "read_summary"]

_TYPES = {
    pa.string(): "text", pa.int64(): "integer", pa.float64(): "number", pa.bool_(): "boolean", pa.date32(): "date",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Selection:
    """Which groups of an answer are wanted, and in which order.

    Parameters
    ----------
    having
        CQL2 over the answer's fields; None: all groups.
    order
        Fields, ``-`` before one for the greatest first; groups that are alike in them come by group, ascending.
    limit
        At most so many; None: all.
    after
        Only what comes after this cursor.
    rated_at
        Rates are of areas and inhabitants as they were then; None: at the last instant of the time asked for.
    compare
        ``previous``, ``year``, or another question: beside each measure that of an earlier period, or of the other.
    """

    having: str | None = None
    order: tuple[str, ...] = ()
    limit: int | None = None
    after: str | None = None
    rated_at: Instant | None = None
    compare: str | Inquiry | None = None

    @property
    def steps(self) -> tuple[str, ...]:
        """What is done with groups, in words."""
        kept = [] if self.having is None else [f"having {self.having}"]
        kept += [f"groups by {', '.join(self.order)}"] if self.order else []
        return (*kept, *([] if self.limit is None else [f"at most {self.limit} groups"]))

    def __str__(self) -> str:
        beside = self.compare.digest("") if isinstance(self.compare, Inquiry) else self.compare
        return f"having {self.having} in order {self.order} at {self.rated_at} beside {beside}"


def read_summary(
    asked: Inquiry, measures: Sequence[str], by: Sequence[str], until: Instant | None
) -> Summary:
    """Read what is to be told by group; raises as `Query.measure`."""
    subject = asked.subject
    told = tuple(Measure.read(one, subject.columns, subject.zone) for one in measures) or (COUNT,)
    if until is not None and not any(one.duration(subject.columns) for one in told):
        raise InvalidInput(
            "no-duration", "'until' counts durations that have not ended, and no measure is of one",
            hint="e.g. median(closed - opened)",
        )  # fmt: skip
    until_us = None if until is None else instant_us(until, subject.zone)
    goal = Summary(tuple(_group(one, asked) for one in by), told, until_us)
    counted = [NEGATIVE] if any(one.duration(subject.columns) for one in told) else []
    if len({*goal.names, *counted}) < len(goal.names) + len(counted):
        raise InvalidInput(
            "repeated-group", f"the answer would have a field twice: {', '.join(goal.names)}",
            hint="give a measure another name: name = measure",
        )  # fmt: skip
    return goal


def _group(text: str, asked: Inquiry) -> By:
    subject, index = asked.subject, asked.subject.index
    if text.startswith("in:"):
        return read_group(text, subject)
    if not subject.kind.indexed and text not in subject.attributes and is_of_units(text):
        raise Unsupported(
            "events-only", f"features cannot be counted by '{text}': only events are indexed on a unit grid",
            hint="count features by in:LAYER of cells, by cell:1km, bins or columns",
        )  # fmt: skip
    if text.startswith("duty:"):
        name = text.removeprefix("duty:")
        needed_index(index, subject.layer.name).duties(name)  # refuses what holds no duty grids
        return DutyGroup(name)
    return parse_by(text, subject.attributes, index.parts if index else {})


def measured(
    asked: Inquiry, measures: Sequence[str], by: Sequence[str], until: Instant | None, wanted: Selection
) -> Answer:
    """Return the groups that are wanted with their measures; see `Query.measure`."""
    said = f"{measures} by {by} until {until} {wanted}"
    asked, last = asked.going_on(said, wanted.after)
    goal = read_summary(asked, measures, by, until)
    found, pin = _rated(asked, goal, wanted, (0,) * len(goal.by)), asked.pin(goal.by)
    if wanted.compare is not None:
        earlier = isinstance(wanted.compare, str)
        other = _other(asked, wanted.compare)
        again = read_summary(other, measures, by, until)
        moved = shifts(again.by, asked, other) if earlier else (0,) * len(goal.by)
        pin = pin.joined(other.pin(again.by))
        found = beside(found, _rated(other, again, wanted, moved), goal, "before" if earlier else "other")
    page, end = _chosen(found, goal, wanted, last, asked)
    page = page.select(_without_idle(found).schema.names)
    return asked.answer(page, pin, None if end is None else asked.cursor(said, end, pin))


def _other(asked: Inquiry, compare: str | Inquiry) -> Inquiry:
    """Return the question that is put beside: of an earlier period, or another one."""
    return earlier_of(asked, compare) if isinstance(compare, str) else compare.pinned_beside(asked)


def _rated(asked: Inquiry, goal: Summary, wanted: Selection, moved: Sequence[int]) -> pa.Table:
    at_us = rated_us(asked) if wanted.rated_at is None else instant_us(wanted.rated_at, asked.subject.zone)
    return rated(_told(asked, goal, moved), goal, asked, at_us)


def _chosen(
    found: pa.Table, goal: Summary, wanted: Selection, last: tuple[Any, ...] | None, asked: Inquiry
) -> tuple[pa.Table, tuple[Any, ...] | None]:
    """Return the groups of a page, and the last one's place where there are more."""
    names = [by_name(one) for one in goal.by]
    order = read_order(wanted.order, found.schema.names)
    kept = found if wanted.having is None else _having(found, wanted.having, asked)
    kept = ordered(kept, (*order, *(Order(name) for name in names)) if order else ())
    if last is not None:
        kept = kept.slice(place_in(kept, names, last) + 1)
    page = kept if wanted.limit is None else kept.slice(0, wanted.limit)
    return page, place_of(page, len(page) - 1, names) if 0 < len(page) < len(kept) else None


def _told(asked: Inquiry, goal: Summary, moved: Sequence[int]) -> pa.Table:
    """Return measures by group as people see them."""
    zone = asked.subject.zone
    found = asked.run(goal).read_all()
    kinds = [one.type_of(asked.subject.columns, zone) for one in goal.measures]
    groups = [labelled(_moved(found.column(at), moved[at]), one, zone) for at, one in enumerate(goal.by)]
    measures = measures_in(found, goal)
    kinds += ["integer"] * (len(measures) - len(kinds))
    names = [*goal.names, NEGATIVE][: len(groups) + len(measures)]
    told = (_typed(one, kind, zone) for one, kind in zip(measures, kinds, strict=True))
    return pa.Table.from_arrays([*groups, *told], names)


def _without_idle(found: pa.Table) -> pa.Table:
    """Leave out the count of durations below zero where there are none, as in nearly all data."""
    counts = [name for name in found.schema.names if name == NEGATIVE or name.startswith(f"{NEGATIVE}_")]
    counts = [name for name in counts if NEGATIVE in found.schema.names]
    if any(pc.any(pc.not_equal(found[name], 0)).as_py() for name in counts):
        return found
    return found.drop_columns(counts)


def _moved(numbers: pa.ChunkedArray, by: int) -> pa.ChunkedArray:
    return pc.add(numbers, pa.scalar(by, numbers.type)) if by else numbers


def _having(found: pa.Table, text: str, asked: Inquiry) -> pa.Table:
    """Keep the groups of which a filter is true."""
    fields = {one.name: Attribute(one.name, one.name, _kind(one.type)) for one in found.schema}
    condition = Predicate.read(text, fields, asked.subject.zone).condition
    kept = Masking((FilteredInMemory((condition,), NO_LIMITS),))
    rows = [kept(batch) for batch in found.combine_chunks().to_batches()]
    return pa.Table.from_batches(rows, found.schema)


def _kind(of: pa.DataType) -> str:
    return "instant" if pa.types.is_timestamp(of) else _TYPES[of]


def _typed(found: pa.ChunkedArray, kind: str, zone: Zone) -> pa.ChunkedArray:
    if kind == "number":
        return found.cast(pa.float64())
    if kind != "integer":
        return found.cast(zoned(found.type, zone))
    try:
        return found.cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise InvalidInput(
            "too-great",
            "a sum of whole numbers is greater than 2^63",
            hint="ask for sum(1.0 * X), which is rounded",
        ) from error
