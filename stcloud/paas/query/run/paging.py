"""Rows of a question: in an order, page by page.

Tested by `tests/paas/query/run/test_measuring.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from stcloud.errors import InvalidInput
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.page import Order, place_of, read_order
from stcloud.paas.query.plan.plan import Rows
from stcloud.paas.query.run.inquiry import Inquiry

__all__ = ["checked_limit", "paged", "rows_of"]


def checked_limit(limit: int | None) -> int | None:
    """Return a limit; `InvalidInput` ``bad-limit``: it is less than nothing."""
    if limit is not None and limit < 0:
        raise InvalidInput("bad-limit", f"a limit of {limit} rows is none")
    return limit


def paged(inquiry: Inquiry, limit: int | None, order: Sequence[str], after: str | None) -> Answer:
    """Return a page of rows; see `Query.rows`."""
    description = f"rows by {', '.join(order)}"
    inquiry, last = inquiry.going_on(description, after)
    fields = read_order(order, inquiry.row_schema.names)
    size = checked_limit(limit)
    goal = replace(rows_of(inquiry, size, order), limit=None if size is None else size + 1, after=last)
    table, matched = inquiry.page(goal)
    page, pin = table if size is None else table.slice(0, size), inquiry.pin()
    if not 0 < len(page) < len(table):
        if after is None and len(page) == len(table):
            matched = len(page)
        return replace(inquiry.answer(page, pin), matched=matched)
    names = (*(field.name for field in fields), *inquiry.row_keys)
    last = place_of(page, len(page) - 1, names)
    return replace(inquiry.answer(page, pin, inquiry.cursor(description, last, pin)), matched=matched)


def rows_of(inquiry: Inquiry, limit: int | None, order: Sequence[str]) -> Rows:
    """Return what is to be given of rows; raises as `Query.rows`."""
    return Rows(checked_limit(limit), _stored(read_order(order, inquiry.row_schema.names), inquiry))


def _stored(order: Iterable[Order], inquiry: Inquiry) -> tuple[Order, ...]:
    """Return what rows are ordered by: in the engine by stored names."""
    subject = inquiry.subject
    stored = (
        {attribute.name: attribute.stored for attribute in subject.layer.attributes}
        if subject.kind.in_order
        else {}
    )
    return tuple(replace(field, name=stored.get(field.name, field.name)) for field in order)
