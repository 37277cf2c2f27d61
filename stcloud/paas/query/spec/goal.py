"""Arguments of goals: what of a question's rows is wanted.

Tested by `tests/paas/query/spec/test_cubes.py` and `tests/paas/query/spec/test_arguments.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

from stcloud.errors import InvalidInput, StcloudError
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.condition.ofgroup import OfGroup
from stcloud.paas.query.measure.measure import Measure
from stcloud.paas.query.parse.where import PlaceInput, read_where
from stcloud.paas.query.plan.plan import Rows, Summary
from stcloud.paas.query.resolve.subject import Subject
from stcloud.paas.query.run.cubing import CubeShape, Partial
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.measuring import grouped, read_by, read_summary
from stcloud.paas.query.run.paging import rows_of
from stcloud.paas.query.run.sequencing import sequenced
from stcloud.paas.query.spec.narrowing import names_of
from stcloud.space import GivenCRS, crs_text

__all__ = ["goal_of", "group_of", "shape_of", "timeline_of"]


def goal_of(
    inquiry: Inquiry, by: str | Sequence[str] | None, measures: Sequence[str], order: str | Sequence[str],
    limit: int | None,
) -> Rows | Summary:  # fmt: skip
    """Return what is wanted of a question: measures of groups, or rows without ``by``; see `Query.explain`."""
    if by is None:
        return rows_of(inquiry, limit, names_of(order))
    return read_summary(inquiry, measures, names_of(by), None)


def group_of(text: str, inquiry: Inquiry) -> OfGroup:
    """Return the condition that rows are of a group of an answer, ``BY=VALUE``; see `Query.of_group`."""
    from stcloud.paas.query.parse.groupvalue import described, group_times, read_value, split_group, value_of  # noqa: PLC0415

    zone, refusals = inquiry.subject.zone, []
    for written, rest in split_group(text):
        try:
            by = read_by(written, inquiry)
        except StcloudError as error:
            refusals.append(error)
            continue
        shown = read_value(rest)
        value = value_of(by, shown, zone)
        spans = group_times(by, value, zone) if inquiry.subject.kind.indexed else None
        return OfGroup(by, value, described(written, shown), spans)
    raise refusals[0]


def shape_of(
    cell: str, every: str, by: str | Sequence[str], measures: str | Sequence[str], partial: Partial,
    extent: PlaceInput | None, crs: GivenCRS | None, subject: Subject,
) -> CubeShape:  # fmt: skip
    """Return what a cube is of; see `Query.cube`."""
    if partial not in get_args(Partial):
        raise InvalidInput(
            "unknown-partial",
            f"'{partial}' is nothing to do with partial steps",
            hint="use drop, flag or keep",
        )
    groups, texts = names_of(by), names_of(measures) or ("count",)
    fields = [
        "time",
        "cell",
        *groups,
        *(Measure.read(text, subject.columns, subject.zone).name for text in texts),
    ]
    if len({*fields}) < len(fields):
        raise InvalidInput(
            "repeated-group", f"the cube would have a field twice: {', '.join(fields)}",
            hint="give a measure another name: name = measure",
        )  # fmt: skip
    lattice = subject.configuration.lattice
    place = None if extent is None else read_where([extent], lattice, crs_text(crs)).area(lattice)
    return CubeShape(cell, every, groups, texts, place, partial)


def timeline_of(
    inquiry: Inquiry, measures: Sequence[str], by: str | Sequence[str], during: str | None, end: str | None
) -> Answer:
    """Return measures at every instant of a span, or of all time; see `Query.timeline`."""
    goal = read_summary(inquiry, measures, names_of(by), None)
    table = sequenced(inquiry, goal, during, end)
    answer = grouped(inquiry.answer(table, inquiry.pin(goal.by)), inquiry, goal)
    return replace(answer, facts={**answer.facts, "during": during or "all time"})
