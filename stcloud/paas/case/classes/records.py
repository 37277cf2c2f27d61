"""Records of a small table: CSV with a header line, checked against its columns, all faults in one error.

Tested by `tests/paas/case/test_class_table.py`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from stcloud.errors import InvalidDefinition, nearest

__all__ = ["Record", "day_of", "from_csv", "made", "overlaps", "period_text"]

T = TypeVar("T")
Record = Mapping[str, Any]


def from_csv(text: str, name: str, kind: str) -> list[Record]:
    """Return the records of a CSV text, whose lines that begin with ``#`` are remarks.

    Parameters
    ----------
    text
        The content.
    name
        What to call it in errors, e.g. its file name.
    kind
        Kind of the error.

    Raises
    ------
    InvalidDefinition
        A row has more or fewer fields than the header; there is no header.
    """
    lines = [line for line in text.removeprefix("\ufeff").splitlines() if line and not line.startswith("#")]
    rows = list(csv.reader(io.StringIO("\n".join(lines))))
    if not rows:
        raise InvalidDefinition(kind, name, faults=["there is no header line"])
    header, *rest = rows
    faults = [
        f"row {number}: there are {len(row)} fields and the header has {len(header)}"
        for number, row in enumerate(rest, 1)
        if len(row) != len(header)
    ]
    if faults:
        raise InvalidDefinition(kind, name, faults=faults)
    return [dict(zip(header, row, strict=True)) for row in rest]


def made(
    records: Iterable[Record],
    name: str,
    kind: str,
    columns: tuple[Sequence[str], Sequence[str]],
    make: Callable[[Record], T],
) -> list[T]:
    """Return what is made of each record, or raise one error with the faults of all of them.

    Parameters
    ----------
    records
        Values by column; texts, or as TOML has them.
    name, kind
        What to call the table in errors, and the kind of the error.
    columns
        The columns that each record must have, and those that it may have.
    make
        Makes a value of a record; raises ``ValueError`` with the fault.

    Raises
    ------
    InvalidDefinition
        With a line for each fault: the row, counted from 1 without the header, and what is wrong.
    """
    needed, optional = columns
    values: list[T] = []
    faults: list[str] = []
    for number, record in enumerate(records, 1):
        try:
            _check_columns(record, needed, optional)
            values.append(make(record))
        except ValueError as error:
            faults.append(f"row {number}: {error}")
    if faults:
        raise InvalidDefinition(kind, name, faults=faults)
    return values


def _check_columns(record: Record, needed: Sequence[str], optional: Sequence[str]) -> None:
    known = (*needed, *optional)
    for column in record:
        if column not in known:
            near = nearest(str(column), known)
            raise ValueError(f"unknown column '{column}'" + (f"; did you mean '{near[0]}'?" if near else ""))
    for column in needed:
        if record.get(column) in (None, ""):
            raise ValueError(f"{column} is empty" if column in record else f"column {column} is missing")


def day_of(record: Record, column: str) -> date | None:
    """Return the day in a column, None for an empty one; ``ValueError`` for what is no day."""
    value = record.get(column)
    if value is None or value == "":
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError(f"{column} '{value}' is no day: write it as 2026-07-01") from error


def overlaps(first: tuple[date | None, date | None], second: tuple[date | None, date | None]) -> bool:
    """Return whether two half-open periods share a day; None is an open end.

    >>> day = date(2026, 7, 1)
    >>> overlaps((None, day), (day, None)), overlaps((None, None), (day, None))
    (False, True)
    """
    (start, end), (other_start, other_end) = first, second
    return (end is None or other_start is None or other_start < end) and (
        other_end is None or start is None or start < other_end
    )


def period_text(start: date | None, end: date | None) -> str:
    """Return a half-open period in words.

    >>> period_text(None, date(2026, 7, 1)), period_text(date(2026, 7, 1), None)
    ('before 2026-07-01', 'from 2026-07-01')
    """
    if start and end:
        return f"from {start} to before {end}"
    return f"from {start}" if start else f"before {end}" if end else "always"
