"""Time-stamped documents of a log: limits, calendars, workflows, as they were known at any instant.

Tested by `tests/iaas/records/test_rulebook.py`.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import select

from stcloud.errors import InvalidInput
from stcloud.iaas.records.database import Database
from stcloud.iaas.records.entry import StoredRule
from stcloud.iaas.records.values import check_row

__all__ = ["Rulebook"]


class Rulebook:
    """Documents of one log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, kind: str, body: str, *, valid_from_us: int) -> StoredRule:
        """Append a document; return it with its instant, or the last one of its kind when that says the same.

        Raises
        ------
        InvalidInput
            ``bad-value``: a text that a database cannot keep. ``bad-rule``: no kind, or nothing in it.
        """
        if not kind or not body:
            raise InvalidInput("bad-rule", "a rule needs a kind and a text")
        digest = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
        row = {"kind": kind, "digest": digest, "valid_from_us": valid_from_us, "body": body}
        check_row(row, f"rule {kind!r}")
        database, table = self._database, self._database.tables.rule
        with database.write() as connection:
            same = (table.c.kind == kind) & (table.c.valid_from_us == valid_from_us)
            last = connection.execute(
                select(table).where(same).order_by(table.c.recorded_us.desc()).limit(1)
            ).one_or_none()
            if last is not None and last.digest == digest:
                return StoredRule(**last._mapping)  # noqa: SLF001 -- SQLAlchemy's public name
            recorded_us = database.stamp(connection)
            connection.execute(table.insert(), row | {"recorded_us": recorded_us})
        return StoredRule(
            kind=kind, digest=digest, valid_from_us=valid_from_us, recorded_us=recorded_us, body=body
        )

    def latest_us(self) -> int | None:
        """Return when the last document was recorded; None: there is none."""
        with self._database.read() as connection:
            latest = self._database.statements.latest_rule.run(connection, {}).fetchone()[0]
        return None if latest is None else int(latest)

    def known(self, kind: str | None = None, *, until_us: int | None = None) -> list[StoredRule]:
        """Return the documents recorded until an instant, of a kind or of all, in the order of recording."""
        table = self._database.tables.rule
        statement = select(table).order_by(table.c.recorded_us)
        if kind is not None:
            statement = statement.where(table.c.kind == kind)
        if until_us is not None:
            statement = statement.where(table.c.recorded_us <= until_us)
        with self._database.read() as connection:
            return [StoredRule(**row._mapping) for row in connection.execute(statement)]  # noqa: SLF001 -- public
