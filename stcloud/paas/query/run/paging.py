"""Rows asked: in an order, page by page.

Tested by `tests/paas/query/run/test_measuring.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pyarrow as pa

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


def paged(asked: Inquiry, limit: int | None, order: Sequence[str], after: str | None) -> Answer:
    """Return a page of rows; see `Query.rows`."""
    said = f"rows by {', '.join(order)}"
    asked, last = asked.going_on(said, after)
    fields = read_order(order, asked.row_schema.names)
    size = checked_limit(limit)
    goal = replace(rows_of(asked, size, order), limit=None if size is None else size + 1, after=last)
    found = pa.Table.from_batches(asked.rows(goal), asked.row_schema)
    page = found if size is None else found.slice(0, size)
    if not 0 < len(page) < len(found):
        return asked.answer(page, asked.pin())
    names = (*(one.name for one in fields), *asked.row_keys)
    last = place_of(page, len(page) - 1, names)
    return asked.answer(page, asked.pin(), asked.cursor(said, last, asked.pin()))


def rows_of(asked: Inquiry, limit: int | None, order: Sequence[str]) -> Rows:
    """Return what is to be given of rows; raises as `Query.rows`."""
    return Rows(checked_limit(limit), _stored(read_order(order, asked.row_schema.names), asked))


def _stored(order: Iterable[Order], asked: Inquiry) -> tuple[Order, ...]:
    """Return what rows are ordered by: in the engine by stored names."""
    subject = asked.subject
    stored = {one.name: one.stored for one in subject.layer.attributes} if subject.kind.in_order else {}
    return tuple(replace(one, name=stored.get(one.name, one.name)) for one in order)
