"""What a batch must be like before it is tried: numbered without a gap, each case with its summary.

Tested by `tests/iaas/records/test_appending.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, select

from stcloud.errors import Conflict, InvalidInput
from stcloud.iaas.records.database import Database
from stcloud.iaas.records.entry import RecordBatch

__all__ = ["check_batch", "refuse_changed", "starts"]


def starts(batch: RecordBatch) -> dict[str, int]:
    """Return the first number that a batch has of each case."""
    first: dict[str, int] = {}
    for entry in batch.entries:
        first.setdefault(entry.case, entry.seq)
    return first


def check_batch(batch: RecordBatch) -> None:
    """Refuse a batch that cannot be written whatever the log holds.

    Raises
    ------
    InvalidInput
        ``bad-batch``: no entries; an id twice; entries of a case that are not numbered one after the other; a case
        without summary, or a summary of another; a private value, medium or notice of an entry that is not in it.
    """
    if not batch.entries:
        raise _bad("there are no entries")
    _refuse_twice("entry", [entry.id for entry in batch.entries])
    _refuse_twice("summary", [summary.number for summary in batch.summaries])
    _refuse_twice("private value", [value.ref for value in batch.private])
    _refuse_twice("notice", [notice.id for notice in batch.notices])
    numbers: dict[str, int] = {}
    for entry in batch.entries:
        if entry.seq != numbers.get(entry.case, entry.seq - 1) + 1 or entry.seq < 1:
            raise _bad(f"entry {entry.id!r} is number {entry.seq} of its case, out of order")
        numbers[entry.case] = entry.seq
    if numbers.keys() != {summary.number for summary in batch.summaries}:
        raise _bad("every case needs its summary, and no other case")
    entries = {(entry.case, entry.seq) for entry in batch.entries}
    if not entries >= {
        (row.case, row.seq) for rows in (batch.private, batch.media, batch.notices) for row in rows
    }:
        raise _bad("a private value, medium or notice is of an entry that is not in the batch")


def refuse_changed(database: Database, connection: Connection, batch: RecordBatch) -> None:
    """Refuse, under the lock, a batch that was decided by cases that have changed since.

    Raises
    ------
    Conflict
        ``case-changed``.
    """
    table = database.tables.summary
    if batch.seen:
        rows = connection.execute(select(table.c.number, table.c.seq).where(table.c.number.in_(batch.seen)))
        now = {row.number: row.seq for row in rows}
        changed = [number for number, seq in batch.seen.items() if now.get(number, 0) != seq]
        if changed:
            raise _changed(changed[0])
    for number, links in batch.links.items():
        linked = database.statements.links.run(connection, {"link": number}).fetchall()
        if {row[0] for row in linked} != links:
            raise _changed(number)
    if batch.rules_us is not None:
        latest = database.statements.latest_rule.run(connection, {}).fetchone()
        if (latest[0] or 0) != batch.rules_us:
            raise Conflict(
                "case-changed",
                "the rules of the log have changed",
                hint="judge by those that it has now",
                since={},
            )


def _changed(number: str) -> Conflict:
    return Conflict(
        "case-changed", f"case {number!r}, which others depend on, has changed", hint="look again", since={}
    )


def _refuse_twice(what: str, names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        repeated = next(name for name, count in Counter(names).items() if count > 1)
        raise _bad(f"{what} {repeated!r} is there twice")


def _bad(fault: str) -> InvalidInput:
    return InvalidInput("bad-batch", f"nothing was appended: {fault}")
