"""Measures: what engines give by group, as people see it, kept, ordered and cut into pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput, Unsupported
from stcloud.iaas.conversion import whole_number
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.page import Order, ordered, place_in, place_of, read_order
from stcloud.paas.query.compile.summary import NEGATIVE, measures_in
from stcloud.paas.query.measure.measure import COUNT, Measure
from stcloud.paas.query.parse.units import needed_index
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.label import labelled, zoned
from stcloud.paas.query.plan.limits import NO_LIMITS
from stcloud.paas.query.plan.plan import By, DutyGroup, Summary, by_name, is_of_units, parse_by
from stcloud.paas.query.plan.resolved import Masking
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.placing import community_of_cells, place_of_groups
from stcloud.paas.query.run.rate import rated, rated_us
from stcloud.time import Instant, Zone, instant_us

__all__ = ["Selection", "grouped", "measured", "read_by", "read_summary", "typed"]

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
        Rates are of areas and inhabitants as they were then; None: at the last instant of the question's time.
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

    def near(self, place: Condition) -> Selection:
        """Return the same, of which another question is about a place alone, too."""
        return (
            replace(self, compare=self.compare.beside(place)) if isinstance(self.compare, Inquiry) else self
        )

    def __str__(self) -> str:
        beside = self.compare
        if isinstance(beside, Inquiry):
            known = "" if beside.known is None else f" known at {beside.known}"
            beside = f"{beside.digest('')}{known}"
        return f"having {self.having} in order {self.order} at {self.rated_at} beside {beside}"


def read_summary(
    inquiry: Inquiry, measures: Sequence[str], by: Sequence[str], until: Instant | None
) -> Summary:
    """Read groups and measures; raises as `Query.measure`."""
    subject = inquiry.subject
    parsed = tuple(Measure.read(text, subject.columns, subject.zone) for text in measures) or (COUNT,)
    if until is not None and not any(measure.duration(subject.columns) for measure in parsed):
        raise InvalidInput(
            "no-duration", "'until' counts durations that have not ended, and no measure is of one",
            hint="e.g. median(closed - opened)",
        )  # fmt: skip
    until_us = None if until is None else instant_us(until, subject.zone)
    goal = Summary(tuple(read_by(text, inquiry) for text in by), parsed, until_us)
    counted = [NEGATIVE] if any(measure.duration(subject.columns) for measure in parsed) else []
    if len({*goal.names, *counted}) < len(goal.names) + len(counted):
        raise InvalidInput(
            "repeated-group", f"the answer would have a field twice: {', '.join(goal.names)}",
            hint="give a measure another name: name = measure",
        )  # fmt: skip
    return goal


def read_by(text: str, inquiry: Inquiry) -> By:
    """Read what to group by; raises as `Query.measure`."""
    subject, index = inquiry.subject, inquiry.subject.index
    if text.startswith("in:"):
        from stcloud.paas.query.resolve.holders import read_group  # noqa: PLC0415  (joins are slow to import)

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
    inquiry: Inquiry, measures: Sequence[str], by: Sequence[str], until: Instant | None, wanted: Selection
) -> Answer:
    """Return the groups that are wanted with their measures; see `Query.measure`."""
    description = f"{measures} by {by} until {until} {wanted}"
    inquiry, last = inquiry.going_on(description, wanted.after)
    goal = read_summary(inquiry, measures, by, until)
    table, pin = _rated(inquiry, goal, wanted, (0,) * len(goal.by)), inquiry.pin(goal.by)
    if wanted.compare is not None:
        from stcloud.paas.query.run.comparing import beside, shifts  # noqa: PLC0415  (few questions compare)

        earlier = isinstance(wanted.compare, str)
        other = _other(inquiry, wanted.compare)
        again = read_summary(other, measures, by, until)
        moved = shifts(again.by, inquiry, other) if earlier else (0,) * len(goal.by)
        pin = pin.joined(other.pin(again.by))
        table = beside(table, _rated(other, again, wanted, moved), goal, "before" if earlier else "other")
    page, end = _chosen(table, goal, wanted, last, inquiry)
    page = page.select(_without_idle(table).schema.names)
    cursor = None if end is None else inquiry.cursor(description, end, pin)
    return grouped(inquiry.answer(page, pin, cursor), inquiry, goal, wanted.rated_at)


def grouped(answer: Answer, inquiry: Inquiry, goal: Summary, at: Instant | None = None) -> Answer:
    """Return an answer that knows what it is grouped by, and the places of the groups at an instant.

    ``at`` None: the last instant of the question's time, as for rates.
    """
    at_us = rated_us(inquiry) if at is None else instant_us(at, inquiry.subject.zone)
    groups, place = tuple(map(by_name, goal.by)), place_of_groups(inquiry, goal.by, at_us)
    return replace(
        answer, groups=groups, place=place, communities=community_of_cells(inquiry, goal.by, at_us)
    )


def _other(inquiry: Inquiry, compare: str | Inquiry) -> Inquiry:
    """Return the question that is put beside: of an earlier period, or another one."""
    from stcloud.paas.query.run.comparing import earlier_of  # noqa: PLC0415

    return earlier_of(inquiry, compare) if isinstance(compare, str) else compare.pinned_beside(inquiry)


def _rated(inquiry: Inquiry, goal: Summary, wanted: Selection, moved: Sequence[int]) -> pa.Table:
    at_us = (
        rated_us(inquiry) if wanted.rated_at is None else instant_us(wanted.rated_at, inquiry.subject.zone)
    )
    return rated(_by_group(inquiry, goal, moved), goal, inquiry, at_us)


def _chosen(
    table: pa.Table, goal: Summary, wanted: Selection, last: tuple[Any, ...] | None, inquiry: Inquiry
) -> tuple[pa.Table, tuple[Any, ...] | None]:
    """Return the groups of a page, and the last one's place where there are more."""
    names = [by_name(group) for group in goal.by]
    order = read_order(wanted.order, table.schema.names)
    kept = table if wanted.having is None else _having(table, wanted.having, inquiry)
    kept = ordered(kept, (*order, *(Order(name) for name in names)) if order else ())
    if last is not None:
        kept = kept.slice(place_in(kept, names, last) + 1)
    page = kept if wanted.limit is None else kept.slice(0, wanted.limit)
    return page, place_of(page, len(page) - 1, names) if 0 < len(page) < len(kept) else None


def _by_group(inquiry: Inquiry, goal: Summary, moved: Sequence[int]) -> pa.Table:
    """Return measures by group as people see them."""
    zone = inquiry.subject.zone
    table = inquiry.run(goal).read_all()
    kinds = [measure.type_of(inquiry.subject.columns, zone) for measure in goal.measures]
    groups = [labelled(_moved(table.column(at), moved[at]), group, zone) for at, group in enumerate(goal.by)]
    measures = measures_in(table, goal)
    kinds += ["integer"] * (len(measures) - len(kinds))
    names = [*goal.names, NEGATIVE][: len(groups) + len(measures)]
    values = (typed(column, kind, zone) for column, kind in zip(measures, kinds, strict=True))
    return pa.Table.from_arrays([*groups, *values], names)


def _without_idle(table: pa.Table) -> pa.Table:
    """Leave out the count of durations below zero where there are none, as in nearly all data."""
    counts = [name for name in table.schema.names if name == NEGATIVE or name.startswith(f"{NEGATIVE}_")]
    counts = [name for name in counts if NEGATIVE in table.schema.names]
    if any(pc.any(pc.not_equal(table[name], 0)).as_py() for name in counts):
        return table
    return table.drop_columns(counts)


def _moved(numbers: pa.ChunkedArray, by: int) -> pa.ChunkedArray:
    return pc.add(numbers, whole_number(by, numbers.type)) if by else numbers


def _having(table: pa.Table, text: str, inquiry: Inquiry) -> pa.Table:
    """Keep the groups of which a filter is true."""
    from stcloud.paas.query.condition.filtered import FilteredInMemory  # noqa: PLC0415  (filters are slow to import)
    from stcloud.paas.query.condition.predicate import Predicate  # noqa: PLC0415

    fields = {field.name: Attribute(field.name, field.name, _kind(field.type)) for field in table.schema}
    condition = Predicate.read(text, fields, inquiry.subject.zone).condition
    kept = Masking((FilteredInMemory((condition,), NO_LIMITS),))
    rows = [kept(batch) for batch in table.combine_chunks().to_batches()]
    return pa.Table.from_batches(rows, table.schema)


def _kind(of: pa.DataType) -> str:
    return "instant" if pa.types.is_timestamp(of) else _TYPES[of]


def typed(column: pa.ChunkedArray, kind: str, zone: Zone) -> pa.ChunkedArray:
    """Return a measure as its type is shown; `InvalidInput` ``too-great``."""
    if kind == "number":
        return column.cast(pa.float64())
    if kind != "integer":
        return column.cast(zoned(column.type, zone))
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise InvalidInput(
            "too-great",
            "a sum of whole numbers is greater than 2^63",
            hint="ask for sum(1.0 * X), which is rounded",
        ) from error
