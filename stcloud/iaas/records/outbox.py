"""Notices that wait to be delivered: taken for a while, then done, tried again, or given up.

A notice is delivered at least once: who takes it and dies leaves it to the next, when his time is over. Receivers
know by its id what they have already.

Tested by `tests/iaas/records/test_outbox.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sqlalchemy import select

from stcloud.errors import InvalidInput
from stcloud.iaas.records.database import Database
from stcloud.iaas.records.entry import Notice
from stcloud.iaas.records.recordrows import notice_row

__all__ = ["Notices", "Outbox"]

_LEASE_US = 60_000_000
_LONGEST_ERROR = 500


class Notices(Protocol):
    """Notices that wait to be delivered, wherever it is kept what became of them."""

    def take(self, limit: int = ..., *, lease_us: int = ...) -> list[Notice]:
        """Return notices that are due, the oldest first; for so long they are not taken again."""

    def done(self, notice: Notice) -> None:
        """Keep that a notice was delivered."""

    def failed(self, notice: Notice, error: str, *, again_after_us: int | None) -> None:
        """Keep why a notice was not delivered, and when it may be taken again; None: it is given up."""

    def waiting(self) -> list[Notice]:
        """Return the notices that were neither delivered nor given up, in the order of their recording."""

    def given_up(self) -> list[Notice]:
        """Return the notices that were given up, with the last error."""


class Outbox:
    """Notices of one log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, limit: int = 100, *, lease_us: int = _LEASE_US) -> list[Notice]:
        """Return notices that are due, the oldest first; for so long nobody else gets them.

        ``attempts`` counts this one.
        """
        if limit < 1 or lease_us < 1:
            raise InvalidInput("bad-lease", "take at least one notice, for at least a microsecond")
        database, table = self._database, self._database.tables.notice
        with database.write("deliver from") as connection:
            now_us = database.present(connection)
            rows = connection.execute(
                select(table)
                .where(table.c.next_us <= now_us)
                .order_by(table.c.next_us, table.c.recorded_us, table.c.id)
                .limit(limit)
            ).all()
            if rows:
                taken = table.update().where(table.c.id.in_([row.id for row in rows]))
                connection.execute(taken.values(next_us=now_us + lease_us, attempts=table.c.attempts + 1))
        return [
            Notice(
                id=row.id, case=row.case, seq=row.seq, target=row.target, body=row.body, recorded_us=row.recorded_us,
                attempts=row.attempts + 1, error=row.error,
            )
            for row in rows
        ]  # fmt: skip

    def put(self, notices: Iterable[Notice]) -> int:
        """Add notices that belong to no entry, but for those whose id is there; return how many.

        One that does not say when it was recorded is recorded now.
        """
        database, table = self._database, self._database.tables.notice
        by_id = {notice.id: notice for notice in notices}
        with database.write("add notices to") as connection:
            known = {row.id for row in connection.execute(select(table.c.id))}
            now_us = database.present(connection)
            rows = [
                {**notice_row(notice), "recorded_us": notice.recorded_us or now_us, "next_us": now_us}
                for name, notice in by_id.items()
                if name not in known
            ]
            database.insert(connection, table, rows)
        return len(rows)

    def done(self, notice: Notice) -> None:
        """Keep that a notice was delivered; it is not taken again, whoever has it now."""
        database, table = self._database, self._database.tables.notice
        with database.write("deliver from") as connection:
            connection.execute(
                table.update()
                .where(table.c.id == notice.id, table.c.done_us.is_(None))
                .values(next_us=None, done_us=database.present(connection), error=None)
            )

    def failed(self, notice: Notice, error: str, *, again_after_us: int | None) -> None:
        """Keep why a notice was not delivered, and when it may be taken again; None: it is given up.

        Does nothing when another took the notice since.
        """
        database, table = self._database, self._database.tables.notice
        with database.write("deliver from") as connection:
            again_us = None if again_after_us is None else database.present(connection) + again_after_us
            connection.execute(
                table.update()
                .where(
                    table.c.id == notice.id, table.c.attempts == notice.attempts, table.c.done_us.is_(None)
                )
                .values(next_us=again_us, error=error[:_LONGEST_ERROR])
            )

    def waiting(self) -> list[Notice]:
        """Return the notices that were neither delivered nor given up, in the order of their recording."""
        return self._listed(given_up=False)

    def given_up(self) -> list[Notice]:
        """Return the notices that were given up, with the last error."""
        return self._listed(given_up=True)

    def _listed(self, *, given_up: bool) -> list[Notice]:
        table = self._database.tables.notice
        state = table.c.next_us.is_(None) if given_up else table.c.next_us.is_not(None)
        columns = [column for column in table.columns if column.name not in ("next_us", "done_us")]
        statement = (
            select(*columns).where(table.c.done_us.is_(None), state).order_by(table.c.recorded_us, table.c.id)
        )
        with self._database.read() as connection:
            return [Notice(**row._mapping) for row in connection.execute(statement)]  # noqa: SLF001 -- public
