"""Tables of a log, the same on every database.

Text is compared by bytes everywhere, so that both databases order cases alike.

Tested by `tests/iaas/records/test_opening.py`.
"""

from __future__ import annotations

import functools

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

__all__ = ["FORMAT", "Tables", "tables_of"]

FORMAT = 1
"""Number of the format that is written here; a log of a greater one is refused."""

_TEXT = Text().with_variant(String(collation="C"), "postgresql")
_LONG = BigInteger().with_variant(Integer(), "sqlite")


class Tables:
    """Tables of one log, in a schema of its own or, on SQLite, in a file of its own."""

    def __init__(self, schema: str | None) -> None:
        self.schema = schema
        self.metadata = MetaData(schema=schema)
        self.about = Table(
            "about",
            self.metadata,
            Column("format", Integer, primary_key=True, autoincrement=False),
            Column("watermark_us", _LONG, nullable=False),
        )
        self.entry = self._entry()
        self.summary = self._summary()
        self.private = self._private()
        self.gram = Table(
            "gram",
            self.metadata,
            Column("gram", _TEXT, nullable=False),
            Column("case", _TEXT, nullable=False),
            Column("ref", _TEXT, nullable=False),
            PrimaryKeyConstraint("gram", "case", "ref"),
            Index("gram_case", "case", "ref"),
            sqlite_with_rowid=False,
        )
        self.media = self._media()
        self.notice = self._notice()
        self.rule = Table(
            "rule",
            self.metadata,
            Column("recorded_us", _LONG, primary_key=True, autoincrement=False),
            Column("kind", _TEXT, nullable=False),
            Column("digest", _TEXT, nullable=False),
            Column("valid_from_us", _LONG, nullable=False),
            Column("body", _TEXT, nullable=False),
            Index("rule_kind", "kind", "recorded_us"),
        )
        self.reading = Table(
            "reading",
            self.metadata,
            Column("recorded_us", _LONG, nullable=False),
            Column("ref", _TEXT, nullable=False),
            Column("case", _TEXT, nullable=False),
            Column("who", _TEXT, nullable=False),
            Column("why", _TEXT, nullable=False),
            Index("reading_recorded", "recorded_us"),
        )
        self.erasure = Table(
            "erasure",
            self.metadata,
            Column("recorded_us", _LONG, primary_key=True, autoincrement=False),
            Column("scope", _TEXT, nullable=False),
            Column("who", _TEXT, nullable=False),
            Column("why", _TEXT, nullable=False),
            Column("removed", Integer, nullable=False),
        )

    def _entry(self) -> Table:
        return Table(
            "entry",
            self.metadata,
            Column("case", _TEXT, nullable=False),
            Column("seq", Integer, nullable=False),
            Column("id", _TEXT, nullable=False),
            Column("name", _TEXT, nullable=False),
            Column("happened_us", _LONG, nullable=False),
            Column("recorded_us", _LONG, nullable=False),
            Column("actor", _TEXT, nullable=False),
            Column("role", _TEXT, nullable=False),
            Column("post", _TEXT),
            Column("department", _TEXT),
            Column("lon", Double),
            Column("lat", Double),
            Column("fields", _TEXT, nullable=False),
            PrimaryKeyConstraint("case", "seq"),
            Index("entry_id", "id", unique=True),
            Index("entry_recorded", "recorded_us", unique=True),
            sqlite_with_rowid=False,
        )

    def _summary(self) -> Table:
        return Table(
            "summary",
            self.metadata,
            Column("number", _TEXT, primary_key=True),
            Column("seq", Integer, nullable=False),
            Column("state", _TEXT, nullable=False),
            Column("kind", _TEXT),
            Column("class_code", _TEXT),
            Column("department", _TEXT),
            Column("cell", _TEXT),
            Column("lon", Double),
            Column("lat", Double),
            Column("reported_us", _LONG, nullable=False),
            Column("changed_us", _LONG, nullable=False),
            Column("due_us", _LONG),
            Column("text", _TEXT, nullable=False),
            Column("link", _TEXT),
            Column("fields", _TEXT, nullable=False),
            Index("summary_state", "state", "number"),
            Index("summary_kind", "kind", "number"),
            Index("summary_class", "class_code", "number"),
            Index("summary_department", "department", "number"),
            Index("summary_cell", "cell", "number"),
            Index("summary_place", "lon", "lat", "number"),
            Index("summary_reported", "reported_us", "number"),
            Index("summary_due", "due_us", "number"),
            Index("summary_link", "link", "number"),
        )

    def _private(self) -> Table:
        return Table(
            "private",
            self.metadata,
            Column("ref", _TEXT, primary_key=True),
            Column("case", _TEXT, nullable=False),
            Column("seq", Integer, nullable=False),
            Column("field", _TEXT, nullable=False),
            Column("value", _TEXT, nullable=False),
            Column("person", _TEXT),
            Column("recorded_us", _LONG, nullable=False),
            Index("private_case", "case"),
            Index("private_person", "person"),
            Index("private_recorded", "recorded_us"),
        )

    def _media(self) -> Table:
        return Table(
            "media",
            self.metadata,
            Column("case", _TEXT, nullable=False),
            Column("seq", Integer, nullable=False),
            Column("digest", _TEXT, nullable=False),
            Column("use", _TEXT, nullable=False),
            Column("key", _TEXT, nullable=False),
            Column("taken_us", _LONG),
            Column("lon", Double),
            Column("lat", Double),
            PrimaryKeyConstraint("case", "seq", "digest", "use"),
        )

    def _notice(self) -> Table:
        return Table(
            "notice",
            self.metadata,
            Column("id", _TEXT, primary_key=True),
            Column("case", _TEXT, nullable=False),
            Column("seq", Integer, nullable=False),
            Column("target", _TEXT, nullable=False),
            Column("body", _TEXT, nullable=False),
            Column("recorded_us", _LONG, nullable=False),
            Column("attempts", Integer, nullable=False),
            Column("next_us", _LONG),
            Column("done_us", _LONG),
            Column("error", _TEXT),
            Index("notice_next", "next_us", "recorded_us", "id"),
        )


@functools.cache
def tables_of(schema: str | None) -> Tables:
    """Return the tables of a schema; None: of a file."""
    return Tables(schema)
