"""Who was faster: what of a batch is there already, what another writer made impossible, what remains to be written.

Tested by `tests/iaas/records/test_appending.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from stcloud.errors import Conflict, InvalidInput, StcloudError
from stcloud.iaas.records.database import Database
from stcloud.iaas.records.entry import Entry, PrivateValue, RecordBatch
from stcloud.iaas.records.expected import starts
from stcloud.iaas.records.recordrows import entry_of
from stcloud.iaas.records.values import canonical

__all__ = ["Reconciled", "settle"]

_MOST_VALUES = 500


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A batch against the log: entries that are there by id, refusals by case, and what remains to be written."""

    known: dict[str, Entry]
    refused: dict[str, StcloudError]
    remaining: RecordBatch


def settle(database: Database, connection: Connection, batch: RecordBatch) -> Reconciled:
    """Compare a batch with the log, under the lock."""
    known = _known(database, connection, batch)
    refused: dict[str, StcloudError] = {
        entry.case: _reused(entry)
        for entry in batch.entries
        if entry.id in known and not _same(entry, known[entry.id])
    }
    refused |= {
        value.case: _reused_value(value)
        for value in batch.private
        if value.case not in refused and _differs(database, connection, value)
    }
    refused |= _behind(database, connection, _remaining(batch, {*known}, {*refused}))
    return Reconciled(known, refused, _remaining(batch, {*known}, {*refused}))


def _known(database: Database, connection: Connection, batch: RecordBatch) -> dict[str, Entry]:
    table = database.tables.entry
    return {
        row.id: entry_of(tuple(row))
        for ids in _chunks([entry.id for entry in batch.entries])
        for row in connection.execute(select(table).where(table.c.id.in_(ids)))
    }


def _same(entry: Entry, first: Entry) -> bool:
    """Return whether an entry is sent again, whatever number it expects now."""
    sent = replace(
        entry,
        seq=first.seq,
        recorded_us=first.recorded_us,
        happened_us=first.happened_us if entry.happened_us is None else entry.happened_us,
        fields=first.fields,
    )
    return sent == first and canonical(entry.fields) == canonical(first.fields)


def _differs(database: Database, connection: Connection, value: PrivateValue) -> bool:
    table = database.tables.private
    row = connection.execute(
        select(table.c.value, table.c.case).where(table.c.ref == value.ref)
    ).one_or_none()
    return row is not None and (row.value, row.case) != (value.value, value.case)


def _remaining(batch: RecordBatch, known: set[str], refused: set[str]) -> RecordBatch:
    """Return what of a batch is neither there nor refused."""
    entries = tuple(entry for entry in batch.entries if entry.id not in known and entry.case not in refused)
    first = starts(replace(batch, entries=entries))
    return RecordBatch(
        entries=entries,
        summaries=tuple(summary for summary in batch.summaries if summary.number in first),
        private=tuple(row for row in batch.private if row.seq >= first.get(row.case, row.seq + 1)),
        media=tuple(row for row in batch.media if row.seq >= first.get(row.case, row.seq + 1)),
        notices=tuple(row for row in batch.notices if row.seq >= first.get(row.case, row.seq + 1)),
    )


def _behind(database: Database, connection: Connection, batch: RecordBatch) -> dict[str, StcloudError]:
    """Return the refusals of cases that have other entries than were expected."""
    first = starts(batch)
    summary, entry = database.tables.summary, database.tables.entry
    last = {
        row.number: row.seq
        for numbers in _chunks([*first])
        for row in connection.execute(
            select(summary.c.number, summary.c.seq).where(summary.c.number.in_(numbers))
        )
    }
    refused: dict[str, StcloudError] = {}
    for case, seq in first.items():
        present = last.get(case, 0)
        if seq > present + 1:
            refused[case] = InvalidInput(
                "entry-gap",
                f"entry {seq} of case {case!r} cannot follow entry {present}",
                hint="read the case again",
            )
        elif seq <= present:
            rows = connection.execute(
                select(entry).where(entry.c.case == case, entry.c.seq >= seq).order_by(entry.c.seq)
            )
            refused[case] = _changed(case, seq, [entry_of(tuple(row)) for row in rows])
    return refused


def _changed(case: str, seq: int, since: list[Entry]) -> Conflict:
    return Conflict(
        "case-changed",
        f"case {case!r} was changed meanwhile: {since[-1].name} by {since[-1].actor} is entry {since[-1].seq}, "
        f"entry {seq} was to be written",
        hint="read the case again",
        case=case,
        since=since,
    )


def _reused(entry: Entry) -> InvalidInput:
    return InvalidInput(
        "action-id-reused",
        f"an action of id {entry.id!r} and other content was written before",
        hint="give every action an id of its own",
    )


def _reused_value(value: PrivateValue) -> InvalidInput:
    return InvalidInput(
        "action-id-reused",
        f"a private value of reference {value.ref!r} and other content was written before",
        hint="give every action an id of its own",
    )


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[at : at + _MOST_VALUES] for at in range(0, len(values), _MOST_VALUES))
