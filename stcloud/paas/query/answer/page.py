"""Pages of an answer: in which order, how much of it, and where the next page starts.

A cursor is text that says where a page ended: the question, what it was pinned at, and the
last row's place in the order. With it the next page is of the same answer, whatever was loaded meanwhile.

Tested by `tests/paas/query/run/test_measuring.py`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, nearest
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.binder import Binder
from stcloud.paas.query.sql.tree import Order, all_of, any_of, column

__all__ = [
    "Cursor",
    "Order",
    "beyond",
    "digest_of",
    "numbered",
    "ordered",
    "place_in",
    "place_of",
    "read_order",
]

_PLACE = "\0place"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended.

    Parameters
    ----------
    question
        Digest of what was asked.
    pin
        What it was answered at, as `Pin.text` gives it.
    last
        Values of the last row that tell it from all others, in the order of the answer.

    Examples
    --------
    >>> Cursor.read(Cursor("ab12", "pin:{}", (3, None)).text).last
    (3, None)
    """

    question: str
    pin: str
    last: tuple[Any, ...]

    @property
    def text(self) -> str:
        """The cursor as text for the next question: letters, digits, ``-`` and ``_``."""
        written = json.dumps([self.question, self.pin, *self.last], separators=(",", ":"))
        return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Read a cursor; `InvalidInput` ``unreadable-cursor``."""
        try:
            parts = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            question, pin, *last = parts
            return cls(str(question), str(pin), tuple(last))
        except (ValueError, TypeError, RecursionError, binascii.Error) as error:
            raise InvalidInput(
                "unreadable-cursor", f"'{text[:40]}' is no cursor", hint="use the one that came with a page"
            ) from error

    def refuse_other(self, question: str) -> None:
        """Refuse to go on with another question; `InvalidInput` ``other-question``."""
        if question != self.question:
            raise InvalidInput(
                "other-question", "the cursor is of another question",
                hint="ask the same, or leave the cursor out for the first page",
            )  # fmt: skip


def digest_of(parts: Iterable[str]) -> str:
    """Return a short digest of what was asked."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def place_of(table: pa.Table, at: int, names: Iterable[str]) -> tuple[Any, ...]:
    """Return a row's values as a cursor holds them: instants in UTC microseconds, days in ISO 8601."""
    return tuple(_plain(table[name][at]) for name in names)


def _plain(value: pa.Scalar) -> Any:
    if pa.types.is_timestamp(value.type):
        return value.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).as_py()
    plain = value.as_py()
    return plain.isoformat() if isinstance(plain, date) else plain


def read_order(texts: Sequence[str], names: Iterable[str]) -> tuple[Order, ...]:
    """Read what to order by: names of fields, ``-`` before one for the greatest first.

    Raises
    ------
    InvalidInput
        ``unknown-order``, with what there is; ``repeated-order``.

    Examples
    --------
    >>> read_order(["-count"], ["week", "count"])
    (Order(name='count', falling=True),)
    """
    known = tuple(names)
    order = tuple(Order(text.removeprefix("-"), text.startswith("-")) for text in texts)
    for key in order:
        if key.name not in known:
            near = nearest(key.name, known)
            raise InvalidInput(
                "unknown-order", f"cannot order by '{key.name}': the answer has no such field",
                hint=f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}",
            )  # fmt: skip
    if len({key.name for key in order}) < len(order):
        raise InvalidInput("repeated-order", f"'{', '.join(texts)}' names a field twice")
    return order


def ordered(table: pa.Table, order: Sequence[Order]) -> pa.Table:
    """Return a table in an order; rows that are alike stay as they were, null comes last.

    Parameters
    ----------
    table
        Any.
    order
        By what, first comes first.
    """
    if not order:
        return table
    keyed = table.append_column(_PLACE, pa.array(np.arange(len(table))))
    keys = [(key.name, "descending" if key.falling else "ascending") for key in order]
    return table.take(pc.sort_indices(keyed, [*keys, (_PLACE, "ascending")]))


def place_in(answer: pa.Table, names: Sequence[str], last: Sequence[object]) -> int:
    """Return where the row is that a page ended with; `InvalidInput` ``other-question``: it is not there.

    Parameters
    ----------
    answer
        The whole answer.
    names, last
        Fields that tell its rows apart, and their values as `place_of` gives them.
    """
    same = np.ones(len(answer), bool)
    for name, value in zip(names, last, strict=True):
        same &= _equal(answer[name], value)
    if not same.any():
        raise InvalidInput(
            "other-question",
            "the row that the cursor names is not in this answer",
            hint="ask for the first page again",
        )
    return int(np.argmax(same))


def _equal(column: pa.ChunkedArray, value: object) -> NDArray[np.bool_]:
    if value is None:
        return np.asarray(column.is_null())
    plain = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
    written = plain.cast(pa.string()) if pa.types.is_date(column.type) else plain
    return np.asarray(pc.fill_null(pc.equal(written, pa.scalar(value, written.type)), fill_value=False))


def numbered(groups: pa.Table) -> NDArray[np.int64]:
    """Return the number of each row's group: alike rows have one; in the order of groups, null last."""
    if not groups.num_columns:
        return np.zeros(len(groups), np.int64)
    order = pc.sort_indices(groups, [(name, "ascending") for name in groups.schema.names]).to_numpy()
    ranked = groups.take(pa.array(order))
    fresh = np.zeros(len(groups), bool)
    for values in ranked.itercolumns():
        codes = values.combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy()
        fresh[1:] |= codes[1:] != codes[:-1]
    number = np.empty(len(groups), np.int64)
    number[order] = np.cumsum(fresh)
    return number


def beyond(
    order: Sequence[Order], types: Sequence[pa.DataType], last: Sequence[Any], binder: Binder
) -> exp.Expression:
    """Return the condition that a row comes after the one where a page ended.

    Parameters
    ----------
    order, types
        By what rows are ordered, as columns are stored, and the columns' types; together they tell rows apart.
    last
        The row's values, as `place_of` gives them.
    binder
        Takes the values.
    """
    cases: list[exp.Expression] = []
    alike: list[exp.Expression] = []
    for key, kind, value in zip(order, types, last, strict=True):
        if value is None:  # null comes last: nothing comes after it
            alike.append(exp.Is(this=column(key.name), expression=exp.null()))
            continue
        bound = _bound(value, kind, binder)
        passed = (exp.LT if key.falling else exp.GT)(this=column(key.name), expression=bound)
        null = exp.Is(this=column(key.name), expression=exp.null())
        cases.append(all_of([*(part.copy() for part in alike), any_of([passed, null])]))
        alike.append(exp.EQ(this=column(key.name), expression=bound.copy()))
    return any_of(cases)


def _bound(value: Any, kind: pa.DataType, binder: Binder) -> exp.Expression:
    if pa.types.is_timestamp(kind):
        return binder.instant(value)
    return (
        exp.cast(binder.bind(date.fromisoformat(value)), "date")
        if pa.types.is_date(kind)
        else binder.bind(value)
    )
