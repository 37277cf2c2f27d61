"""Search over summaries by indexes, page by page, with a cursor that stays good while cases are added.

Texts are narrowed by pairs of characters and then compared; those of the private table only for a reader who is
named.

Tested by `tests/iaas/records/test_search.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, tuple_

from stcloud.errors import InvalidInput
from stcloud.iaas.records.database import Database
from stcloud.iaas.records.entry import Audit, CaseSummary, Find, FindPage
from stcloud.iaas.records.gram import fold, grams_within
from stcloud.iaas.records.privacy import audited
from stcloud.iaas.records.recordrows import summary_of
from stcloud.iaas.records.values import check_row

__all__ = ["find", "last_number"]

_ORDERS = {"number": ("number",), "reported": ("reported_us", "number"), "due": ("due_us", "number")}
_EXACT = ("kind", "class_code", "department", "cell", "link")
_SPANS = ("reported_us", "changed_us")
_MOST_LIMIT = 10_000
_LAST = "\U0010ffff"


def find(database: Database, what: Find, *, limit: int, cursor: str | None, reader: Audit | None) -> FindPage:
    """Return the next summaries of a search, and a cursor for those after them."""
    _check(what, limit)
    after = None if cursor is None else _position(what, cursor)
    with database.read("search") as connection:
        matches = _matches(database, connection, what, limit + 1, after, private=reader is not None)
        rows = [next_match for _, next_match in zip(range(limit + 1), matches, strict=False)]
    page = tuple(summary for summary, _ in rows[:limit])
    refs = [ref for _, ref in rows[:limit] if ref]
    if reader is not None and refs:
        audited(database, refs, reader)
    return FindPage(page, _cursor(what, page[-1]) if len(rows) > limit else None)


def last_number(database: Database, prefix: str) -> str | None:
    """Return the greatest number of a case that begins with a prefix."""
    number = database.tables.summary.c.number
    begins = (number >= prefix) & (number < prefix + _LAST)
    with database.read() as connection:
        return connection.execute(select(func.max(number)).where(begins)).scalar_one_or_none()


def _check(what: Find, limit: int) -> None:
    if what.order not in _ORDERS:
        raise InvalidInput(
            "bad-search",
            f"there is no order {what.order!r}",
            hint="orders are " + ", ".join(_ORDERS),
        )
    if not 1 <= limit <= _MOST_LIMIT:
        raise InvalidInput("bad-search", f"a page has 1 to {_MOST_LIMIT} cases, not {limit}")
    if what.text is not None and not fold(what.text):
        raise InvalidInput("bad-search", "the text to search for is empty")
    check_row({name: value for name, value in asdict(what).items() if isinstance(value, str | int)}, "search")
    for name in _SPANS:
        check_row(dict(zip(("start", "end"), getattr(what, name), strict=True)), f"{name} of a search")


def _matches(
    database: Database,
    connection: Connection,
    what: Find,
    rows: int,
    after: tuple[Any, ...] | None,
    *,
    private: bool,
) -> Iterator[tuple[CaseSummary, str]]:
    """Yield summaries in order, each with the reference of the private text that matched, or nothing."""
    statement = _statement(database, what, private=private)
    columns = [database.tables.summary.c[name] for name in _ORDERS[what.order]]
    while True:
        page = [
            summary_of(row) for row in connection.execute(_after(statement, what, columns, after).limit(rows))
        ]
        yield from _verified(database, connection, what, page, private=private)
        if len(page) < rows:
            return
        after = _key(what, page[-1])


def _statement(database: Database, what: Find, *, private: bool) -> Select[Any]:
    table = database.tables.summary
    conditions = [table.c[name] == getattr(what, name) for name in _EXACT if getattr(what, name) is not None]
    if what.number is not None:
        conditions += [table.c.number >= what.number, table.c.number < what.number + _LAST]
    if what.state:
        conditions.append(table.c.state.in_(what.state))
    if what.bbox is not None:
        west, south, east, north = what.bbox
        conditions += [table.c.lon.between(west, east), table.c.lat.between(south, north)]
    if what.due_before_us is not None:
        conditions.append(table.c.due_us < what.due_before_us)
    for name in _SPANS:
        first, last = getattr(what, name)
        conditions += [] if first is None else [table.c[name] >= first]
        conditions += [] if last is None else [table.c[name] <= last]
    if what.order == "due":
        conditions.append(table.c.due_us.is_not(None))
    if what.text is not None:
        conditions.append(table.c.number.in_(_candidates(database, what.text, private=private)))
    return select(table).where(*conditions)


def _candidates(database: Database, text: str, *, private: bool) -> Select[Any]:
    """Return the cases that have a text with all pairs of this one, or a word that begins with it."""
    gram = database.tables.gram
    pairs = sorted(grams_within(text))
    if pairs:
        statement = select(gram.c.case).where(gram.c.gram.in_(pairs)).group_by(gram.c.case, gram.c.ref)
        statement = statement.having(func.count() == len(pairs))
    else:
        word = fold(text).split()[0]
        statement = select(gram.c.case).where(gram.c.gram >= word, gram.c.gram < word + _LAST)
    return statement if private else statement.where(gram.c.ref == "")


def _verified(
    database: Database, connection: Connection, what: Find, page: Sequence[CaseSummary], *, private: bool
) -> Iterator[tuple[CaseSummary, str]]:
    """Yield the cases of a page that have the text, each with the reference of the private text that has it."""
    if what.text is None:
        yield from ((summary, "") for summary in page)
        return
    text = fold(what.text)
    public = {summary.number for summary in page if text in fold(summary.text or "")}
    refs: dict[str, str] = {}
    if private:
        table = database.tables.private
        others = [summary.number for summary in page if summary.number not in public]
        statement = select(table.c.case, table.c.ref, table.c.value).where(table.c.case.in_(others))
        for row in connection.execute(statement.order_by(table.c.case, table.c.ref)):
            if text in fold(row.value):
                refs.setdefault(row.case, row.ref)
    for summary in page:
        if summary.number in public or summary.number in refs:
            yield summary, refs.get(summary.number, "")


def _after(
    statement: Select[Any], what: Find, columns: Sequence[ColumnElement[Any]], after: tuple[Any, ...] | None
) -> Select[Any]:
    newest_first = what.order == "reported"
    ordered = statement.order_by(*(column.desc() if newest_first else column for column in columns))
    if after is None:
        return ordered
    key = tuple_(*columns)
    return ordered.where(key < after if newest_first else key > after)


def _key(what: Find, summary: CaseSummary) -> tuple[Any, ...]:
    return tuple(getattr(summary, name) for name in _ORDERS[what.order])


def _cursor(what: Find, last: CaseSummary) -> str:
    return json.dumps([_identity(what), *_key(what, last)], separators=(",", ":"), ensure_ascii=False)


def _position(what: Find, cursor: str) -> tuple[Any, ...]:
    try:
        identity, *key = json.loads(cursor)
    except (ValueError, TypeError, RecursionError):
        raise _bad_cursor() from None
    kinds = [str if name == "number" else int for name in _ORDERS[what.order]]
    if identity != _identity(what) or [type(value) for value in key] != kinds:
        raise _bad_cursor()
    return tuple(key)


def _bad_cursor() -> InvalidInput:
    return InvalidInput("bad-cursor", "this cursor is of another search", hint="begin without a cursor")


def _identity(what: Find) -> str:
    return hashlib.sha256(repr(what).encode()).hexdigest()[:12]
