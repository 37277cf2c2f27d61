"""One log of entries: create or open it, append, read, search.

Tested by `tests/iaas/records`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
from sqlalchemy import Connection

from stcloud.errors import Conflict, FormatError, InvalidInput, NotFound, StcloudError, StorageError
from stcloud.iaas.clock import Clock, system_clock
from stcloud.iaas.records import appending, logreading, privacy, search, transfer
from stcloud.iaas.records.database import Database
from stcloud.iaas.records.dialect import Dialect
from stcloud.iaas.records.entry import (
    Audit,
    CaseSummary,
    Entry,
    Erased,
    Find,
    FindPage,
    Medium,
    PrivateValue,
    RecordBatch,
)
from stcloud.iaas.records.outbox import Outbox
from stcloud.iaas.records.rulebook import Rulebook
from stcloud.iaas.records.schema import FORMAT
from stcloud.iaas.records.sqlite import SQLite
from stcloud.iaas.store.folder import Folder, check_name

__all__ = ["Records"]

_BATCH_ROWS = 20_000
_LONGEST_NAME = 50


class Records:
    """One log, in a file of SQLite or in a schema of PostgreSQL; may be shared by threads."""

    def __init__(self, dialect: Dialect, name: str) -> None:
        self._database = Database(dialect)
        self._name = name

    @classmethod
    def create(
        cls, place: Folder | str, name: str, *, clock: Clock = system_clock, durable: bool = False
    ) -> Records:
        """Create an empty log and open it.

        Parameters
        ----------
        place
            A city's folder, where the log is ``cases/NAME.sqlite``; or ``postgresql://user@host/database``, where it
            is a schema of its own. A password is taken from PGPASSWORD, a password file, or the URL, and written
            nowhere.
        name
            Lower-case letters, digits, ``_`` and ``-``.
        clock
            Present instant, of SQLite; PostgreSQL has its own.
        durable
            Flush every commit of SQLite to the disk, not only the first in half a second; see `sqlite`.

        Raises
        ------
        Conflict
            ``records-exist``.
        InvalidInput
            ``bad-name``, ``bad-address``.
        FormatError
            ``foreign-records``, ``damaged-records``: something else is there.
        StorageError
            The disk or the server refuses.
        """
        dialect = _dialect(place, name, clock, durable=durable)
        records = cls(dialect, name)
        try:
            records._database.prepare()
            with records._database.write("create") as connection:
                _create(records._database, connection, name)
        except BaseException:
            records.close()
            raise
        return records

    @classmethod
    def open(
        cls, place: Folder | str, name: str, *, clock: Clock = system_clock, durable: bool = False
    ) -> Records:
        """Open a log that is there; parameters as for `create`.

        Raises
        ------
        NotFound
            ``no-records``.
        FormatError
            ``newer-records``: a newer version wrote it; ``foreign-records``, ``damaged-records``.
        """
        dialect = _dialect(place, name, clock, durable=durable)
        records = cls(dialect, name)
        try:
            _check_format(records._database, name)
        except BaseException:
            records.close()
            raise
        return records

    @property
    def address(self) -> str:
        """Where the log lies, without a password."""
        return self._database.dialect.address

    def close(self) -> None:
        """Close all connections."""
        self._database.dialect.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, batch: RecordBatch) -> list[Entry]:
        """Append a batch whole or not at all; return its entries with their instants.

        An entry whose ``id`` is there already is not written again: it is returned as it was recorded first.

        Raises
        ------
        Conflict
            ``case-changed``: another writer was faster; ``context["since"]`` has the entries from the expected number
            on. ``locked``: other writers held the log for too long.
        InvalidInput
            ``action-id-reused``: an entry of this id and other content is there. ``entry-gap``, ``happened-later``,
            ``bad-batch``, ``bad-value``, ``bad-field``.
        """
        return appending.append(self._database, batch)

    def append_each(self, batch: RecordBatch) -> list[Entry | StcloudError]:
        """Append case by case what can be; return for each entry what it became, or why its case was refused."""
        return appending.append_each(self._database, batch)

    def hold(self) -> AbstractContextManager[None]:
        """Let this thread use one connection for what it reads and appends meanwhile, such as for an action."""
        return self._database.hold()

    def pin(self, instant_us: int | None = None) -> int:
        """Return an instant at or before which nothing can be recorded any more; None: the present.

        Waits for writers that have stamped and not yet committed. Where nothing can be written, the present is the
        last instant that was stamped or pinned.

        Raises
        ------
        InvalidInput
            ``future-instant``: it is after the log's present instant.
        """
        database = self._database
        if instant_us is not None and database.is_settled(instant_us):
            return instant_us
        try:
            return database.pin(instant_us)
        except StorageError as error:
            if error.kind != "read-only":
                raise
            with database.read() as connection:
                last_us = database.watermark(connection)
            if instant_us is not None and instant_us > last_us:
                raise
            return last_us if instant_us is None else instant_us

    def log(self, case: str, until_us: int | None = None) -> list[Entry]:
        """Return a case's entries in order, recorded until an instant; None: all. One round trip."""
        return logreading.log(self._database, case, until_us)

    def summary(self, case: str) -> CaseSummary | None:
        """Return a case's present summary; None: there is no such case."""
        return logreading.summary(self._database, case)

    def logs(
        self, until_us: int, *, columns: Sequence[str] | None = None, rows: int = _BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield all entries recorded until a pinned instant, by case and number, in batches; memory stays flat."""
        return logreading.logs(self._database, until_us, columns, rows)

    def whole_logs(
        self, until_us: int, *, columns: Sequence[str] | None = None, rows: int = _BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield what `logs` yields, all entries of a case in one batch, of about so many rows."""
        return logreading.whole_logs(self._database, until_us, columns, rows)

    def recorded(
        self, after_us: int, until_us: int, *, columns: Sequence[str] | None = None, rows: int = _BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield the entries recorded after an instant and until a pinned one, in the order of recording."""
        return logreading.recorded(self._database, after_us, until_us, columns, rows)

    def logs_of(self, cases: Iterable[str]) -> Iterator[Entry]:
        """Yield the entries of some cases, all they have, by case and number."""
        return logreading.logs_of(self._database, cases)

    def cases_stating(self, names: Sequence[str], after_us: int) -> list[str]:
        """Return the cases for which an entry after their first one states one of some fields, after an instant.

        It may return a case too many, where a text looks like a field. O(entries after the instant).
        """
        return logreading.cases_stating(self._database, names, after_us)

    def entry(self, id_: str) -> Entry | None:
        """Return the entry of an id; None: there is none. One round trip."""
        return logreading.entry_of_id(self._database, id_)

    def last_number(self, prefix: str) -> str | None:
        """Return the greatest number of a case that begins with a prefix; None: no case's does."""
        return search.last_number(self._database, prefix)

    def linked(self, case: str) -> list[str]:
        """Return the numbers of the cases that are linked to a case. One round trip."""
        return logreading.linked(self._database, case)

    def media(self, case: str) -> list[Medium]:
        """Return what was photographed or recorded of a case, in the order of its entries."""
        return logreading.media(self._database, case)

    def find(
        self, what: Find, *, limit: int = 100, cursor: str | None = None, reader: Audit | None = None
    ) -> FindPage:
        """Return summaries of cases as they are now, a page at a time.

        Parameters
        ----------
        what
            Conditions and order.
        limit
            At most so many; 10,000 at the most.
        cursor
            Where the last page ended.
        reader
            Who searches the private texts too, and why; each that matches is written down as read.

        Raises
        ------
        InvalidInput
            ``bad-search``, ``bad-cursor``, ``no-reason``.
        """
        return search.find(self._database, what, limit=limit, cursor=cursor, reader=reader)

    def private(
        self, reader: Audit, *, case: str | None = None, refs: Sequence[str] | None = None
    ) -> list[PrivateValue]:
        """Return the private values of a case, or by reference; what was erased is missing.

        Who reads, which values, when and why is written down in the same transaction.

        Raises
        ------
        InvalidInput
            ``no-reason``: who reads gives no name or no reason. ``bad-scope``.
        """
        return privacy.private_of(self._database, reader, case=case, refs=refs)

    def erase(
        self, by: Audit, *, case: str | None = None, person: str | None = None, before_us: int | None = None
    ) -> Erased:
        """Remove the private values of a case, of a person, or recorded before an instant.

        Log, summaries, rules and notices stay as they are, to the byte. ``wiped`` False: the values are gone from the
        tables, and their bytes stay in the file until it is erased again with nobody reading.

        Raises
        ------
        InvalidInput
            ``no-reason``, ``bad-scope``.
        """
        return privacy.erase(self._database, by, case=case, person=person, before_us=before_us)

    def readings(self) -> list[dict[str, str | int]]:
        """Return who read which private values, when and why."""
        return privacy.readings(self._database)

    def back_up(self, path: Path) -> None:
        """Write a log of SQLite to a new file, as it is at one instant; `FormatError` ``damaged-records``."""
        transfer.back_up(self._database, path)

    def check(self) -> None:
        """Read all of a log; `FormatError` ``damaged-records``: its file is damaged."""
        transfer.check_whole(self._database)

    def carry_over(self, place: Folder | str) -> str:
        """Make a log of the same name elsewhere hold all that this one has; return its address, without a password.

        An earlier state of the same log is replaced; what was pinned holds there too. ``place`` is as for `create`.

        Raises
        ------
        Conflict
            ``records-exist``: another log is there.
        """
        target = Records(_dialect(place, self._name, system_clock, durable=True), self._name)
        with target:
            target._database.prepare()
            transfer.carry_over(self._database, target._database)
            return target.address

    @property
    def outbox(self) -> Outbox:
        """Notices to be delivered."""
        return Outbox(self._database)

    @property
    def rules(self) -> Rulebook:
        """Time-stamped documents."""
        return Rulebook(self._database)


def _create(database: Database, connection: Connection, name: str) -> None:
    if not database.dialect.create(connection):
        raise Conflict("records-exist", f"there is a log {name!r} in {database.dialect.address} already")
    database.tables.metadata.create_all(connection, checkfirst=False)
    connection.execute(database.tables.about.insert().values(format=FORMAT, watermark_us=0))


def _check_format(database: Database, name: str) -> None:
    number, address = database.format(), database.dialect.address
    if number is None:
        raise NotFound("no-records", f"there is no log {name!r} in {address}")
    if number > FORMAT:
        raise FormatError(
            "newer-records",
            f"{address} has format {number}, this version reads up to {FORMAT}",
            hint="install a newer stcloud",
        )


def _dialect(place: Folder | str, name: str, clock: Clock, *, durable: bool) -> Dialect:
    check_name(name, "log")
    if len(name) > _LONGEST_NAME:
        raise InvalidInput("bad-name", f"{name!r} is too long for a log", hint=f"use at most {_LONGEST_NAME}")
    if isinstance(place, str) and "://" in place and not place.startswith("file:"):
        from stcloud.iaas.records.postgres import Postgres  # noqa: PLC0415 -- psycopg is optional

        return Postgres(place, name)
    folder = place if isinstance(place, Folder) else Folder.at(place)
    if folder.mount is not None:
        raise InvalidInput(
            "database-needed",
            f"a log of cases cannot lie in a bucket: {folder.url}",
            hint="keep it in PostgreSQL, postgresql://user@host/database",
        )
    return SQLite(folder.path("cases", f"{name}.sqlite"), clock=clock, durable=durable)
