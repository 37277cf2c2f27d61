"""One transaction of a log: stamp, insert, and refuse who expected another state.

The common way tries at once: keys and expected numbers refuse a second writer. Only then is it looked up who was
faster, or whether the client sends again what is there.

Tested by `tests/iaas/records/test_appending.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from stcloud.errors import InvalidInput, StcloudError
from stcloud.iaas.records.database import Database, KeyTaken
from stcloud.iaas.records.entry import Entry, RecordBatch
from stcloud.iaas.records.expected import check_batch, refuse_changed, starts
from stcloud.iaas.records.faster import Reconciled, settle
from stcloud.iaas.records.recordrows import (
    entry_row,
    gram_rows,
    medium_row,
    notice_row,
    private_row,
    summary_row,
)
from stcloud.iaas.records.statement import DriverCursor

__all__ = ["append", "append_each"]


def append(database: Database, batch: RecordBatch) -> list[Entry]:
    """Append a batch whole or not at all; return its entries with their instants, those of a retry as they were.

    Raises
    ------
    Conflict
        ``case-changed``: a case has other entries than was expected; ``context["since"]`` has them by case.
    InvalidInput
        ``action-id-reused``: an entry of this id and other content is there. ``entry-gap``: entries are expected that
        do not exist. ``happened-later``: than recorded. ``bad-batch``, ``bad-value``, ``bad-field``.
    """
    prepared = _Prepared.of(batch)
    try:
        with database.write() as connection:
            return prepared.write(database, connection)
    except KeyTaken:
        pass
    with _settling(database) as connection:
        settled = settle(database, connection, batch)
        for refusal in settled.refused.values():
            raise refusal
        outcomes = _write_settled(database, connection, settled)
    return [outcomes[entry.id] for entry in batch.entries]


def append_each(database: Database, batch: RecordBatch) -> list[Entry | StcloudError]:
    """Append what can be of a batch, case by case; return for each entry what it became, or why its case was refused.

    Raises
    ------
    InvalidInput
        As `append`, where the batch itself is wrong; nothing is written then.
    """
    prepared = _Prepared.of(batch)
    try:
        with database.write() as connection:
            return [*prepared.write(database, connection)]
    except KeyTaken:
        pass
    with _settling(database) as connection:
        settled = settle(database, connection, batch)
        outcomes = _write_settled(database, connection, settled)
    return [settled.refused.get(entry.case) or outcomes[entry.id] for entry in batch.entries]


def _write_settled(database: Database, connection: Connection, settled: Reconciled) -> dict[str, Entry]:
    """Write what remains of a batch; return its entries and those that were there, by id."""
    outcomes = dict(settled.known)
    if settled.remaining.entries:
        written = _Prepared.of(settled.remaining).write(database, connection)
        outcomes |= {entry.id: entry for entry in written}
    return outcomes


@contextlib.contextmanager
def _settling(database: Database) -> Iterator[Connection]:
    """Give a connection under the lock; a key that is taken still is no other writer's work."""
    try:
        with database.write() as connection:
            yield connection
    except KeyTaken:
        raise InvalidInput(
            "bad-batch",
            "a private value, medium or notice of this name is there already",
            hint="name each after the id of its entry",
        ) from None


@dataclass(slots=True)
class _Prepared:
    """Rows of a batch, made before the lock is taken."""

    batch: RecordBatch
    entries: list[dict[str, Any]]
    summaries: list[dict[str, Any]]
    private: list[dict[str, Any]]
    media: list[dict[str, Any]]
    notices: list[dict[str, Any]]
    grams: list[dict[str, Any]]
    first_seq: dict[str, int]

    @classmethod
    def of(cls, batch: RecordBatch) -> _Prepared:
        """Check a batch and make its rows."""
        check_batch(batch)
        texts = [
            (summary.number, "", summary.text) for summary in batch.summaries if summary.text is not None
        ]
        values = [(value.case, value.ref, value.value) for value in batch.private]
        return cls(
            batch,
            [entry_row(entry) for entry in batch.entries],
            [summary_row(summary) for summary in batch.summaries],
            [private_row(value) for value in batch.private],
            [medium_row(medium) for medium in batch.media],
            [notice_row(notice) for notice in batch.notices],
            gram_rows([*texts, *values]),
            starts(batch),
        )

    def write(self, database: Database, connection: Connection) -> list[Entry]:
        """Write the rows under the lock, stamped; return the entries."""
        tables = database.tables
        refuse_changed(database, connection, self.batch)
        recorded_us = database.stamp(connection, len(self.entries))
        last: dict[str, dict[str, Any]] = {}
        for at, row in enumerate(self.entries):
            row["recorded_us"] = recorded_us + at
            _set_happened(row)
            last[row["case"]] = row
        for row in self.private:
            row["recorded_us"] = last[row["case"]]["recorded_us"]
        for row in self.notices:
            row["recorded_us"] = row["next_us"] = last[row["case"]]["recorded_us"]
        new, known = self._summaries(last)
        inserted = (
            (tables.entry, self.entries), (tables.summary, new), (tables.private, self.private),
            (tables.media, self.media), (tables.notice, self.notices),
        )  # fmt: skip
        with database.together(connection, self.grams, *(rows for _, rows in inserted)):
            for table, rows in inserted:
                database.insert(connection, table, rows)
            updates = self._update_summaries(database, connection, known)
            database.insert(connection, tables.gram, self.grams)
        if updates is not None and updates.rowcount != len(known):
            raise KeyTaken
        return [
            replace(entry, recorded_us=row["recorded_us"], happened_us=row["happened_us"])
            for entry, row in zip(self.batch.entries, self.entries, strict=True)
        ]

    def _summaries(
        self, last: dict[str, dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the summaries of new cases, and those of known ones with the number that each is to have."""
        new, known = [], []
        for row in self.summaries:
            entry, first_seq = last[row["number"]], self.first_seq[row["number"]]
            row["seq"], row["changed_us"] = entry["seq"], entry["recorded_us"]
            if first_seq == 1:
                stamped = row | {"text": row["text"] or ""}
                stamped["reported_us"] = (
                    entry["recorded_us"] if row["reported_us"] is None else row["reported_us"]
                )
                new.append(stamped)
            else:
                known.append(
                    {f"new_{name}": value for name, value in row.items()} | {"before": first_seq - 1}
                )
        return new, known

    def _update_summaries(
        self, database: Database, connection: Connection, known: list[dict[str, Any]]
    ) -> DriverCursor | None:
        """Update summaries that have the number that is expected; the cursor knows how many had it."""
        changed = [{"case": row["new_number"]} for row in known if row["new_text"] is not None]
        if changed:
            database.statements.forget_text.run_many(connection, changed)
        return database.statements.update_summary.run_many(connection, known) if known else None


def _set_happened(row: dict[str, Any]) -> None:
    if row["happened_us"] is None:
        row["happened_us"] = row["recorded_us"]
    elif row["happened_us"] > row["recorded_us"]:
        raise InvalidInput(
            "happened-later",
            f"entry {row['id']!r} happened {row['happened_us'] - row['recorded_us']} µs after it was recorded",
            hint="give no instant for what happens now, and set the clock of the device",
            recorded_us=row["recorded_us"],
        )
